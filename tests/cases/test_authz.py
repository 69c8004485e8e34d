"""The cases about who may do what: B60 to B70."""

import re
from datetime import timedelta
from itertools import combinations

import pytest
import time_machine

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, ContactPermission, ContactRole, PortalUser
from tests import ledger, places
from tests.machinery.counts import count
from tests.surfing import form_fields
from tests.town import PASSWORD

SIX = ["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
BULK = "/acme/contacts/bulk"


def test_B60_an_editor_of_contacts(town, browser, reading, save):
    """Others' details, also of somebody with billing; not one's own, not an admin's."""
    for person in (town.bill, town.nora):
        with reading():
            form = ledger.edit_form(person.id, admin=False, last_name="Renamed")
        assert browser(town.ed).post(f"/acme/contacts/{person.id}/edit", form).status_code == 303
        with reading():
            assert ledger.contact(person.id).last_name == "Renamed"
    for person in (town.ed, town.mia, town.max):
        with reading():
            before = ledger.everything()
            form = ledger.edit_form(person.id, admin=False, last_name="Renamed")
        editor = browser(town.ed)
        with reading():
            before = ledger.everything()
        assert editor.get(f"/acme/contacts/{person.id}/edit").status_code == 403
        assert editor.post(f"/acme/contacts/{person.id}/edit", form).status_code == 403
        with reading():
            assert ledger.everything() == before


def sets() -> list[tuple[str, ...]]:
    """All 64 sets of the six in `make test-all`; else admin alone and everything but admin."""
    every = [held for size in range(7) for held in combinations(SIX, size)]
    return every if count(0, 1) else [("admin",), tuple(SIX[1:])]


def test_B61_only_admins_give_and_never_to_themselves(town, browser, writing, reading):
    """64 sets of the actor, six permissions, four targets; the other doors: tests/test_grants.py."""
    nora, wrong = browser(town.nora), []
    token = nora.token()
    for held in sets():
        for permission in SIX:
            for target in ("new", "existing", "pending", "self"):
                _arrange(writing, town, held)
                got, had = _give(nora, token, town, reading, target, permission)
                may = "admin" in held and target != "self"
                if got != ((303, True) if may else (403, had)):
                    wrong.append((held, permission, target, got))
    assert wrong == []


def _arrange(writing, town, held) -> None:
    """Nora holds `held`; those to whom something is given hold nothing; who was added is gone."""
    with writing():
        ids = [town.nora.id, town.vic.id, town.ann.id]
        for table in (ContactPermission, ContactRole):
            db.session.execute(db.delete(table).where(table.contact_id.in_(ids)))
        for box in held:
            db.session.add(
                ContactPermission(company_id=town.acme.id, contact_id=town.nora.id, permission=box)
            )
        for number, contact in enumerate(db.session.scalars(db.select(Contact)).unique()):
            if contact.first_name == "Nell":
                contact.first_name, contact.email, contact.email_key = f"Former {number}", None, None


def _give(nora, token, town, reading, target: str, permission: str) -> tuple[tuple[int, bool], bool]:
    """Try it; return the status and whether the target now holds the permission, and whether it did."""
    with reading():
        if target == "new":
            path, form = "new", ledger.new_form(permissions=[permission])
        else:
            person = {"existing": town.vic, "pending": town.ann, "self": town.nora}[target]
            boxes = ledger.rights(person.id)[1]
            form = ledger.edit_form(person.id, permissions=sorted({*boxes, permission}))
            path = f"{person.id}/edit"
        had = target != "new" and permission in boxes
    status = nora.post(f"/acme/contacts/{path}", {**form, "csrf_token": token}, token=False).status_code
    with reading():
        holds = db.select(ContactPermission).where(ContactPermission.permission == permission)
        if target == "new":
            holds = holds.join(Contact, Contact.id == ContactPermission.contact_id)
            holds = holds.where(Contact.first_name == "Nell")
        else:
            holds = holds.where(ContactPermission.contact_id == person.id)
        return (status, bool(db.session.scalars(holds).unique().all())), had


@pytest.mark.parametrize("who", ["mia", "max"])
def test_B63_nobody_removes_oneself(town, browser, reading, who):
    person = getattr(town, who)
    admin = browser(person)
    token = admin.token()
    with reading():
        before = ledger.everything()
        demoted = ledger.edit_form(person.id, roles=[], permissions=[])
        shut_out = ledger.edit_form(person.id, access="none")
    for htmx in (False, True):
        for move in ("delete", "deactivate", "unlink"):
            path = f"/acme/contacts/{person.id}/{move}"
            answer = admin.post(path, {"csrf_token": token}, htmx=htmx, token=False)
            assert answer.status_code == 403, move
            assert "yourself" in answer.text or "own" in answer.text
        for form in (demoted, shut_out):
            path = f"/acme/contacts/{person.id}/edit"
            answer = admin.post(path, {**form, "csrf_token": token}, htmx=htmx, token=False)
            assert answer.status_code == 403
    for wish in (
        {"move": "deactivate"},
        {"roles_how": "exactly"},
        {"permissions_how": "exactly"},
        {"move": "cancel-invitation"},
    ):
        chosen = {"contacts": [person.id], **wish, "csrf_token": token}
        shown = admin.post(BULK, chosen | {"step": "preview"}, token=False)
        agreed = form_fields(shown.text, "agree").get("agreed", "") if 'id="agree"' in shown.text else ""
        admin.post(BULK, chosen | {"step": "confirm", "agreed": agreed}, token=False)
        assert "yourself" in shown.text or "your own" in shown.text.lower()
    with reading():
        assert ledger.everything() == before


def test_B64_the_last_admin_who_can_sign_in(town, browser, reading, writing):
    """Max is the only active one; Ann, pending, and Ian, inactive, do not count for another."""
    with writing():
        for person in (town.mia, town.tess, town.ted, town.dan, town.ian, town.ann):
            db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == person.id))
        for person in (town.ann, town.ian):
            box = ContactPermission(company_id=town.acme.id, contact_id=person.id, permission="admin")
            db.session.add(box)
    editor, max = browser(town.ed), browser(town.max)
    with reading():
        before = ledger.everything()
        demoted = ledger.edit_form(town.max.id, roles=[], permissions=[])
    for person in (editor, max):
        for move in ("delete", "deactivate", "unlink"):
            assert person.post(f"/acme/contacts/{town.max.id}/{move}").status_code in (403, 409)
        assert person.post(f"/acme/contacts/{town.max.id}/edit", demoted).status_code in (403, 409)
    with reading():
        assert ledger.everything() == before


def test_B64_staff_only_with_a_reason(town, on_duty, browser, reading, writing):
    """T11: asked to say why first, written down then; the company is left without an admin."""
    with writing():
        for person in (town.mia, town.tess, town.ted, town.dan, town.ian):
            db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == person.id))
    with reading():
        user_id, before = ledger.contact(town.max.id).portal_user_id, ledger.last_activity()
    sue, max = on_duty(town.sue), browser(town.max)
    path = f"/staff/portal-users/{user_id}/disable"
    asked = sue.post(path)
    assert asked.status_code == 422
    assert "Acme Estates will have no admin who can sign in." in asked.text
    assert max.get("/acme/").status_code == 200
    assert sue.post(path, {"reason": "Max has left the company."}).status_code == 303
    assert max.get("/acme/").status_code == 303
    with reading():
        rows = [row for row in ledger.activity(before) if row.what == "left without an admin"]
        assert [(row.company_id, row.reason) for row in rows] == [(town.acme.id, "Max has left the company.")]
        assert rows[0].actor_staff_id == town.sue.id


def test_B66_ids_of_another_company(town, browser, writing, reading):
    with writing():
        theirs = [town.stan.id, town.gus.id]
        place = town.delta.id
        contract = places.contract(town.globex.id, "Lift care at Globex", place)
    mia = browser(town.mia)
    token = mia.token()
    with reading():
        before = ledger.everything()
        edit = ledger.edit_form(town.ava.id)
    paths = [f"contacts/{each}{more}" for each in theirs for more in ("", "/edit", "/delete", "/properties")]
    paths += [f"properties/{place}", f"properties/{place}/edit", f"contracts/{contract}"]
    paths += [f"contacts/bulk?contacts={town.gus.id}"]
    for path in paths:
        for htmx in (False, True):
            answer = mia.get(f"/acme/{path}", htmx=htmx)
            assert (path, answer.status_code) == (path, 404)
            assert not re.search("Globex|Stan|Gus|Delta|Lift care", answer.text)
    posts = [(f"contacts/{each}/{move}", {}) for each in theirs for move in ("delete", "resend", "unlink")]
    posts += [(f"contacts/{each}/edit", edit) for each in theirs]
    posts += [(f"contacts/{town.ava.id}/properties", {"scope": "property", "properties": [place]})]
    posts += [("contacts/bulk", {"contacts": [town.gus.id], "move": "deactivate", "step": "preview"})]
    for path, form in posts:
        answer = mia.post(f"/acme/{path}", {**form, "csrf_token": token}, token=False)
        assert (path, answer.status_code) == (path, 404)
    lists = ["contacts?q=gus", "contacts?q=globex&sort=email", "contacts/search?q=stan", "activity"]
    lists += ["activity/export", "reports/people.csv", "properties?q=delta", "contracts?q=lift", "client"]
    lists += [f"contacts?after={town.gus.id}", f"contacts?role={town.gus.id}"]
    for path in lists:
        answer = mia.get(f"/acme/{path}")
        assert answer.status_code in (200, 303), path
        text = re.sub(r'(value|content|href)="[^"]*"|No contact.*', "", answer.text)
        assert not re.search("Stan Ley|Gus Globe|Lift care", text), path
    with reading():
        assert ledger.everything() == before


def test_B68_sorting_by_what_is_no_column_to_see(town, browser):
    mia = browser(town.mia)

    def rows(query: str) -> list[str]:
        answer = mia.get(f"/acme/contacts?{query}")
        assert answer.status_code in (200, 400), query
        return re.findall(r'id="contact-(\d+)"', answer.text)

    usual = rows("")
    assert len(usual) > 10
    for column in ("password_hash", "user.password_hash", "key_hash", "portal_user_id", "email_key", "id"):
        for query in (f"sort={column}", f"sort=-{column}", f"sort={column}&dir=desc", f"{column}=a"):
            assert rows(query) in (usual, list(reversed(usual))), query
        assert rows(f"{column}__startswith=a") == usual
        assert rows(f"filter[{column}]=a") == usual


def test_B70_the_owner_changes_the_address_of_the_login(app, town, browser, mailbox, writing):
    here, there, new = browser(town.mia), browser(town.mia), "mia@new.example"
    form = {"email": new, "contacts_follow": "y"}
    for wrong in ({}, {"current_password": "wrong wrong wrong"}):
        assert here.post("/profile/email", form | wrong).status_code == 422
    assert here.post("/profile/email", form | {"current_password": PASSWORD}).status_code == 303
    link = mailbox.link(new)
    assert browser().get(link).status_code == 200
    assert browser().sign_in(new).status_code == 422
    assert [each.kind for each in mailbox.letters(town.mia.email)] == ["email_change_asked"]
    assert here.post(link).status_code == 200
    assert here.get("/acme/").status_code == 200
    assert there.get("/acme/").status_code == 303
    assert [each.kind for each in mailbox.letters(town.mia.email)][-1] == "email_changed"
    assert browser().post(link).status_code == 410
    assert browser().sign_in(new).status_code == 303


def test_B70_links_too_late(app, town, browser, mailbox, writing):
    """One expired, one whose address somebody has got meanwhile."""
    mia, form = browser(town.mia), {"contacts_follow": "y", "current_password": PASSWORD}
    with time_machine.travel(now(), tick=False) as clock:
        mia.post("/profile/email", form | {"email": "late@new.example"})
        clock.shift(timedelta(hours=25))
        assert browser().post(mailbox.link("late@new.example")).status_code == 410
    mia = browser(town.mia)
    mia.post("/profile/email", form | {"email": "taken@new.example"})
    with writing():
        stan = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.stan.email)).one()
        stan.email = stan.email_key = "taken@new.example"
    refused = browser().post(mailbox.link("taken@new.example"))
    assert refused.status_code == 409
    assert browser().sign_in(town.mia.email).status_code == 303


def test_B70_staff_change_the_address_of_a_login(app, town, browser, on_duty, mailbox, reading, writing):
    """Only an administrator, without the owner's password; the same link, the same mails, the same end."""
    with reading():
        path = f"/staff/portal-users/{ledger.contact(town.duo.id).portal_user_id}"
    sue, duo, new = on_duty(town.sue), browser(town.duo), "duo@new.example"
    form = {"first_name": "Duo", "last_name": "Both", "email": new, "contacts_follow": "y"}
    assert on_duty(town.tom).post(path, form).status_code == 403
    assert sue.post(path, form).status_code == 303
    link = mailbox.link(new)
    assert browser().sign_in(new).status_code == 422
    assert duo.get("/acme/").status_code == 200
    assert [each.kind for each in mailbox.letters(town.duo.email)] == ["email_change_asked"]
    assert browser().post(link).status_code == 200
    assert duo.get("/acme/").status_code == 303
    assert [each.kind for each in mailbox.letters(town.duo.email)][-1] == "email_changed"
    assert browser().sign_in(new).status_code == 303
    with reading():
        emails = [ledger.contact(each.id).email for each in (town.duo, town.duo_globex)]
        assert emails == [new, "duo.both@globex.example"]
    assert browser().post(link).status_code == 410
    with time_machine.travel(now(), tick=False) as clock:
        on_duty(town.sue).post(path, form | {"email": "late@new.example"})
        clock.shift(timedelta(hours=25))
        assert browser().post(mailbox.link("late@new.example")).status_code == 410
    sue = on_duty(town.sue)
    sue.post(path, form | {"email": town.stan.email})
    assert browser().post(mailbox.link(town.stan.email)).status_code == 409
    assert browser().sign_in(new).status_code == 303


def test_B70_an_admin_s_edit_changes_only_the_contact_s_address(town, save, reading, mailbox):
    assert save(town.nora, email="nora@new.example").status_code == 303
    with reading():
        user = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.nora.email)).one()
        assert ledger.contact(town.nora.id).email == "nora@new.example"
        assert ledger.contact(town.nora.id).portal_user_id == user.id
    assert mailbox.letters("nora@new.example") == []
