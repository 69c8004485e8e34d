"""Tables on their way in (S9): read, checked row by row, written whole or not at all; hostile files (T75)."""

import csv
import io
import os
import re
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal import csv_in, jobs, webhooks
from portal.actions import flood, imports, laid_out
from portal.actions.access import authorize
from portal.actions.contacts import Wanted, add_contact
from portal.actions.properties import link_properties
from portal.clock import now
from portal.csv_out import csv_text
from portal.extensions import db
from portal.importing.columns import guess
from portal.importing.lists import joined, parted
from portal.importing.registry import KINDS
from portal.models import (
    Activity,
    Company,
    Contact,
    ContactType,
    HookDelivery,
    Import,
    ImportRow,
    Invitation,
    Letter,
    Property,
    Role,
    SignInSession,
    Webhook,
)
from portal.policy import as_reader
from portal.transaction import transaction
from tests.machinery.counts import count
from tests.surfing import form_fields
from tests.test_import_contacts import kept

HEAD = "First name,Last name,Email,Phone,Authorize user,Roles,Properties,Contact type,Category"
PAGE = re.compile(r"/contacts/import/(\d+)")


def table(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


@pytest.fixture
def work(app):
    """What the clock does once: takes up whatever waits."""

    def work_once() -> None:
        with app.app_context():
            jobs.find_due()

    return work_once


@pytest.fixture
def hand_in(browser, town):
    """Hands a file in as Mia and gives the answer."""
    mia = browser(town.mia)

    def send(content: bytes):
        return sent_to(mia, "/acme/contacts/import", content)

    send.mia = mia
    return send


@pytest.fixture
def checked(hand_in, work):
    """Hands a table in, takes its columns as guessed, has it looked at; gives the address of its page."""

    def check(content: bytes, access: str = "file", twins: str = "skip", **columns: str) -> str:
        answer = hand_in(content)
        assert answer.status_code == 303, answer.text
        page = answer.location
        form = {**form_fields(hand_in.mia.get(page).text, "columns"), "access": access, "twins": twins}
        assert hand_in.mia.post(f"{page}/columns", {**form, **columns}).status_code == 303
        work()
        return page

    check.mia = hand_in.mia
    return check


def report(browser, page) -> list[list[str]]:
    text = browser.get(f"{page}/report").text.lstrip("\ufeff")
    return list(csv.reader(io.StringIO(text)))[1:]


def contacts_of(slug: str) -> int:
    return db.session.scalar(
        select(func.count(Contact.id))
        .join(Company, Company.id == Contact.company_id)
        .where(Company.slug == slug, Contact.deleted_at.is_(None))
    )


def sent_to(browser, path: str, content: bytes, **fields: str):
    """Send one file; the test client would leave its copy of a large one open."""
    parts = {f'name="{name}"': value.encode() for name, value in fields.items()}
    parts |= {'name="csrf_token"': browser.token().encode(), 'name="file"; filename="people.csv"': content}
    lines = [
        f"--zq\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + part
        for name, part in parts.items()
    ]
    body = b"\r\n".join([*lines, b"--zq--\r\n"])
    return browser.client.post(path, data=body, content_type="multipart/form-data; boundary=zq")


class TestTheSameAsTheForm:
    def test_row_for_row(self, checked, work, town, writing, reading):
        """L10, S9: a contact from a table stands in every table as one from the form does."""
        with writing():
            secret = webhooks.seal(webhooks.new_secret())
            events = ["contact.created", "access.changed"]
            db.session.add(
                Webhook(url="https://crm.example", events=events, sealed_secret=secret, made_by="Sue")
            )
        page = checked(
            table(
                "Tab,Le,tab@new.example,020 7946 0123,Yes,Billing; Requester,Alpha; Beta,Manager,",
                "Eve,Le,eve@new.example,,E-mail only,,,,",
                "Noa,Le,,,No,,,,",
            )
        )
        assert checked.mia.post(f"{page}/start").status_code == 303
        work()
        with writing():
            type_by_hand(db.session.get_one(Contact, town.mia.id), named("Tab")[0].contact_type)
        with reading():
            for name in ("Tab", "Eve", "Noa"):
                new, typed = (everything(each) for each in named(name))
                assert new == typed
                assert "contact.created" in new


def type_by_hand(mia: Contact, kind: ContactType) -> None:
    """Add the same three people as the form does it."""
    by, company = replace(as_reader(mia), user_id=mia.portal_user_id), mia.company
    roles = db.session.scalars(select(Role).where(Role.name.in_(("Billing", "Requester")))).unique()
    places = db.session.scalars(select(Property).where(Property.name.in_(("Alpha", "Beta"))))
    tab = {"first_name": "Tab", "last_name": "Le", "phone": "+442079460123", "email": "tab@form.example"}
    made = add_contact(company, Wanted(tab, kind, access="none", roles=frozenset(roles)), by)
    link_properties(made, "property", sorted(places, key=lambda each: each.id), by)
    authorize(made, by)
    eve = {"first_name": "Eve", "last_name": "Le", "email": "eve@form.example"}
    add_contact(company, Wanted(eve, access="email_only"), by)
    add_contact(company, Wanted({"first_name": "Noa", "last_name": "Le"}, access="none"), by)


def named(first_name: str) -> list[Contact]:
    query = select(Contact).where(Contact.first_name == first_name).order_by(Contact.id)
    return list(db.session.scalars(query).unique())


LEFT_OUT = {
    "id",
    "created_at",
    "changed_at",
    "form_key",
    "at",
    "due_at",
    "expires_at",
    "message_id",
    "version",
}
LEFT_OUT |= {"activity_id", "request_id", "address", "contact_id", "invitation_id"}


def everything(contact: Contact) -> str:
    """Everything that hangs on a contact, without ids, moments, and with one address for all."""

    def plain(row) -> dict:
        columns = [each.key for each in type(row).__table__.columns if each.key not in LEFT_OUT]
        values = {name: getattr(row, name) for name in columns}
        return {
            name: sorted(value.items()) if isinstance(value, dict) else value
            for name, value in values.items()
        }

    invitations = db.session.scalars(select(Invitation).where(Invitation.contact_id == contact.id)).all()
    letters = db.session.scalars(select(Letter).where(Letter.to_email == (contact.email or "-"))).all()
    told = db.session.scalars(select(Activity).where(Activity.contact_id == contact.id)).all()
    hooks = db.session.scalars(
        select(HookDelivery).where(HookDelivery.activity_id.in_([each.id for each in told]))
    )
    hanging = [*contact.role_links, *contact.boxes, *contact.property_links, *contact.topic_links]
    rows = [contact, *invitations, *letters, *told, *hooks, *hanging]
    lives = [round((each.expires_at - each.created_at).total_seconds()) for each in invitations]
    text = "\n".join(sorted(f"{type(row).__name__} {plain(row)}" for row in rows)) + str(lives)
    facts = [letter.facts.get("contact_id", contact.id) == contact.id for letter in letters]
    text = re.sub(r"\('contact_id', \d+\)", "", text)
    return f"{text} {facts}".replace("form.example", "new.example")


class TestChecking:
    ERRORS = (
        (",Le,a@new.example,,,,,,", "First name", "Enter the first name."),
        ("Ann,,b@new.example,,,,,,", "Last name", "Enter the last name."),
        ("Ann,Le,not an address,,,,,,", "Email", "Enter a full address, like name@company.com."),
        ("Ann,Le,c@new.example,12,,,,,", "Phone", None),
        ("Ann,Le,,,Yes,,,,", "Email", "Enter an e-mail address, or choose No under Authorize user."),
        ("Ann,Le,d@new.example,,Perhaps,,,,", "Authorize user", "Use one of: Yes, E-mail only, No."),
        ("Ann,Le,e@new.example,,,Emperor,,,", "Roles", "There is no role called Emperor."),
        ("Ann,Le,f@new.example,,,,Delta,,", "Properties", "There is no property called Delta."),
        ("Ann,Le,g@new.example,,,Client Admin,Alpha,,", "Level", None),
        ("Ann,Le,h@new.example,,,,,Primary,", "Contact type", None),
        ("Ann,www.le.example,i@new.example,,,,,,", "Last name", "A name cannot hold a web address."),
        ("Ann,Le,J@NEW.example,,,,,,", None, None),
        ("Ann,Lee,j@new.example,,,,,,", "Email", "Row 13 has the same address."),
    )

    def test_every_error_by_row_and_cell(self, checked, reading):
        """S9, C16: the sentence of the form, at its cell; another company's property is unknown (P11)."""
        page = checked(table(*(row for row, _, _ in self.ERRORS)))
        found = {(int(row), column): sentence for row, _, _, column, sentence, _ in report(checked.mia, page)}
        for number, (_row, column, sentence) in enumerate(self.ERRORS, 2):
            if column is not None:
                assert sentence in (None, found[number, column]), number
        assert sum(1 for key in found.values() if key) == len(self.ERRORS) - 1
        assert "Start the import" not in checked.mia.get(page).text
        # All or nothing per file: what was not offered cannot be sent either.
        assert checked.mia.post(f"{page}/start").status_code == 409
        with reading():
            assert not named("Ann")[1:]

    def test_without_the_rows_that_have_errors(self, checked, work, reading):
        """S9: what was agreed to is imported whole, the report says what was left out; never the Primary."""
        page = checked(table("Ann,Le,a@new.example,,,,,,", "Bob,,b@new.example,,,,,,", "Cy,Poe,,,,,,,"))
        assert "Import the other 2 rows" in checked.mia.get(page).text
        for told in ("", "2", "x" * 5_000, "9" * 5_000):
            assert checked.mia.post(f"{page}/start", {"without": told}).status_code == 409
        assert checked.mia.post(f"{page}/start", {"without": "1"}).status_code == 303
        work()
        assert "Rows that were left out" in checked.mia.get(page).text
        assert [row[2] for row in report(checked.mia, page)] == ["Added", "Left out", "Added"]
        with reading():
            assert len(named("Cy")) == 1
            told = db.session.scalars(select(Activity).where(Activity.what == "imported contacts")).one()
            assert told.changes == {"Added": ["", "2"], "Changed": ["", "0"], "Left out": ["", "1"]}

    def test_who_is_there_already(self, checked, work, town, reading, writing):
        """S9: matched by address; details only, never access and rights (P7, P8); oneself is left out."""
        with writing():
            max_id, eva = db.session.get_one(Contact, town.max.id).id, named("Eva")[0]
        rows = (
            f"Maxim,Reed,{town.max.email.upper()},,No,Billing,,,",
            f"Mia,Stein,{town.mia.email},,No,,,,",
            f"Eva,Mail,{eva.email},,,,,,",
            f"Ian,Idle,{town.ian.email},020 7946 0123,,,,,",
        )
        skipped = checked(table(*rows))
        assert [row[2] for row in report(checked.mia, skipped)] == ["Skipped"] * 4
        page = checked(table(*rows), twins="update")
        assert [row[2] for row in report(checked.mia, page)] == ["Changed", "Skipped", "Skipped", "Skipped"]
        assert checked.mia.post(f"{page}/start").status_code == 303
        work()
        with reading():
            after = db.session.get_one(Contact, max_id)
            assert (after.first_name, after.access, after.name_key) == ("Maxim", "portal", "maxim reed")
            assert {each.value for each in after.direct_permissions} == {"admin"}
            assert after.version == 2
            assert db.session.get_one(Contact, town.mia.id).last_name == "Stone"
            told = db.session.scalars(select(Activity).where(Activity.contact_id == max_id)).all()[-1]
            assert (told.what, told.changes) == ("edited", {"First name": ["Max", "Maxim"]})

    def test_what_others_call_the_columns(self):
        """S9: Google Contacts and Outlook, as they export today."""
        google = (
            "First Name,Middle Name,Last Name,Name Prefix,Organization Name,Organization Title,Notes,Labels,"
        )
        google += "E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value"
        outlook = "Title,First Name,Last Name,Job Title,Business Phone,Mobile Phone,E-mail Address,Categories"
        contacts = KINDS["contacts"]
        assert guess(contacts.fields, google.split(","), contacts.instead) == [
            *("first_name", "middle_name", "last_name", "honorific", "", "job_title", "notes", ""),
            *("", "email", "number_labels", "numbers"),
        ]
        assert guess(contacts.fields, outlook.split(","), contacts.instead) == [
            *("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email", "")
        ]


def write_now(import_id: int) -> None:
    with transaction(write=True):
        laid_out.lay_out(import_id)
        imports.write(import_id, KINDS["contacts"].write)


class TestAllOrNothing:
    ROWS = table(
        *(
            f"Ann{number},Le,ann{number}@new.example,,{'Yes' if number < 9 else 'No'},,,,"
            for number in range(40)
        )
    )

    def test_killed_and_taken_up_again(self, app, checked, work, writing, reading, monkeypatch):
        """S9, T85: whoever dies in the middle leaves nothing behind, and 0 double invitations come of it."""
        page = checked(self.ROWS)
        with reading():
            before = (contacts_of("acme"), db.session.scalar(select(func.count(Letter.id))))
        assert checked.mia.post(f"{page}/start").status_code == 303
        with monkeypatch.context() as patched:
            patched.setattr("portal.actions.bulk_contacts._Newcomers.tell", lambda *_: 1 / 0)
            with app.app_context(), pytest.raises(ZeroDivisionError):
                write_now(int(PAGE.search(page)[1]))
        with reading():
            assert (contacts_of("acme"), db.session.scalar(select(func.count(Letter.id)))) == before
        for _ in range(3):
            work()
        with reading():
            assert contacts_of("acme") == before[0] + 40
            mails = select(Letter.to_email).where(Letter.to_email.like("ann%@new.example"))
            assert len(set(db.session.scalars(mails))) == len(db.session.scalars(mails).all()) == 9
        assert "Imported" in checked.mia.get(page).text

    def test_checking_goes_on_where_it_stopped(self, app, checked, work, writing, monkeypatch):
        """S9: a worker that died held it for half a minute; the next one looks at no row twice."""
        monkeypatch.setattr("portal.importing.steps.STRETCH", 10)
        monkeypatch.setattr("portal.importing.steps.SECONDS", 0)
        page = checked(self.ROWS)
        with writing():
            imported = db.session.get_one(Import, int(PAGE.search(page)[1]))
            assert (imported.position, imported.state) == (10, "checking")
            imported.leased_until = now() + timedelta(seconds=30)
        work()
        assert "10 of 40" in checked.mia.get(page).text
        with writing():
            db.session.get_one(Import, imported.id).leased_until = now()
        for _ in range(3):
            work()
        assert "Ready to start" in checked.mia.get(page).text
        with writing():
            assert db.session.scalar(select(func.count()).select_from(ImportRow)) == 40

    def test_what_moves_on_meanwhile(self, checked, work, writing, reading, town):
        """S9: an address taken after the check, or a right lost, and nothing of the file is written."""
        page = checked(self.ROWS)
        with writing():
            mia = db.session.get_one(Contact, town.mia.id)
            taken = {"first_name": "Zed", "last_name": "Le", "email": "ann7@new.example"}
            add_contact(mia.company, Wanted(taken, access="none"), as_reader(mia))
        assert checked.mia.post(f"{page}/start").status_code == 303
        work()
        work()
        with reading():
            assert named("Ann8") == []
        assert "checked again" in checked.mia.get(page).text
        assert [row[2] for row in report(checked.mia, page)].count("Skipped") == 1
        assert checked.mia.post(f"{page}/start").status_code == 303
        with writing():
            db.session.get_one(Contact, town.mia.id).deactivated_at = now()
        work()
        with reading():
            assert named("Ann8") == []
            assert db.session.get_one(Import, int(PAGE.search(page)[1])).state == "failed"

    def test_a_customer_invites_so_many_a_day(self, app, checked, work, on_duty, town, reading):
        """T40: the page says how many may be invited, nothing is sent beyond that; staff are not limited."""
        app.config["INVITE_LIMIT"] = "12 per day"
        first, second = checked(self.ROWS), checked(self.ROWS.replace(b"ann", b"bob").replace(b"Ann", b"Bob"))
        for page in (first, second):
            told = "Your company can invite at most 12 people within 24 hours; now it is 12.<"
            assert told in checked.mia.get(page).text
            assert checked.mia.post(f"{page}/start").status_code == 303
        for _ in range(3):
            work()
        with reading():
            mails = db.session.scalars(select(Letter.to_email).where(Letter.kind == "invitation"))
            assert len([each for each in mails if each.endswith("@new.example")]) == 9
        shown = checked.mia.get(second).text
        assert "Imported" in checked.mia.get(first).text
        assert "now it is 3. This file would invite 9. Split it, or change columns and authorize" in shown
        assert "Start the import" not in shown
        refused = checked.mia.post(f"{second}/start")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "86400")
        with time_machine.travel(now() + timedelta(hours=24, minutes=1), tick=False), reading():
            assert flood.allowance(db.session.get_one(Import, int(PAGE.search(second)[1]))).left == 12
        app.config["INVITE_LIMIT"], sue = "1 per day", on_duty(town.sue)
        page = sent_to(sue, "/staff/imports/new/contacts", self.ROWS.replace(b"ann", b"dan"), client="acme")
        form = {**form_fields(sue.get(page.location).text, "columns"), "access": "file"}
        assert sue.post(f"{page.location}/columns", form).status_code == 303
        work()
        assert "Start the import" in sue.get(page.location).text
        assert sue.post(f"{page.location}/start").status_code == 303

    def test_only_for_whoever_handed_it_in(self, checked, browser, town):
        """T28, T80: another admin finds nothing, a double click starts it once, cancelling keeps nothing."""
        page = checked(self.ROWS)
        other = browser(town.max)
        assert other.get(page).status_code == other.get(f"{page}/report").status_code == 404
        assert other.post(f"{page}/start").status_code == 404
        assert checked.mia.post(f"{page}/start").status_code == 303
        assert checked.mia.post(f"{page}/start").status_code == 409
        assert checked.mia.post(f"{page}/cancel").status_code == 303
        assert checked.mia.post(f"{page}/cancel").status_code == 409
        assert "Nothing was imported" not in checked.mia.get(page).text

    def test_a_page_that_waits_keeps_nobody_signed_in(self, checked, town, reading):
        """T54: what asks again by itself is no sign of life; the same page opened by hand is."""
        page, later = checked(self.ROWS), now() + timedelta(minutes=5)
        with time_machine.travel(later, tick=False):
            checked.mia.get(page, htmx=True)
            with reading():
                seen = db.session.scalars(select(SignInSession.last_seen_at)).all()
            assert max(seen) < later
            checked.mia.get(page)
            with reading():
                assert max(db.session.scalars(select(SignInSession.last_seen_at))) == later


WORDS = st.text(
    st.one_of(
        st.sampled_from("=+-@'\"\t\r\n,; ＝＋"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)


class TestOutAndIn:
    """T69: what goes out comes in again as it was, and is a formula nowhere."""

    @settings(max_examples=count(60, 2_000), deadline=None)
    @given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=4))
    def test_any_cell_comes_back(self, rows):
        """T69, S9: import(export(x)) = x, formulas included, whatever stands in a cell."""
        wanted = [row for row in rows if "".join(row).strip()]
        text = csv_text(("First name", "Last name", "Notes"), rows).encode()
        assume(wanted)
        assert [cells for _number, cells in kept(csv_in.read(io.BytesIO(text)))] == wanted

    @settings(max_examples=count(60, 2_000), deadline=None)
    @given(st.lists(WORDS, max_size=4))
    def test_several_names_in_one_cell(self, names):
        """A role may be called whatever it likes."""
        plain = [name.strip() for name in names if name.strip().isprintable() and name.strip()]
        assert parted(joined(plain)) == plain

    def test_a_whole_company(self, browser, on_duty, work, town, writing, reading):
        """S9, P13: what one company exports fills another; its Primary contact becomes the Primary there."""
        with writing():
            company = Company(slug="fresh", name="Fresh")
            db.session.add(company)
            db.session.flush()
            for name in ("Alpha", "Beta", "Gamma"):
                db.session.add(Property(company_id=company.id, name=name))
            named("Abe")[0].notes = '=1+1\nsecond "line", and more;'
        sue, mia = on_duty(town.sue), browser(town.mia)
        before = mia.get("/acme/contacts/export.csv")
        page = sent_to(sue, "/staff/clients/fresh/contacts/import", before.data).location
        form = form_fields(sue.get(page).text, "columns")
        assert form["access"] == "file"
        assert sue.post(f"{page}/columns", form).status_code == 303
        work()
        shown = sue.get(page).text
        assert "Rows with errors</h2>" not in shown, shown
        assert sue.post(f"{page}/start").status_code == 303
        work()
        after = sue.get("/staff/clients/fresh/contacts/export.csv")
        # All of them are invited there anew.
        assert '"Yes","Active"' in before.text
        assert after.text == before.text.replace('"Yes","Active"', '"Yes","Pending"')
        with reading():
            primary = db.session.scalars(
                select(Contact).where(Contact.company_id == company.id, Contact.is_primary)
            )
            assert [each.email for each in primary] == [town.mia.email]
        listed = sue.get("/staff/imports").text
        assert "people.csv" in listed
        page = sent_to(sue, "/staff/imports/new/contacts", before.data, client="FRESH").location
        assert sue.get(page).status_code == 200
        # Who looks and does not change takes nothing out, and nobody takes out what the filter leaves away.
        assert on_duty(town.tom).get("/staff/clients/fresh/contacts/export.csv").status_code == 403
        assert browser(town.ed).get("/acme/contacts/export.csv").status_code == 403
        assert mia.get("/acme/contacts/export.csv?q=wes").text.count("\n") == 2

    def test_cards(self, browser, town, writing):
        """S9: vCard 4.0, whatever a name holds; lines are folded within letters never."""
        with writing():
            abe = named("Abe")[0]
            abe.notes = "Back; stairs, left\\right\nAsk for " + "Zoë 安 " * 20
        text = browser(town.mia).get("/acme/contacts/export.vcf").data.decode()
        assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
        card = next(each for each in text.replace("\r\n ", "").split("END:VCARD") if "N:Book;Abe;;;" in each)
        assert "VERSION:4.0\r\nFN:Abe Book\r\n" in card
        assert "NOTE:Back\\; stairs\\, left\\\\right\\nAsk for Zoë" in card
        assert "ORG:Acme Estates\r\n" in card


def sheet_file(cells: str, shared: str = "") -> bytes:
    """The smallest Excel file that holds `cells`, the rows of its one sheet as XML, and one shared text."""
    kinds, types = "http://schemas.openxmlformats.org", "application/vnd.openxmlformats-officedocument"
    links = f"{kinds}/officeDocument/2006/relationships"
    spread, relations = f"{kinds}/spreadsheetml/2006/main", f"{kinds}/package/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kinds}/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}">'
        f'<Relationship Id="a" Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{spread}" xmlns:r="{links}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="b" '
        f'Type="{links}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="c" '
        f'Type="{links}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{spread}"><sheetData>{cells}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{spread}"><si><t>{shared}</t></si></sst>',
    }
    return zipped(parts)


def zipped(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HOSTILE = {
    "empty": (lambda: b"", "Choose a file.|This file is empty."),
    "only a header": (lambda: b"First name,Last name\n", "no rows below"),
    "NUL": (lambda: b"First name,Last name\nAnn\0,Le\n", "NUL"),
    "random": (lambda: bytes(range(128, 256)) * 40, "cannot be read"),
    "10,000 columns": (lambda: (",".join("c" * 10_000) + "\n1\n").encode(), "more than 200 columns"),
    "a million rows": (lambda: b"a,b\n" + b"1,2\n" * 1_000_000, "more than 50,000 rows"),
    "one cell of 9 MB": (lambda: b"a,b\n" + b"x" * 9_000_000 + b",1\n", "cannot be read as a table"),
    "11 MB": (lambda: b"a,b\n" + b"x" * 11_000_000, "too large"),
    "more cells than columns": (lambda: b"a,b\n1,2,3\n", "Row 2 has more cells"),
    "older Excel": (lambda: b"\xd0\xcf\x11\xe0" + b"0" * 600, "older kind"),
    "a Word file": (lambda: zipped({"word/document.xml": ""}), "no table"),
    "half an archive": (lambda: zipped({"xl/workbook.xml": "0" * 9_999})[:60], "damaged"),
    "zip bomb": (lambda: zipped({"xl/workbook.xml": "", "xl/a": "0" * 130_000_000}), "unpacks"),
    "a sheet of 17 thousand million cells": (
        lambda: sheet_file(f"<row>{cell('A1', 'a')}</row><row>{cell('XFD1048576', 'b')}</row>"),
        "cannot be read",
    ),
    "20,000 cells that are one text of 9,900 letters": (
        lambda: sheet_file('<row><c t="s"><v>0</v></c></row>' * 20_000, shared="x" * 9_900),
        "come to more than 10 MB",
    ),
    "an Excel cell of 140,000 letters": (
        lambda: sheet_file(f"<row>{cell('A1', 'a')}</row><row>{cell('A2', 'x' * 140_000)}</row>"),
        "Row 2 has a cell that is too long",
    ),
    "19 million rows": (lambda: sheet_file("<row/>" * 19_000_000), "unpacks to far more"),
    "25 million cells": (
        lambda: sheet_file(f"<row>{'<c/>' * 100}</row>" * 250_000),
        "unpacks to far more",
    ),
    "no telling its cells apart": (lambda: b"a.\xc3\xa9" * 2_000, "no rows below"),
    "laughs": (lambda: sheet_file("<row>&lol;&lol;</row>"), "no rows below|cannot be read"),
}


def worked() -> float:
    """Seconds of a core that this process and those it started have used."""
    return sum(os.times()[:4])


class TestHostileFiles:
    def test_each_gets_a_reason(self, hand_in, reading):
        """T75, T76, T78: a sentence beside the field, never a 500, no core for long, and nothing is left."""
        for name, (make, reason) in HOSTILE.items():
            content, before = make(), worked()
            answer = hand_in(content)
            assert worked() - before < 1.5, name
            said = re.search(r'id="file-error">.*?<span>(.*?)</span>', answer.text, re.DOTALL)
            assert answer.status_code == 422, name
            assert said, name
            assert re.search(reason, said[1]), (name, said[1])
        assert hand_in(b"0" * 62_000_000).status_code == 413
        with reading():
            assert db.session.scalar(select(func.count(Import.id))) == 0

    def test_what_can_be_read(self, hand_in):
        """T75: letters of Western Europe, UTF-16, other signs between the cells, Excel by whatever name."""
        head, row = "First name;Last name", "Jürgen;Größe"
        excel = f"<row>{cell('A1', 'First name')}{cell('B1', 'Phone')}</row>"
        excel += f"<row>{cell('A2', 'Jürgen')}<c r='B2'><v>442079460123</v></c></row>"
        for content in (
            f"{head}\r\n{row}\r\n".encode("cp1252"),
            f"{head}\n{row}\n".replace(";", "\t").encode("utf-16"),
            f"\ufeff{head}\n\n{row}".encode(),
            sheet_file(excel),
        ):
            answer = hand_in(content)
            assert answer.status_code == 303, answer.text
            assert "Jürgen" in hand_in.mia.get(answer.location).text
        assert "442079460123" in hand_in.mia.get(answer.location).text
