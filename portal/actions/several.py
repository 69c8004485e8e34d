"""Changing several contacts at once, by the same actions: each is done whole or skipped, with the reason."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps
from typing import TypeVar

from portal import invariants, lifecycle, policy, sentences, words
from portal.actions.access import ACTIONS, end_where_shut_out, shut_out
from portal.actions.contacts import Wanted, edit_contact
from portal.actions.properties import demand_no_admin, link_properties
from portal.extensions import db
from portal.lifecycle import Move
from portal.models import Contact, Permission, Property, Role, Scope
from portal.policy import Actor
from portal.queries import history
from portal.refusals import NotNow, Refusal
from portal.transaction import part

Thing = TypeVar("Thing")
MOST = 200
# What the choices of the form mean; nothing chosen leaves everything as it is.
_WRITES = (Move.AUTHORIZE, Move.RESEND)
ADD, TAKE, EXACTLY, ENTIRE_CLIENT = "add", "take", "exactly", "client"


@dataclass(frozen=True)
class BulkWish:
    """What shall be changed about each of several contacts; an empty `..._how` leaves that part alone."""

    roles_how: str = ""
    roles: frozenset[Role] = frozenset()
    permissions_how: str = ""
    permissions: frozenset[Permission] = frozenset()
    places_how: str = ""
    places: tuple[Property, ...] = ()
    move: Move | None = None


@dataclass
class Outcome:
    """What a change did to one contact, or why it did not."""

    contact_id: int
    name: str
    reason: str = ""
    sentences: list[str] = field(default_factory=list)
    changes: list[dict[str, str]] = field(default_factory=list)
    sees_nothing: bool = False


@dataclass
class Result:
    """What a change does to each, whether it was done, and whether it leaves nobody of the admins (P8)."""

    outcomes: list[Outcome] = field(default_factory=list)
    done: bool = False
    no_admin: bool = False


@dataclass(frozen=True)
class Held:
    """The roles, boxes and properties that a contact shall hold."""

    roles: frozenset[Role]
    boxes: frozenset[Permission]
    places: list[Property]


class _OnlyTried(Exception):
    """Takes back what was tried."""


def change_several(contacts: Iterable[Contact], wish: BulkWish, by: Actor, *, agreed: str = "") -> Result:
    """Return what `wish` does to each contact, and whether it was done.

    It is done only where it comes out as `agreed` says, the `stamp` of what was shown before; else all of it
    is taken back, so that nothing happens that nobody has seen.
    """
    result = Result()
    try:
        with part():
            result.outcomes = _change_all(contacts, wish, by)
            result.no_admin = bool(invariants.without_admin(db.session()))
            if stamp(result.outcomes) != agreed:
                raise _OnlyTried
        result.done = True
    except _OnlyTried:
        pass
    return result


def stamp(outcomes: list[Outcome]) -> str:
    """Return a short text that is another one as soon as anything would come out differently."""
    return sha256(dumps([asdict(each) for each in outcomes]).encode()).hexdigest()[:32]


def _change_all(contacts: Iterable[Contact], wish: BulkWish, by: Actor) -> list[Outcome]:
    mark, people = history.newest(), list(contacts)
    with db.session.no_autoflush:  # all of it is written together
        outcomes = [_try(contact, wish, by) for contact in people]
    if wish.move is Move.DEACTIVATE:
        end_where_shut_out([contact.user for contact in people if contact.deactivated_at])
    rows = history.since(mark, [each.contact_id for each in outcomes])
    for each in outcomes:
        mine = [row for row in rows if row.contact_id == each.contact_id]
        each.sentences = [sentences.deed(row.what) for row in mine]
        each.changes = [change for row in mine for change in words.changes(row)]
        if not mine and not each.reason:
            each.reason = "Nothing to change."
    return outcomes


def _try(contact: Contact, wish: BulkWish, by: Actor) -> Outcome:
    outcome = Outcome(contact.id, contact.name)
    try:
        held = _judge(contact, wish, by)
        # Whether too many mails went to somebody lately is known only when one more is written.
        with part() if wish.move in _WRITES else nullcontext():
            _change(contact, wish, held, by)
        outcome.sees_nothing = _without_property(contact, wish)
    except Refusal as refusal:
        outcome.reason = refusal.sentence
    return outcome


def _judge(contact: Contact, wish: BulkWish, by: Actor) -> Held:
    """Return what the contact shall hold. Raises a Refusal before anything of it has changed."""
    if wish.move is Move.ACTIVATE:
        _demand(contact, wish.move, wish, by)
    roles, boxes = frozenset(contact.roles), contact.direct_permissions
    if wish.roles_how or wish.permissions_how:
        policy.demand_rights(by, contact)
        _take(contact, Move.EDIT, wish)
        roles = _after(wish.roles_how, roles, wish.roles)
        boxes = _after(wish.permissions_how, boxes, wish.permissions)
    places = frozenset(link.property for link in contact.property_links)
    if wish.places_how:
        _demand(contact, Move.LINK, wish, by)
        places = _after(wish.places_how, places, frozenset(wish.places))
        if wish.places_how != ENTIRE_CLIENT:
            _demand_level(contact, wish, policy.makes_admin(roles, boxes))
    if wish.move is not None and wish.move is not Move.ACTIVATE:
        _demand(contact, wish.move, wish, by)
    return Held(roles, boxes, sorted(places, key=lambda place: place.id))


def _demand(contact: Contact, move: Move, wish: BulkWish, by: Actor) -> None:
    policy.demand(by, move, contact)
    _take(contact, move, wish)


def _take(contact: Contact, move: Move, wish: BulkWish) -> None:
    """Raise NotNow unless the move can happen, to somebody who comes back into life first where so wished."""
    if wish.move is not Move.ACTIVATE or move is Move.ACTIVATE:
        lifecycle.take(contact, move)


def _demand_level(contact: Contact, wish: BulkWish, admin: bool) -> None:
    if wish.places_how != EXACTLY and (contact.scope == Scope.CLIENT or admin):
        raise NotNow(f"{contact.name} sees the entire client, not single properties.")
    if admin:
        demand_no_admin(contact)


def _change(contact: Contact, wish: BulkWish, held: Held, by: Actor) -> None:
    """Do all of it to one contact: back into life first, out of it last."""
    if wish.move is Move.ACTIVATE:
        ACTIONS[wish.move](contact, by)
    if wish.roles_how or wish.permissions_how:
        edit_contact(contact, Wanted(roles=held.roles, permissions=held.boxes), by)
    if wish.places_how:
        scope = Scope.CLIENT if wish.places_how == ENTIRE_CLIENT else Scope.PROPERTY
        link_properties(contact, scope, held.places, by)
    if wish.move is Move.DEACTIVATE:
        shut_out(contact, by)
    elif wish.move is not None and wish.move is not Move.ACTIVATE:
        ACTIONS[wish.move](contact, by)


def _after(how: str, held: frozenset[Thing], chosen: frozenset[Thing]) -> frozenset[Thing]:
    return {ADD: held | chosen, TAKE: held - chosen, EXACTLY: chosen}.get(how, held)


def _without_property(contact: Contact, wish: BulkWish) -> bool:
    """Return whether the links were changed so that none is left (C21)."""
    changed = wish.places_how not in ("", ENTIRE_CLIENT)
    return changed and contact.scope == Scope.PROPERTY and not contact.property_links
