"""The letters about a topic, each to one contact: what they tell, and whether it still is so at sending."""

from datetime import date
from typing import Any

from portal import listeners, money, outbox, words
from portal.extensions import db
from portal.models import (
    Access,
    AccessRequest,
    Company,
    Contact,
    Invoice,
    Letter,
    WorkOrder,
    WorkOrderEvent,
    WorkStatus,
)

# Each kind of letter with where its button leads to.
KINDS = {
    "work_order_news": "work-orders/{work_order_id}",
    "invoice_issued": "billing/{invoice_id}",
    "invoice_overdue": "billing/{invoice_id}",
    "month_summary": "reports",
    "invitation_digest": "contacts?status=pending",
    "deactivated": "",
    "access_asked": "access-requests",
}


def work_order(contact: Contact, order: WorkOrder, event: WorkOrderEvent, topic: str, ask: str) -> Letter:
    """Post what happened to a work order; without `topic` to whoever asked for it.

    `ask` is the admin whom a contact without login asks to switch the topic off, here and below.
    """
    place = order.property.name if order.property else ""
    facts = {
        **_told(contact, topic, ask),
        "work_order_id": order.id,
        "number": order.name,
        "title": order.title,
        "place": place,
        "by": "" if event.kind == "comment" else event.by_name,
        "news": words.news(event, order),
        "text": event.text,
    }
    return _post("work_order_news", contact, facts)


def invoice_issued(contact: Contact, invoice: Invoice, ask: str) -> Letter:
    """Post that there is a new invoice, and what it comes to."""
    return _post("invoice_issued", contact, _bill(contact, invoice, ask))


def invoice_overdue(contact: Contact, invoice: Invoice, ask: str, event: str) -> Letter:
    """Post that an invoice became overdue, with what is left to pay; once for this `event` (M3)."""
    return _post("invoice_overdue", contact, _bill(contact, invoice, ask), event)


def _bill(contact: Contact, invoice: Invoice, ask: str) -> dict[str, Any]:
    return {
        **_told(contact, "billing", ask),
        "invoice_id": invoice.id,
        "number": invoice.number,
        "title": invoice.title,
        "place": invoice.property.name if invoice.property else "",
        "left": money.said(invoice.total - invoice.paid),
        "due": _day(invoice.due_on),
    }


def month(contact: Contact, first: date, figures: dict[str, Any], ask: str, event: str) -> Letter:
    """Post the summary of the month that begins with `first`; `figures` hold the numbers (see notices)."""
    facts = {
        **_told(contact, "reports", ask),
        **figures,
        "month": f"{first:%B %Y}",
        "work": [f"{words.WORK_STATUS[WorkStatus(each)]}: {count}" for each, count in figures["work"]],
    }
    if "spent" in figures:
        facts["spent"] = money.said(figures["spent"])
    return _post("month_summary", contact, facts, event)


def invitations(contact: Contact, lines: list[str], more: bool, ask: str, event: str) -> Letter:
    """Post the list of invitations that need attention to an admin; `more` says that it is cut (M5)."""
    facts = {**_told(contact, "account", ask), "lines": lines, "more": "yes" if more else ""}
    return _post("invitation_digest", contact, facts, event)


def deactivated(contact: Contact, by: str) -> Letter | None:
    """Post to the contact that `by` made it inactive; None for whoever could not deal with the vendor."""
    if not contact.email or (contact.access != Access.EMAIL_ONLY and contact.portal_user_id is None):
        return None
    return _post("deactivated", contact, {**_told(contact, "", ""), "by": by})


def access_asked(contact: Contact, asked: AccessRequest, event: str) -> Letter:
    """Post to an admin that somebody asks to be let in; once for this `event` (M3)."""
    facts = {**_told(contact, "", ""), "name": asked.name, "access_request_id": asked.id}
    return _post("access_asked", contact, facts, event)


def _told(contact: Contact, topic: str, ask: str) -> dict[str, Any]:
    company = db.session.get_one(Company, contact.company_id)
    signs_in = contact.access == Access.PORTAL
    facts = {"first_name": contact.first_name, "company": company.name, "contact_id": contact.id}
    facts["signs_in"] = "yes" if signs_in else ""
    return facts | ({"topic": topic, "ask": "" if signs_in else ask} if topic else {})


def _post(kind: str, contact: Contact, facts: dict[str, Any], event: str = "") -> Letter:
    assert contact.email
    return outbox.post(kind, contact.email, facts, company_id=contact.company_id, event=event)


def still_concerns(letter: Letter) -> bool:
    """Return whether the contact may still hear what the letter tells, as it leaves (P12, C44)."""
    contact = db.session.get(Contact, letter.facts["contact_id"], populate_existing=True)
    if contact is None:
        return False
    if letter.kind == "deactivated":
        return contact.deleted_at is None and contact.deactivated_at is not None
    if letter.kind == "access_asked":
        return _request_concerns(contact, letter)
    if "work_order_id" in letter.facts:
        return _work_concerns(contact, letter)
    if "invoice_id" in letter.facts:
        return _invoice_concerns(contact, letter)
    heard = listeners.hears(contact.id, listeners.hearing(letter.facts["topic"]))
    return heard and (letter.kind != "month_summary" or _figures_concern(contact, letter))


def _request_concerns(contact: Contact, letter: Letter) -> bool:
    asked = db.session.get(AccessRequest, letter.facts["access_request_id"], populate_existing=True)
    waits = asked is not None and asked.ended_at is None and asked.company_id == letter.company_id
    return waits and listeners.hears(contact.id, listeners.admins(contact.company_id))


def _work_concerns(contact: Contact, letter: Letter) -> bool:
    order = db.session.get(WorkOrder, letter.facts["work_order_id"])
    if order is None:
        return False
    topic = letter.facts.get("topic")
    everybody = listeners.hearing_of(topic, order.company_id, order.property_id) if topic else None
    return listeners.hears(contact.id, listeners.requester_of(order) if everybody is None else everybody)


def _invoice_concerns(contact: Contact, letter: Letter) -> bool:
    invoice = db.session.get(Invoice, letter.facts["invoice_id"])
    owed = invoice is not None and invoice.status == "open" and invoice.total > invoice.paid
    if invoice is None or not owed:
        return False
    return listeners.hears(
        contact.id, listeners.hearing_of("billing", invoice.company_id, invoice.property_id)
    )


def _figures_concern(contact: Contact, letter: Letter) -> bool:
    """Numbers are cut to what the contact saw then; they are not for whoever sees something else now."""
    same = letter.facts["extent"] == listeners.extent(contact)
    return same and ("spent" not in letter.facts or listeners.hears(contact.id, listeners.knowing_spend()))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
