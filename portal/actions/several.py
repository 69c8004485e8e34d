"""Changing several contacts at once, by the same actions: each is done whole or skipped, with the reason."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps
from typing import TypeVar

from portal import lifecycle, policy, words
from portal.actions.access import ACTIONS
from portal.actions.contacts import Wanted, edit_contact
from portal.actions.properties import link_properties
from portal.lifecycle import Move
from portal.models import Contact, Permission, Property, Role, Scope
from portal.policy import Actor
from portal.queries import history
from portal.refusals import NotNow, Refusal
from portal.transaction import part

Thing = TypeVar("Thing")
MOST = 200
# What the choices of the form mean; nothing chosen leaves everything as it is.
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


class _OnlyTried(Exception):
    """Takes back what was tried."""


def change_several(
    contacts: Iterable[Contact], wish: BulkWish, by: Actor, *, agreed: str = ""
) -> tuple[list[Outcome], bool]:
    """Return what `wish` does to each contact, and whether it was done.

    It is done only where it comes out as `agreed` says, the `stamp` of what was shown before; else all of it
    is taken back, so that nothing happens that nobody has seen.
    """
    outcomes: list[Outcome] = []
    try:
        with part():
            outcomes = _change_all(contacts, wish, by)
            if stamp(outcomes) != agreed:
                raise _OnlyTried
    except _OnlyTried:
        return outcomes, False
    return outcomes, True


def stamp(outcomes: list[Outcome]) -> str:
    """Return a short text that is another one as soon as anything would come out differently."""
    return sha256(dumps([asdict(each) for each in outcomes]).encode()).hexdigest()[:32]


def _change_all(contacts: Iterable[Contact], wish: BulkWish, by: Actor) -> list[Outcome]:
    mark = history.newest()
    outcomes = [_try(contact, wish, by) for contact in contacts]
    rows = history.since(mark, [each.contact_id for each in outcomes])
    for each in outcomes:
        mine = [row for row in rows if row.contact_id == each.contact_id]
        each.sentences = [row.what for row in mine]
        each.changes = [change for row in mine for change in words.changes(row)]
        if not mine and not each.reason:
            each.reason = "It is so already."
    return outcomes


def _try(contact: Contact, wish: BulkWish, by: Actor) -> Outcome:
    outcome = Outcome(contact.id, contact.name)
    try:
        with part():
            _change(contact, wish, by)
            outcome.sees_nothing = _without_property(contact, wish)
    except Refusal as refusal:
        outcome.reason = refusal.sentence
    return outcome


def _change(contact: Contact, wish: BulkWish, by: Actor) -> None:
    """Do all of it to one contact: back into life first, out of it last."""
    if wish.move is Move.ACTIVATE:
        _move(contact, wish.move, by)
    if wish.roles_how or wish.permissions_how:
        policy.demand_rights(by, contact)
        lifecycle.take(contact, Move.EDIT)
        roles = _after(wish.roles_how, frozenset(contact.roles), wish.roles)
        boxes = _after(wish.permissions_how, contact.direct_permissions, wish.permissions)
        edit_contact(contact, Wanted(roles=roles, permissions=boxes), by)
    if wish.places_how:
        _link(contact, wish, by)
    if wish.move is not None and wish.move is not Move.ACTIVATE:
        _move(contact, wish.move, by)


def _move(contact: Contact, move: Move, by: Actor) -> None:
    policy.demand(by, move, contact)
    ACTIONS[move](contact, by)


def _link(contact: Contact, wish: BulkWish, by: Actor) -> None:
    if wish.places_how == ENTIRE_CLIENT:
        link_properties(contact, Scope.CLIENT, [], by)
        return
    policy.demand(by, Move.LINK, contact)
    if wish.places_how != EXACTLY and (contact.scope == Scope.CLIENT or policy.is_admin(contact)):
        raise NotNow(f"{contact.name} sees the entire client, not single properties.")
    held = frozenset(link.property for link in contact.property_links)
    places = _after(wish.places_how, held, frozenset(wish.places))
    link_properties(contact, Scope.PROPERTY, sorted(places, key=lambda place: place.id), by)


def _after(how: str, held: frozenset[Thing], chosen: frozenset[Thing]) -> frozenset[Thing]:
    return {ADD: held | chosen, TAKE: held - chosen, EXACTLY: chosen}.get(how, held)


def _without_property(contact: Contact, wish: BulkWish) -> bool:
    """Return whether the links were changed so that none is left (C21)."""
    changed = wish.places_how not in ("", ENTIRE_CLIENT)
    return changed and contact.scope == Scope.PROPERTY and not contact.property_links
