"""Work in the town: orders made behind the portal's back, and who may ask for them where."""

from types import SimpleNamespace

from portal.actions import work_orders
from portal.actions.work_orders import Wanted
from portal.extensions import db
from portal.models import Company, Contact, ContactPermission, Permission, Property, Scope, WorkOrder
from portal.policy import Actor

STAFF = Actor(
    kind="staff", name="Sue Marsh", permissions=frozenset(Permission), scope=Scope.CLIENT, staff_id=None
)


def ordered(
    by: SimpleNamespace, title: str, place: SimpleNamespace | None = None, **more: str
) -> SimpleNamespace:
    """Make an order as `by` would; runs inside a transaction. Return its id, number, title and path."""
    contact = db.session.get_one(Contact, by.id)
    company = db.session.get_one(Company, contact.company_id)
    actor = Actor(
        kind="contact",
        name=contact.name,
        company_id=company.id,
        contact_id=contact.id,
        permissions=frozenset({Permission.WORK_ORDERS}),
        scope=Scope.CLIENT,
    )
    where = db.session.get_one(Property, place.id) if place else None
    wanted = Wanted(title, more.get("description", ""), more.get("priority", "normal"), where)
    order = work_orders.ask_for(company, wanted, [], actor)
    path = f"/{company.slug}/work-orders/{order.id}"
    return SimpleNamespace(id=order.id, number=order.number, title=title, path=path)


def let_ask(person: SimpleNamespace) -> None:
    """Give somebody the box Create Work Order."""
    contact = db.session.get_one(Contact, person.id)
    contact.boxes.append(ContactPermission(company_id=contact.company_id, permission=Permission.WORK_ORDERS))


def stored(order: SimpleNamespace) -> WorkOrder:
    """Return the row of an order."""
    return db.session.get_one(WorkOrder, order.id)
