"""What a reader may know of: the one place where queries are cut to company and scope (behaviour P10)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import aliased

from portal.models import (
    PRESET,
    AccessRequest,
    AccessReview,
    Activity,
    Area,
    Contact,
    ContactPermission,
    ContactRole,
    Contract,
    ContractProperty,
    Document,
    Import,
    Invoice,
    Permission,
    Property,
    PropertyLink,
    Rfp,
    RfpProperty,
    Role,
    RolePermission,
    Scope,
    WorkOrder,
)
from portal.policy import Actor, browses_contacts, opens

# Every query starts here. A model without an entry cannot be read, so forgetting one fails closed (P10).
_VISIBLE: dict[type[Any], Callable[[Actor], ColumnElement[bool]]] = {}


def own(actor: Actor, model: type[Any]) -> Select[Any]:
    """Return the rows of `model` that belong to the actor's company, whatever the scope; no company: none.

    Staff who are in no client see the rows of all.
    """
    conditions = [
        model.company_id == actor.company_id if actor.company_id is not None else _everywhere(actor)
    ]
    if model is Role and actor.company_id is not None:
        conditions = [Role.owner.in_((PRESET, actor.company_id))]
    if model is Contact:
        conditions.append(Contact.deleted_at.is_(None))
    if model is Invoice and not actor.over_all:  # a draft is the vendor's own
        conditions.append(Invoice.status != "draft")
    return select(model).where(*conditions)


def _everywhere(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.over_all else false()


def over_all(actor: Actor, model: type[Any]) -> Select[Any]:
    """Return every row of `model`, whichever company it belongs to, if to any; staff alone may know of them.

    Of contacts that is the deleted ones, too.
    """
    return select(model).where(_everywhere(actor))


def visible(actor: Actor, model: type[Any]) -> Select[Any]:
    """Return the rows of `model` that `actor` may know of: own company, in scope (P10, C44).

    Raises KeyError for a model that has no rule here.
    """
    return own(actor, model).where(_VISIBLE[model](actor))


def seen(actor: Actor, model: type[Any]) -> ColumnElement[bool]:
    """Return the condition that `actor` may know of a row of `model` of the own company."""
    return _VISIBLE[model](actor)


def _linked_property_ids(actor: Actor) -> Select[int]:
    return select(PropertyLink.property_id).where(PropertyLink.contact_id == actor.contact_id)


def _visible_properties(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.sees_everything else Property.id.in_(_linked_property_ids(actor))


def reported(actor: Actor) -> Select[Any]:
    """Return the contacts that the people report names to `actor`: in scope (P10); none without reports."""
    return own(actor, Contact).where(_contacts_in_scope(actor) if opens(actor, Area.REPORTS) else false())


def _visible_contacts(actor: Actor) -> ColumnElement[bool]:
    return _contacts_in_scope(actor) if browses_contacts(actor) else Contact.id == actor.contact_id


def _contacts_in_scope(actor: Actor) -> ColumnElement[bool]:
    if actor.sees_everything:
        return true()
    shared = exists().where(
        PropertyLink.contact_id == Contact.id, PropertyLink.property_id.in_(_linked_property_ids(actor))
    )
    return or_(Contact.id == actor.contact_id, _client_level(), shared)


def _client_level() -> ColumnElement[bool]:
    """Client scope as it counts: said so, or implied by `admin` (P9)."""
    role, box = aliased(ContactRole), aliased(ContactPermission)
    admin_role = exists().where(
        role.contact_id == Contact.id,
        RolePermission.role_id == role.role_id,
        RolePermission.permission == Permission.ADMIN,
    )
    admin_box = exists().where(and_(box.contact_id == Contact.id, box.permission == Permission.ADMIN))
    return or_(Contact.scope == Scope.CLIENT, admin_role, admin_box)


def within_scope(place_id: int | None) -> ColumnElement[bool]:
    """Return the condition that a contact's scope reaches what stands at this property, or at none (C44).

    The same rule as `visible`, asked for one thing and many readers.
    """
    if place_id is None:
        return _client_level()
    near = exists().where(PropertyLink.contact_id == Contact.id, PropertyLink.property_id == place_id)
    return or_(_client_level(), near)


def _at_own_property(column: ColumnElement[int | None]) -> Callable[[Actor], ColumnElement[bool]]:
    """Return the rule for what stands at one property or at none; none is seen by client scope only (C44)."""
    return lambda actor: true() if actor.sees_everything else column.in_(_linked_property_ids(actor))


def _covering_own_property(
    link: type[Any], column: Any, owner: Any
) -> Callable[[Actor], ColumnElement[bool]]:
    """Return the rule for what covers several properties: one of them must be linked to the reader (C44)."""

    def rule(actor: Actor) -> ColumnElement[bool]:
        covered = exists().where(column == owner, link.property_id.in_(_linked_property_ids(actor)))
        return true() if actor.sees_everything else covered

    return rule


def area_of(document: Document) -> Area:
    """Return the area that a file is seen in: that of what it belongs to."""
    owners = (
        (document.property_id, Area.PROPERTIES),
        (document.contract_id, Area.CONTRACTS),
        (document.rfp_id, Area.RFPS),
        (document.invoice_id, Area.BILLING),
    )
    return next((area for owner_id, area in owners if owner_id is not None), Area.WORK_ORDERS)


def _visible_documents(actor: Actor) -> ColumnElement[bool]:
    """A file is seen by whoever sees what it belongs to, where a right opens that area."""
    owners = (
        (Area.PROPERTIES, Document.property_id, Property),
        (Area.CONTRACTS, Document.contract_id, Contract),
        (Area.RFPS, Document.rfp_id, Rfp),
        (Area.WORK_ORDERS, Document.work_order_id, WorkOrder),
        (Area.BILLING, Document.invoice_id, Invoice),
    )
    seen = [
        column.in_(visible(actor, model).with_only_columns(model.id))
        for area, column, model in owners
        if opens(actor, area)
    ]
    return or_(false(), *seen)


def _admins_only(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.is_admin or actor.over_all else false()


# What the activity says of each area, done or tried; "%" stands for anything. Of a document it does not say
# whose it is, so such a row shows only where all areas that have documents are there.
_ATTACHED = ("attached a document to", "removed a document from", "delete a document")
_SAID_OF: dict[Area, tuple[str, ...]] = {
    Area.PROPERTIES: ("% the property", "% a property", *_ATTACHED),
    Area.CONTRACTS: ("%contract%", *_ATTACHED),
    Area.RFPS: ("% the RFP", "% an RFP", *_ATTACHED),
    Area.BILLING: ("issued", "made void", "% payment%", "%invoice%", "attached a PDF to"),
    Area.WORK_ORDERS: ("asked for", "commented on", "cancelled", "changed the status of", "%work order%"),
}


def _visible_activity(actor: Actor) -> ColumnElement[bool]:
    """Admins read what was done in the areas that are there for them (S6); the staff read all."""
    if actor.over_all:
        return true()
    closed = [area for area in _SAID_OF if not opens(actor, area)]
    untold = [Activity.what.like(words) for area in closed for words in _SAID_OF[area]]
    return and_(_admins_only(actor), not_(or_(false(), *untold)))


def _proved_requests(actor: Actor) -> ColumnElement[bool]:
    """Admins and staff see who asked for access, once the address was proved."""
    reads = actor.is_admin or (actor.is_staff and actor.staff_role)
    return AccessRequest.confirmed_at.is_not(None) if reads else false()


def _own_imports(actor: Actor) -> ColumnElement[bool]:
    """A table is seen by the admin who handed it in, those of staff by all administrators (T28)."""
    if actor.is_staff and actor.is_admin:
        return Import.by_staff_id.is_not(None)
    mine = and_(Import.by_contact_id == actor.contact_id, Import.by_staff_id.is_(None))
    return mine if actor.is_admin else false()


_VISIBLE[AccessRequest] = _proved_requests
_VISIBLE[Contact] = _visible_contacts
_VISIBLE[Property] = _visible_properties
_VISIBLE[Import] = _own_imports
_VISIBLE[Invoice] = _at_own_property(Invoice.property_id)  # type: ignore[arg-type]
_VISIBLE[WorkOrder] = _at_own_property(WorkOrder.property_id)  # type: ignore[arg-type]
_VISIBLE[Contract] = _covering_own_property(ContractProperty, ContractProperty.contract_id, Contract.id)
_VISIBLE[Rfp] = _covering_own_property(RfpProperty, RfpProperty.rfp_id, Rfp.id)
_VISIBLE[Document] = _visible_documents
_VISIBLE[Activity] = _visible_activity
_VISIBLE[AccessReview] = _VISIBLE[Role] = _admins_only
