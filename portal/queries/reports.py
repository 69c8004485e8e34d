"""What the reports count: people, work orders, spend, cut to the reader's scope (behaviour C42)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, extract, func, not_
from sqlalchemy.orm import contains_eager, selectinload

from portal.extensions import db
from portal.invariants import holds_permission
from portal.models import (
    Access,
    Contact,
    Invoice,
    Permission,
    PortalUser,
    Property,
    PropertyLink,
    Scope,
    WorkOrder,
)
from portal.policy import Actor, rights_of
from portal.queries import paging
from portal.queries.invoices import at_property, billed
from portal.queries.paging import Order, Page
from portal.visibility import reported, visible


@dataclass
class Person:
    """One person of the report with what they may do and how far they see."""

    contact: Contact
    rights: frozenset[Permission]
    property_count: int
    last_sign_in: datetime | None


@dataclass
class Month:
    """What was billed in one month, and in the same month of the year before."""

    first: date
    invoices: int = 0
    net: int = 0
    tax: int = 0
    before: int = 0

    @property
    def total(self) -> int:
        """Net and tax."""
        return self.net + self.tax


@dataclass(frozen=True)
class Asked:
    """Whom the people report is asked about: added when, standing in which group."""

    added: tuple[datetime, datetime]
    since: datetime
    group: str = ""
    after: str = ""
    before: str = ""
    sort: str = ""
    dir: str = "asc"


def groups(since: datetime) -> dict[str, ColumnElement[bool]]:
    """Return the conditions of the groups that people stand in; who signed in after `since` is not silent."""
    able = and_(Contact.access == Access.PORTAL, Contact.deactivated_at.is_(None))
    last = PortalUser.last_sign_in_at
    links = exists().where(PropertyLink.contact_id == Contact.id)
    return {
        "recent": and_(able, last >= since),
        "silent": and_(able, last < since),
        "never": and_(able, last.is_(None)),
        "unable": not_(able),
        "no_property": and_(
            Contact.scope == Scope.PROPERTY, not_(holds_permission(Permission.ADMIN)), not_(links)
        ),
    }


def count_people(actor: Actor, asked: Asked) -> dict[str, int]:
    """Return how many people stand in each group, and under "all" how many there are."""
    columns: dict[str, Any] = {"all": func.count(Contact.id)}
    columns |= {name: func.count().filter(condition) for name, condition in groups(asked.since).items()}
    query = _people(actor, asked, "").with_only_columns(*columns.values())
    return dict(zip(columns, db.session.execute(query).one(), strict=True))


def people(actor: Actor, asked: Asked) -> Page:
    """Return the page of people that is asked for, by name."""
    query = _with_facts(_people(actor, asked, asked.group))
    found = paging.page(query, asked, Order(Contact.name_key), Contact.id)
    found.rows = [_person(each[0], each[1]) for each in found.rows]
    return found


def all_people(actor: Actor, asked: Asked) -> list[Person]:
    """Return everybody that is asked for, by name."""
    query = _with_facts(_people(actor, asked, asked.group)).order_by(Contact.name_key, Contact.id)
    return [_person(*each) for each in db.session.execute(query).unique()]


def _people(actor: Actor, asked: Asked, group: str) -> Select[Any]:
    first, end = asked.added
    query = reported(actor).outerjoin(PortalUser, PortalUser.id == Contact.portal_user_id)
    query = query.where(Contact.created_at >= first, Contact.created_at < end)
    return query.where(groups(asked.since)[group]) if group else query


def _with_facts(query: Select[Any]) -> Select[Any]:
    links = db.select(func.count()).where(PropertyLink.contact_id == Contact.id).correlate(Contact)
    options = (contains_eager(Contact.user), selectinload(Contact.boxes))
    return query.add_columns(links.scalar_subquery()).options(*options)


def _person(contact: Contact, links: int) -> Person:
    last = contact.user.last_sign_in_at if contact.user else None
    return Person(contact, rights_of(contact), links, last)


def work_orders(actor: Actor, first: datetime, end: datetime) -> list[tuple[str | None, dict[str, int]]]:
    """Return for each property, by name, how many work orders asked for in the time have which status.

    Those about no property come last, under None.
    """
    asked = visible(actor, WorkOrder).where(WorkOrder.created_at >= first, WorkOrder.created_at < end)
    query = (
        asked.outerjoin(Property, Property.id == WorkOrder.property_id)
        .with_only_columns(Property.name, WorkOrder.status, func.count())
        .group_by(Property.id, Property.name, WorkOrder.status)
    )
    found: dict[str | None, dict[str, int]] = {}
    for name, status, number in db.session.execute(query):
        found.setdefault(name, {})[status] = number
    return sorted(found.items(), key=lambda row: (row[0] is None, (row[0] or "").casefold()))


def spend(actor: Actor, first: date, last: date, place: str = "") -> list[Month]:
    """Return the months from `first` to `last` with what was billed in them, void invoices left out."""
    months = {(each.first.year, each.first.month): each for each in _months(first, last)}
    for year, month, number, net, tax in _billed(actor, first, last, place):
        found = months[int(year), int(month)]
        found.invoices, found.net, found.tax = number, net, tax
    for year, month, _, net, tax in _billed(actor, a_year_before(first), a_year_before(last), place):
        months[int(year) + 1, int(month)].before = net + tax
    return list(months.values())


def _billed(actor: Actor, first: date, last: date, place: str) -> list[Any]:
    year, month = extract("year", Invoice.issued_on), extract("month", Invoice.issued_on)
    counted = billed(actor).where(Invoice.status != "void", Invoice.issued_on.between(first, last))
    query = at_property(counted, Invoice.property_id, place).with_only_columns(
        year, month, func.count(), func.sum(Invoice.net), func.sum(Invoice.tax)
    )
    return list(db.session.execute(query.group_by(year, month)))


def _months(first: date, last: date) -> list[Month]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [Month(date(number // 12, number % 12 + 1, 1)) for number in numbers]


def a_year_before(day: date) -> date:
    """Return the same day of the year before; of 29 February the 28th."""
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )
