"""The invoices a reader may see: list, search, filters, paging, and what is owed."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from portal import money
from portal.extensions import db
from portal.models import Invoice, Property
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import Order, Page
from portal.visibility import visible

# The invoices that are about no property.
NO_PROPERTY = "none"


class Standing(StrEnum):
    """How an invoice stands for the reader on a day; drafts are shown to the vendor alone."""

    DRAFT = "draft"
    DUE = "due"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"


@dataclass(frozen=True)
class Wish:
    """What the reader asks the list for; every value is already known to be sensible."""

    q: str = ""
    view: str = ""
    year: str = ""
    place: str = ""
    after: str = ""
    before: str = ""
    sort: str = ""
    dir: str = "asc"

    @property
    def narrowed(self) -> bool:
        """True if only some of the invoices are asked for."""
        return any((self.q, self.view, self.year, self.place))


@dataclass
class Row:
    """One invoice with how it stands and what is left to pay."""

    invoice: Invoice
    standing: Standing
    balance: int


@dataclass
class Totals:
    """How many invoices there are for the reader, by how they stand, and what is owed on them."""

    all: int = 0
    draft: int = 0
    due: int = 0
    overdue: int = 0
    paid: int = 0
    owed: int = 0
    late: int = 0
    first: date | None = None
    last: date | None = None


def page(actor: Actor, wish: Wish, today: date) -> Page:
    """Return the page of invoices that `actor` may see and `wish` asks for: drafts, overdue, due, rest."""
    found = paging.page(_matching(actor, wish, today), wish, _order(today), Invoice.id)
    found.rows = [row_of(each[0], today) for each in found.rows]
    return found


def everything(actor: Actor, wish: Wish, today: date) -> list[Row]:
    """Return all invoices that `actor` may see and `wish` asks for, in the order of the list."""
    newest = (Invoice.issued_on.desc(), Invoice.id.desc())
    query = _matching(actor, wish, today).order_by(_rank(today), *newest)
    return [row_of(each, today) for each in db.session.scalars(query).unique()]


def matching(actor: Actor, wish: Wish, today: date) -> int:
    """Return how many invoices `wish` asks for."""
    query = _matching(actor, wish, today).with_only_columns(func.count(Invoice.id))
    return db.session.scalar(query) or 0


def totals(actor: Actor, today: date) -> Totals:
    """Return what there is for `actor`, counted and added up on `today`."""
    left = Invoice.net + Invoice.tax - Invoice.paid
    late = has_standing(Standing.OVERDUE, today)
    columns: dict[str, Any] = {
        "all": func.count(Invoice.id),
        "draft": func.count().filter(has_standing(Standing.DRAFT, today)),
        "due": func.count().filter(has_standing(Standing.DUE, today)),
        "overdue": func.count().filter(late),
        "paid": func.count().filter(has_standing(Standing.PAID, today)),
        "owed": func.coalesce(func.sum(left).filter(_owes()), 0),
        "late": func.coalesce(func.sum(left).filter(late), 0),
        "first": func.min(Invoice.issued_on),
        "last": func.max(Invoice.issued_on),
    }
    query = visible(actor, Invoice).with_only_columns(*columns.values())
    return Totals(**dict(zip(columns, db.session.execute(query).one(), strict=True)))


def billed(actor: Actor) -> Select[Any]:
    """Return the invoices that `actor` may see and that were issued, void ones among them."""
    return visible(actor, Invoice).where(Invoice.status != "draft")


def property_choices(actor: Actor) -> list[tuple[str, str]]:
    """Return the properties that a filter offers to `actor`, by name, and "No property" beside them."""
    query = visible(actor, Property).with_only_columns(Property.id, Property.name).order_by(Property.name)
    found = [(str(row[0]), row[1]) for row in db.session.execute(query)]
    return [*found, (NO_PROPERTY, "No property")] if actor.sees_everything else found


def became_overdue(company_id: int, since: date, today: date) -> list[Invoice]:
    """Return a company's invoices, whoever may see them, that are overdue `today` and were due `since`."""
    late = select(Invoice).where(Invoice.company_id == company_id, has_standing(Standing.OVERDUE, today))
    return list(db.session.scalars(late.where(Invoice.due_on >= since).order_by(Invoice.id)).unique())


def row_of(invoice: Invoice, today: date) -> Row:
    """Return an invoice with how it stands on `today`."""
    left = invoice.total - invoice.paid if invoice.status == "open" else 0
    return Row(invoice, _standing(invoice, left, today), max(left, 0))


def _standing(invoice: Invoice, left: int, today: date) -> Standing:
    if invoice.status in (Standing.DRAFT, Standing.VOID):
        return Standing(invoice.status)
    if left <= 0:
        return Standing.PAID
    return Standing.OVERDUE if invoice.due_on < today else Standing.DUE


def taxes(invoice: Invoice) -> list[tuple[str, int]]:
    """Return the tax of `invoice` by rate, in words; one sum where the rates do not make up what it says."""
    found = money.taxes((line.tax_percent, line.net) for line in invoice.lines)
    if sum(tax for _, tax in found) != invoice.tax:
        return [("Tax", invoice.tax)]
    return [(f"Tax {rate:f} %", tax) for rate, tax in found]


def _owes() -> ColumnElement[bool]:
    return and_(Invoice.status == "open", Invoice.net + Invoice.tax > Invoice.paid)


def has_standing(standing: Standing, today: date) -> ColumnElement[bool]:
    """Return the condition that an invoice stands so on `today`."""
    settled = and_(Invoice.status == "open", Invoice.net + Invoice.tax <= Invoice.paid)
    return {
        Standing.DRAFT: Invoice.status == "draft",
        Standing.DUE: and_(_owes(), Invoice.due_on >= today),
        Standing.OVERDUE: and_(_owes(), Invoice.due_on < today),
        Standing.PAID: or_(Invoice.status == "paid", settled),
        Standing.VOID: Invoice.status == "void",
    }[standing]


def at_property(query: Select[Any], column: Any, chosen: str) -> Select[Any]:
    """Return `query` cut to one property, to what has none, or not at all."""
    if chosen == NO_PROPERTY:
        return query.where(column.is_(None))
    return query.where(column == int(chosen)) if chosen else query


def _matching(actor: Actor, wish: Wish, today: date) -> Select[Any]:
    query = at_property(visible(actor, Invoice), Invoice.property_id, wish.place)
    query = paging.searched(query, wish.q, Invoice.search_key)
    if wish.view:
        query = query.where(has_standing(Standing(wish.view), today))
    if wish.year:
        year = int(wish.year)
        query = query.where(Invoice.issued_on.between(date(year, 1, 1), date(year, 12, 31)))
    return query


def _rank(today: date) -> ColumnElement[int]:
    first = (Standing.DRAFT, Standing.OVERDUE, Standing.DUE)
    return case(*((has_standing(each, today), rank) for rank, each in enumerate(first)), else_=len(first))


def _order(today: date) -> Order:
    newest = Order(Invoice.issued_on, date, down=True)
    return Order(_rank(today), int, then=newest)
