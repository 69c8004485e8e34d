"""The vendor's forms around invoices: the invoice with its lines, a payment, why one is void, its PDF."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask_wtf.file import FileField, MultipleFileField
from wtforms import FieldList, Form, FormField, ValidationError
from wtforms.fields import Field

from portal import money as reckoning
from portal.forms.fields import Blank, Check, TextLine, at_most, clean, filled, one_line
from portal.forms.figures import DayLine, MoneyLine, day, money, pence, plain
from portal.forms.records import RecordForm, fingerprint

ROWS = 5
MOST_LINES = 50
_ROW = re.compile(r"-(\d{1,3})-", re.ASCII)


def _needed(sentence: str) -> Check:
    """Return a check that a field of a line was filled, where the line says anything at all."""

    def check(form: Any, field: Field) -> None:
        if not field.data and not form.empty:
            raise ValidationError(sentence)

    return check


def signed_money(form: Any, field: Field) -> None:
    """Check an amount of money, where one was typed, that may be below zero: what is taken off a bill."""
    typed = clean(field.data)
    field.data = typed.removeprefix("-") or typed
    try:
        money(form, field)
    except ValidationError:
        field.data = typed
        raise
    field.data = f"-{field.data}" if typed.startswith("-") and field.data else field.data


def number_up_to(most: int) -> Check:
    """Return a check that a number from 0 to `most` was typed, or nothing; it is kept as 2.5."""

    def check(form: Any, field: Field) -> None:
        try:
            money(form, field)
            fits = (pence(field.data) or 0) <= most * 100
        except ValidationError:
            fits = False
        if not fits:
            raise ValidationError(f"Enter a number from 0 to {most:,}, like 2.5.")
        field.data = reckoning.plain(Decimal(field.data)) if field.data else ""

    return check


def above_zero(_form: Any, field: Field) -> None:
    """Check that an amount is not nothing."""
    if not field.errors and pence(field.data) == 0:
        raise ValidationError("Write an amount above zero.")


class LineForm(Form):
    """One line of an invoice; without text and price it is none."""

    text = TextLine("Line", [_needed("Say what it is for."), at_most(200), one_line])
    quantity = MoneyLine("Quantity", [_needed("Enter a quantity."), number_up_to(1_000_000)])
    unit_price = MoneyLine("Price", [_needed("Enter a price."), signed_money])
    tax_percent = MoneyLine("Tax in %", [_needed("Enter the tax, 0 for none."), number_up_to(100)])

    @property
    def empty(self) -> bool:
        """True where the line says nothing."""
        return not self.text.data and not self.unit_price.data


class Rows(FieldList):
    """Rows of fields, as many as were sent; a name that is no row's is left aside, whatever stands in it."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        for name in formdata:
            found = _ROW.match(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if found:
                yield int(found[1])


def due_after_issue(form: Any, field: Any) -> None:
    """Check that an invoice is not due before it is issued."""
    if field.errors or form.issued_on.errors or not field.data or not form.issued_on.data:
        return
    if field.data < form.issued_on.data:
        raise ValidationError("It cannot be due before it is issued.")


class InvoiceHead(RecordForm):
    """What an invoice is about. The property is typed as it is called; empty for none."""

    number = TextLine("Number", [filled("Enter the number of the invoice."), at_most(40), one_line])
    title = TextLine("For", [filled("Say in a few words what it is for."), at_most(200), one_line], id="what")
    place = TextLine("Property", [at_most(100), one_line])
    purchase_order = TextLine("Purchase order", [at_most(40), one_line])
    issued_on = DayLine("Issued", [filled("Enter the day of the invoice."), day])
    due_on = DayLine("Due", [filled("Enter the day it is due."), day, due_after_issue])

    @staticmethod
    def held(invoice: Any) -> dict[str, str]:
        """Return an invoice as these fields have it."""
        return {
            "number": invoice.number,
            "title": invoice.title,
            "place": invoice.property.name if invoice.property else "",
            "purchase_order": invoice.purchase_order,
            "issued_on": plain(invoice.issued_on),
            "due_on": plain(invoice.due_on),
        }


class InvoiceForm(InvoiceHead):
    """An invoice with its lines."""

    lines: Any = Rows(FormField(LineForm), "Lines", max_entries=MOST_LINES)

    def validate_lines(self, field: Any) -> None:
        """Check that there is a line."""
        if not self.filled_lines():
            raise ValidationError("Enter at least one line.")

    def filled_lines(self) -> list[LineForm]:
        """Return the lines that say something."""
        return [each.form for each in self.lines if not each.form.empty]

    def add_rows(self) -> None:
        """Add empty lines below the others, as far as there may be more."""
        for _ in range(min(ROWS, MOST_LINES - len(self.lines))):
            self.lines.append_entry()

    def offer(self, tax: str) -> None:
        """Let there be a few lines at least, and fill in what is usual where one is still empty."""
        while len(self.lines) < ROWS:
            self.lines.append_entry()
        for each in self.lines:
            if each.form.empty:
                each.form.quantity.data = each.form.quantity.data or "1"
                each.form.tax_percent.data = each.form.tax_percent.data or tax

    def differences(self, known: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return what was typed beside what is `known` now, and let the next save mean this state."""
        found = super().differences({name: value for name, value in known.items() if name != "lines"})
        self.seen.data = fingerprint(known)
        yours, theirs = _said(each.data for each in self.filled_lines()), _said(known["lines"])
        return found + ([{"label": "Lines", "yours": yours, "theirs": theirs}] if yours != theirs else [])


def _said(lines: Any) -> str:
    """Return lines as they stand where two versions are compared."""
    return "; ".join(
        "{text}: {quantity} × {unit_price}, tax {tax_percent} %".format(**each) for each in lines
    )


class InvoiceRow(InvoiceHead):
    """An invoice as a row of a table: its sums instead of its lines, and what is paid."""

    net = MoneyLine("Net", [filled("Enter the amount without tax."), money])
    tax = MoneyLine("Tax", [money])
    tax_rate = MoneyLine("Tax rate", [number_up_to(100)])
    paid = MoneyLine("Paid", [money])
    paid_on = DayLine("Paid on", [day])


class PaymentForm(RecordForm):
    """Money that came in for an invoice."""

    amount = MoneyLine("Amount", [filled("Enter the amount."), money, above_zero])
    paid_on = DayLine("Day", [filled("Enter the day it came in."), day])
    reference = TextLine("Reference", [at_most(200), one_line])


class VoidForm(Blank):
    """Why an invoice is void; its client reads it."""

    reason = TextLine("Reason", [filled("Say why; the client reads it."), at_most(200), one_line])


class PdfForm(Blank):
    """The vendor's own PDF of an invoice."""

    file = FileField("PDF", [filled("Choose a file.")])


class PdfsForm(Blank):
    """Several PDFs at once, each called by the number of its invoice."""

    files = MultipleFileField("PDF files", [filled("Choose one file or more.")])
