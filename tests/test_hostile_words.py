"""Two hundred hostile strings in every field of text, in file names and tables (T63, T64, T68, T72)."""

import csv
import io
import re
from itertools import cycle

import html5lib
import pytest
from werkzeug.http import parse_options_header

from portal.extensions import db
from portal.models import Company, Document, Invoice
from tests import area_routes, hostile_words, places, spoiling, town_billing
from tests.machinery.counts import count
from tests.surfing import _sent
from tests.test_every_route import ROUTES

# Of every form: so many posts, each with other strings in all its fields of text.
POSTS = count(2, len(hostile_words.STRINGS))
STEP = len(hostile_words.STRINGS) // POSTS
TEXT = {"text", "search", "tel", "url", "email"}
# Taken, or refused with a sentence; 409 for what another post has changed meanwhile, 404 for what it ended.
RIGHT = {200, 204, 303, 404, 409, 422}
STRANGERS = ("/sign-in", "/forgot", "/request-access")
STAFFS = (
    "/staff/people/new",
    "/staff/settings/categories",
    "/staff/settings/branding",
    "/staff/account/password",
    "/staff/portal-users",
    "/staff/sign-in",
)


def forms(answer):
    """Every form of a page that has a field of text: its method, where it goes, what a browser would send."""
    for form in html5lib.parse(answer.text, namespaceHTMLElements=False).iter("form"):
        fields: dict[str, list[str]] = {}
        texts = {}
        for part in form.iter():
            for value in _sent(part):
                fields.setdefault(part.get("name"), []).append(value)
            kind = part.get("type", "text") if part.tag == "input" else part.tag
            if part.get("name") and kind in TEXT | {"textarea"}:
                texts[part.get("name")] = kind
        if texts:
            yield (
                (form.get("method") or "get").lower(),
                form.get("action") or answer.request.path,
                fields,
                texts,
            )


def shape(path: str) -> str:
    return re.sub(r"\d+", "0", path.partition("?")[0])


@pytest.fixture
def people(app, town, browser, on_duty, writing):
    """Who sends forms, and the pages they stand on."""
    app.config |= {"ACCESS_REQUESTS": True, "RESEND_LIMIT": "100000 per hour"}
    with writing():
        ids, _ = area_routes.things(town, db.session)
    names = {"contact": town.ava.id, "foreign_session": 1, **ids}
    paths = [route.path.format_map(names) for route in ROUTES.values() if "GET" in route.methods.split()]
    mine = [path for path in paths if not path.startswith(("/dev", "/sign-in", "/forgot"))]
    mia, sue, stranger = browser(town.mia), on_duty(town.sue), browser()
    return [(mia, mine), (sue, [*STAFFS, f"/staff/people/{town.tom.id}"]), (stranger, STRANGERS)]


def test_every_field_takes_it_or_says_why_not(people):
    """T63, T70, T72: no answer of 500 or above, whatever stands in a field."""
    strings = cycle(hostile_words.STRINGS[::STEP] if STEP > 1 else hostile_words.STRINGS)
    seen, wrong, asked = {}, {}, 0
    for person, paths in people:
        token = person.token()
        for path in paths:
            page = person.get(path)
            if page.status_code != 200 or page.mimetype != "text/html":
                continue
            for method, action, fields, texts in forms(page):
                if (method, shape(action), *texts) in seen:
                    continue
                seen[method, shape(action), *texts] = path
                for turn in range(POSTS):
                    # Every other time the addresses stay, so that the rest is not refused for theirs.
                    sent = {
                        name: next(strings)
                        for name, kind in texts.items()
                        if kind != "email" or turn % 2 == 0
                    }
                    answer = _send(person, token, method, action, {**_fresh(person, path, fields), **sent})
                    asked += 1
                    if answer.status_code not in RIGHT:
                        wrong[action, answer.status_code] = sent
    assert wrong == {}
    assert len(seen) > 20
    assert asked == len(seen) * POSTS


def _fresh(person, path, fields):
    """What the form holds now: its version counts up with every change that was taken."""
    if "version" not in fields:
        return fields
    tree = html5lib.parse(person.get(path).text, namespaceHTMLElements=False)
    versions = [part.get("value") for part in tree.iter("input") if part.get("name") == "version"]
    return {**fields, "version": versions[:1] or fields["version"]}


def _send(person, token, method, action, fields):
    if method == "get":
        cut = {name: value[:2_000] if isinstance(value, str) else value for name, value in fields.items()}
        return person.get(action, query_string=cut)
    return person.post(action, {**fields, "csrf_token": token}, token=False)


# One name in letters that any program reads, and where those are not enough one in all letters (RFC 6266).
PLAIN = r"""; filename=("([^"\\\r\n]|\\["\\])*"|[\w.-]+)"""
DISPOSITION = re.compile(rf"""(attachment|inline)({PLAIN})?(; filename\*=UTF-8''[\w.%!~*'()-]+)?""")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d")
NUMBER = re.compile(r"[-+]?[\d.,]+")


def amiss(answer) -> list[str]:
    """What a header holds that is not ours, or what a file would be called that leads elsewhere."""
    wrong = [f"{name}: {value}" for name, value in answer.headers if re.search(r"[\r\n\x00]", value)]
    wrong += [name for name, _ in answer.headers if "zq" in name.lower()]
    called = answer.headers["Content-Disposition"]
    name = parse_options_header(called)[1].get("filename", "")
    if not DISPOSITION.fullmatch(called) or re.search(r"[/\\\x00]", name):
        wrong.append(called)
    return wrong


def test_what_a_file_is_called(town, browser, writing):
    """T64: a document, an invoice and a table are saved under a plain name, whatever is theirs."""
    mia, wrong = browser(town.mia), {}
    with writing():
        document = places.document(town.acme.id, "plan.pdf", property_id=town.alpha.id)
        invoice = town_billing.invoice(town.acme.id, "A-1", "Lift", age=3).id
    for turn, text in enumerate(hostile_words.STRINGS[:: len(hostile_words.STRINGS) // count(25, 200)]):
        with writing():
            spoiling.spoil(db.session.get_one(Document, document), turn)
            company = db.session.get_one(Company, town.acme.id)
            db.session.get_one(Invoice, invoice).number = text.replace("\x00", "")[:40]
            company.name = text.replace("\x00", "")[:100]
            db.session.get_one(Document, document).name = text.replace("\x00", "")[:200]
        asked = [f"documents/{document}", "billing/invoices.csv"]
        asked += [f"billing/{invoice}/pdf", "billing/statement.pdf"] if turn % 10 == 0 else []
        for path in asked:
            answer = mia.get(f"/acme/{path}")
            assert answer.status_code == 200, (path, text)
            wrong |= {(path, text): amiss(answer)} if amiss(answer) else {}
    assert wrong == {}


def test_no_cell_of_a_table_is_a_formula(app, town, browser, writing):
    """T68, T69: every table of every area, with the strings in every text."""
    with writing():
        for turn in range(0, len(hostile_words.STRINGS), len(hostile_words.STRINGS) // count(25, 200)):
            spoiling.settle(town, turn)
    mia, cells, wrong = browser(town.mia), 0, []
    for path in TABLES:
        answer = mia.get(f"/acme/{path}")
        assert answer.mimetype == "text/csv"
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
        assert len({len(row) for row in rows}) == 1, path
        for cell in (cell for row in rows for cell in row):
            cells += 1
            if cell.lstrip(" \xa0").startswith(FORMULA) and not NUMBER.fullmatch(cell):
                wrong.append((path, cell))
    assert wrong == []
    assert cells > 200


TABLES = [path for path, _, _ in area_routes.AREAS.values() if path.endswith((".csv", "export"))]
