"""Who can give what to whom, through every door: only admins give, and never to themselves (P5 to P7)."""

import random
from itertools import combinations

import pytest

from portal.extensions import db
from portal.models import (
    Contact,
    ContactPermission,
    ContactRole,
    Permission,
    PropertyLink,
    Role,
    RolePermission,
)
from portal.views import role_page
from tests import ledger
from tests.machinery.counts import count
from tests.surfing import form_fields

SIX = ["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
PRESET = {
    "admin": "client-admin",
    "billing": "billing",
    "reports": "reports",
    "work_orders": "requester",
    "edit_contacts": "contact-editor",
    "view_client": "property-manager",
}
EVERY_SET = [frozenset(some) for size in range(7) for some in combinations(SIX, size)]
TARGETS = ["self", "peer", "admin", "pending"]
DOORS = ["form", "role in the form", "role edit", "bulk", "role in bulk", "copy"]
BULK = "/acme/contacts/bulk"


def given(actor_set: frozenset[str], target: str) -> bool:
    """Behaviour P5 to P7 in one line."""
    return "admin" in actor_set and target != "self"


def actor_sets(door: str, target: str) -> list[frozenset[str]]:
    """All 64 in the long run; else the two that matter most, and a few that change with door and target."""
    always = [frozenset({"admin"}), frozenset(SIX) - {"admin"}, frozenset({"edit_contacts"})]
    rest = [each for each in EVERY_SET if each not in always]
    some = count(1, len(rest))
    return always + random.Random(f"{door} {target}").sample(rest, some)


class Street:
    """An actor with any set of permissions, four neighbours, and a way to put everything back."""

    def __init__(self, town, browser, writing, reading):
        self.writing, self.reading = writing, reading
        self.company_id = town.acme.id
        self.actor_id, self.source_id = town.nora.id, town.ava.id
        self.ids = {"self": town.nora.id, "peer": town.vic.id, "admin": town.mia.id, "pending": town.ann.id}
        with writing():
            self.roles = {name: self._role(name) for name in TARGETS}
            self.seen = {
                name: role_page.stamp(db.session.get_one(Role, self.roles[name])) for name in TARGETS
            }
            self.presets = {
                role.code: role.id for role in db.session.scalars(db.select(Role)).unique() if role.code
            }
            # Presets that a target holds already could not be given to it again.
            for contact_id in (town.vic.id, town.ann.id):
                self._take_roles(contact_id)
        self.actor = browser(town.nora)
        self.token = self.actor.token()
        with reading():
            self.start = self._rows()

    def _role(self, name: str) -> int:
        role = Role(company_id=self.company_id, owner=self.company_id, name=f"R {name}", name_key=f"r {name}")
        db.session.add(role)
        db.session.flush()
        contact = db.session.get_one(Contact, self.ids[name])
        db.session.add(
            ContactRole(
                company_id=contact.company_id, contact_id=contact.id, role_id=role.id, role_owner=role.owner
            )
        )
        db.session.flush()
        return role.id

    def _take_roles(self, contact_id: int) -> None:
        theirs = (ContactRole.contact_id == contact_id, ContactRole.role_owner == 0)
        db.session.execute(db.delete(ContactRole).where(*theirs))

    @staticmethod
    def _rows() -> dict[str, list[tuple]]:
        tables = (ContactPermission, ContactRole, RolePermission, PropertyLink)
        rows = {
            table.__tablename__: sorted(map(tuple, db.session.execute(db.select(table.__table__))))
            for table in tables
        }
        scopes = db.session.execute(db.select(Contact.id, Contact.scope, Contact.access).order_by(Contact.id))
        return rows | {"scopes": [tuple(row) for row in scopes]}

    def rows(self) -> dict[str, list[tuple]]:
        with self.reading():
            return self._rows()

    def arrange(self, actor_set: frozenset[str], permission: str) -> None:
        """Put everything back, give the actor its set, and whom can be copied the one permission."""
        with self.writing():
            for table in (ContactPermission, ContactRole, RolePermission):
                db.session.execute(db.delete(table))
                columns = [column.name for column in table.__table__.columns]
                kept = [dict(zip(columns, row, strict=True)) for row in self.start[table.__tablename__]]
                if kept:
                    db.session.execute(db.insert(table.__table__), kept)
            boxes = [(self.actor_id, each) for each in actor_set] + [(self.source_id, permission)]
            for contact_id, box in boxes:
                row = {"company_id": self.company_id, "contact_id": contact_id, "permission": box}
                db.session.execute(db.insert(ContactPermission.__table__), row)

    def has(self, target: str, permission: str, door: str) -> bool:
        """Whether the target has got it by this door, read from the tables."""
        contact_id, rows = self.ids[target], self.rows()
        if door == "role edit":
            return (self.roles[target], permission) in [row[:2] for row in rows["role_permission"]]
        if door.startswith("role in"):
            wanted = self.presets[PRESET[permission]]
            return any(row[1:3] == (contact_id, wanted) for row in rows["contact_role"])
        return any(row[1:3] == (contact_id, permission) for row in rows["contact_permission"])

    # ---- The doors: each tries to give one permission and returns the statuses of its answers

    def send(self, path: str, form: dict):
        return self.actor.post(path, form | {"csrf_token": self.token}, token=False)

    def knock(self, door: str, target: str, permission: str) -> list[int]:
        with self.reading():
            form = ledger.edit_form(self.ids[target])
        preset = str(self.presets[PRESET[permission]])
        edit = f"/acme/contacts/{self.ids[target]}/edit"
        if door == "form":
            form["permissions"] = [*form["permissions"], permission]
            return [self.send(edit, form).status_code]
        if door == "role in the form":
            form["roles"] = [*form["roles"], preset]
            return [self.send(edit, form).status_code]
        if door == "role edit":
            role = {"name": f"R {target}", "permissions": permission, "seen": self.seen[target]}
            return [self.send(f"/acme/roles/{self.roles[target]}/edit", role).status_code]
        if door == "copy":
            return self._copy(edit, form, permission)
        wish = {"permissions_how": "add", "permissions": permission}
        return self._bulk(target, wish if door == "bulk" else {"roles_how": "add", "roles": preset})

    def _copy(self, edit: str, form: dict, permission: str) -> list[int]:
        filled = self.send(edit, form | {"copy": "fill", "copy_from": str(self.source_id)})
        # Whoever is not shown the filled form may still send it.
        copied = form | {"roles": [], "permissions": permission, "copy_scope": "client"}
        if filled.status_code == 200:
            copied = form_fields(filled.text, "contact-form")
        return [filled.status_code, self.send(edit, copied).status_code]

    def _bulk(self, target: str, wish: dict) -> list[int]:
        wish["contacts"] = str(self.ids[target])
        shown = self.send(BULK, wish | {"step": "preview"})
        agreed = form_fields(shown.text, "agree")["agreed"] if shown.status_code == 200 else "0" * 32
        return [
            shown.status_code,
            self.send(BULK, wish | {"step": "confirm", "agreed": agreed}).status_code,
        ]


# What is answered where it is given, and where it is not; an admin's bulk skips the admin and goes on.
DONE = {door: [303] for door in DOORS} | {"copy": [200, 303], "bulk": [200, 200], "role in bulk": [200, 200]}
REFUSED = {door: [403] * len(answers) for door, answers in DONE.items()}


def refused(door: str, actor_set: frozenset[str]) -> list[int]:
    return DONE[door] if "admin" in actor_set and "bulk" in door else REFUSED[door]


def test_the_sets_are_all_there():
    assert len(set(EVERY_SET)) == 64
    assert {str(permission) for permission in Permission} == set(SIX) == set(PRESET)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("door", DOORS)
def test_every_cell(town, browser, writing, reading, door, target):
    street = Street(town, browser, writing, reading)
    wrong = {}
    for actor_set in actor_sets(door, target):
        for permission in SIX:
            street.arrange(actor_set, permission)
            before, had = street.rows(), street.has(target, permission, door)
            answers = street.knock(door, target, permission)
            if had:  # one's own set, or the preset that the admin has: nothing can be given here
                fits = street.rows() == before or given(actor_set, target)
            elif given(actor_set, target):
                fits = street.has(target, permission, door) and answers == DONE[door]
            else:
                fits = street.rows() == before and answers == refused(door, actor_set)
            if not fits:
                wrong[" ".join(sorted(actor_set)), permission] = answers
    assert wrong == {}
