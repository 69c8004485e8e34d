"""Money that came in for an invoice: writing it down, and taking that back (S9)."""

from datetime import date

from portal import audit, lifecycle, money
from portal.clock import today
from portal.extensions import db
from portal.lifecycle import BillMove
from portal.models import Invoice, Payment
from portal.policy import Actor
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor


def record(invoice: Invoice, amount: int, paid_on: date, reference: str, by: Actor) -> Payment:
    """Return the payment of `amount` for an invoice, which is paid once nothing is left of it.

    Raises NotAllowed unless `by` is the vendor, NotNow for an invoice that is not open, FieldRefusal at
    "amount" for more than is left to pay, and at "paid_on" for a day that is still to come.
    """
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.PAY)
    if paid_on > today():
        raise FieldRefusal("paid_on", "This day is still to come. Write the day the money came in.")
    left = invoice.total - invoice.paid
    if amount > left:
        raise FieldRefusal("amount", f"Only {money.said(left)} is left to pay.")
    made = Payment(paid_on=paid_on, amount=amount, reference=reference)
    invoice.payments.append(made)
    _settle(invoice, invoice.paid + amount)
    db.session.flush()
    changes = {"Paid": ("", money.said(amount)), "Day": ("", str(paid_on)), "Reference": ("", reference)}
    _told("recorded a payment for", invoice, by, changes)
    return made


def take_back(payment: Payment, invoice: Invoice, by: Actor) -> None:
    """Take a payment that never came off its invoice. Raises NotAllowed and NotNow."""
    demand_vendor(by)
    lifecycle.take_payment_back(invoice)
    _settle(invoice, invoice.paid - payment.amount)
    invoice.payments.remove(payment)
    db.session.flush()
    _told("took back a payment for", invoice, by, {"Paid": (money.said(payment.amount), "")})


def _settle(invoice: Invoice, paid: int) -> None:
    invoice.paid, invoice.status = paid, "paid" if paid >= invoice.total else "open"


def _told(what: str, invoice: Invoice, by: Actor, changes: dict[str, tuple[str, str]]) -> None:
    about, kept = f"invoice {invoice.number}", {label: pair for label, pair in changes.items() if any(pair)}
    audit.record(what, by=by, company_id=invoice.company_id, about=about, changes=kept)
