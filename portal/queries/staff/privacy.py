"""What the portal holds about a person, at one client or over all of them, row by row (behaviour S8)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select

from portal.extensions import db
from portal.models import (
    AccessRequest,
    Activity,
    Company,
    Contact,
    Document,
    Import,
    ImportRow,
    Invitation,
    Invoice,
    Letter,
    LoginLink,
    PasswordRequest,
    PortalUser,
    SignInSession,
    TermsAcceptance,
    WorkOrder,
    WorkOrderEvent,
    WorkStatus,
)
from portal.models.keys import email_key, fold
from portal.policy import Actor
from portal.queries.imports import UNSEEN
from portal.queries.paging import LONGEST_SEARCH
from portal.visibility import over_all

SHOWN = 25
DID = "What the person did"
# What belongs to the portal's working and tells nothing about a person, or would let somebody in.
_NOT_TOLD = {
    *("password_hash", "key_hash", "form_key", "version", "stored_as", "message_id", "leased_until"),
    *("search_key", "name_key", "turned_key", "email_key", "username_key", "recovery_key", "email_domain"),
}


@dataclass
class Person:
    """One person: contacts of one or several clients and, where it serves nobody else, the login."""

    contacts: list[Contact]
    user: PortalUser | None = None
    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What people call the person."""
        return self.contacts[0].name if self.contacts else self.user.name if self.user else ""

    @property
    def contact_ids(self) -> list[int]:
        return [contact.id for contact in self.contacts]

    @property
    def company_ids(self) -> list[int]:
        return sorted({contact.company_id for contact in self.contacts})


def at_client(reader: Actor, contact_id: int) -> Person | None:
    """Return the person as one client knows them; with the login where no other contact is linked to it."""
    contact = db.session.scalar(over_all(reader, Contact).where(Contact.id == contact_id))
    if contact is None or contact.erased_as:
        return None
    user = contact.user
    return _known(Person([contact], user if user is not None and user.companies_linked <= 1 else None))


def everywhere(reader: Actor, user_id: int) -> Person | None:
    """Return the person behind a login over all clients: whoever is linked to it or has its address."""
    user = db.session.scalar(over_all(reader, PortalUser).where(PortalUser.id == user_id))
    if user is None or user.erased_as:
        return None
    mine = or_(Contact.portal_user_id == user.id, Contact.email_key == user.email_key)
    contacts = db.session.scalars(over_all(reader, Contact).where(mine).order_by(Contact.id)).unique()
    return _known(Person(list(contacts), user))


def people_of(reader: Actor, company_id: int) -> Person:
    """Return everybody whom a client ever had, as one; without logins, which may serve others."""
    contacts = db.session.scalars(over_all(reader, Contact).where(Contact.company_id == company_id))
    return _known(Person(list(contacts.unique())))


def client(reader: Actor, company_id: int) -> Company | None:
    """Return the client with this id."""
    found: Company | None = db.session.scalar(over_all(reader, Company).where(Company.id == company_id))
    return found


def search(reader: Actor, q: str) -> tuple[list[Contact], list[PortalUser]]:
    """Return contacts, deleted ones too, and logins that have this address or such a name."""
    text = q[:LONGEST_SEARCH]
    found = []
    for model in (Contact, PortalUser):
        query = over_all(reader, model).where(model.erased_as.is_(None))
        if "@" in text:
            query = query.where(model.email_key == email_key(text))
        for word in [] if "@" in text else fold(text).split():
            query = query.where(model.name_key.contains(word, autoescape=True))
        found.append(list(db.session.scalars(query.order_by(model.name_key, model.id).limit(SHOWN)).unique()))
    return found[0], found[1]


def held(person: Person) -> dict[str, list[dict[str, Any]]]:
    """Return every row about the person by what it is, each column by its name; nothing secret."""
    return {
        name: [_told(row, name == DID) for row in db.session.scalars(query).unique()]
        for name, query in _queries(person)
    }


def counted(person: Person) -> dict[str, int]:
    """Return how many rows there are about the person, by what they are."""
    columns = {
        name: select(func.count()).select_from(query.options().subquery()).scalar_subquery().label(name)
        for name, query in _queries(person)
    }
    found = db.session.execute(select(*columns.values())).one()
    return dict(zip(columns, found, strict=True))


def files_of(person: Person) -> list[Document]:
    """Return the photos that the person handed in with work orders."""
    return list(db.session.scalars(photos(person)))


def photos(person: Person) -> Select[Any]:
    """Return the photos of work orders that were handed in under the person's name, at the own clients."""
    return select(Document).where(
        Document.company_id.in_(person.company_ids),
        Document.work_order_id.is_not(None),
        Document.added_by.in_(person.names),
    )


def letters(person: Person) -> Select[Any]:
    """Return the mails that went to the person about these clients, and those about the login."""
    mine = [
        Letter.invitation_id.in_(select(Invitation.id).where(Invitation.contact_id.in_(person.contact_ids))),
        Letter.company_id.in_(person.company_ids) & _is_address(Letter.to_email, person),
    ]
    if person.user is not None:
        links = select(LoginLink.id).where(LoginLink.portal_user_id == person.user.id)
        mine += [
            Letter.login_link_id.in_(links),
            Letter.company_id.is_(None) & _is_address(Letter.to_email, person),
        ]
    return select(Letter).where(or_(*mine))


def about(person: Person) -> ColumnElement[bool]:
    """Return the condition that a row of the activity tells what was done to the person."""
    login = Activity.user_id == person.user.id if person.user else false()
    return or_(Activity.contact_id.in_(person.contact_ids), login)


def by(person: Person) -> ColumnElement[bool]:
    """Return the condition that a row of the activity tells what the person did."""
    login = Activity.actor_user_id == person.user.id if person.user else false()
    return or_(Activity.actor_contact_id.in_(person.contact_ids), login)


def logins_only_at(company_id: int) -> list[PortalUser]:
    """Return the logins whose live contacts are all at this client."""
    elsewhere = exists().where(
        Contact.portal_user_id == PortalUser.id,
        Contact.deleted_at.is_(None),
        Contact.company_id != company_id,
    )
    here = exists().where(Contact.portal_user_id == PortalUser.id, Contact.company_id == company_id)
    query = select(PortalUser).where(here, ~elsewhere).order_by(PortalUser.id)
    return list(db.session.scalars(query.with_for_update(of=PortalUser)))


def alone(user: PortalUser) -> Person:
    """Return the person behind a login without any contact."""
    return _known(Person([], user))


def open_invoices(company_id: int) -> int:
    """Return how many invoices of a client are not settled; a draft is none yet."""
    query = select(func.count()).where(Invoice.company_id == company_id, Invoice.status == "open")
    return db.session.scalar(query) or 0


def unfinished_work(company_id: int) -> int:
    """Return how many work orders of a client are neither done nor cancelled."""
    over = (WorkStatus.DONE, WorkStatus.CANCELLED)
    query = select(func.count()).where(WorkOrder.company_id == company_id, WorkOrder.status.not_in(over))
    return db.session.scalar(query) or 0


def imports(person: Person) -> list[Import]:
    """Return the tables that were handed in with the person in them, at their clients or over all.

    Who is in one whose rows were not all looked at nobody knows: it counts as having the person in it.
    """
    keys = {email_key(address) for address in person.addresses}
    named = or_(
        ImportRow.contact_id.in_(person.contact_ids),
        ImportRow.match_key.in_(keys),
        ImportRow.name.in_(person.names),
    )
    here = or_(Import.company_id.in_(person.company_ids), Import.company_id.is_(None))
    # A row that takes a client on holds the person as its contact.
    comes_with = _is_address(ImportRow.ready[("cells", "email")].as_string(), person)
    inside = select(ImportRow.import_id).where(named | comes_with)
    maybe = Import.state.in_(UNSEEN)
    return list(db.session.scalars(select(Import).where(here, maybe | Import.id.in_(inside))))


def requests_for_access(person: Person) -> Select[Any]:
    """Return what was asked for under the person's address."""
    keys = {email_key(address) for address in person.addresses}
    query = select(AccessRequest).where(AccessRequest.email_key.in_(keys))
    return query if person.user is not None else query.where(AccessRequest.company_id.in_(person.company_ids))


def asked_passwords(person: Person) -> Select[Any]:
    """Return the password requests for the addresses of the person's own login."""
    mine = _is_address(PasswordRequest.email, person) if person.user is not None else false()
    return select(PasswordRequest).where(mine)


def _queries(person: Person) -> Iterable[tuple[str, Select[Any]]]:
    user_id = person.user.id if person.user else 0
    ordered = select(WorkOrder).where(WorkOrder.requested_by.in_(person.contact_ids))
    wrote = select(WorkOrderEvent).join(WorkOrder, WorkOrder.id == WorkOrderEvent.work_order_id)
    here, names = WorkOrder.company_id.in_(person.company_ids), WorkOrderEvent.by_name.in_(person.names)
    return (
        ("Contacts", select(Contact).where(Contact.id.in_(person.contact_ids))),
        ("Login", select(PortalUser).where(PortalUser.id == user_id)),
        ("Sessions", select(SignInSession).where(SignInSession.portal_user_id == user_id)),
        ("Terms accepted", select(TermsAcceptance).where(TermsAcceptance.portal_user_id == user_id)),
        ("Invitations", select(Invitation).where(Invitation.contact_id.in_(person.contact_ids))),
        ("Links", select(LoginLink).where(LoginLink.portal_user_id == user_id)),
        ("Mail", letters(person)),
        ("Access requests", requests_for_access(person)),
        ("Password requests", asked_passwords(person)),
        ("Work orders", ordered),
        ("Entries of work orders", wrote.where(here, names)),
        ("Photos", photos(person)),
        ("What was done to the person", select(Activity).where(about(person))),
        (DID, select(Activity).where(by(person))),
    )


def _told(row: Any, did: bool) -> dict[str, Any]:
    """Return what a row says; of what the person `did`, not to whom, because that is about somebody else."""
    kept = {
        column.key: getattr(row, column.key)
        for column in row.__mapper__.column_attrs
        if column.key not in _NOT_TOLD
    }
    if isinstance(row, Activity):
        names = ("at", "what", "result", "address") if did else ("at", "what", "result", "reason", "changes")
        kept = {name: kept[name] for name in names}
    return kept


def _known(person: Person) -> Person:
    """Fill in every name and address by which the person is known."""
    keepers: list[Contact | PortalUser] = [*person.contacts, *([person.user] if person.user else [])]
    person.names = {each.name for each in keepers if each.name}
    person.addresses = {each.email for each in keepers if each.email}
    if person.user is not None and person.user.recovery_email:
        person.addresses.add(person.user.recovery_email)
    invited = select(Invitation.email).where(Invitation.contact_id.in_(person.contact_ids))
    links = select(LoginLink.email).where(LoginLink.portal_user_id == (person.user.id if person.user else 0))
    person.addresses |= set(db.session.scalars(invited)) | set(db.session.scalars(links))
    return person


def _is_address(column: Any, person: Person) -> ColumnElement[bool]:
    return func.lower(column).in_({address.lower() for address in person.addresses})
