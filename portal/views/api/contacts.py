"""Contacts over the API: lists, one of them, adding, changing, and every move of its life (behaviour 4)."""

from flask import url_for

from portal.actions.access import ACTIONS
from portal.actions.contacts import add_contact, edit_contact
from portal.extensions import db
from portal.guards import actor, load
from portal.lifecycle import Move
from portal.models import ApiScope, Company, Contact
from portal.queries import feed
from portal.refusals import NotNow
from portal.shapes.contact import ContactChange, ContactPage, ContactsAsked, ContactShape, Moved, NewContact
from portal.views.api import meant, shown
from portal.views.api.operations import Operation, Reply, demand_version, next_page, once

_ONE = "/contacts/<id:contact_id>"
_OF_COMPANY = "/companies/<id:company_id>/contacts"
_MOVES = ", ".join(f"'{move.value}'" for move in ACTIONS)


@Operation("GET", _OF_COMPANY, ApiScope.CONTACTS_READ, ContactPage, asked=ContactsAsked)
def list_contacts(company_id: int, asked: ContactsAsked) -> Reply:
    """List the contacts of a company."""
    rows = feed.contacts(
        actor(), asked.after, asked.limit, q=asked.q, status=asked.status, access=asked.access
    )
    kept, onwards = next_page(rows, asked.limit, asked.model_dump())
    return Reply(ContactPage(items=[shown.contact(each) for each in kept], next=onwards))


@Operation(
    "POST", _OF_COMPANY, ApiScope.CONTACTS_WRITE, ContactShape, body=NewContact, once=True, refusals=(409,)
)
def add(company_id: int, wanted: NewContact) -> Reply:
    """Add a contact to a company; access other than none needs access:write and sends its mail."""
    who, use = actor(), once(wanted)
    # What it made before is answered again (T80).
    made = db.session.get(Contact, use.made_id) if use and use.made_id else None
    if made is not None and made.deleted_at is not None:
        raise NotNow(f"{made.name}, which this Idempotency-Key made, was deleted meanwhile.")
    company = db.session.get_one(Company, company_id)
    contact = made or add_contact(company, meant.contact(wanted, None, who), who)
    db.session.flush()
    if use is not None:
        use.made_id = contact.id
    place = url_for("api.show", contact_id=contact.id)
    return _shown(contact, status=200 if made else 201, place=place)


@Operation("GET", _ONE, ApiScope.CONTACTS_READ, ContactShape, shows_version=True)
def show(contact_id: int) -> Reply:
    """Show a contact."""
    return _shown(load(Contact, contact_id, to=Move.VIEW))


@Operation(
    "PATCH", _ONE, ApiScope.CONTACTS_WRITE, ContactShape, body=ContactChange, versioned=True, refusals=(409,)
)
def change(contact_id: int, wanted: ContactChange) -> Reply:
    """Change a contact; rights, access and type need access:write."""
    contact = load(Contact, contact_id, to=Move.EDIT)
    demand_version(shown.contact_version(contact))
    edit_contact(contact, meant.contact(wanted, contact, actor()), actor())
    return _shown(contact)


@Operation("POST", f"{_ONE}/moves/<any({_MOVES}):move>", ApiScope.ACCESS_WRITE, Moved, refusals=(409,))
def make_move(contact_id: int, move: str) -> Reply:
    """Do one of the moves that can happen to the contact now."""
    contact = load(Contact, contact_id, to=Move(move))
    notice = ACTIONS[Move(move)](contact, actor())
    there = None if Move(move) is Move.DELETE else shown.contact(_fresh(contact))
    return Reply(Moved(notice=notice, contact=there))


def _fresh(contact: Contact) -> Contact:
    """Return the contact with what stands around it read again: the link that was just made, for one."""
    db.session.flush()
    db.session.expire(contact)
    return contact


def _shown(contact: Contact, *, status: int = 200, place: str = "") -> Reply:
    fresh = _fresh(contact)
    return Reply(shown.contact(fresh), status, shown.contact_version(fresh), place)
