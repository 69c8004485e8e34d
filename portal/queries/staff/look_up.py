"""Who may ask for what: whom an address or a phone number belongs to, over all companies (behaviour S5)."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import CompoundSelect, Select, String, cast, func, literal, or_, select, union
from sqlalchemy.orm import joinedload, selectinload

from portal import lifecycle, policy, words
from portal.extensions import db
from portal.lifecycle import Dealing
from portal.models import Activity, Company, Contact, Permission, PortalUser, PropertyLink
from portal.models.contact import domain_of
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries.people import admin_names
from portal.visibility import over_all, own

MOST = 20
# A mail domain that more companies than these share is a mail provider's and tells nothing.
SHARED = 3
_LABEL = "Portal access"


@dataclass(frozen=True)
class Standing:
    """How one person stands with one company: whether authorized, for what, where, since when, by whom."""

    contact: Contact
    dealing: Dealing
    rights: frozenset[Permission]
    everywhere: bool
    places: list[PropertyLink]
    since: datetime
    by: str

    @property
    def gives(self) -> str:
        """What the person may do, in the words of the switches; empty for nothing."""
        return words.gives(self.rights)

    @property
    def work(self) -> str:
        """Whether the person may ask for work now, and where: archived properties do not count."""
        allowed = self.dealing.authorized and Permission.WORK_ORDERS in self.rights
        open_now = [link.property.name for link in self.places if link.property.archived_at is None]
        return words.asks_for_work(allowed, self.everywhere, open_now)


@dataclass(frozen=True)
class Person:
    """One person with every company that knows them by what was entered."""

    name: str
    standings: list[Standing]


@dataclass(frozen=True)
class Neighbour:
    """A company that an unknown sender may belong to, and whom to ask there."""

    company: Company
    admins: list[str]


@dataclass(frozen=True)
class Answer:
    """Who it is; where nobody is known, the companies that it may come from.

    `guessed` says that the number is known with a country code that was not said.
    """

    people: list[Person] = field(default_factory=list)
    more: bool = False
    near: list[Neighbour] = field(default_factory=list)
    guessed: bool = False


def look_up(reader: Actor, *, address: str = "", number: str = "", elsewhere: Collection[str] = ()) -> Answer:
    """Return who writes from `address`, or calls from the E.164 `number`; for staff over all companies.

    Where nobody has the number, it may be one of `elsewhere`: that is told as a guess.
    """
    key = email_key(address) if address else ""
    answer = known(reader, _by_address(key) if key else _by_number([number]))
    if not answer.people and elsewhere:
        answer = replace(known(reader, _by_number(elsewhere)), guessed=True)
    return answer if answer.people else Answer(near=_near(reader, domain_of(key), number))


def known(reader: Actor, ids: CompoundSelect[Any]) -> Answer:
    """Return how the contacts with these ids stand with their companies, put together by person."""
    contacts = _contacts(reader, ids)
    shown = _without_former_selves(contacts[:MOST])
    marks = _marks(reader, [contact.id for contact in shown]) if shown else {}
    standings = [_standing(contact, marks) for contact in shown]
    return Answer(_people(standings), more=len(contacts) > MOST)


def _by_address(key: str) -> CompoundSelect[Any]:
    """The contacts with the address, and those whose login signs in with it."""
    by_login = select(Contact.id).join(PortalUser, PortalUser.id == Contact.portal_user_id)
    by_login = by_login.where(PortalUser.email_key == key, PortalUser.closed_at.is_(None))
    return union(select(Contact.id).where(Contact.email_key == key), by_login)


def _by_number(numbers: Collection[str]) -> CompoundSelect[Any]:
    said = [each for each in numbers if each]  # most contacts have no number, and that is none
    return union(*(select(Contact.id).where(each.in_(said)) for each in (Contact.phone, Contact.mobile)))


def _contacts(reader: Actor, ids: CompoundSelect[Any]) -> list[Contact]:
    everything = (
        joinedload(Contact.company),
        joinedload(Contact.live_invitation),
        selectinload(Contact.boxes),
        selectinload(Contact.property_links),
    )
    query = over_all(reader, Contact).where(Contact.id.in_(ids)).options(*everything)
    order = (Contact.deleted_at.is_not(None), Contact.deleted_at.desc(), Contact.name_key, Contact.id)
    return list(db.session.scalars(query.order_by(*order).limit(MOST + 1)).unique())


def _without_former_selves(contacts: list[Contact]) -> list[Contact]:
    """Leave out who was deleted and is there again: what counts is the contact of now."""
    live = {fact for each in contacts if not each.deleted_at for fact in _marks_of(each)}
    return [each for each in contacts if not each.deleted_at or live.isdisjoint(_marks_of(each))]


def _marks_of(contact: Contact) -> set[tuple[int, str]]:
    return {(contact.company_id, key) for key in (contact.email_key, contact.name_key) if key}


def _marks(reader: Actor, contact_ids: Collection[int]) -> dict[int, dict[str, Activity]]:
    """Return for each contact the newest trace of what gave or took its access, by what it left behind."""
    given = cast(Activity.changes, String).contains(f'"{_LABEL}"')
    query = own(reader, Activity).where(
        Activity.contact_id.in_(contact_ids),
        Activity.result == "done",
        or_(given, Activity.what.in_(("deactivated", "deleted"))),
    )
    found: dict[int, dict[str, Activity]] = {}
    for row in db.session.scalars(query.order_by(Activity.id)):
        left = row.changes[_LABEL][1] if _LABEL in row.changes else row.what
        found.setdefault(row.contact_id or 0, {})[left] = row
    return found


def _standing(contact: Contact, marks: dict[int, dict[str, Activity]]) -> Standing:
    dealing, rights = lifecycle.dealing(contact), policy.rights_of(contact)
    left = {Dealing.DELETED: "deleted", Dealing.INACTIVE: "deactivated"}.get(dealing, contact.access)
    mark = marks.get(contact.id, {}).get(left)
    known = {Dealing.DELETED: contact.deleted_at, Dealing.INACTIVE: contact.deactivated_at}.get(dealing)
    since = known or (mark.at if mark else contact.created_at)
    return Standing(
        contact,
        dealing,
        rights,
        policy.as_reader(contact).sees_everything,
        sorted(contact.property_links, key=lambda link: link.property.name_key),
        since,
        mark.actor_name if mark else "",
    )


def _people(standings: list[Standing]) -> list[Person]:
    """Put together who is the same person: by the login, else by the address, else by the name."""

    def who(each: Standing) -> tuple[str, str]:
        contact = each.contact
        return contact.name_key, contact.user.email_key if contact.user else contact.email_key or ""

    def rank(each: Standing) -> int:
        return list(Dealing).index(each.dealing)

    together = [list(group) for _who, group in groupby(sorted(standings, key=who), who)]
    people = [Person(group[0].contact.name, sorted(group, key=rank)) for group in together]
    return sorted(people, key=lambda person: (rank(person.standings[0]), person.name))


def _near(reader: Actor, domain: str | None, number: str) -> list[Neighbour]:
    """Return the companies with people of this mail domain, or whose own number it is; none for many."""
    if not (domain or number):
        return []
    ids = _companies_of(domain) if domain else select(Company.id).where(Company.phone == number)
    query = over_all(reader, Company).where(Company.id.in_(ids), Company.exited_at.is_(None))
    found = list(db.session.scalars(query.order_by(Company.name).limit(SHARED + 1)))
    if len(found) > SHARED:
        return []
    return [Neighbour(company, admin_names(company.id)) for company in found]


def _companies_of(domain: str) -> Select[Any]:
    """The companies with a contact of the domain, one more than SHARED: each is one step in the index."""
    mine = (Contact.email_domain == domain, Contact.deleted_at.is_(None))
    lowest = select(func.min(Contact.company_id).label("id"), literal(1).label("steps")).where(*mine)
    found = lowest.cte("found", recursive=True)
    onwards = select(func.min(Contact.company_id)).where(*mine, Contact.company_id > found.c.id)
    further = select(onwards.correlate(found).scalar_subquery(), found.c.steps + 1)
    found = found.union_all(further.where(found.c.id.is_not(None), found.c.steps <= SHARED))
    return select(found.c.id)
