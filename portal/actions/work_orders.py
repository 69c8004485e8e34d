"""Work orders: asking for work, talking about it, cancelling it, and its way from one status to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from portal import audit, invariants, lifecycle, policy
from portal.actions.documents import row_of
from portal.actions.notices import tell_work
from portal.clock import now
from portal.extensions import db
from portal.files import Stored
from portal.models import Area, Company, Property, WorkOrder, WorkOrderEvent, WorkStatus
from portal.policy import Actor
from portal.refusals import FieldRefusal
from portal.words import PRIORITY, WORK_STATUS

# Two clicks on one button come within this time.
TWICE = timedelta(minutes=1)


@dataclass(frozen=True)
class Wanted:
    """The work somebody asks for; `place` is None where it is about the client as a whole."""

    title: str
    description: str
    priority: str
    place: Property | None
    form_key: str | None = None


def ask_for(company: Company, wanted: Wanted, photos: Sequence[Stored], by: Actor) -> WorkOrder:
    """Return the new work order of `company` with the next number; the company's lock must be held (C43).

    Raises FieldRefusal where `by` must name a property and names none.
    """
    policy.demand_area(by, Area.WORK_ORDERS)
    if wanted.place is None and not by.sees_everything:
        raise FieldRefusal("place", "Choose the property it is about.")
    order = WorkOrder(
        company_id=company.id,
        number=_next_number(company),
        property_id=wanted.place.id if wanted.place else None,
        title=wanted.title,
        description=wanted.description,
        priority=wanted.priority,
        requested_by=by.contact_id,
        requester_name=by.signed,
        form_key=wanted.form_key,
    )
    db.session.add(order)
    db.session.flush()
    for photo in photos:
        db.session.add(row_of(photo, by, company_id=company.id, work_order_id=order.id))
    event = _tell(order, "asked", by, status=order.status)
    audit.record("asked for", by=by, company_id=company.id, about=_named(order), changes=_as_asked(wanted))
    tell_work(order, event, by)
    return order


def _next_number(company: Company) -> int:
    """Return the number after the company's last one: no order is ever taken away, so there is no gap."""
    invariants.lock(db.session(), company.id)
    last = select(func.max(WorkOrder.number)).where(WorkOrder.company_id == company.id)
    return (db.session.scalar(last) or 0) + 1


def comment(order: WorkOrder, text: str, by: Actor) -> None:
    """Add what `by` says to the work order, once; who asked for the work or chose the topic hears of it."""
    policy.demand_area(by, Area.WORK_ORDERS)
    last = order.events[-1] if order.events else None
    said = last is not None and (last.kind, last.by_name, last.text) == ("comment", by.signed, text)
    if said and last is not None and now() - last.at < TWICE:
        return
    event = _tell(order, "comment", by, text=text)
    audit.record("commented on", by=by, company_id=order.company_id, about=_named(order))
    tell_work(order, event, by)


def cancel(order: WorkOrder, by: Actor, reason: str = "") -> None:
    """Cancel the work order. Raises NotAllowed where `by` may not, NotNow where it has ended already."""
    policy.demand_cancelling(by, order)
    set_status(order, WorkStatus.CANCELLED, by, reason)


def set_status(
    order: WorkOrder,
    status: WorkStatus,
    by: Actor,
    note: str = "",
    *,
    visit_on: date | None = None,
    no_visit: bool = False,
) -> bool:
    """Bring the work order to `status`, for a visit `visit_on` if one is planned; return whether it changed.

    Without a day the visit stays as it was, or goes with `no_visit`. Who asked for the work or chose the
    topic gets a mail, unless it is `by`. Raises NotNow for an order that has ended.
    """
    visit = None if no_visit else visit_on or order.visit_on
    if (order.status, order.visit_on) == (status, visit) and not note:
        return False
    lifecycle.take_on(order)
    changes = {"Status": (WORK_STATUS[WorkStatus(order.status)], WORK_STATUS[status])}
    if visit != order.visit_on:
        changes["Visit"] = (_day(order.visit_on), _day(visit))
    order.status, order.visit_on = status, visit
    order.closed_at = now() if lifecycle.ended(order) else None
    event = _tell(order, "status", by, text=note, status=status)
    what = "cancelled" if status == WorkStatus.CANCELLED else "changed the status of"
    audit.record(what, by=by, company_id=order.company_id, about=_named(order), changes=changes)
    tell_work(order, event, by)
    return True


def _tell(
    order: WorkOrder, kind: str, by: Actor, *, text: str = "", status: str | None = None
) -> WorkOrderEvent:
    event = WorkOrderEvent(work_order_id=order.id, kind=kind, by_name=by.signed, text=text, status=status)
    order.events.append(event)
    db.session.flush()
    return event


def _as_asked(wanted: Wanted) -> dict[str, tuple[str, str]]:
    facts = {
        "Title": wanted.title,
        "Property": wanted.place.name if wanted.place else "",
        "Priority": PRIORITY[wanted.priority][0],
    }
    return {label: ("", value) for label, value in facts.items() if value}


def _named(order: WorkOrder) -> str:
    return f"{order.name} {order.title}"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else ""
