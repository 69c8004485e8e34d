"""The properties of a company: the list, and what stands around one of them; cut to the reader's scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select
from sqlalchemy.orm import lazyload

from portal.extensions import db
from portal.models import (
    Area,
    Contact,
    Contract,
    ContractProperty,
    Property,
    PropertyLink,
    WorkOrder,
    WorkStatus,
)
from portal.models.folding import fold
from portal.policy import Actor, browses_contacts, opens
from portal.queries import paging
from portal.queries.at_property import Reaching, reaching
from portal.queries.paging import Order, Page, Wish
from portal.visibility import own, visible

VIEWS = ("", "archived")
ORDERS = {"name": Order(Property.name_key)}
SHOWN_WORK = 10
_FINISHED = (WorkStatus.DONE, WorkStatus.CANCELLED)


@dataclass
class Around:
    """What stands around a property; None where the reader has no right to the area."""

    people: Reaching = field(default_factory=Reaching)
    work: list[WorkOrder] | None = None
    more_work: bool = False
    contracts: list[Contract] | None = None


def page(reader: Actor, wish: Wish) -> Page:
    """Return a page of rows: property, its active people, its open work orders (None without the right)."""
    query = _matching(reader, wish).add_columns(
        _people(reader).label("people"), _open_work(reader).label("open_work")
    )
    return paging.page(query, wish, ORDERS[wish.sort], Property.id)


def counts(reader: Actor, wish: Wish) -> dict[str, int]:
    """Return how many properties the reader sees in each view, and how many match."""
    seen = visible(reader, Property)
    views = {"": seen.where(Property.archived_at.is_(None)), "archived": seen.where(_archived())}
    return paging.counts(
        {"in_use": views[""], "archived": views["archived"], "matching": _matching(reader, wish)}
    )


def _matching(reader: Actor, wish: Wish) -> Select[Any]:
    query = visible(reader, Property).where(_archived() if wish.view else Property.archived_at.is_(None))
    return paging.searched(query, wish.q, Property.search_key)


def _archived() -> ColumnElement[bool]:
    return Property.archived_at.is_not(None)


def _people(reader: Actor) -> ColumnElement[int]:
    """Return the number of active contacts linked to a property that the reader may know of."""
    linked = (
        exists()
        .where(PropertyLink.contact_id == Contact.id, PropertyLink.property_id == Property.id)
        .correlate(Contact, Property)
    )
    known = visible(reader, Contact).where(Contact.deactivated_at.is_(None), linked)
    return known.with_only_columns(func.count(Contact.id)).correlate(Property).scalar_subquery()


def _open_work(reader: Actor) -> ColumnElement[Any]:
    if not opens(reader, Area.WORK_ORDERS):
        return literal(None)
    known = visible(reader, WorkOrder).where(
        WorkOrder.property_id == Property.id, WorkOrder.status.not_in(_FINISHED)
    )
    return known.with_only_columns(func.count(WorkOrder.id)).correlate(Property).scalar_subquery()


def around(reader: Actor, place: Property) -> Around:
    """Return the people, work orders and contracts of `place` that `reader` may know of."""
    answer = Around()
    if browses_contacts(reader):
        answer.people = reaching(reader, place)
    if opens(reader, Area.WORK_ORDERS):
        work = _newest_work(reader, place)
        answer.work, answer.more_work = work[:SHOWN_WORK], len(work) > SHOWN_WORK
    if opens(reader, Area.CONTRACTS):
        answer.contracts = _contracts(reader, place)
    return answer


def _newest_work(reader: Actor, place: Property) -> list[WorkOrder]:
    query = visible(reader, WorkOrder).where(WorkOrder.property_id == place.id)
    query = query.order_by(WorkOrder.status.in_(_FINISHED), WorkOrder.id.desc())
    return list(db.session.scalars(query.limit(SHOWN_WORK + 1)))


def _contracts(reader: Actor, place: Property) -> list[Contract]:
    covering = select(ContractProperty.contract_id).where(ContractProperty.property_id == place.id)
    query = visible(reader, Contract).where(Contract.id.in_(covering)).order_by(Contract.starts_on.desc())
    return list(db.session.scalars(query.options(lazyload(Contract.property_links))))


def called(reader: Actor, name: str, *, except_id: int | None = None) -> Property | None:
    """Return the property of the reader's company with `name`, whatever its case, other than `except_id`."""
    query = own(reader, Property).where(
        Property.name_key == fold(name)[:220], Property.id != (except_id or 0)
    )
    return db.session.scalars(query.limit(1)).first()


def same_as(reader: Actor, values: Mapping[str, str]) -> Property | None:
    """Return the property in use that is word for word what `values` say."""
    query = own(reader, Property).where(Property.archived_at.is_(None)).filter_by(**values)
    return db.session.scalars(query.limit(1)).first()
