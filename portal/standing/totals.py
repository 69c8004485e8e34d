"""Numbers that people read are those of the rows: what lists say of themselves, and what is added up."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select, text

from portal.clock import now
from portal.extensions import db
from portal.models import (
    AccessDecision,
    AccessReview,
    Company,
    Invoice,
    InvoiceLine,
    Payment,
    Scope,
)
from portal.policy import EVERY_PERMISSION, Actor
from portal.queries import contacts, invoices, paging, properties, work_orders

MOST = contacts.COUNTED + 1
# Counted apart from the lists' own way, so that a mistake there shows; what lists count is cut at MOST.
_COUNTED = {
    "contacts": "SELECT count(*) FROM contact WHERE company_id = :id AND deleted_at IS NULL",
    "pending contacts": "SELECT count(*) FROM contact WHERE company_id = :id AND deleted_at IS NULL "
    "AND deactivated_at IS NULL AND access = 'portal' AND portal_user_id IS NULL",
    "inactive contacts": "SELECT count(*) FROM contact WHERE company_id = :id AND deleted_at IS NULL "
    "AND deactivated_at IS NOT NULL",
    "properties": "SELECT count(*) FROM property WHERE company_id = :id AND archived_at IS NULL",
    "work orders": "SELECT count(*) FROM work_order WHERE company_id = :id",
    "invoices": "SELECT count(*) FROM invoice WHERE company_id = :id AND status <> 'draft'",
}


def lists() -> Iterator[str]:
    """Every number that a company's admin reads above a list and that the rows do not bear out (C5)."""
    for company in db.session.scalars(select(Company).order_by(Company.id)):
        for what, shown in _shown(company).items():
            there = db.session.scalar(text(_COUNTED[what]), {"id": company.id})
            if shown != min(there, MOST) and shown != there:
                yield f"{company.name} reads {shown} {what}, but has {there}."


def _shown(company: Company) -> dict[str, int]:
    admin = Actor(
        kind="contact", name="", company_id=company.id, permissions=EVERY_PERMISSION, scope=Scope.CLIENT
    )
    people = contacts.counts(admin, contacts.Wish())
    return {
        "contacts": people.all,
        "pending contacts": people.pending,
        "inactive contacts": people.inactive,
        "properties": properties.counts(admin, paging.Wish())["in_use"],
        "work orders": work_orders.counts(admin, work_orders.Wish()).all,
        "invoices": invoices.totals(admin, now().date()).all,
    }


def invoices_add_up() -> Iterator[str]:
    """Every invoice whose sums are not those of its lines and payments."""
    net = _sum(InvoiceLine.net, InvoiceLine.invoice_id == Invoice.id)
    paid = _sum(Payment.amount, Payment.invoice_id == Invoice.id)
    query = select(Invoice.number).where((Invoice.net != net) | (Invoice.paid != paid))
    for number in db.session.scalars(query.order_by(Invoice.id)):
        yield f"Invoice {number} is not the sum of its lines and payments."


def reviews() -> Iterator[str]:
    """Every finished access review that tells of more people than it decided about."""
    made = _sum(1, AccessDecision.review_id == AccessReview.id)
    finished = AccessReview.finished_at.is_not(None)
    for review_id in db.session.scalars(select(AccessReview.id).where(finished, AccessReview.people > made)):
        yield f"Access review {review_id} tells of more people than it has decisions."


def _sum(value: Any, mine: Any) -> Any:
    return select(func.coalesce(func.sum(value), 0)).where(mine).scalar_subquery()
