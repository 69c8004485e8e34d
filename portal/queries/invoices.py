"""The invoices a reader may see: list, search, filters, paging, and what is owed."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from portal import money
from portal.extensions import db
from portal.models import Invoice, Property
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import places
from portal.visibility import visible

PAGE = 25
LONGEST_SEARCH = 100
# The invoices that are about no property.
NO_PROPERTY = "none"


class Standing(StrEnum):
    """How an invoice stands for the reader on a day; drafts are never shown."""

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
class Page:
    """The rows of one page and the way to its neighbours."""

    rows: list[Row] = field(default_factory=list)
    after: str = ""
    before: str = ""
    cursor_broken: bool = False


@dataclass
class Totals:
    """How many invoices there are for the reader, by how they stand, and what is owed on them."""

    all: int = 0
    due: int = 0
    overdue: int = 0
    paid: int = 0
    owed: int = 0
    late: int = 0
    first: date | None = None
    last: date | None = None


def page(actor: Actor, wish: Wish, today: date) -> Page:
    """Return the page of invoices that `actor` may see and `wish` asks for: overdue first, then newest."""
    cursor = wish.before or wish.after
    position = places.read(cursor, int, date, int) if cursor else None
    backwards = bool(wish.before) and position is not None
    rank = _rank(today)
    query = _matching(actor, wish, today).add_columns(rank)
    if position is not None:
        query = query.where(_beyond(rank, position, backwards))
    found = list(db.session.execute(_ordered(query, rank, backwards).limit(PAGE + 1)).unique())
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    answer = Page([row_of(each[0], today) for each in found], cursor_broken=bool(cursor) and position is None)
    if found:
        onwards, back = (True, more) if backwards else (more, position is not None)
        answer.after = _place(found[-1]) if onwards else ""
        answer.before = _place(found[0]) if back else ""
    return answer


def everything(actor: Actor, wish: Wish, today: date) -> list[Row]:
    """Return all invoices that `actor` may see and `wish` asks for, in the order of the list."""
    query = _ordered(_matching(actor, wish, today), _rank(today))
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
    if invoice.status == "void":
        return Standing.VOID
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
    for word in fold(wish.q[:LONGEST_SEARCH]).split():
        query = query.where(Invoice.search_key.contains(word, autoescape=True))
    if wish.view:
        query = query.where(has_standing(Standing(wish.view), today))
    if wish.year:
        year = int(wish.year)
        query = query.where(Invoice.issued_on.between(date(year, 1, 1), date(year, 12, 31)))
    return query


def _rank(today: date) -> ColumnElement[int]:
    return case((has_standing(Standing.OVERDUE, today), 0), (has_standing(Standing.DUE, today), 1), else_=2)


def _beyond(rank: ColumnElement[int], position: tuple[Any, ...], backwards: bool) -> ColumnElement[bool]:
    place, day, invoice_id = position
    if backwards:
        newer = or_(Invoice.issued_on > day, and_(Invoice.issued_on == day, Invoice.id > invoice_id))
        return or_(rank < place, and_(rank == place, newer))
    older = or_(Invoice.issued_on < day, and_(Invoice.issued_on == day, Invoice.id < invoice_id))
    return or_(rank > place, and_(rank == place, older))


def _ordered(query: Select[Any], rank: ColumnElement[int], backwards: bool = False) -> Select[Any]:
    if backwards:
        return query.order_by(rank.desc(), Invoice.issued_on, Invoice.id)
    return query.order_by(rank, Invoice.issued_on.desc(), Invoice.id.desc())


def _place(found: Any) -> str:
    return places.write(found[1], found[0].issued_on, found[0].id)
