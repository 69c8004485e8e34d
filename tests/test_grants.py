"""Who can give what to whom, through every door: only admins give, and never to themselves (P5 to P7)."""

import random
import re
from itertools import combinations, product

import pytest
from sqlalchemy import delete, insert, select, update

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
SCOPE_DOORS = ["link", "scope in bulk", "scope by copy"]
BULK = "/acme/contacts/bulk"
AGREED = re.compile(r'name="agreed" value="(\w+)"')
HELD = [table.__table__ for table in (ContactPermission, ContactRole, RolePermission, PropertyLink)]
FACTS = Contact.__table__.c


def given(actor_set: frozenset[str], target: str) -> bool:
    """Behaviour P5 to P7 in one line."""
    return "admin" in actor_set and target != "self"


def some(tries: list, share: int, name: str) -> list:
    """All of them in the long run; else a few that change with the name."""
    return random.Random(name).sample(tries, max(1, len(tries) // count(share, 1)))


def actor_sets(name: str, most: int = 1) -> list[frozenset[str]]:
    """All 64 in the long run; else the three that matter most, and `most` that change with the name."""
    always = [frozenset({"admin"}), frozenset(SIX) - {"admin"}, frozenset({"edit_contacts"})]
    rest = [each for each in EVERY_SET if each not in always]
    return always + random.Random(name).sample(rest, count(most, len(rest)))


class Street:
    """An actor with any set of permissions, four neighbours, and a quick way to put everything back."""

    def __init__(self, app, town, browser, writing, reading):
        self.town, self.company_id = town, town.acme.id
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
            theirs = (ContactRole.contact_id.in_([town.vic.id, town.ann.id]), ContactRole.role_owner == 0)
            db.session.execute(db.delete(ContactRole).where(*theirs))
            self.engine = db.engine
        self.actor = browser(town.nora)
        self.token = self.actor.token()
        self.start = self.base = self.now()
        self.filled: dict = {}
        with reading():
            self.forms = {name: ledger.edit_form(self.ids[name]) for name in TARGETS}

    def _role(self, name: str) -> int:
        role = Role(company_id=self.company_id, owner=self.company_id, name=f"R {name}", name_key=f"r {name}")
        db.session.add(role)
        db.session.flush()
        held = {"company_id": self.company_id, "contact_id": self.ids[name], "role_id": role.id}
        db.session.add(ContactRole(**held, role_owner=role.owner))
        db.session.flush()
        return role.id

    def now(self) -> dict[str, list[tuple]]:
        """What everybody holds at this moment."""
        facts = select(FACTS.id, FACTS.scope, FACTS.access, FACTS.version).order_by(FACTS.id)
        with self.engine.connect() as line:
            found = {table.name: sorted(map(tuple, line.execute(select(table)))) for table in HELD}
            return found | {"facts": list(map(tuple, line.execute(facts)))}

    def arrange(self, actor_set: frozenset[str], source=(), scopes=None) -> None:
        """Put everything back, give the actor its set, the one to copy from its boxes, and people scopes."""
        boxes = [(self.actor_id, each) for each in actor_set] + [(self.source_id, each) for each in source]
        with self.engine.begin() as line:
            for table in HELD:
                rows = [dict(zip(table.c.keys(), row, strict=True)) for row in self.start[table.name]]
                if table is ContactPermission.__table__:
                    facts = {"company_id": self.company_id}
                    rows += [{**facts, "contact_id": who, "permission": box} for who, box in boxes]
                line.execute(delete(table))
                if rows:
                    line.execute(insert(table), rows)
            self._facts(line, scopes or {})
        self.base = self.now()

    def _facts(self, line, scopes: dict[str, str]) -> None:
        by_id = {self.ids[name]: scope for name, scope in scopes.items()}
        moved = set(self.now()["facts"]) - set(self.start["facts"]) if self.base is not self.start else set()
        for number, scope, access, version in self.start["facts"]:
            if number in by_id or number in {row[0] for row in moved}:
                values = {"scope": by_id.get(number, scope), "access": access, "version": version}
                line.execute(update(Contact.__table__).where(FACTS.id == number).values(values))

    def has(self, rows: dict, target: str, permission: str, door: str) -> bool:
        """Whether the target has got it by this door, read from the tables."""
        contact_id = self.ids[target]
        if door == "role edit":
            return (self.roles[target], permission) in [row[:2] for row in rows["role_permission"]]
        if door.startswith("role in"):
            wanted = self.presets[PRESET[permission]]
            return any(row[1:3] == (contact_id, wanted) for row in rows["contact_role"])
        return any(row[1:3] == (contact_id, permission) for row in rows["contact_permission"])

    # ---- The doors: each tries to give something and returns the statuses of its answers

    def send(self, path: str, form: dict, htmx: bool):
        return self.actor.post(path, form | {"csrf_token": self.token}, token=False, htmx=htmx)

    def knock(self, door: str, target: str, permission: str, htmx: bool) -> list[int]:
        form, preset = dict(self.forms[target]), str(self.presets[PRESET[permission]])
        edit = f"/acme/contacts/{self.ids[target]}/edit"
        if door == "form":
            form["permissions"] = [*form["permissions"], permission]
            return [self.send(edit, form, htmx).status_code]
        if door == "role in the form":
            form["roles"] = [*form["roles"], preset]
            return [self.send(edit, form, htmx).status_code]
        if door == "role edit":
            role = {"name": f"R {target}", "permissions": permission, "seen": self.seen[target]}
            return [self.send(f"/acme/roles/{self.roles[target]}/edit", role, htmx).status_code]
        if door == "copy":
            return self.copy(target, {"permissions": permission, "copy_scope": "client"}, htmx)
        wish = {"permissions_how": "add", "permissions": permission}
        return self.bulk(target, wish if door == "bulk" else {"roles_how": "add", "roles": preset}, htmx)

    def widen(self, door: str, target: str, htmx: bool) -> list[int]:
        """Try to let the target see the entire client."""
        if door == "link":
            path = f"/acme/contacts/{self.ids[target]}/properties"
            return [self.send(path, {"scope": "client"}, htmx).status_code]
        if door == "scope in bulk":
            return self.bulk(target, {"places_how": "client"}, htmx)
        return self.copy(target, {"copy_scope": "client"}, htmx)

    def copy(self, target: str, more: dict, htmx: bool) -> list[int]:
        form, edit = self.forms[target], f"/acme/contacts/{self.ids[target]}/edit"
        filled = self.send(edit, form | {"copy": "fill", "copy_from": str(self.source_id)}, htmx)
        # Whoever is not shown the filled form may still send it.
        copied = form | {"roles": [], "permissions": []} | more
        if filled.status_code == 200:
            # What the same form is filled with twice needs to be read from the page only once.
            known = (target, *sorted(more.items()))
            self.filled.setdefault(known, None)
            copied = self.filled[known] or form_fields(filled.text, "contact-form")
            self.filled[known] = copied
        return [filled.status_code, self.send(edit, copied, htmx).status_code]

    def bulk(self, target: str, wish: dict, htmx: bool) -> list[int]:
        wish["contacts"] = str(self.ids[target])
        shown = self.send(BULK, wish | {"step": "preview"}, htmx)
        found = AGREED.search(shown.text)
        agreed = found[1] if found else "0" * 32
        done = self.send(BULK, wish | {"step": "confirm", "agreed": agreed}, htmx)
        return [shown.status_code, done.status_code]


# What is answered where it is given, and where it is not; an admin's bulk skips the admin and goes on.
DONE = {door: [303] for door in DOORS} | {"copy": [200, 303], "bulk": [200, 200], "role in bulk": [200, 200]}
DONE |= {"link": [303], "scope in bulk": [200, 200], "scope by copy": [200, 303]}


def done(door: str, htmx: bool) -> list[int]:
    """htmx is led on by a header; the dialog of the properties answers with the row."""
    led_on = 200 if door == "link" else 204
    return [led_on if htmx and code == 303 else code for code in DONE[door]]


def refused(door: str, actor_set: frozenset[str], htmx: bool) -> list[int]:
    return done(door, htmx) if "admin" in actor_set and "bulk" in door else [403] * len(DONE[door])


@pytest.fixture
def street(app, town, browser, writing, reading):
    return Street(app, town, browser, writing, reading)


def test_the_sets_are_all_there():
    assert len(set(EVERY_SET)) == 64
    assert {str(permission) for permission in Permission} == set(SIX) == set(PRESET)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("door", DOORS)
def test_every_cell(street, door, target):
    """P5 to P7: 64 sets, six permissions, four targets, six doors, as a page and with htmx; 0 wrong."""
    wrong, tried = {}, 0
    for actor_set in actor_sets(f"{door} {target}"):
        arranged = False
        for permission, htmx in some(list(product(SIX, (False, True))), 3, f"{door} {target} {actor_set}"):
            if not arranged or door == "copy":
                street.arrange(actor_set, (permission,) if door == "copy" else ())
                arranged = True
            had = street.has(street.base, target, permission, door)
            answers, rows = street.knock(door, target, permission, htmx), street.now()
            if had:  # one's own set, or the preset that the admin has: nothing can be given here
                fits = rows == street.base or given(actor_set, target)
            elif given(actor_set, target):
                fits = street.has(rows, target, permission, door) and answers == done(door, htmx)
            else:
                fits = rows == street.base and answers == refused(door, actor_set, htmx)
            arranged, tried = rows == street.base, tried + 1
            if not fits:
                wrong[" ".join(sorted(actor_set)), permission, htmx] = answers
    assert wrong == {}
    assert tried == count(tried, 64 * 6 * 2)


@pytest.mark.parametrize("scope", ["client", "property"])
@pytest.mark.parametrize("door", SCOPE_DOORS)
def test_nobody_widens_a_scope_but_an_admin(street, door, scope):
    """P6, P7, P9: the level of a contact, through every door; by people of either level."""
    wrong, tried = {}, 0
    for actor_set in actor_sets(f"{door} {scope}", 2):
        for target, htmx in some(
            list(product(("self", "peer", "pending"), (False, True))), 2, f"{actor_set}"
        ):
            scopes = {"peer": "property", "pending": "property", "self": scope}
            street.arrange(actor_set, scopes=scopes)
            answers, rows = street.widen(door, target, htmx), street.now()
            if given(actor_set, target):
                wide = (street.ids[target], "client") in [row[:2] for row in rows["facts"]]
                fits = wide and answers == done(door, htmx)
            else:
                # Out of a property manager's sight is not there at all.
                fits = rows == street.base and set(answers) <= (
                    set(refused(door, actor_set, htmx)) | ({404} if scope == "property" else set())
                )
            tried += 1
            if not fits:
                wrong[" ".join(sorted(actor_set)), target, htmx] = answers
    assert wrong == {}
    assert tried == count(tried, 64 * 3 * 2)
