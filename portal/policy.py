"""Who may do what: the only module that decides it (behaviour 3). Views, templates and queries ask here."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal import staff_policy
from portal.lifecycle import Move
from portal.models import PRESET, Access, Area, Contact, Permission, Role, Scope, WorkOrder
from portal.refusals import NotAllowed

EVERY_PERMISSION = frozenset(Permission)


@dataclass(frozen=True)
class Actor:
    """Who acts: a contact of a company, a login before any company, staff, the system, or a stranger."""

    kind: str
    name: str
    company_id: int | None = None
    contact_id: int | None = None
    user_id: int | None = None
    staff_id: int | None = None
    permissions: frozenset[Permission] = frozenset()
    scope: str = Scope.PROPERTY
    areas_off: frozenset[Area] = frozenset()
    staff_role: str = ""
    token_id: int | None = None  # of the API: acts for the staff, with no role but its scope's permissions

    @property
    def signed(self) -> str:
        """The name as it is kept with what somebody did: no longer than its column takes."""
        return self.name[:100]

    @property
    def is_staff(self) -> bool:
        """True for the vendor's own people."""
        return self.kind == "staff"

    @property
    def over_all(self) -> bool:
        """True for who may know of every company's rows: the staff, and their systems."""
        return self.is_staff and bool(self.staff_role or self.token_id)

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions

    @property
    def sees_everything(self) -> bool:
        """True for client scope, which `admin` implies (P9)."""
        return self.is_admin or self.scope == Scope.CLIENT


SYSTEM = Actor(kind="system", name="Gatehouse", permissions=EVERY_PERMISSION, scope=Scope.CLIENT)
STRANGER = Actor(kind="stranger", name="Somebody not signed in")


def effective(granted: frozenset[Permission]) -> frozenset[Permission]:
    """Return what a set of granted permissions amounts to: `admin` implies all (P1)."""
    return EVERY_PERMISSION if Permission.ADMIN in granted else granted


def rights_of(contact: Contact) -> frozenset[Permission]:
    """Return the effective permissions of `contact`: the union of its roles' and its own boxes (P1)."""
    granted = contact.direct_permissions.union(*(role.permissions for role in contact.roles))
    return effective(granted)


def as_reader(contact: Contact) -> Actor:
    """Return `contact` as somebody who reads at its company, with a login or by mail."""
    return Actor(
        kind="contact",
        name=contact.name,
        company_id=contact.company_id,
        contact_id=contact.id,
        permissions=rights_of(contact),
        scope=contact.scope,
    )


# P3, P4, P5: the permissions of which one is needed.
_CONTACT_READERS = frozenset({Permission.ADMIN, Permission.EDIT_CONTACTS, Permission.VIEW_CLIENT})
_ADMINS = frozenset({Permission.ADMIN})
RULES: dict[Move, frozenset[Permission]] = {
    Move.VIEW: _CONTACT_READERS,
    Move.EDIT: frozenset({Permission.ADMIN, Permission.EDIT_CONTACTS}),
    Move.LINK: _ADMINS,
    Move.AUTHORIZE: _ADMINS,
    Move.RESEND: _ADMINS,
    Move.CANCEL: _ADMINS,
    Move.SEND_RESET: _ADMINS,
    Move.RESET_FACTOR: _ADMINS,
    Move.UNLINK: _ADMINS,
    Move.DEACTIVATE: _ADMINS,
    Move.ACTIVATE: _ADMINS,
    Move.DELETE: _ADMINS,
}

# P2 and C40 to C43: which permission opens which area.
AREAS: dict[Area, frozenset[Permission]] = {
    Area.PROPERTIES: frozenset({Permission.ADMIN, Permission.VIEW_CLIENT}),
    Area.CONTRACTS: frozenset({Permission.ADMIN, Permission.VIEW_CLIENT}),
    Area.RFPS: frozenset({Permission.ADMIN, Permission.VIEW_CLIENT}),
    Area.BILLING: frozenset({Permission.ADMIN, Permission.BILLING}),
    Area.REPORTS: frozenset({Permission.ADMIN, Permission.REPORTS}),
    Area.WORK_ORDERS: frozenset({Permission.ADMIN, Permission.WORK_ORDERS}),
}

AREA_NAMES = {
    Area.PROPERTIES: "the properties",
    Area.CONTRACTS: "the contracts",
    Area.RFPS: "the RFPs",
    Area.BILLING: "billing",
    Area.REPORTS: "the reports",
    Area.WORK_ORDERS: "work orders",
}

_SELF = "You cannot {verb} yourself. Ask another admin."
_VERBS = {
    Move.LINK: "change the properties of",
    Move.AUTHORIZE: "authorize",
    Move.RESEND: "invite",
    Move.CANCEL: "cancel the invitation of",
    Move.SEND_RESET: "send a password reset to",
    Move.RESET_FACTOR: "reset the second factor of",
    Move.UNLINK: "unlink",
    Move.DEACTIVATE: "deactivate",
    Move.ACTIVATE: "activate",
    Move.DELETE: "delete",
}


def browses_contacts(actor: Actor) -> bool:
    """Return whether `actor` may list, search and view contacts at all (P3)."""
    return bool(actor.permissions & _CONTACT_READERS)


def adds_contacts(actor: Actor) -> bool:
    """Return whether `actor` may add contacts (P5): admins, and systems that keep the contacts' details."""
    return actor.is_admin or (actor.token_id is not None and Permission.EDIT_CONTACTS in actor.permissions)


def changes_several(actor: Actor) -> bool:
    """Return whether `actor` may change several contacts at once (P5)."""
    return actor.is_admin


def opens(actor: Actor, area: Area) -> bool:
    """Return whether `area` is there for `actor`: switched on for the company, and a right that opens it."""
    return area not in actor.areas_off and bool(actor.permissions & AREAS[area])


def demand_area(actor: Actor, area: Area) -> None:
    """Raise NotAllowed unless a right of `actor` opens `area`."""
    if not actor.permissions & AREAS[area]:
        raise NotAllowed(f"Your role does not include {AREA_NAMES[area]}.")


def asks_for_work(actor: Actor) -> bool:
    """Return whether `actor` may ask for work and talk about it: of the staff, administrators alone."""
    return opens(actor, Area.WORK_ORDERS) and (actor.is_admin or not actor.is_staff)


def may_cancel(actor: Actor, order: WorkOrder) -> bool:
    """Return whether `actor` may cancel a work order that they see: whoever asked for it, and admins."""
    asked = actor.contact_id is not None and order.requested_by == actor.contact_id
    return opens(actor, Area.WORK_ORDERS) and (asked or actor.is_admin)


def demand_cancelling(actor: Actor, order: WorkOrder) -> None:
    """Raise NotAllowed unless `actor` may cancel the work order."""
    if not may_cancel(actor, order):
        raise NotAllowed("Only whoever asked for a work order, or an admin, can cancel it.")


def opening(topic: str) -> frozenset[Permission]:
    """Return the permissions of which one opens what mail about a notification topic tells."""
    return _ADMINS if topic_is_for_admins(topic) else AREAS[Area(topic)]


def topic_is_for_admins(topic: str) -> bool:
    """Return whether mail about `topic` is for admins alone: that about the account."""
    return topic == "account"


def sees_client(actor: Actor) -> bool:
    """Return whether `actor` may open the company's own page (C30)."""
    return bool(actor.permissions & {Permission.ADMIN, Permission.VIEW_CLIENT})


def demand_client(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may open the company's own page (C30)."""
    if not sees_client(actor):
        raise NotAllowed("Your role does not include the client page.")


def objection(actor: Actor, move: Move, contact: Contact, *, admin: bool | None = None) -> str | None:
    """Return why `actor` may not do `move` to `contact`, as a sentence; None if they may.

    `admin` says whether the contact is an admin where the caller knows it already (lists do).
    """
    if actor.is_staff and actor.staff_role:
        return staff_policy.objection(actor.staff_role, move)
    if contact.id == actor.contact_id:
        return _about_oneself(move)
    if not actor.permissions & RULES[move]:
        return "Your role does not include this."
    if move is Move.EDIT and not actor.is_admin and (is_admin(contact) if admin is None else admin):
        return f"{contact.name} is an admin. Only an admin can edit an admin."
    return None


def _about_oneself(move: Move) -> str | None:
    known = {Move.VIEW: None, Move.EDIT: "Your own details are in your profile."}
    return known[move] if move in known else _SELF.format(verb=_VERBS[move])


def makes_admin(roles: Iterable[Role], boxes: frozenset[Permission]) -> bool:
    """Return whether whoever holds these roles and boxes is an admin."""
    return Permission.ADMIN in boxes.union(*(role.permissions for role in roles))


def is_admin(contact: Contact) -> bool:
    """Return whether `contact` holds `admin`."""
    return Permission.ADMIN in rights_of(contact)


def demand(actor: Actor, move: Move, contact: Contact) -> None:
    """Raise NotAllowed unless `actor` may do `move` to `contact`."""
    reason = objection(actor, move, contact)
    if reason is not None:
        raise NotAllowed(reason)


def demand_admin(actor: Actor, *, or_staff: bool = False) -> None:
    """Raise NotAllowed unless `actor` is an admin (P5), or anybody of the staff where they may look too."""
    if not actor.is_admin and not (or_staff and actor.is_staff):
        raise NotAllowed("Only an admin can do this.")


def demand_browsing(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may list and search contacts (P3)."""
    if not browses_contacts(actor):
        raise NotAllowed("Your role does not include the contacts.")


# P4 and P5: what an editor of details may set; everything else on the form is an admin's.
_ABOUT = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email")
DETAILS = frozenset({*_ABOUT, "category", "notes", "topics"})
_FIRST_LOGIN = frozenset({"username", "initial_password", "recovery_email"})  # never chosen by staff (T87)


def may_set(actor: Actor, field: str, contact: Contact | None) -> bool:
    """Return whether `actor` may change `field` of `contact` (None: a new one)."""
    if actor.is_admin:
        return not (actor.is_staff and field in _FIRST_LOGIN)
    if contact is None:
        return adds_contacts(actor) and field in DETAILS - {"topics"}
    if Permission.EDIT_CONTACTS not in actor.permissions:
        return False
    if field == "email":
        return contact.access == Access.NONE
    # Without a login the topic alone says what is sent, so ticking one is giving something (P6).
    if field == "topics":
        return contact.access == Access.PORTAL
    return field in DETAILS


def may_give(actor: Actor, permissions: frozenset[Permission], contact: Contact | None) -> bool:
    """Return whether `actor` may give or take `permissions` (P6, P7): admins to others, what they hold."""
    to_oneself = contact is not None and contact.id == actor.contact_id
    return actor.is_admin and not to_oneself and permissions <= actor.permissions


def demand_rights(actor: Actor, contact: Contact) -> None:
    """Raise NotAllowed unless `actor` may set what `contact` may do: admins, never for themselves (P7)."""
    demand_admin(actor)
    if contact.id == actor.contact_id:
        raise NotAllowed("You cannot change your own rights. Ask another admin.")


def demand_role(actor: Actor, role: Role | None, gives: frozenset[Permission], *, holds: bool) -> None:
    """Raise NotAllowed unless `actor` may make a role (None) or change one, so that `gives` comes or goes.

    `holds` says whether the actor has the role: then its permissions are the actor's own rights (P7).
    """
    demand_admin(actor)
    if role is not None and role.owner == PRESET:
        raise NotAllowed(f"{role.name} is the same for every company. Copy it and change the copy.")
    if holds and gives:
        raise NotAllowed("You have this role, and nobody changes their own rights. Ask another admin.")
    if not may_give(actor, gives, None):
        raise NotAllowed("You cannot give a permission that you do not hold.")


def menu(actor: Actor, contact: Contact, moves: tuple[Move, ...], *, admin: bool) -> list[Move]:
    """Return which of the possible `moves` stand in the row menu for `actor` (L1, C6)."""
    return [move for move in moves if objection(actor, move, contact, admin=admin) is None]
