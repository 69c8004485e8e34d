"""A statement: what was billed and what was paid in a period, with the balance running along."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from portal.extensions import db
from portal.models import Invoice, Payment
from portal.policy import Actor
from portal.queries.invoices import billed


@dataclass
class Entry:
    """One line: an invoice adds to the balance, a payment takes from it, a void invoice does neither."""

    on: date
    kind: str
    invoice_id: int
    number: str
    text: str
    amount: int
    balance: int = 0


@dataclass
class Statement:
    """The balance before a period, what moved it, and the balance after."""

    first: date
    last: date
    opening: int
    entries: list[Entry] = field(default_factory=list)
    billed: int = 0
    paid: int = 0
    closing: int = 0


def statement(actor: Actor, first: date, last: date) -> Statement:
    """Return the statement from `first` to `last` over the invoices that `actor` may see."""
    answer = Statement(first, last, _balance_before(actor, first))
    answer.entries = sorted(
        [*_billed(actor, first, last), *_paid(actor, first, last)],
        key=lambda each: (each.on, each.kind == "payment", each.number),
    )
    balance = answer.opening
    for entry in answer.entries:
        balance += entry.amount
        entry.balance = balance
    answer.billed = sum(each.amount for each in answer.entries if each.kind == "invoice")
    answer.paid = -sum(each.amount for each in answer.entries if each.kind == "payment")
    answer.closing = balance
    return answer


def _balance_before(actor: Actor, day: date) -> int:
    counted = billed(actor).where(Invoice.status != "void", Invoice.issued_on < day)
    owed = counted.with_only_columns(func.sum(Invoice.net + Invoice.tax))
    paid = _payments(actor).where(Payment.paid_on < day).with_only_columns(func.sum(Payment.amount))
    row = db.session.execute(select(owed.scalar_subquery(), paid.scalar_subquery())).one()
    return (row[0] or 0) - (row[1] or 0)


def _billed(actor: Actor, first: date, last: date) -> list[Entry]:
    query = billed(actor).where(Invoice.issued_on.between(first, last))
    return [_bill(each) for each in db.session.scalars(query).unique()]


def _bill(invoice: Invoice) -> Entry:
    void = invoice.status == "void"
    kind, amount = ("void", 0) if void else ("invoice", invoice.total)
    return Entry(invoice.issued_on, kind, invoice.id, invoice.number, invoice.title, amount)


def _paid(actor: Actor, first: date, last: date) -> list[Entry]:
    query = _payments(actor).where(Payment.paid_on.between(first, last))
    columns = query.with_only_columns(
        Payment.paid_on, Invoice.id, Invoice.number, Payment.reference, Payment.amount
    )
    return [
        Entry(on, "payment", invoice_id, number, reference, -amount)
        for on, invoice_id, number, reference, amount in db.session.execute(columns)
    ]


def _payments(actor: Actor) -> Select[Any]:
    counted = billed(actor).where(Invoice.status != "void")
    return counted.join(Payment, Payment.invoice_id == Invoice.id)
