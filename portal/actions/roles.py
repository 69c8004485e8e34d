"""The company's own roles: adding, changing and archiving them; and the areas that its admins hide."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal import audit, policy
from portal.actions.contacts import Wanted, edit_contact
from portal.clock import now
from portal.extensions import db
from portal.models import Area, CompanyArea, Permission, Role, RolePermission
from portal.policy import Actor
from portal.queries import roles
from portal.refusals import FieldRefusal, NotAllowed, NotNow
from portal.words import AREA

MOST = 100


@dataclass(frozen=True)
class RoleWish:
    """What a role shall be called, be for, and give."""

    name: str
    purpose: str
    permissions: frozenset[Permission]


def add_role(company_id: int, wish: RoleWish, by: Actor) -> Role:
    """Return a new role of the company.

    Raises NotAllowed where `by` may not give what it gives, FieldRefusal for a name that is taken.
    """
    policy.demand_role(by, None, wish.permissions, holds=False)
    if roles.own_roles(company_id) >= MOST:
        raise NotNow(f"There are {MOST} roles already. Archive one that nobody needs first.")
    _demand_free_name(company_id, wish.name)
    role = Role(company_id=company_id, owner=company_id, name=wish.name, name_key=roles.name_key(wish.name))
    role.purpose = wish.purpose
    _replace_grants(role, wish.permissions)
    db.session.add(role)
    changes = {"Purpose": ("", wish.purpose), "Permissions": ("", _codes(wish.permissions))}
    audit.record("added the role", by=by, company_id=company_id, about=role.name, changes=changes)
    db.session.flush()
    return role


def change_role(role: Role, wish: RoleWish, by: Actor) -> int:
    """Make `role` what is wished for everybody who has it, and return how many that are (C31).

    Raises NotAllowed for a preset, for permissions that `by` may not give or take, and for one's own role;
    FieldRefusal for a name that is taken.
    """
    had = role.permissions
    policy.demand_role(by, role, had ^ wish.permissions, holds=roles.holds(by, role))
    people = roles.people_with(by, role)
    if (role.name, role.purpose, had) == (wish.name, wish.purpose, wish.permissions):
        return people
    _demand_free_name(role.owner, wish.name, role)
    changes = _changes(role, wish)
    role.name, role.name_key, role.purpose = wish.name, roles.name_key(wish.name), wish.purpose
    _replace_grants(role, wish.permissions)
    if had != wish.permissions:
        changes["People with this role"] = (str(people), str(people))
    audit.record("changed the role", by=by, company_id=role.company_id, about=role.name, changes=changes)
    db.session.flush()
    return people


def archive_role(role: Role, replacement: Role | None, by: Actor) -> int:
    """Put `role` away; whoever has it gets `replacement` instead. Return how many that were.

    Raises FieldRefusal where somebody has it and no other role takes its place, NotAllowed for a preset and
    for one's own role.
    """
    gives = role.permissions ^ replacement.permissions if replacement else role.permissions
    policy.demand_role(by, role, gives, holds=roles.holds(by, role))
    people = roles.holders(by, role)
    if people and (replacement is None or replacement.id == role.id):
        raise FieldRefusal("replacement", "Choose the role that takes its place.")
    for contact in people:
        kept = frozenset(each for each in contact.roles if each.id != role.id)
        edit_contact(contact, Wanted(roles=kept | {replacement} if replacement else kept), by)
    role.archived_at = now()
    changes = {"Replaced by": ("", replacement.name if replacement and people else "")}
    audit.record("archived the role", by=by, company_id=role.company_id, about=role.name, changes=changes)
    db.session.flush()
    return len(people)


def show_areas(company_id: int, shown: Iterable[Area], by: Actor) -> bool:
    """Hide every area of the company but `shown`; return whether anything changed.

    Raises NotAllowed unless `by` is an admin, and for an area that the vendor's staff switched off.
    """
    policy.demand_admin(by)
    shown, states = frozenset(shown), roles.areas_of(company_id)
    if any(state.off and state.area in shown for state in states):
        raise NotAllowed("Your service provider switched this area off. Ask them to switch it on.")
    there = [state for state in states if not state.off]
    before = [AREA[state.area] for state in there if state.hidden]
    after = [AREA[state.area] for state in there if state.area not in shown]
    if before == after:
        return False
    for state in there:
        _hide(company_id, state.area, state.area not in shown)
    changes = {"Hidden areas": (", ".join(before), ", ".join(after))}
    audit.record("changed the areas of the portal", by=by, company_id=company_id, changes=changes)
    return True


def _hide(company_id: int, area: Area, hidden: bool) -> None:
    row = db.session.get(CompanyArea, (company_id, area))
    if row is None:
        row = CompanyArea(company_id=company_id, area=area)
        db.session.add(row)
    row.hidden_by_admin = hidden


def _demand_free_name(company_id: int, name: str, role: Role | None = None) -> None:
    other = roles.having_name(company_id, name, except_id=role.id if role else None)
    if other is not None:
        raise FieldRefusal("name", f"There is already a role called {other.name}. Choose another name.")


def _replace_grants(role: Role, permissions: frozenset[Permission]) -> None:
    for grant in list(role.grants):
        if grant.permission not in permissions:
            role.grants.remove(grant)
    held = {grant.permission for grant in role.grants}
    for permission in sorted(permissions - held):
        role.grants.append(RolePermission(permission=permission))


def _changes(role: Role, wish: RoleWish) -> dict[str, tuple[str, str]]:
    pairs = {
        "Name": (role.name, wish.name),
        "Purpose": (role.purpose, wish.purpose),
        "Permissions": (_codes(role.permissions), _codes(wish.permissions)),
    }
    return {label: pair for label, pair in pairs.items() if pair[0] != pair[1]}


def _codes(permissions: frozenset[Permission]) -> str:
    return ", ".join(sorted(permissions))
