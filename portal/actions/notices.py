"""Telling those who chose a topic what happened: at once, or when the day has come for it (C11, M3, M5)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select

from portal import invariants, listeners, news, outbox
from portal.extensions import db
from portal.models import Access, Contact, Invoice, WorkOrder, WorkOrderEvent, WorkStatus
from portal.policy import Actor, as_reader
from portal.queries import dashboard, invoices, reports
from portal.queries.people import admin_names
from portal.words import why_stuck

# The topics that speak when their day has come.
TIMED = ("billing", "reports", "account")
# What nobody could be told on its day, because nothing ran, is told within so many days.
LATE = timedelta(days=3)
MOST_LINES = 20


def hearing_of_work(order: WorkOrder) -> tuple[list[Contact], list[Contact]]:
    """Return who hears of a work order: whoever asked for it, and the others, who chose the topic."""
    asked = _people(listeners.requester_of(order))
    chose = _people(listeners.hearing_of("work_orders", order.company_id, order.property_id))
    return asked, [each for each in chose if each not in asked]


def hearing_of_invoice(invoice: Invoice) -> list[Contact]:
    """Return who hears of an invoice: those who chose the topic and may know of it."""
    return _people(listeners.hearing_of("billing", invoice.company_id, invoice.property_id))


def tell_work(order: WorkOrder, event: WorkOrderEvent, by: Actor) -> None:
    """Tell what `by` did to a work order: whoever asked for it, and those with the topic; never `by`."""
    asked, others = hearing_of_work(order)
    ask = _to_ask(order.company_id, others)
    for contact in asked + others:
        if contact.id != by.contact_id:
            topic = "work_orders" if contact in others else ""
            news.work_order(contact, order, event, topic, ask)


def tell_invoice(invoice: Invoice, by: Actor) -> None:
    """Tell those with the topic that there is a new invoice; never `by`."""
    people = hearing_of_invoice(invoice)
    ask = _to_ask(invoice.company_id, people)
    for contact in people:
        if contact.id != by.contact_id:
            news.invoice_issued(contact, invoice, ask)


def tell_the_day(company_id: int, today: date, zone: ZoneInfo) -> None:
    """Tell a company's people what `today` brought, once each, however often this is called (M3).

    Overdue invoices, on the 1st the month before, on Mondays the invitations that need attention.
    """
    invariants.lock(db.session(), company_id)
    _overdue(company_id, today)
    if today.day <= LATE.days:
        _month(company_id, today.replace(day=1), zone)
    if today.weekday() < LATE.days:
        _week(company_id, today - timedelta(days=today.weekday()))


def _overdue(company_id: int, today: date) -> None:
    for invoice in invoices.became_overdue(company_id, today - LATE, today):
        people = hearing_of_invoice(invoice)
        for contact, ask, event in _once(f"invoice {invoice.id} overdue", company_id, people):
            news.invoice_overdue(contact, invoice, ask, event)


def _month(company_id: int, end: date, zone: ZoneInfo) -> None:
    first = (end - timedelta(days=1)).replace(day=1)
    people = _people(listeners.hearing("reports").where(Contact.company_id == company_id))
    for contact, ask, event in _once(f"month {first}", company_id, people):
        news.month(contact, first, _figures(contact, first, end, zone), ask, event)


def _figures(contact: Contact, first: date, end: date, zone: ZoneInfo) -> dict[str, Any]:
    """Return the numbers of the days from `first` to before `end`, cut to what the contact may know (C44)."""
    reader = as_reader(contact)
    begins, ends = (datetime.combine(day, time(), zone) for day in (first, end))
    rows = [counts for _place, counts in reports.work_orders(reader, begins, ends)]
    work = [(status.value, sum(counts.get(status, 0) for counts in rows)) for status in WorkStatus]
    figures: dict[str, Any] = {
        "work": [each for each in work if each[1]],
        "asked": sum(count for _status, count in work),
        "extent": listeners.extent(contact),
    }
    if listeners.hears(contact.id, listeners.knowing_spend()):
        [month] = reports.spend(reader, first, end - timedelta(days=1))
        figures |= {"spent": month.total, "invoices": month.invoices}
    return figures


def _week(company_id: int, monday: date) -> None:
    people = _people(listeners.hearing("account").where(Contact.company_id == company_id))
    for contact, ask, event in _once(f"week {monday}", company_id, people):
        stuck = dashboard.attention(as_reader(contact), MOST_LINES + 1)
        lines = [f"{row.contact.name}: {why_stuck(row.contact)}" for row in stuck[:MOST_LINES]]
        if lines:
            news.invitations(contact, lines, len(stuck) > MOST_LINES, ask, event)


def _people(query: Select[Any]) -> list[Contact]:
    return list(db.session.scalars(query).unique())


def _once(what: str, company_id: int, people: list[Contact]) -> Iterator[tuple[Contact, str, str]]:
    """Yield those of `people` who were not told `what` yet, each with whom to ask and the event's name."""
    events = {f"{what} at {company_id} to {each.id}": each for each in people}
    told = outbox.posted(events.keys())
    ask = _to_ask(company_id, people)
    yield from ((contact, ask, event) for event, contact in events.items() if event not in told)


def _to_ask(company_id: int, people: list[Contact]) -> str:
    """Return the admin whom those without a login ask to switch a topic off; empty where there is no need."""
    without_login = any(each.access == Access.EMAIL_ONLY for each in people)
    return next(iter(admin_names(company_id, 1)), "") if without_login else ""
