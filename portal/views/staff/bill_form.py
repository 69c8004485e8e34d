"""Between the form for an invoice and the bill it describes: what stands in it, what is meant by it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import request

from portal import money
from portal.actions.staff.invoices import Bill, Item, place_called
from portal.clock import today
from portal.forms.billing import InvoiceForm
from portal.forms.figures import as_day, pence, plain
from portal.forms.records import fingerprint
from portal.guards import SAFE_METHODS, actor, membership
from portal.models import Invoice
from portal.queries.documents import pdf_of
from portal.queries.staff import invoices

DUE_AFTER = timedelta(days=30)
_PLAIN = ("number", "title", "purchase_order")


def blank() -> dict[str, Any]:
    """Return what a new invoice starts from: the next number, today, due in 30 days."""
    day, reads = today(), request.method in SAFE_METHODS
    return {
        **dict.fromkeys(_PLAIN, ""),
        "number": invoices.next_number(actor(), membership().company.id) if reads else "",
        "place": "",
        "issued_on": plain(day) if reads else "",
        "due_on": plain(day + DUE_AFTER) if reads else "",
        "lines": [],
    }


def known(invoice: Invoice) -> dict[str, Any]:
    """Return what is known of an invoice, as its form has it."""
    return {
        **InvoiceForm.held(invoice),
        "lines": [
            {
                "text": line.text,
                "quantity": money.plain(line.quantity),
                "unit_price": plain(line.unit_price),
                "tax_percent": money.plain(line.tax_percent),
            }
            for line in invoice.lines
        ],
    }


def state(invoice: Invoice) -> str:
    """Return what tells whether an invoice, with its sums and its PDF, is still as somebody saw it."""
    document = pdf_of(actor(), invoice)
    more = {"net": invoice.net, "tax": invoice.tax, "pdf": document.id if document else 0}
    return fingerprint(known(invoice) | more)


def typed(form: InvoiceForm) -> dict[str, Any]:
    """Return what a valid form says, as `known` has it."""
    names = (*_PLAIN, "place", "issued_on", "due_on")
    return {
        **{name: form[name].data for name in names},
        "lines": [each.data for each in form.filled_lines()],
    }


def sent_whole(form: InvoiceForm) -> bool:
    """Return whether a form was sent to be kept, and can be; more lines are added where asked for."""
    if request.method in SAFE_METHODS:
        return False
    if "more" in request.form:
        form.add_rows()
        return False
    return bool(form.validate())


def wanted(form: InvoiceForm, invoice: Invoice | None = None) -> Bill:
    """Return the bill that a valid form describes. Raises FieldRefusal for a property that is none."""
    place = place_called(actor(), form.place.data or "", invoice)
    form.place.data = place.name if place else ""
    issued, due = as_day(form.issued_on.data), as_day(form.due_on.data)
    assert issued is not None, "the form has checked it"
    assert due is not None, "and this one"
    items = [
        Item(
            each.text.data or "",
            Decimal(each.quantity.data or 0),
            pence(each.unit_price.data) or 0,
            Decimal(each.tax_percent.data or 0),
        )
        for each in form.filled_lines()
    ]
    return Bill(
        number=form.number.data or "",
        title=form.title.data or "",
        place=place,
        purchase_order=form.purchase_order.data or "",
        issued_on=issued,
        due_on=due,
        items=items,
    )
