"""The contacts list: search, filters, sorting, paging by position, counts; cut to the reader's scope."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.extensions import db
from portal.invariants import holds_permission
from portal.lifecycle import Status
from portal.models import (
    Access,
    Area,
    Contact,
    ContactRole,
    ContactType,
    Permission,
    PortalUser,
    Property,
    PropertyLink,
    Role,
)
from portal.models.keys import fold
from portal.policy import Actor, opens
from portal.queries import paging
from portal.queries.paging import LONGEST_SEARCH, Order, Page
from portal.visibility import visible, within_scope

COUNTED = paging.COUNTED
_SIGNS = re.compile(r"[()./-]")
_PART_OF_NUMBER = re.compile(r"\+?[0-9()./-]*[0-9][0-9()./-]*")
SORTS = ("name", "email", "status", "last_login")
AUTHORIZED = {
    "yes": (Access.PORTAL,),
    "email_only": (Access.EMAIL_ONLY,),
    "no": (Access.NONE,),
    "any": (Access.PORTAL, Access.EMAIL_ONLY),
}


@dataclass(frozen=True)
class Wish:
    """What the reader asks the list for; every value is already known to be sensible."""

    q: str = ""
    type: str = ""
    status: str = ""
    role: str = ""
    authorized: str = ""
    at: str = ""
    sort: str = "name"
    dir: str = "asc"
    after: str = ""
    before: str = ""

    @property
    def narrowed(self) -> bool:
        """True if anything but the order is asked for."""
        return any((self.q, self.type, self.status, self.role, self.authorized, self.at))


@dataclass
class Row:
    """One contact of the list, with what its row shows beside the contact's own facts."""

    contact: Contact
    property_count: int
    admin: bool


@dataclass
class Counts:
    """How many the reader may see: in all, per status, and matching the filters; 1,001 stands for more."""

    all: int = 0
    pending: int = 0
    active: int = 0
    inactive: int = 0
    matching: int = 0


@dataclass
class Choices:
    """What the filters offer."""

    types: list[tuple[str, str]] = field(default_factory=list)
    roles: list[tuple[str, str]] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)


def page(actor: Actor, wish: Wish) -> Page:
    """Return the page of contacts that `actor` may see and `wish` asks for."""
    query = _matching(actor, wish).outerjoin(PortalUser, PortalUser.id == Contact.portal_user_id)
    found = paging.page(_with_facts(query), wish, _order(wish.sort), Contact.id)
    found.rows = [Row(each[0], each[1], bool(each[2])) for each in found.rows]
    return found


def ids(actor: Actor, wish: Wish, most: int) -> list[int]:
    """Return the ids of up to `most` contacts that `actor` may see and `wish` asks for, by name."""
    query = _matching(actor, wish).with_only_columns(Contact.id).order_by(Contact.name_key, Contact.id)
    return list(db.session.scalars(query.limit(most)))


def together(actor: Actor, contact_ids: Collection[int]) -> list[Contact]:
    """Return the contacts with these ids that `actor` may see, by name, with what they may do."""
    query = visible(actor, Contact).where(Contact.id.in_(contact_ids))
    everything = (
        joinedload(Contact.user),
        joinedload(Contact.live_invitation),
        selectinload(Contact.boxes),
        selectinload(Contact.property_links),
    )
    found = db.session.scalars(query.options(*everything).order_by(Contact.name_key, Contact.id))
    return list(found.unique())


def deleted(actor: Actor, contact_ids: Collection[int]) -> list[Contact]:
    """Return those of the company's contacts with these ids that were deleted."""
    query = select(Contact).where(
        Contact.id.in_(contact_ids),
        Contact.company_id == (actor.company_id or 0),
        Contact.deleted_at.is_not(None),
    )
    return list(db.session.scalars(query).unique())


def counts(actor: Actor, wish: Wish) -> Counts:
    """Return how many contacts there are for `actor`, each number exact up to 1,000."""
    everyone = visible(actor, Contact)
    wanted = {
        "all": everyone,
        **{status.value: everyone.where(having_status(status)) for status in Status},
        "matching": _matching(actor, wish),
    }
    columns = [_capped(query).label(name) for name, query in wanted.items()]
    return Counts(**db.session.execute(select(*columns)).one()._asdict())


def choices(actor: Actor, place_id: str = "") -> Choices:
    """Return the contact types and roles that the filters offer; archived types while somebody has them.

    The property with `place_id` is there only where the list is narrowed to it, and the actor may see it.
    """
    held = exists().where(
        Contact.company_id == (actor.company_id or 0),
        Contact.deleted_at.is_(None),
        Contact.contact_type_id == ContactType.id,
    )
    types = select(literal("type"), ContactType.code, ContactType.name, ContactType.position).where(
        or_(ContactType.archived_at.is_(None), held)
    )
    roles = select(literal("role"), cast(Role.id, String), Role.name, literal(0)).where(
        Role.archived_at.is_(None), Role.owner.in_((0, actor.company_id or 0))
    )
    found = sorted(db.session.execute(types.union_all(roles)), key=lambda row: (row[3], fold(row[2])))
    kinds = [[(row[1], row[2]) for row in found if row[0] == kind] for kind in ("type", "role")]
    return Choices(kinds[0], kinds[1], _place(actor, place_id) if place_id else [])


def _place(actor: Actor, place_id: str) -> list[tuple[str, str]]:
    query = _visible_place(actor, place_id).with_only_columns(Property.name)
    return [(place_id, name) for name in db.session.scalars(query)]


def _visible_place(actor: Actor, place_id: str) -> Select[Any]:
    """The property, where the actor may know of it: who reaches any other is nothing to tell (C44)."""
    there = Property.id == int(place_id) if opens(actor, Area.PROPERTIES) else false()
    return visible(actor, Property).where(there)


def row_of(contact: Contact) -> Row:
    """Return one contact as the list shows it, after it has changed."""
    links = select(func.count()).select_from(PropertyLink).where(PropertyLink.contact_id == contact.id)
    admin = exists().where(Contact.id == contact.id, holds_permission(Permission.ADMIN))
    count, is_admin = db.session.execute(select(links.scalar_subquery(), admin)).one()
    return Row(contact, count, bool(is_admin))


def _with_facts(query: Select[Any]) -> Select[Any]:
    links = (
        select(func.count()).where(PropertyLink.contact_id == Contact.id).correlate(Contact).scalar_subquery()
    )
    admin = holds_permission(Permission.ADMIN)
    return query.add_columns(links, admin).options(
        contains_eager(Contact.user), joinedload(Contact.live_invitation)
    )


def _matching(actor: Actor, wish: Wish) -> Select[Any]:
    query = visible(actor, Contact)
    for word in fold(wish.q[:LONGEST_SEARCH]).split():
        spellings = {word, _as_number(word)}
        query = query.where(or_(*(Contact.search_key.contains(each, autoescape=True) for each in spellings)))
    if wish.type:
        query = query.where(
            Contact.contact_type_id.in_(select(ContactType.id).where(ContactType.code == wish.type))
        )
    if wish.status:
        query = query.where(having_status(wish.status))
    if wish.role:
        held = exists().where(ContactRole.contact_id == Contact.id, ContactRole.role_id == int(wish.role))
        query = query.where(held)
    if wish.authorized:
        query = query.where(Contact.access.in_(AUTHORIZED[wish.authorized]))
    if wish.at:
        query = query.where(within_scope(int(wish.at)), _visible_place(actor, wish.at).exists())
    return query


def _as_number(word: str) -> str:
    """Return part of a phone number as it is kept: without the signs people write between its digits."""
    return _SIGNS.sub("", word) if _PART_OF_NUMBER.fullmatch(word) else word


def having_status(status: str) -> ColumnElement[bool]:
    """Return the condition that a contact has this word in the Status column."""
    pending = and_(Contact.access == Access.PORTAL, Contact.portal_user_id.is_(None))
    if status == Status.INACTIVE:
        return Contact.deactivated_at.is_not(None)
    live = Contact.deactivated_at.is_(None)
    return and_(live, pending) if status == Status.PENDING else and_(live, ~pending)


def _capped(query: Select[Any]) -> ColumnElement[int]:
    some = query.with_only_columns(Contact.id).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _order(sort: str) -> Order:
    if sort == "email":
        return Order(func.coalesce(Contact.email_key, ""))
    if sort == "status":
        return Order(
            case((having_status(Status.ACTIVE), 0), (having_status(Status.PENDING), 1), else_=2), int
        )
    if sort == "last_login":
        return Order(func.coalesce(cast(PortalUser.last_sign_in_at, String), ""))
    return Order(Contact.name_key)
