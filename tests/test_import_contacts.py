"""Contacts from tables: our own, Google's and Outlook's; who is there already; out and in again (S9)."""

import io
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal import csv_in, tables
from portal.actions import bulk_contacts, imports, laid_out
from portal.clock import now
from portal.csv_out import csv_text
from portal.extensions import db
from portal.importing import present
from portal.importing.columns import guess, named
from portal.importing.contact_kind import KIND, first_primary
from portal.importing.contacts import ContactRows
from portal.importing.out import FIELDS, cells
from portal.models import Category, Company, Contact, Import, ImportRow, Invitation, Property, SignInSession
from portal.policy import SYSTEM
from portal.queries import exports
from portal.queries import imports as about_imports
from portal.queries.contacts import Wish
from portal.refusals import NotNow
from portal.transaction import go_on_writing, transaction
from tests.machinery.counts import count

BOOKS = Path(__file__).parent / "address_books"
NAMELESS = "This row has no name. Enter the first name and the last name."
NOBODY = "There is no name, address or number in this row."
# What becomes of each row: outcome, e-mail, phone, mobile, notes; or outcome and reason.
ADDRESS_BOOKS = {
    "google": [
        (
            *("add", "greta@holm.example", "+442079460102", "+447700900123"),
            "Met in May\nHome 020 7946 0101\ngreta@home.example",
        ),
        (
            *("add", "ivo@bell.example", "+447700900125", "+447700900124"),
            "Work Fax 020 7946 0103\nivo.bell@old.example",
        ),
        ("error", NAMELESS),
        ("skip", NOBODY),
        ("add", None, "+442079460105", "", "Other 020 7946 0104"),
    ],
    "google_older": [
        ("add", "olaf@berg.example", "+442079460110", "+447700900130", ""),
        ("error", NAMELESS),
    ],
    "outlook": [
        (
            *("add", "oona@lake.example", "+442079460121", "+447700900140"),
            "Two lines:\nthis is the second\n020 7946 0120\noona@home.example",
        ),
        ("add", "otto@pond.example", "+442079460123", "", ""),
    ],
    "outlook_older": [
        ("add", "odd@moss.example", "+442079460130", "+447700900150", "020 7946 0131"),
        ("skip", NOBODY),
    ],
}


def kept(table: csv_in.Table) -> list[tables.Row]:
    """The rows of a table as they are kept."""
    return list(tables.parsed(io.StringIO(table.plain, newline="")))


class Desk:
    """Where tables for one company are looked at and written, in the running transaction."""

    def __init__(self, company: Company, staff_id: int) -> None:
        self.company = company
        self.by = replace(SYSTEM, company_id=company.id, staff_id=staff_id)

    def look(self, content: bytes, **choices: str) -> list[ImportRow]:
        """What becomes of each row of a file with its columns as guessed."""
        table = csv_in.read(io.BytesIO(content))
        mapping = guess(KIND.fields_of(for_one=True), table.header, KIND.instead)
        file = ("people.csv", "", "")
        begun = imports.begin("contacts", self.company, file, table.header, mapping, table.total, self.by)
        named_rows = [(number, named(mapping, each)) for number, each in kept(table)]
        first = str(first_primary(named_rows))
        begun.choices = {"access": "file", "twins": "skip", "first": first, **choices}
        looker = ContactRows(begun, self.company, self.by, about_imports.words_of(self.company.id))
        rows = looker.look(named_rows)
        db.session.add_all(rows)
        db.session.flush()
        return rows

    @property
    def last(self) -> Import:
        """What was looked at last."""
        return db.session.scalars(select(Import).order_by(Import.id.desc())).first()

    def write(self) -> None:
        """Write it."""
        begun = self.last
        laid_out.lay_out(begun.id)
        bulk_contacts.write(begun, self.by)

    def export(self) -> list[list[str]]:
        """What the list of the company gives as a table."""
        return [cells(each) for each in exports.contacts(self.by, Wish())]


@pytest.fixture
def desk(app, town, writing):
    """A client without contacts, two properties and a role of its own."""
    with writing():
        company = Company(slug="fresh", name="Fresh")
        db.session.add(company)
        db.session.flush()
        db.session.add_all(Property(company_id=company.id, name=name) for name in ("Alpha", 'B; "two"'))
    with app.app_context():
        yield Desk(db.session.get_one(Company, company.id), town.sue.id)
        db.session.rollback()


class TestAddressBooks:
    def test_as_google_and_outlook_export_them(self, desk):
        """S9: labels tell phone from mobile; of several values the first is taken and no other is lost."""
        for book, expected in ADDRESS_BOOKS.items():
            with db.session.begin_nested() as part:
                rows = desk.look((BOOKS / f"{book}.csv").read_bytes())
                for row, (outcome, *facts) in zip(rows, expected, strict=True):
                    assert row.outcome == outcome, (book, row.number, row.problems)
                    if outcome == "add":
                        made = row.ready["contact"]
                        assert [made[name] for name in ("email", "phone", "mobile", "notes")] == facts
                    else:
                        assert row.problems == [[ANY, *facts]]
                part.rollback()

    def test_a_row_of_another_client(self, desk):
        """S9: it is an error at its cell; the number, the name and the short name mean the chosen one."""
        own = ("Fresh", "FRESH", f"c-{desk.company.id}", f"C{desk.company.id}", "")
        others = ("Oak Hall", f"C-{desk.company.id + 1}", "acme")
        rows = [
            f"{each},Acme Ltd,Ann,M.,Le{number},a{number}@x.example,Yes"
            for number, each in enumerate((*own, *others))
        ]
        rows.append("Fresh,,Ann,,Lee,a7@x.example,No")
        found = desk.look("\n".join(["Client,Company,First,Middle,Last,E-mail,Authorized", *rows]).encode())
        assert [row.outcome for row in found] == ["add"] * 5 + ["error"] * 3 + ["add"]
        said = [row.problems[0] for row in found[5:8]]
        assert said == [["Client", f"This row is of {each}. Import it there.", each] for each in others]
        made = found[0].ready
        assert [each for each in made["shown"] if each[0] in ("First name", "Authorize user")] == [
            ["First name", "Ann M."],
            ["Authorize user", "Yes"],
        ]
        assert (made["contact"]["first_name"], made["letter"]) == ("Ann M.", "invitation")

    def test_what_the_columns_are(self):
        """S9: a title is none of a job, and colours are no category."""
        head = (BOOKS / "outlook_older.csv").read_text().split("\n")[0].strip().split(",")
        taken = {name: field for name, field in zip(head, guess(KIND.fields, head), strict=True) if field}
        assert taken["Title"] == "honorific"
        assert taken["Job Title"] == "job_title"
        assert "Categories" not in taken
        assert {name for name, field in taken.items() if field == "more_emails"} == {
            "E-mail 2 Address",
            "E-mail 3 Address",
        }
        # One column with the whole name is enough, half of a name in its own is not.
        assert KIND.missing(["name", "email"], for_one=True) == []
        assert KIND.missing(["first_name", "email"], for_one=True) == ["last_name"]


class TestWhoIsThereAlready:
    HEAD = "First name,Last name,Email,Phone,Mobile"

    def test_without_an_address(self, desk):
        """S9: by name and number, else by the name alone; where that does not tell, it is said."""
        there = ("Ann,Le,,020 7946 0001,", "Ann,Le,,020 7946 0002,", "Bo,Ray,,,", "Cy,Poe,cy@x.example,,")
        there += ("Di,Fox,,020 7946 0003,", "Ed,Gum,,,", "Ed,Gum,ed@x.example,,")
        desk.look("\n".join([self.HEAD, *there]).encode())
        desk.write()
        again = {
            "ann,LE,,,+44 20 7946 0002": "Ann Le is there already.",
            "Ann,Le,,,": "2 contacts are called Ann Le. An e-mail address would tell which one this is.",
            "Bo,Ray,,020 7946 0009,": "Bo Ray is there already.",
            "Cy,Poe,,,": "Cy Poe is there already.",
            "Cy,Poe,poe@x.example,,": None,
            "Di,Fox,,020 7946 0008,": "Di Fox is there with another number. "
            "An e-mail address would tell who this is.",
            "Ed,Gum,,,": "Ed Gum is there already.",
            "New,One,,020 7946 0010,": None,
            "New,One,,02079460010,": "Row 9 is the same person.",
            "New,One,,020 7946 0011,": None,
        }
        rows = desk.look("\n".join([self.HEAD, *again]).encode())
        for row, reason in zip(rows, again.values(), strict=True):
            expected = ("add", []) if reason is None else ("skip", [["", reason]])
            assert (row.outcome, row.problems) == expected, row.number
        # The same contact is changed by one row alone.
        twice = desk.look(
            f"{self.HEAD}\nCy,Poe,,020 7946 0020,\nCy,Poe,cy@x.example,020 7946 0021,".encode(),
            twins="update",
        )
        assert [(row.outcome, row.problems) for row in twice] == [
            ("update", []),
            ("skip", [["", "Row 2 is the same person."]]),
        ]
        # What cannot be chosen is an error, but not the category that the contact has.
        desk.look(b"First name,Last name,Category\nFay,Hay,Finance")
        desk.write()
        db.session.execute(update(Category).values(archived_at=now()))
        kept = b"First name,Last name,Title,Category\nFay,Hay,Dr,Finance\nBo,Ray,Dr,Emperor"
        assert [(row.outcome, row.problems) for row in desk.look(kept, twins="update")] == [
            ("update", []),
            ("error", [["Category", "There is no category called Emperor.", "Emperor"]]),
        ]

    def test_the_first_of_a_company_is_its_primary(self, desk):
        """P13: the first row that names somebody; where that has an error, the rest cannot go without it."""
        rows = desk.look(f"{self.HEAD}\n,,,,\nAnn,,,,\nBo,Ray,,,".encode())
        assert [row.outcome for row in rows] == ["error", "add"]
        desk.last.state, desk.last.errors, desk.last.adds = "checked", 1, 1
        with pytest.raises(NotNow, match="Primary"):
            imports.start(desk.last, desk.by, without=1)
        (row,) = desk.look(b"First name,Last name,Status\nAnn,Le,Inactive")
        assert row.problems == [["Status", "The Primary contact cannot be inactive.", "Inactive"]]
        rows = desk.look(f"{self.HEAD},Labels\n,,,,,* myContacts\nAnn,Le,,,,\nBo,Ray,,,,".encode())
        assert [row.outcome for row in rows] == ["skip", "add", "add"]
        desk.write()
        primary = db.session.scalars(
            select(Contact).where(Contact.company_id == desk.company.id, Contact.is_primary)
        )
        assert [each.first_name for each in primary.unique()] == ["Ann"]

    def test_ones_own_export_unchanged(self, browser, town, app, reading):
        """S9: nothing of it is an error and nothing is doubled, whatever is chosen."""
        file = browser(town.mia).get("/acme/contacts/export.csv").data
        with app.app_context(), transaction(write=True):
            desk = Desk(db.session.get_one(Company, town.acme.id), town.sue.id)
            for twins, reason in (("skip", "is there already."), ("update", "It is so already.")):
                rows = desk.look(file, twins=twins)
                assert len(rows) == len(desk.export()) > 15
                for row in rows:
                    assert row.outcome == "skip", (row.name, row.problems)
                    assert row.problems[0][1].endswith(reason), row.problems
            db.session.rollback()


WORD = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="@:/.|\x7f"),
    min_size=1,
    max_size=8,
)
NAMES = WORD.map(str.strip).filter(lambda word: word and word.isprintable() and "\xad" not in word)
SOME = st.sampled_from
PEOPLE = st.fixed_dictionaries(
    {
        "honorific": SOME(["", "Dr."]),
        "first_name": NAMES,
        "last_name": NAMES,
        "job_title": st.one_of(st.just(""), NAMES),
        "phone": SOME(["", "+442079460001", "+442079460002", "+4930901820"]),
        "mobile": SOME(["", "+447700900001"]),
        "notes": SOME(["", "=1+1", 'a "b"\nsecond; line', "@home"]),
        "access": SOME(["none", "email_only", "portal"]),
        "scope": SOME(["client", "property"]),
        "category": SOME([None, "Finance"]),
        "contact_type": SOME(["Secondary", "Manager"]),
        "deactivated_at": SOME([None, "now"]),
        "roles": SOME([[], ["Billing"], ["Billing", "Requester"]]),
        "permissions": SOME([[], ["billing"], ["edit_contacts", "reports"]]),
        "properties": SOME([[], ["Alpha"], ["Alpha", 'B; "two"']]),
        "topics": SOME([[], ["billing", "work_orders"]]),
        "has_address": st.booleans(),
    }
)


class TestOutAndIn:
    @settings(
        max_examples=count(8, 500),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        phases=[Phase.generate],
    )
    @given(people=st.lists(PEOPLE, min_size=1, max_size=5))
    def test_import_of_export(self, desk, people):
        """S9: import(export(x)) = x into an empty client, and again into the same one nothing is new."""
        told = different([as_told(person, number) for number, person in enumerate(people)])
        header = [field.label for field in FIELDS]
        try:
            check_both_ways(desk, header, told)
        finally:
            db.session.rollback()


def check_both_ways(desk, header: list[str], told: list[list[str]]) -> None:
    rows = desk.look(csv_text(header, told).encode())
    assert {row.outcome for row in rows} == {"add"}, [row.problems for row in rows]
    desk.write()
    assert sorted(desk.export()) == sorted(told)
    again = csv_text(header, desk.export()).encode()
    for twins in ("skip", "update"):
        assert {row.outcome for row in desk.look(again, twins=twins)} == {"skip"}
    invited = {
        each.contact.email
        for each in db.session.scalars(select(Invitation))
        if each.company_id == desk.company.id
    }
    assert invited == {row[EMAIL] for row in told if "Yes" in row and "Inactive" not in row}


NAMES_OF = [field.name for field in FIELDS]
EMAIL = NAMES_OF.index("email")


def different(rows: list[list[str]]) -> list[list[str]]:
    """The rows without those that nothing tells from one before them."""
    found: dict[str | None, list[str]] = {}
    for row in rows:
        found.setdefault(present.key(dict(zip(NAMES_OF, row, strict=True)), None), row)
    return list(found.values())


def as_told(person: dict, number: int) -> list[str]:
    """A row as an export gives it; the first is the Primary, with the role that makes it an admin."""
    facts = {**person, "email": f"p{number}@fresh.example" if person["has_address"] else None}
    if number == 0:
        facts |= {"contact_type": "Primary", "deactivated_at": None, "scope": "client"}
        facts["roles"] = ["Client Admin", *facts["roles"]]
        facts["roles"].sort()
    if facts["email"] is None:
        facts["access"] = "none"
    return cells(facts)


@pytest.mark.sqlite_only
class TestLocks:
    def test_nobody_waits_while_it_is_laid_out(self, app, browser, town, writing):
        """S9, F18: rows are taken apart without the write lock, and no page that is read waits for one."""
        mia = browser(town.mia)
        with writing():
            db.session.execute(update(SignInSession).values(last_seen_at=now() - timedelta(minutes=2)))
        other = sqlite3.connect(
            app.config["SQLALCHEMY_DATABASE_URI"].database, timeout=0, isolation_level=None
        )
        with closing(other), app.app_context(), transaction(write=False):
            laid_out.lay_out(1)
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            with ThreadPoolExecutor() as elsewhere:
                assert elsewhere.submit(mia.get, "/acme/contacts").result().status_code == 200
            assert time.monotonic() - begun < 5
            other.execute("ROLLBACK")
            go_on_writing()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            db.session.execute(select(laid_out.CONTACT))
