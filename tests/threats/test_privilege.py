"""Group A, privilege and the last admin: an editor of contacts wants more than that."""

import pytest
from flask_migrate import upgrade
from sqlalchemy import text

from portal import create_app
from portal.extensions import db
from portal.models import Contact, Permission
from portal.transaction import transaction
from tests import ledger
from tests.conftest import SETTINGS

SIX = ["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
OTHERS = ["bill", "rita", "wes", "ed", "vic", "una", "pam", "nora"]
MOVES = ["delete", "deactivate", "unlink", "send-reset", "resend", "cancel-invitation", "authorize"]
SMUGGLED = {"is_staff": "1", "staff": "1", "role": "administrator", "is_admin": "1", "actor_kind": "staff"}


@pytest.fixture
def unchanged(reading):
    """Call it before and after."""

    def note():
        with reading():
            return ledger.everything()

    return note


@pytest.mark.parametrize("field", ["permissions", "perm_admin", "roles"])
def test_editor_gives_to_herself(town, browser, reading, unchanged, field):
    """T01: raw POST and htmx; 403, nothing changed, one row of the refusal."""
    ed = browser(town.ed)
    with reading():
        form = ledger.edit_form(town.ed.id, admin=False)
        seen = ledger.last_activity()
    form |= {field: "1" if field != "permissions" else "admin", "csrf_token": ed.token()}
    before = unchanged()
    for htmx in (False, True):
        answer = ed.post(f"/acme/contacts/{town.ed.id}/edit", form, htmx=htmx, token=False)
        assert answer.status_code == 403
    assert unchanged() == before
    with reading():
        rows = ledger.activity(seen)
        assert [(row.what, row.result, row.actor_name) for row in rows] == [
            ("edit", "refused", "Ed Itor")
        ] * 2


def test_editor_gives_to_a_colleague(town, browser, reading, unchanged):
    """T02: what she holds and what she lacks alike."""
    ed, before = browser(town.ed), unchanged()
    token = ed.token()
    for permission in SIX:
        for person in (town.nora, town.ann, town.ava):
            with reading():
                form = ledger.edit_form(person.id, admin=False, permissions=[permission], csrf_token=token)
            for htmx in (False, True):
                path = f"/acme/contacts/{person.id}/edit"
                assert ed.post(path, form, htmx=htmx, token=False).status_code == 403
    assert unchanged() == before


@pytest.mark.parametrize("who", ["ed", "una", "vic"])
def test_editor_adds_her_second_mailbox(town, browser, unchanged, mailbox, who):
    """T03: only admins add, give and invite (P5, P6)."""
    form = ledger.new_form(email="second@mailbox.example", access="portal", permissions=["admin"])
    person, before = browser(getattr(town, who)), unchanged()
    for path in ("contacts/new", f"contacts/{town.ava.id}/authorize"):
        for htmx in (False, True):
            assert person.post(f"/acme/{path}", form, htmx=htmx).status_code == 403
    assert unchanged() == before
    assert mailbox.letters("second@mailbox.example") == []


def test_editor_moves_an_admins_address_and_asks_for_a_reset(town, browser, reading, unchanged, mailbox):
    """T04: neither an admin's record nor the address of anybody with a login is hers to change."""
    ed, before = browser(town.ed), unchanged()
    for person in (town.max, town.nora, town.ann, town.eva):
        with reading():
            form = ledger.edit_form(person.id, admin=False, email="ed.itor.second@x.example")
        assert ed.post(f"/acme/contacts/{person.id}/edit", form).status_code == 403
    assert unchanged() == before
    for address in ("ed.itor.second@x.example", town.max.email):
        browser().post("/forgot", {"email": address})
    mailbox.answer_requests()
    assert [letter.to for letter in mailbox.letters(kind="password_reset")] == [town.max.email]


def test_an_admins_edit_moves_no_login(town, browser, reading, mailbox):
    """T04: where an admin changes a contact's address, the reset still goes to the login's own."""
    with reading():
        form = ledger.edit_form(town.max.id, email="mia.second@x.example")
    mia = browser(town.mia)
    assert mia.post(f"/acme/contacts/{town.max.id}/edit", form).status_code == 303
    assert mia.post(f"/acme/contacts/{town.max.id}/send-reset").status_code == 303
    browser().post("/forgot", {"email": "mia.second@x.example"})
    mailbox.answer_requests()
    assert {letter.to for letter in mailbox.letters(kind="password_reset")} == {town.max.email}


def test_lower_acts_on_higher(town, browser, reading, unchanged, mailbox):
    """T05, T06: every verb on an admin by everybody who is none: 403, nothing changed, no mail."""
    people = {who: browser(getattr(town, who)) for who in OTHERS}
    before, sent = unchanged(), len(mailbox.letters())
    with reading():
        demoted = ledger.edit_form(town.max.id, roles=[], permissions=[])
    forms = [(move, {}) for move in MOVES]
    forms += [("edit", demoted), ("properties", {"scope": "property", "properties": [str(town.alpha.id)]})]
    wrong = {}
    for who, person in people.items():
        token = person.token()
        for number, (path, form) in enumerate(forms):
            address, sending = f"/acme/contacts/{town.max.id}/{path}", {**form, "csrf_token": token}
            code = person.post(address, sending, htmx=number % 2 == 1, token=False).status_code
            wrong |= {} if code == 403 else {(who, path): code}
    assert wrong == {}
    assert unchanged() == before
    assert len(mailbox.letters()) == sent


def test_admins_are_administered_by_admins(town, browser):
    """T05: the other way round it is done."""
    assert browser(town.max).post(f"/acme/contacts/{town.tess.id}/deactivate").status_code == 303


@pytest.mark.sqlite_only
def test_an_upgrade_gives_nobody_anything(tmp_path):
    """T14: who was there before the newest version holds afterwards just what was stored."""
    config = {**SETTINGS, "INSTANCE_DIR": str(tmp_path)}
    app = create_app({**config, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'old.db'}"})
    with app.app_context():
        upgrade(revision="0002")
        with transaction(write=True):
            _old_rows()
        upgrade()
        with transaction(write=False):
            found = {each.first_name: each for each in db.session.scalars(db.select(Contact)).unique()}
            assert found["Old"].direct_permissions == set()
            assert found["Old"].roles == []
            assert set(found["Payer"].direct_permissions) == {Permission.BILLING}
        db.engine.dispose()


def _old_rows() -> None:
    """A company with two contacts, written the way the first version did."""
    at = "2026-01-01 00:00:00.000000"
    tables = {name: _columns(name) for name in ("company", "contact")}
    kind = db.session.scalar(text("SELECT id FROM contact_type WHERE code = 'secondary'"))
    company = {"id": 1, "slug": "old", "name": "Old Ltd", "country": "GB", "created_at": at}
    _insert("company", company, tables["company"])
    for number, first in enumerate(("Old", "Payer"), start=1):
        contact = {"id": number, "company_id": 1, "contact_type_id": kind, "first_name": first}
        contact |= {"access": "none", "scope": "client", "version": 1, "created_at": at, "updated_at": at}
        _insert("contact", contact, tables["contact"])
    box = "INSERT INTO contact_permission (company_id, contact_id, permission) VALUES (1, 2, 'billing')"
    db.session.execute(text(box))


def _columns(table: str) -> list[tuple[str, bool]]:
    rows = db.session.execute(text(f"PRAGMA table_info({table})"))
    return [(row.name, bool(row.notnull) and row.dflt_value is None) for row in rows]


def _insert(table: str, known: dict, columns: list[tuple[str, bool]]) -> None:
    """Insert a row; what must not be empty and is not known is an empty text or 0."""
    row = {name: 0 if name.startswith("is_") else "" for name, must in columns if must}
    row |= {name: "2026-01-01 00:00:00.000000" for name in row if name.endswith("_at")}
    row |= {name: known[name] for name, _ in columns if name in known}
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    db.session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)


def test_customers_find_no_staff(app, town, browser, unchanged):
    """T15: an admin of a company gets nothing of the vendor's side, signed in or not."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/staff")]
    paths = {"/staff", "/staff/clients", "/staff/portal-users", f"/staff/portal-users/{town.max.id}"}
    paths |= {rule.rule for rule in rules if not rule.arguments}
    for person in (browser(town.mia), browser()):
        for path in sorted(paths - {"/staff/sign-in"}):
            answer = person.get(path)
            place = answer.headers.get("Location", "")
            shut = answer.status_code == 404 or place.startswith(("/staff/sign-in", "/sign-in"))
            assert shut or "Acme" not in answer.text, (path, answer.status_code)
            assert answer.status_code != 200 or "/staff/" in path, path


def test_nobody_posts_oneself_onto_the_staff(town, browser, reading, unchanged):
    """T15: fields of that kind in every form one may send change nothing."""
    mia, before = browser(town.mia), None
    with reading():
        form = ledger.edit_form(town.nora.id)
    with reading():
        before = [tuple(row) for row in db.session.execute(text("SELECT id FROM staff_user"))]
    assert mia.post("/profile", {"first_name": "Mia", "last_name": "Stone", **SMUGGLED}).status_code == 303
    answer = mia.post(f"/acme/contacts/{town.nora.id}/edit", {**form, **SMUGGLED})
    assert answer.status_code in (303, 403)
    with reading():
        after = [tuple(row) for row in db.session.execute(text("SELECT id FROM staff_user"))]
    assert after == before
    assert mia.get("/staff/portal-users").status_code in (303, 404)
