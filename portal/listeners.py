"""Who hears by mail of what happens at a company: who asked for the topic and may know of it (C11, C44)."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from portal.extensions import db
from portal.invariants import holds_permission
from portal.models import (
    Access,
    Company,
    CompanyArea,
    Contact,
    ContactTopic,
    Permission,
    PortalUser,
    Property,
    VendorArea,
    WorkOrder,
)
from portal.policy import as_reader, opening, topic_is_for_admins
from portal.visibility import visible, within_scope


def hearing(topic: str) -> Select[Any]:
    """Return the contacts that get mail about `topic`, of every company and whatever their scope.

    The topic gives nothing: who has a login needs a right that opens what the mail tells. For whoever deals
    by e-mail only, the topic itself says what to write about; the account is for admins in any case.
    """
    return (
        select(Contact)
        .where(_reachable(), _wants(topic), _may_know(topic), _there(topic))
        .order_by(Contact.id)
    )


def hearing_of(topic: str, company_id: int, place_id: int | None) -> Select[Any]:
    """Return who hears of a thing of the company at the property `place_id`, or at none (C44)."""
    return hearing(topic).where(Contact.company_id == company_id, within_scope(place_id))


def admins(company_id: int) -> Select[Any]:
    """Return the company's admins who have a login, whatever topics they chose; the first 20 by id."""
    mine = (Contact.company_id == company_id, Contact.access == Access.PORTAL)
    query = select(Contact).where(_reachable(), *mine, holds_permission(Permission.ADMIN))
    return query.order_by(Contact.id).limit(20)


def hears(contact_id: int, query: Select[Any]) -> bool:
    """Return whether the contact is one of those in `query` as things are now (P12)."""
    found = query.where(Contact.id == contact_id).with_only_columns(Contact.id)
    return db.session.scalar(found) is not None


def requester_of(order: WorkOrder) -> Select[Any]:
    """Return whoever asked for the work, as long as they may know of it; that needs no topic (C43)."""
    return select(Contact).where(
        Contact.id == order.requested_by,
        _reachable(),
        _has_right("work_orders"),
        within_scope(order.property_id),
    )


def knowing_spend() -> Select[Any]:
    """Return the contacts that may read in a summary what was billed."""
    by_mail = and_(Contact.access == Access.EMAIL_ONLY, _wants("billing"))
    return select(Contact).where(_reachable(), or_(_has_right("billing"), by_mail), _there("billing"))


def extent(contact: Contact) -> list[int]:
    """Return what a contact's scope amounts to: the ids of its properties, [0] for the entire client."""
    reader = as_reader(contact)
    if reader.sees_everything:
        return [0]
    query = visible(reader, Property).with_only_columns(Property.id).order_by(Property.id)
    return list(db.session.scalars(query))


def companies(topics: tuple[str, ...]) -> list[int]:
    """Return the ids of the companies where somebody chose one of `topics`."""
    query = select(ContactTopic.company_id).where(ContactTopic.topic.in_(topics)).distinct()
    return list(db.session.scalars(query.order_by(ContactTopic.company_id)))


def _reachable() -> ColumnElement[bool]:
    """Neither deleted, inactive, pending nor disabled, and at a company that has not left."""
    able = exists().where(
        PortalUser.id == Contact.portal_user_id,
        PortalUser.disabled_at.is_(None),
        PortalUser.closed_at.is_(None),
    )
    return and_(
        Contact.deleted_at.is_(None),
        Contact.deactivated_at.is_(None),
        or_(Contact.access == Access.EMAIL_ONLY, and_(Contact.access == Access.PORTAL, able)),
        exists().where(Company.id == Contact.company_id, Company.exited_at.is_(None)),
    )


def _wants(topic: str) -> ColumnElement[bool]:
    return exists().where(ContactTopic.contact_id == Contact.id, ContactTopic.topic == topic)


def _has_right(topic: str) -> ColumnElement[bool]:
    return or_(*(holds_permission(each) for each in sorted(opening(topic))))


def _may_know(topic: str) -> ColumnElement[bool]:
    right = _has_right(topic)
    return right if topic_is_for_admins(topic) else or_(right, Contact.access == Access.EMAIL_ONLY)


def _there(topic: str) -> ColumnElement[bool]:
    """The company has the area: neither staff, for it or for all, nor its admins have switched it off."""
    off = or_(CompanyArea.off_by_staff, CompanyArea.hidden_by_admin)
    here = exists().where(CompanyArea.company_id == Contact.company_id, CompanyArea.area == topic, off)
    return ~or_(here, exists().where(VendorArea.area == topic))
