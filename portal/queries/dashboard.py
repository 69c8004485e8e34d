"""The numbers of the first page: one statement for all tiles, each cut to the reader's rights (C33)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from portal.clock import now
from portal.extensions import db
from portal.invariants import can_sign_in, holds_permission
from portal.models import (
    Access,
    Area,
    Contact,
    ContactPermission,
    ContactRole,
    Invitation,
    Invoice,
    Permission,
    PortalUser,
    Property,
    PropertyLink,
    WorkOrder,
    WorkStatus,
)
from portal.policy import Actor, browses_contacts, opens
from portal.queries.contacts import Row
from portal.queries.invoices import Standing, has_standing
from portal.queries.paging import COUNTED
from portal.visibility import visible

SHOWN = 6
_ENDED = (WorkStatus.DONE, WorkStatus.CANCELLED)


@dataclass
class Numbers:
    """What the tiles say; None where the reader has no right to it. 1,001 contacts stand for more."""

    contacts: int | None = None
    active: int | None = None
    pending: int | None = None
    attention: int | None = None
    work: int | None = None
    visits: int | None = None
    owed: int | None = None
    late: int | None = None
    next_due: date | None = None
    properties: int | None = None
    lonely: int | None = None
    spent: int | None = None
    authorized: int | None = None
    with_rights: int | None = None
    admins: int | None = None
    linked: int | None = None


def numbers(actor: Actor, today: date) -> Numbers:
    """Return what `actor` may know of on `today`, in one statement."""
    wanted: dict[str, ColumnElement[Any]] = {}
    if browses_contacts(actor):
        wanted |= _contacts(actor)
    if actor.is_admin:
        wanted |= _set_up(actor)
    for area, columns in _AREAS.items():
        if opens(actor, area):
            wanted |= columns(actor, today)
    if not wanted:
        return Numbers()
    row = db.session.execute(select(*(column.label(name) for name, column in wanted.items()))).one()
    return Numbers(**row._asdict())


def attention(actor: Actor, most: int = SHOWN) -> list[Row]:
    """Return up to `most` contacts, by name, whose invitation needs somebody: expired, or its mail failed."""
    query = (
        visible(actor, Contact)
        .where(_pending(), _stuck())
        .add_columns(holds_permission(Permission.ADMIN))
        .options(joinedload(Contact.live_invitation))
        .order_by(Contact.name_key, Contact.id)
        .limit(most)
    )
    return [Row(each[0], 0, bool(each[1])) for each in db.session.execute(query).unique()]


def _contacts(actor: Actor) -> dict[str, ColumnElement[Any]]:
    everybody = visible(actor, Contact)
    active = everybody.where(Contact.deactivated_at.is_(None), ~_pending())
    return {"contacts": _few(everybody), "active": _few(active)}


def _set_up(actor: Actor) -> dict[str, ColumnElement[Any]]:
    """What an admin has to see to: invitations, and the steps of setting a company up."""
    everybody = visible(actor, Contact)
    rights = or_(
        exists().where(ContactRole.contact_id == Contact.id),
        exists().where(ContactPermission.contact_id == Contact.id),
    )
    able = everybody.join(PortalUser, PortalUser.id == Contact.portal_user_id).where(can_sign_in())
    return {
        "pending": _few(everybody.where(_pending())),
        "attention": _few(everybody.where(_pending(), _stuck())),
        "authorized": _few(everybody.where(Contact.access != Access.NONE)),
        "with_rights": _few(everybody.where(rights)),
        "admins": _few(able.where(holds_permission(Permission.ADMIN))),
        "linked": _few(everybody.where(exists().where(PropertyLink.contact_id == Contact.id))),
    }


def _work(actor: Actor, today: date) -> dict[str, ColumnElement[Any]]:
    still_open = visible(actor, WorkOrder).where(WorkOrder.status.not_in(_ENDED))
    visits = still_open.where(WorkOrder.visit_on == today)
    return {"work": _all(still_open, func.count()), "visits": _all(visits, func.count())}


def _money(actor: Actor, today: date) -> dict[str, ColumnElement[Any]]:
    left = func.coalesce(func.sum(Invoice.net + Invoice.tax - Invoice.paid), 0)
    due, late = has_standing(Standing.DUE, today), has_standing(Standing.OVERDUE, today)
    invoices = visible(actor, Invoice)
    return {
        "owed": _all(invoices.where(or_(due, late)), left),
        "late": _all(invoices.where(late), left),
        "next_due": _all(invoices.where(due), func.min(Invoice.due_on)),
    }


def _places(actor: Actor, _today: date) -> dict[str, ColumnElement[Any]]:
    in_use = visible(actor, Property).where(Property.archived_at.is_(None))
    looked_after = exists().where(
        PropertyLink.property_id == Property.id,
        PropertyLink.contact_id == Contact.id,
        Contact.deleted_at.is_(None),
        Contact.deactivated_at.is_(None),
    )
    return {
        "properties": _all(in_use, func.count()),
        "lonely": _all(in_use.where(~looked_after), func.count()),
    }


def _spend(actor: Actor, today: date) -> dict[str, ColumnElement[Any]]:
    billed = visible(actor, Invoice).where(
        Invoice.status != "void", Invoice.issued_on.between(today.replace(day=1), today)
    )
    return {"spent": _all(billed, func.coalesce(func.sum(Invoice.net + Invoice.tax), 0))}


_AREAS = {
    Area.WORK_ORDERS: _work,
    Area.BILLING: _money,
    Area.PROPERTIES: _places,
    Area.REPORTS: _spend,
}


def _pending() -> ColumnElement[bool]:
    return and_(
        Contact.access == Access.PORTAL,
        Contact.portal_user_id.is_(None),
        Contact.deactivated_at.is_(None),
    )


def _stuck() -> ColumnElement[bool]:
    return ~exists().where(
        Invitation.contact_id == Contact.id,
        Invitation.ended_at.is_(None),
        Invitation.expires_at > now(),
        Invitation.mail_failed_at.is_(None),
    )


def _all(query: Select[Any], what: Any) -> ColumnElement[Any]:
    return query.with_only_columns(what, maintain_column_froms=True).scalar_subquery()


def _few(query: Select[Any]) -> ColumnElement[int]:
    """Count no further than the lists do."""
    some = query.with_only_columns(Contact.id).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
