"""Who may do what at a property: whose scope reaches it, linked there or at client level (C40, S5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from portal import lifecycle, policy, words
from portal.extensions import db
from portal.invariants import holds_permission
from portal.lifecycle import Dealing
from portal.models import Access, Contact, Permission, PortalUser, Property, PropertyLink
from portal.policy import Actor
from portal.visibility import visible, within_scope

SHOWN = 25


@dataclass(frozen=True)
class Somebody:
    """One person at a property, and what the person may do there."""

    contact: Contact
    dealing: Dealing
    may: list[str]


@dataclass(frozen=True)
class Group:
    """Some of the people at a property, by name, and whether there are more."""

    people: list[Somebody] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True)
class Reaching:
    """Who reaches a property: by a link to it, and because their scope is the entire client."""

    linked: Group = field(default_factory=Group)
    everywhere: Group = field(default_factory=Group)


def reaching(reader: Actor, place: Property) -> Reaching:
    """Return everybody that `reader` may know of whose scope reaches `place`, the first of each kind."""
    near = _linked(place)
    groups = (_known(reader, place).where(near), _known(reader, place).where(within_scope(None), ~near))
    found = _people(groups, near)
    return Reaching(*(_group([each for each, is_near in found if is_near == kind]) for kind in (True, False)))


def asking_for_work(reader: Actor, place: Property) -> Group:
    """Return who may ask for work at `place` now, by e-mail or in the portal (S5)."""
    disabled = exists().where(PortalUser.id == Contact.portal_user_id, PortalUser.disabled_at.is_not(None))
    query = _known(reader, place).where(
        within_scope(place.id),
        Contact.deactivated_at.is_(None),
        Contact.access != Access.NONE,
        or_(holds_permission(Permission.WORK_ORDERS), holds_permission(Permission.ADMIN)),
        ~disabled,
    )
    return _group([each for each, _is_near in _people((query,), _linked(place))])


def _known(reader: Actor, place: Property) -> Select[Any]:
    """The contacts of its company that the reader may know of; staff may be in that one or in none."""
    return visible(reader, Contact).where(Contact.company_id == place.company_id)


def _linked(place: Property) -> ColumnElement[bool]:
    return exists().where(PropertyLink.contact_id == Contact.id, PropertyLink.property_id == place.id)


def _people(queries: Sequence[Select[Any]], near: ColumnElement[bool]) -> list[tuple[Somebody, bool]]:
    """Return the first of each query, by name, and whether they are linked; in one statement for all."""
    firsts = [
        select(
            each.with_only_columns(Contact.id)
            .order_by(Contact.name_key, Contact.id)
            .limit(SHOWN + 1)
            .subquery()
            .c.id
        )
        for each in queries
    ]
    held = (joinedload(Contact.company), selectinload(Contact.boxes))
    query = select(Contact, near).where(or_(*(Contact.id.in_(each) for each in firsts))).options(*held)
    found = db.session.execute(query.order_by(Contact.name_key, Contact.id)).unique()
    return [(_somebody(contact), bool(is_near)) for contact, is_near in found]


def _somebody(contact: Contact) -> Somebody:
    dealing = lifecycle.dealing(contact)
    may = words.tags(policy.rights_of(contact)) if dealing.authorized else []
    return Somebody(contact, dealing, may)


def _group(people: list[Somebody]) -> Group:
    return Group(people[:SHOWN], len(people) > SHOWN)
