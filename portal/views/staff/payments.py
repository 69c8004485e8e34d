"""The payments of a client's invoice, as the vendor writes them down and takes them back (S9)."""

from typing import Any

from flask import Response, abort, request, url_for

from portal import htmx
from portal.actions.staff import payments as actions
from portal.clock import today
from portal.forms.billing import PaymentForm
from portal.forms.figures import as_day, pence, plain
from portal.forms.records import fingerprint
from portal.guards import SAFE_METHODS, actor, find
from portal.lifecycle import BillMove, take_bill
from portal.models import Area, Invoice, Payment
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor
from portal.templating import amount, say
from portal.views.within import company_blueprint

blueprint = company_blueprint("payments", __name__, "/billing")


@blueprint.route("/<id:invoice_id>/payment", methods=["GET", "POST"])
def record(invoice_id: int) -> Response:
    """Ask for a payment, as a dialog or a page; a POST records it, once (T80)."""
    invoice = _found(invoice_id)
    form = PaymentForm.over({"paid_on": plain(today())})
    if request.method not in SAFE_METHODS and form.validate() and _same(form, invoice):
        return _back(invoice)
    take_bill(invoice, BillMove.PAY)
    if request.method in SAFE_METHODS:
        form.amount.data = plain(invoice.total - invoice.paid)
        form.seen.data = _state(invoice.paid)
    elif form.validate() and _recorded(form, invoice):
        return _back(invoice)
    status = 422 if form.errors else 200
    return htmx.page("staff/billing/payment.html", block="dialog", status=status, invoice=invoice, form=form)


def _found(invoice_id: int) -> Invoice:
    invoice = find(Invoice, invoice_id, area=Area.BILLING)
    demand_vendor(actor())
    return invoice


def _state(paid: int) -> str:
    return fingerprint({"paid": paid})


def _same(form: PaymentForm, invoice: Invoice) -> bool:
    """Return whether the last payment is the one that this very form has recorded a moment ago."""
    last = max(invoice.payments, key=lambda each: each.id, default=None)
    facts = (pence(form.amount.data), as_day(form.paid_on.data), form.reference.data)
    if last is None or (last.amount, last.paid_on, last.reference) != facts:
        return False
    return bool(form.seen.data == _state(invoice.paid - last.amount))


def _recorded(form: PaymentForm, invoice: Invoice) -> bool:
    """Record the payment; return False, and say at the field why not."""
    day, wanted = as_day(form.paid_on.data), pence(form.amount.data)
    assert day is not None, "the form has checked it"
    assert wanted is not None, "and this one"
    if form.seen.data != _state(invoice.paid):
        form.amount.errors = ["Another payment came in meanwhile. Look at what is left, and save again."]
        form.seen.data = _state(invoice.paid)
        return False
    try:
        actions.record(invoice, wanted, day, form.reference.data or "", actor())
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return False
    say(f"{amount(wanted)} was recorded for invoice {invoice.number}.")
    return True


def _back(invoice: Invoice) -> Response:
    return htmx.go(url_for("billing.show", invoice_id=invoice.id))


@blueprint.post("/<id:invoice_id>/payments/<id:payment_id>/take-back")
def take_back(invoice_id: int, payment_id: int) -> Response:
    """Take a payment that never came off its invoice."""
    invoice = _found(invoice_id)
    payment: Any = next((each for each in invoice.payments if each.id == payment_id), None) or abort(404)
    taken: Payment = payment
    actions.take_back(taken, invoice, actor())
    say(f"The payment of {amount(taken.amount)} was taken back.")
    return _back(invoice)
