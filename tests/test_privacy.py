"""Privacy: what is held about a person, erasing a person or a client that left, and retention (S8, T93)."""

import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from flask.cli import FlaskGroup
from PIL import Image
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal import audit
from portal.actions import retention
from portal.clock import now
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Activity,
    Company,
    Contact,
    Erasure,
    Import,
    ImportRow,
    Invitation,
    Invoice,
    InvoiceLine,
    Letter,
    LetterTry,
    PasswordRequest,
    SignInSession,
    WorkOrder,
)
from portal.models.keys import refresh
from portal.policy import SYSTEM
from portal.transaction import transaction
from tests.surfing import form_fields
from tests.test_imports import sent_to
from tests.test_staff_invoices import sent

PRIVACY = "/staff/privacy"
NAME = "Zqname Zqfamily"
ADDRESS = "zqmail@acme.example"


@pytest.fixture(autouse=True)
def no_files(app):
    """Takes away the files of earlier tests, whose rows are gone."""
    shutil.rmtree(Path(app.config["INSTANCE_DIR"]) / "files", ignore_errors=True)


def everywhere_it_stands(app, mark="zq"):
    """Every column of every table, and every file, in which a mark of the person still stands."""
    found = set()
    with app.app_context(), transaction(write=False):
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(sa.select(table)).all():
                for column, value in zip(table.columns, row, strict=True):
                    if column.name in ("sealed_secret", "password_hash"):  # any letters, by chance
                        continue
                    text = json.dumps(value, default=str) if not isinstance(value, str) else value
                    if mark in text.lower():
                        found.add(f"{table.name}.{column.name}: {text[:60]}")
    kept = (Path(app.config["INSTANCE_DIR"]) / "files").rglob("*")
    return found | {each.name for each in kept if each.is_file() and b"zqname" in each.read_bytes().lower()}


@pytest.fixture
def wes(town, browser, on_duty, writing):
    """The id of Wes, who has a mark in every text there is of him, after a life in the portal."""
    with writing():
        contact = db.session.get_one(Contact, town.wes.id)
        contact.first_name, contact.last_name, contact.honorific = "Zqname", "Zqfamily", "zqh"
        contact.job_title, contact.notes = "zqjob", "zqnotes"
        contact.phone, contact.mobile, contact.email = "+442079460zq", "+447700900zq", ADDRESS
        refresh(contact)
        user = contact.user
        user.first_name, user.last_name, user.username, user.username_key = (
            "Zqlogin",
            "Zqlast",
            "zquser",
            "zquser",
        )
        user.email = user.email_key = ADDRESS
        user.recovery_email = user.recovery_key = "zqrecovery@x.example"
    person = browser()
    person.headers["User-Agent"] = "zqbrowser"
    assert person.sign_in(ADDRESS).status_code == 303
    photo = io.BytesIO()
    Image.new("RGB", (9, 9)).save(photo, "JPEG")
    photo.seek(0)
    order = {"title": "Roof", "description": f"Ask {NAME}, zqmail@ACME.example", "priority": "normal"}
    order |= {"photos": FileStorage(photo, "zq.jpg"), "csrf_token": person.token()}
    boundary, body = encode_multipart(order)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = person.client.post("/acme/work-orders/new", data=body, content_type=kind, headers=person.headers)
    assert answer.status_code == 303, answer.text
    person.post(answer.headers["Location"] + "/comment", {"text": "I am Zqname Zqfamily"})
    mia = browser(town.mia)
    mia.post(f"/acme/contacts/{town.wes.id}/properties", {"scope": "client"})
    mia.post(f"/acme/contacts/{town.wes.id}/send-reset")
    mia.post(f"/acme/contacts/{town.ava.id}/edit", {})
    table = f"Client,First name,Last name,Email\nacme,Zqname,Zqfamily,{ADDRESS}\n".encode()
    assert sent_to(mia, "/acme/contacts/import", table).status_code == 303
    assert sent_to(on_duty(town.sue), "/staff/imports/new/clients", table).status_code == 303
    on_duty(town.tom).post(f"/staff/portal-users/{user.id}/require-password-change")
    browser().post("/forgot", {"email": ADDRESS})
    with writing():
        facts = {"company_id": town.acme.id, "contact_id": town.wes.id, "invited_by": "Mia Stone"}
        facts |= {"created_at": now(), "expires_at": now(), "ended_at": now(), "ended_as": "used"}
        db.session.add(Invitation(generation=9, email="zqold@x.example", mail_error="550 zqold", **facts))
        db.session.add(
            Invitation(**facts | {"contact_id": town.ava.id, "invited_by": NAME}, generation=9, email="a@x")
        )
        letter = Letter(
            kind="email_only",
            to_email=ADDRESS.upper(),
            facts={"first_name": "Zqname"},
            company_id=town.acme.id,
        )
        letter.message_id, letter.state, letter.last_error = "<1>", "failed", "550 zqerror"
        told = Letter(
            kind="invitation",
            to_email="a@x",
            facts={"inviter": NAME},
            company_id=town.acme.id,
            message_id="<2>",
        )
        db.session.add_all([letter, told])
        db.session.flush()
        db.session.add(LetterTry(letter_id=letter.id, number=1, words="550 zqtry"))
        request = {"first_name": "Zqname", "last_name": "Zq", "email": ADDRESS, "email_key": ADDRESS}
        db.session.add(
            AccessRequest(
                **request,
                company_name="zqcompany",
                message="zqmessage",
                expires_at=now(),
                company_id=town.acme.id,
            )
        )
        other = db.session.get_one(Contact, town.ava.id)
        other.notes = f"Reports to {NAME}, {ADDRESS}"
        changes = {
            "E-mail": ("zqbefore@x.example", ADDRESS),
            "Job title": ("zqjunior", "zqjob"),
            "Level": ("client", "property"),
        }
        audit.record("edited", by=SYSTEM, contact=contact, changes=changes, reason="zqreason")
        audit.record(
            "edited", by=SYSTEM, contact=other, changes={"Notes": ("", f"With {NAME}")}, reason=f"by {NAME}"
        )
        audit.record("retried a mail to", by=SYSTEM, company_id=town.acme.id, about=ADDRESS)
    return town.wes.id


def erase(staff, kind, person_id, name):
    return staff.post(f"{PRIVACY}/{kind}/{person_id}/erase", {"name": name})


def drafted(staff, slug, number, *titles):
    """Draft an invoice by the form, and give it one title after the other."""
    bill = {"number": number, "issued_on": "2026-11-02", "due_on": "2026-12-02", "lines-0-text": "Work"}
    bill |= {"lines-0-quantity": "1", "lines-0-unit_price": "40", "lines-0-tax_percent": "20"}
    there = staff.post(f"/staff/clients/{slug}/billing/new", bill | {"title": titles[0]}).location
    for title in titles[1:]:
        form = form_fields(staff.get(f"{there}/edit").text, "record-form")
        assert staff.post(f"{there}/edit", form | {"title": title}).status_code == 303


def said(row):
    return json.dumps(
        [row.actor_name, row.target_name, row.reason, row.changes], ensure_ascii=False
    ).casefold()


class TestErasing:
    """S8, T93."""

    def test_nothing_is_left_of_the_person(self, app, town, on_duty, wes, browser, reading):
        marked = {each.split(":")[0] for each in everywhere_it_stands(app)}
        assert {
            "contact.notes",
            "portal_user.recovery_email",
            "sign_in_session.browser",
            "letter.facts",
        } <= marked
        assert {
            "activity.changes",
            "work_order_event.text",
            "document.added_by",
            "letter_try.words",
        } <= marked
        sue = on_duty(town.sue)
        assert erase(sue, "contact", wes, NAME).status_code == 303
        assert everywhere_it_stands(app) == set()
        with reading():
            tombstone = db.session.scalar(sa.select(Erasure.tombstone))
            assert re.fullmatch(r"Erased person [0-9A-F]{6}", tombstone)
            assert db.session.get_one(Contact, wes).first_name == tombstone
            assert tombstone in db.session.scalar(sa.select(WorkOrder.description))
            assert tombstone in db.session.get_one(Contact, town.ava.id).notes
            rows = db.session.scalars(sa.select(Activity).where(Activity.contact_id == wes)).all()
            assert {row.target_name for row in rows} == {tombstone}
            edited = next(row for row in rows if row.what == "edited")
            assert edited.changes["Level"] == ["client", "property"]
            assert edited.changes["Job title"] == [tombstone, tombstone]
        page = browser(town.mia).get("/acme/activity").text
        assert f"Sue Marsh of Alder Services erased {tombstone}" in page
        assert browser().sign_in(ADDRESS).status_code == 422
        assert erase(sue, "contact", wes, tombstone).status_code == 404

    def test_what_the_portal_still_shows(self, town, on_duty, wes, browser):
        """No page breaks over a tombstone."""
        sue, mia = on_duty(town.sue), browser(town.mia)
        erase(sue, "contact", wes, NAME)
        for path in (
            "/acme/contacts",
            "/acme/activity",
            "/acme/activity/export",
            "/acme/work-orders",
            "/acme/reports",
        ):
            assert mia.get(path).status_code == 200, path
        for path in ("/staff/mail", "/staff/mail/failing", "/staff/activity", "/staff/portal-users", PRIVACY):
            assert sue.get(path).status_code == 200, path
        for letter_id in range(1, 8):
            assert sue.get(f"/staff/mail/{letter_id}").status_code in (200, 404)

    def test_the_name_must_be_typed_by_an_administrator(self, town, on_duty, wes, reading):
        sue = on_duty(town.sue)
        assert erase(on_duty(town.tom), "contact", wes, NAME).status_code == 403
        answer = erase(sue, "contact", wes, "Zqname")
        assert answer.status_code == 422
        assert 'value="Zqname"' in answer.text
        with reading():
            assert db.session.get_one(Contact, wes).first_name == "Zqname"
            assert db.session.scalar(sa.select(Erasure.id)) is None

    def test_the_name_may_be_typed_without_case_and_accents(self, town, on_duty, writing, reading):
        """S8: typed to be sure who it is, not as a test of keyboards."""
        sue = on_duty(town.sue)
        with writing():
            contact = db.session.get_one(Contact, town.gus.id)
            contact.first_name, contact.last_name = "Zo\u00eb", "O\u2019Neill"
        assert erase(sue, "contact", town.gus.id, "zoe oneil").status_code == 422
        assert erase(sue, "contact", town.gus.id, "zoe o'neill").status_code == 303
        with reading():
            assert db.session.get_one(Contact, town.gus.id).erased_as

    def test_the_primary_contact_is_replaced_first(self, town, on_duty, reading):
        sue, path = on_duty(town.sue), f"{PRIVACY}/contact/{town.mia.id}/erase"
        # Said before it is tried, with the way there; and nothing to type a name into.
        page = sue.get(path).text
        assert "Mia Stone is the Primary contact of Acme Estates. Choose another Primary contact" in page
        assert 'href="/staff/clients/acme/contacts"' in page
        assert "To go on, type" not in page
        answer = erase(sue, "contact", town.mia.id, town.mia.name)
        assert answer.status_code == 409
        assert "Choose another Primary contact first." in answer.text
        with reading():
            assert db.session.get_one(Contact, town.mia.id).first_name == "Mia"

    def test_the_last_admin_stays_until_the_client_has_left(self, town, on_duty, writing):
        """P8: said before; a client that has left needs no admin any more."""
        with writing():
            stan, duo = (db.session.get_one(Contact, each.id) for each in (town.stan, town.duo_globex))
            primary, other = stan.contact_type_id, db.session.get_one(Contact, town.gus.id).contact_type_id
            stan.is_primary, stan.contact_type_id = False, other
            db.session.flush()
            duo.is_primary, duo.contact_type_id, duo.deactivated_at = True, primary, now()
        sue, path = on_duty(town.sue), f"{PRIVACY}/contact/{town.stan.id}/erase"
        assert "Globex needs at least one admin who can sign in. Make someone" in sue.get(path).text
        assert erase(sue, "contact", town.stan.id, town.stan.name).status_code == 409
        with writing():
            db.session.get_one(Company, town.globex.id).exited_at = now()
        assert erase(sue, "contact", town.stan.id, town.stan.name).status_code == 303

    def test_a_shared_login_stays_at_the_other_client(self, town, on_duty, browser, reading):
        duo = browser(town.duo)
        assert erase(on_duty(town.sue), "contact", town.duo.id, town.duo.name).status_code == 303
        assert duo.get("/globex/contacts").status_code == 200
        assert duo.get("/acme/billing").status_code == 404
        with reading():
            assert db.session.get_one(Contact, town.duo_globex.id).name == "Duo Both"
            user_id = db.session.get_one(Contact, town.duo_globex.id).portal_user_id
        assert erase(on_duty(town.sue), "login", user_id, town.duo.name).status_code == 303
        assert duo.get("/globex/contacts").headers["Location"].startswith("/sign-in")
        with reading():
            assert (
                db.session.scalar(sa.select(SignInSession.id).where(SignInSession.portal_user_id == user_id))
                is None
            )
            names = set(db.session.scalars(sa.select(Activity.target_name)))
            assert "Duo Both" not in names

    def test_what_the_vendor_alone_reads(self, town, on_duty, writing, reading):
        """S8: without a login, too, and as a whole word however it was written; who only has the name in
        theirs stays, and so do the staff's own names."""
        with writing():
            ann = db.session.get_one(Contact, town.ann.id)
            ann.first_name, ann.last_name = "Zqnóra", "Zqfeather"
            refresh(ann)
        sue = on_duty(town.sue)
        drafted(sue, "acme", "INV-1", "Boiler for Zqnóra Zqfeather", "Boiler, ZQNORA_zqfeather's", "Boiler")
        drafted(sue, "acme", "INV-2", "Roof for Zqnora Zqfeatherstone", "Roof")
        with writing():
            audit.record("changed the settings", by=SYSTEM, about="Zqnora Zqfeather's own")
            audit.record(
                "changed the settings",
                by=replace(SYSTEM, kind="staff", name="Zqnora Zqfeather", staff_id=town.sue.id),
            )
        assert erase(sue, "contact", town.ann.id, "Zqnóra Zqfeather").status_code == 303
        with reading():
            stands = [row for row in db.session.scalars(sa.select(Activity)) if "zq" in said(row)]
            assert [row.actor_name for row in stands if row.what == "changed the settings"] == [
                "Zqnora Zqfeather"
            ]
            left = {str(row.changes["For"]) for row in stands if row.what == "changed the draft of"}
            assert left == {"['Roof for Zqnora Zqfeatherstone', 'Roof']"}


class TestClient:
    def test_of_any_size_and_out_of_the_vendors_rows(self, town, on_duty, writing, reading, app):
        """S8, T93: a client of 200 people; drafts and a table for all clients that are called like it."""
        sue = on_duty(town.sue)
        with writing():
            globex = db.session.get_one(Company, town.globex.id)
            globex.name, ann = "Zqobex Holdings", db.session.get_one(Contact, town.ann.id)
            for number in range(200):
                one = Contact(company_id=globex.id, first_name=f"Zqname{number}", last_name="Zqlast")
                one.email, one.contact_type = f"zq{number}@globex.example", ann.contact_type
                refresh(one)
                db.session.add(one)
        drafted(sue, "globex", "INV-1", "Fee Zqobex Holdings", "Fee ZQOBEX-Holdings 2026", "Fee")
        table = b"Client,Name,Street\nC-1,Hall,zqobex holdings\n"
        page = sent(sue, "/staff/imports/new/properties", [("Zqobex Holdings.csv", table)]).location
        with writing():
            handed_in = db.session.get_one(Import, int(page.rpartition("/")[2]))
            audit.record("imported properties", by=SYSTEM, about=handed_in.file_name)
            handed_in.state, where = "done", {"street": "zqobex holdings"}
            db.session.add(ImportRow(import_id=handed_in.id, number=2, outcome="add", ready={"cells": where}))
            db.session.get_one(Company, town.globex.id).exited_at = now()
            db.session.execute(sa.delete(InvoiceLine))
            db.session.execute(sa.delete(Invoice))
        answer = sue.post(f"{PRIVACY}/company/{town.globex.id}/erase", {"name": "Zqobex Holdings"})
        assert answer.status_code == 303
        assert everywhere_it_stands(app) == set()

    def test_only_one_that_left_with_everything_settled(self, town, on_duty, writing):
        """S8: refused while it has not left, invoices are open or work orders unfinished."""
        sue, path = on_duty(town.sue), f"{PRIVACY}/company/{town.globex.id}/erase"
        invoice = {"number": "INV-1", "title": "Work", "issued_on": now().date(), "due_on": now().date()}
        with writing():
            db.session.add(Invoice(company_id=town.globex.id, status="open", **invoice))
            db.session.add(WorkOrder(company_id=town.globex.id, number=1, title="Roof"))
        page, said = sue.get(path).text, []
        for sentence, way in (
            ("Globex is not marked as exited.", "client"),
            ("Globex has an open invoice.", "billing"),
            ("Globex has an unfinished work order.", "work-orders"),
        ):
            assert (sentence in page, f'href="/staff/clients/globex/{way}"' in page) == (True, True)
        steps = (
            sa.update(Company).where(Company.id == town.globex.id).values(exited_at=now()),
            sa.update(Invoice).values(status="paid"),
            sa.update(WorkOrder).values(status="done"),
        )
        for step in steps:
            answer = sue.post(path, {"name": "Globex"})
            said.append(
                (answer.status_code, re.search(r"Globex (is not|has an open|has an unf)", answer.text)[1])
            )
            with writing():
                db.session.execute(step)
        assert said == [(409, "is not"), (409, "has an open"), (409, "has an unf")]
        assert sue.post(path, {"name": "Acme"}).status_code == 422
        assert sue.post(path, {"name": "Globex"}).status_code == 303
        assert sue.post(path, {"name": "Globex"}).status_code == 409

    def test_nothing_is_left_but_the_books(self, app, town, on_duty, writing, reading, browser):
        with writing():
            company = db.session.get_one(Company, town.globex.id)
            company.name, company.street, company.tax_id, company.exited_at = (
                "Zqclient",
                "zqstreet",
                "zqtax",
                now(),
            )
            stan = db.session.get_one(Contact, town.stan.id)
            stan.last_name = stan.user.last_name = "Zqley"
            refresh(stan)
            db.session.execute(sa.text("UPDATE property SET name = 'zqplace' WHERE name = 'Delta'"))
            audit.record("edited", by=SYSTEM, contact=stan, changes={"E-mail": ("zq@x.example", "")})
        sue = on_duty(town.sue)
        table = b"Name,Zqclient\nZqname,Zqclient\n"
        assert sent_to(sue, "/staff/imports/new/clients", table).status_code == 303
        answer = sue.post(f"{PRIVACY}/company/{town.globex.id}/erase", {"name": "Zqclient"})
        assert answer.status_code == 303
        assert everywhere_it_stands(app) == set()
        with reading():
            assert re.fullmatch(
                "Erased company [0-9A-F]{6}", db.session.get_one(Company, town.globex.id).name
            )
            assert db.session.get_one(Contact, town.duo.id).name == "Duo Both"
        assert browser(town.duo).get("/acme/billing").status_code == 200
        assert on_duty(town.sue).get("/staff/clients").status_code == 200


class TestGuard:
    """T92: the activity lets the running erasure's tombstone in, and nothing else."""

    CHANGES = (
        "UPDATE activity SET actor_name = 'Nobody'",
        "UPDATE activity SET target_name = 'Erased person 0'",
        "UPDATE activity SET reason = 'other'",
        "UPDATE activity SET address = '1.2.3.4'",
        "UPDATE activity SET what = 'Erased person 1'",
        "UPDATE activity SET result = 'refused'",
        "UPDATE activity SET company_id = NULL",
        "UPDATE activity SET actor_kind = 'system', contact_id = NULL",
        """UPDATE activity SET changes = '{"Phone": ["1", "3"]}'""",
        """UPDATE activity SET changes = '{"Phone": ["1"]}'""",
        """UPDATE activity SET changes = '{"Erased person 1": ["1", "2"]}'""",
        """UPDATE activity SET changes = '{"Phone": ["1", "2"], "More": ["1", "2"]}'""",
        "UPDATE activity SET changes = '{}'",
        "DELETE FROM activity",
    )
    ALLOWED = (
        "UPDATE activity SET actor_name = 'Erased person 1', target_name = 'Erased person 1'",
        "UPDATE activity SET reason = '', address = ''",
        """UPDATE activity SET changes = '{"Phone": ["1", "Erased person 1"]}'""",
    )

    @pytest.fixture
    def refused(self, app, town, writing):
        with writing():
            db.session.add(
                Erasure(kind="person", tombstone="Erased person 0", staff_id=town.sue.id, ended_at=now())
            )
            ava = db.session.get_one(Contact, town.ava.id)
            row = audit.record("edited", by=SYSTEM, contact=ava, changes={"Phone": ("1", "2")}, reason="why")
            row.address = "9.9.9.9"

        def tried(statement, running):
            try:
                with app.app_context(), transaction(write=True):
                    if running:
                        facts = {"kind": "person", "staff_id": town.sue.id}
                        db.session.add(Erasure(tombstone="Erased person 1", **facts))
                        db.session.flush()
                    db.session.execute(sa.text(statement.replace(":", "\\:")))
                    raise InterruptedError
            except DBAPIError as refusal:
                return "only ever added to" in str(refusal)
            except InterruptedError:
                return False

        return tried

    def test_nothing_but_the_tombstone(self, refused):
        assert [each for each in self.CHANGES if not refused(each, running=True)] == []
        assert [each for each in self.ALLOWED if refused(each, running=True)] == []

    def test_nothing_at_all_while_nobody_is_erased(self, refused):
        assert [each for each in (*self.CHANGES, *self.ALLOWED) if not refused(each, running=False)] == []


class TestHeld:
    def test_one_download_with_all_of_it_and_no_secret(self, town, on_duty, wes, browser, reading):
        sue = on_duty(town.sue)
        assert on_duty(town.tom).post(f"{PRIVACY}/contact/{wes}/download").status_code == 403
        answer = sue.post(f"{PRIVACY}/contact/{wes}/download")
        assert answer.mimetype == "application/zip"
        packed = zipfile.ZipFile(io.BytesIO(answer.data))
        held, page = json.loads(packed.read("held.json")), packed.read("held.html").decode()
        for mark in (
            "zqjob",
            "zqnotes",
            "zqrecovery@x.example",
            "zqbrowser",
            "zqold@x.example",
            "zqmessage",
            "zqbefore",
        ):
            assert mark in json.dumps(held), mark
            assert mark in page, mark
        assert [name for name in packed.namelist() if name.startswith("files/")]
        assert "Held about Zqname Zqfamily.zip" in unquote(answer.headers["Content-Disposition"])
        # To be read by people: no ids, no words of the database, days as they are written.
        for said in (
            '<td role="cell">Acme Estates</td>',
            '<th role="rowheader" scope="row">Primary contact</th><td role="cell">No</td>',
            "Contact type</th>",
            "E-mail: zqbefore@x.example → zqmail@acme.example; Job title: zqjunior → zqjob; Level: ",
        ):
            assert said in page, said
        for raw in (" id</t", "True<", "None<", "[&#39;", "{&#39;", "+00:00", "_"):
            assert raw not in page.replace("zq_", ""), raw
        secret = ("argon2", "password_hash", "key_hash", "message_id")
        assert [each for each in secret if each in packed.read("held.json").decode()] == []
        assert "downloaded what is held about Zqname Zqfamily" in browser(town.mia).get("/acme/activity").text

    def test_found_by_address_or_name_deleted_too(self, town, on_duty, browser):
        browser(town.mia).post(f"/acme/contacts/{town.ava.id}/delete")
        sue = on_duty(town.sue)
        for who in ("AVA.address@acme.example", "ava addr"):
            page = sue.post(PRIVACY, {"who": who}, follow_redirects=True).text
            assert f"/staff/privacy/contact/{town.ava.id}" in page
            assert "Deleted" in page
        assert "Nothing is held" in sue.post(PRIVACY, {"who": "nobody@x.example"}, follow_redirects=True).text
        assert sue.post(PRIVACY, {"who": ""}).status_code == 422


class TestRetention:
    @pytest.fixture
    def old(self, town, writing):
        """One of each kind just too old, and one of each just young enough."""
        with writing():
            for days in (31, 29, 181):
                facts = {"first_name": "Ann"}
                letter = Letter(
                    kind="email_only", to_email="a@x", state="sent", facts=facts, message_id=f"<{days}>"
                )
                letter.created_at = now() - timedelta(days=days)
                db.session.add(letter)
            user_id = db.session.get_one(Contact, town.bill.id).portal_user_id
            for days in (91, 89):
                ended = now() - timedelta(days=days)
                facts = {"portal_user_id": user_id, "expires_at": now(), "ended_at": ended}
                db.session.add(SignInSession(key_hash=f"{days}", **facts))
            for days in (8, 6):
                db.session.add(PasswordRequest(email="a@x", created_at=now() - timedelta(days=days)))

    def test_dry_run_then_real_then_nothing(self, app, old, reading):
        door = FlaskGroup(create_app=lambda: app)
        due = ["Mails: 1", "Texts of mails: ", "Sessions: 1", "Password requests: 1"]
        for command, word in ((["retention", "--dry-run"], "would go"), (["retention"], "went")):
            said = app.test_cli_runner().invoke(door, command).output
            assert [each for each in due if each not in said] == []
            assert word in said
        again = app.test_cli_runner().invoke(door, ["retention"]).output
        assert set(re.findall(r": (\d+) went", again)) == {"0"}
        with reading():
            facts = {
                each.message_id: each.facts
                for each in db.session.scalars(sa.select(Letter).where(Letter.to_email == "a@x"))
            }
            assert facts == {"<31>": {}, "<29>": {"first_name": "Ann"}}
            assert retention.rules()[0].number() == 0
