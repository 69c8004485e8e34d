"""What one web process takes away, the other one refuses at the very next request (P12, L9, T13, T49, T50).

Two real web processes over one database: an admin acts in the first, and the person acted on, whose pages
the second has just served, asks that one for the next.
"""

import pytest

from portal.extensions import db
from portal.models import Access, Contact, ContactRole, PortalUser, Role
from tests import ledger
from tests.machinery import web
from tests.machinery.counts import count

ROUNDS = count(1, 50)
NEW_PASSWORD = "seven purple otters dancing"
KINDS = ["deactivate", "delete", "unlink", "disable", "right", "reset", "must-change"]


class Stage:
    """Bill, who has billing, in the second process; Mia, an admin, in the first; staff in the test's own."""

    def __init__(self, town, browser, staff, writing, reading, mailbox, webs):
        self.town, self.browser, self.mailbox, self.staff = town, browser, mailbox, staff
        self.writing, self.reading = writing, reading
        self.here, self.there = webs
        mia = browser(town.mia)
        self.token, self.admin = mia.token(), mia.cookie()
        with reading():
            bill = db.session.get_one(Contact, town.bill.id)
            self.facts = {"contact_type_id": bill.contact_type_id, "user_id": bill.portal_user_id}
            self.hash = bill.user.password_hash
            self.role = db.session.scalars(db.select(Role).where(Role.code == "billing")).unique().one().id

    def everything_as_before(self) -> None:
        """Bill is active, linked, with his password and his role; the contact may be a new one."""
        with self.writing():
            user = db.session.get_one(PortalUser, self.facts["user_id"])
            user.disabled_at = user.closed_at = None
            user.must_change_password, user.password_hash = False, self.hash
            query = db.select(Contact).where(Contact.email == self.town.bill.email)
            found = db.session.scalars(query.where(Contact.deleted_at.is_(None))).unique().one_or_none()
            bill = found or self._somebody_new()
            bill.deactivated_at, bill.portal_user_id, bill.access = None, user.id, Access.PORTAL
            db.session.flush()
            held = db.select(ContactRole.role_id).where(ContactRole.contact_id == bill.id)
            if not db.session.scalars(held).all():
                role = {"company_id": bill.company_id, "role_id": self.role, "role_owner": 0}
                db.session.add(ContactRole(contact_id=bill.id, **role))
            self.bill = bill.id

    def _somebody_new(self) -> Contact:
        address = self.town.bill.email
        contact = Contact(company_id=self.town.acme.id, first_name="Bill", last_name="Ing", email=address)
        contact.email_key, contact.name_key, contact.search_key = address, "ing bill", "bill ing"
        contact.contact_type_id = self.facts["contact_type_id"]
        db.session.add(contact)
        db.session.flush()
        return contact

    def act(self, path: str, form: dict | None = None) -> None:
        answer = self.here.post(path, {**(form or {}), "csrf_token": self.token}, self.admin)
        assert answer.status == 303, (path, answer.status)

    def happen(self, kind: str) -> None:
        """Do it, in the first process where the portal has a door for it."""
        if kind in ("deactivate", "delete", "unlink"):
            self.act(f"/acme/contacts/{self.bill}/{kind}")
        elif kind == "right":
            with self.reading():
                form = ledger.edit_form(self.bill, roles=[], permissions=[])
            self.act(f"/acme/contacts/{self.bill}/edit", form)
        elif kind == "reset":
            stranger = self.browser()
            form = {"new_password": NEW_PASSWORD, "csrf_token": stranger.token()}
            assert self.here.post(self.reset_link, form, stranger.cookie()).status == 303
        else:
            deed = "disable" if kind == "disable" else "require-password-change"
            path = f"/staff/portal-users/{self.facts['user_id']}/{deed}"
            assert self.staff.post(path).status_code == 303

    def prepare(self, kind: str) -> None:
        """Have the mail with the reset link before anything is measured."""
        if kind == "reset":
            self.browser().post("/forgot", {"email": self.town.bill.email})
            self.mailbox.answer_requests()
            with self.reading():
                self.reset_link = ledger.reset_link(self.facts["user_id"])

    def in_time(self, kind: str, cookie: str, htmx: bool) -> bool:
        """Whether Bill's next request in the second process is refused as the kind wants it."""
        answer = self.there.get("/acme/billing", cookie, htmx=htmx)
        if kind == "right":
            return answer.status == 403
        place = answer.headers.get("hx-redirect" if htmx else "location", "")
        cure = "/profile/password" if kind == "must-change" else "/sign-in"
        return answer.status in (303, 204, 401) and place.startswith(cure)


@pytest.fixture
def stage(app, town, browser, on_duty, writing, reading, mailbox):
    app.config["RESEND_LIMIT"] = "100000 per hour"
    with web.processes_of(app, 2) as webs:
        yield Stage(town, browser, on_duty(town.sue), writing, reading, mailbox, webs)


def test_refused_at_the_next_request(stage, town, browser):
    """P12, T13, T49, T50: 0 of 50 rounds late for each kind, by turns a page and a part of one."""
    late = {}
    for kind in KINDS:
        for number in range(ROUNDS):
            stage.everything_as_before()
            stage.prepare(kind)
            cookie, htmx = browser(town.bill).cookie(), number % 2 == 1
            assert stage.there.get("/acme/billing", cookie, htmx=htmx).status == 200
            stage.happen(kind)
            if not stage.in_time(kind, cookie, htmx):
                late[kind, number] = htmx
    assert late == {}
