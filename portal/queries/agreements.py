"""Contracts and RFPs: their lists, where a contract stands in time, and the properties each is about."""

from collections.abc import Collection
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import lazyload

from portal.extensions import db
from portal.models import Contract, ContractProperty, Property, Rfp, RfpProperty
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import Order, Page, Wish
from portal.visibility import own, visible

Row = TypeVar("Row", bound=Contract | Rfp)

CONTRACT_VIEWS = ("", "active", "upcoming", "ended")
RFP_VIEWS = ("", "open", "answered", "accepted", "declined", "closed")
CONTRACT_ORDERS = {"starts": Order(Contract.starts_on, date), "title": Order(Contract.name_key)}
RFP_ORDERS = {"answers_by": Order(Rfp.answers_by, date), "title": Order(Rfp.name_key)}


def standing(contract: Contract, today: date) -> str:
    """Return where a contract stands: "upcoming", "active" or "ended"."""
    if contract.starts_on > today:
        return "upcoming"
    return "ended" if contract.ends_on is not None and contract.ends_on < today else "active"


def _stands(view: str, today: date) -> ColumnElement[bool]:
    started, ended = Contract.starts_on <= today, Contract.ends_on < today
    if view == "upcoming":
        return ~started
    return ended if view == "ended" else and_(started, or_(Contract.ends_on.is_(None), ~ended))


def contracts(reader: Actor, wish: Wish, today: date) -> Page:
    """Return a page of rows: contract, and how many of the reader's properties it covers."""
    query = _contracts(reader, wish, today).options(lazyload(Contract.property_links))
    covered = _seen(reader, ContractProperty, ContractProperty.contract_id == Contract.id).correlate(Contract)
    every = select(func.count()).where(ContractProperty.contract_id == Contract.id).correlate(Contract)
    query = query.add_columns(covered.scalar_subquery().label("seen"), every.scalar_subquery().label("every"))
    return paging.page(query, wish, CONTRACT_ORDERS[wish.sort], Contract.id)


def contract_counts(reader: Actor, wish: Wish, today: date) -> dict[str, int]:
    """Return how many contracts the reader sees in each view, and how many match."""
    seen = visible(reader, Contract)
    views = {view: seen.where(_stands(view, today)) for view in CONTRACT_VIEWS if view}
    return paging.counts({"all": seen, **views, "matching": _contracts(reader, wish, today)})


def _contracts(reader: Actor, wish: Wish, today: date) -> Select[Any]:
    query = visible(reader, Contract)
    if wish.view:
        query = query.where(_stands(wish.view, today))
    return paging.searched(query, wish.q, Contract.search_key)


def rfps(reader: Actor, wish: Wish) -> Page:
    """Return a page of rows: RFP, and how many of the reader's properties it is about."""
    query = _rfps(reader, wish).options(lazyload(Rfp.property_links))
    covered = _seen(reader, RfpProperty, RfpProperty.rfp_id == Rfp.id).correlate(Rfp)
    every = select(func.count()).where(RfpProperty.rfp_id == Rfp.id).correlate(Rfp)
    query = query.add_columns(covered.scalar_subquery().label("seen"), every.scalar_subquery().label("every"))
    return paging.page(query, wish, RFP_ORDERS[wish.sort], Rfp.id)


def rfp_counts(reader: Actor, wish: Wish) -> dict[str, int]:
    """Return how many RFPs the reader sees in each status, and how many match."""
    seen = visible(reader, Rfp)
    views = {view: seen.where(Rfp.status == view) for view in RFP_VIEWS if view}
    return paging.counts({"all": seen, **views, "matching": _rfps(reader, wish)})


def _rfps(reader: Actor, wish: Wish) -> Select[Any]:
    query = visible(reader, Rfp)
    if wish.view:
        query = query.where(Rfp.status == wish.view)
    return paging.searched(query, wish.q, Rfp.search_key)


def _seen(reader: Actor, link: Any, belongs: ColumnElement[bool]) -> Select[Any]:
    """Return the number of properties at the other end of `link` that the reader may know of."""
    known = visible(reader, Property).with_only_columns(Property.id)
    return select(func.count()).select_from(link).where(belongs, link.property_id.in_(known))


def properties_of_contract(reader: Actor, contract: Contract) -> list[Property]:
    """Return the properties that `contract` covers and the reader may know of, by name."""
    return _places(
        reader, select(ContractProperty.property_id).where(ContractProperty.contract_id == contract.id)
    )


def properties_of_rfp(reader: Actor, rfp: Rfp) -> list[Property]:
    """Return the properties that `rfp` is about and the reader may know of, by name."""
    return _places(reader, select(RfpProperty.property_id).where(RfpProperty.rfp_id == rfp.id))


def _places(reader: Actor, ids: Select[Any]) -> list[Property]:
    query = visible(reader, Property).where(Property.id.in_(ids)).order_by(Property.name_key, Property.id)
    return list(db.session.scalars(query))


def having_reference(reader: Actor, model: type[Row], reference: str, *, except_id: int | None) -> Row | None:
    """Return the contract or RFP of the reader's company with `reference`, whatever its case.

    Not the one with `except_id`.
    """
    same = func.lower(model.reference) == func.lower(reference)
    query = own(reader, model).where(same, model.id != (except_id or 0))
    found: Row | None = db.session.scalars(query.limit(1)).first()
    return found


def coverable(reader: Actor, row: Contract | Rfp | None) -> list[Property]:
    """Return the properties that `row` may be about, by name: those in use, and those it is about already."""
    now = [link.property_id for link in row.property_links] if row else []
    query = visible(reader, Property).where(Property.archived_at.is_(None) | Property.id.in_(now))
    return list(db.session.scalars(query.order_by(Property.name_key, Property.id)))


def places_called(reader: Actor, names: Collection[str]) -> dict[str, Property]:
    """Return the properties of the reader's company with these names, each by its folded name."""
    keys = {fold(name)[:220] for name in names}
    query = own(reader, Property).where(Property.name_key.in_(keys)) if keys else None
    found = db.session.scalars(query) if query is not None else ()
    return {place.name_key: place for place in found}
