"""Invoices as rows of a table: one row each with its sums, by the actions of their page (S9, C41)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import selectinload

from portal import money
from portal.actions.staff import invoices as actions
from portal.actions.staff import payments
from portal.actions.staff.invoices import Bill, Item
from portal.clock import today
from portal.forms.billing import InvoiceRow
from portal.forms.figures import as_day, pence, plain
from portal.importing.columns import Field
from portal.importing.records import Row, record_kind
from portal.models import Company, Import, Invoice, Property
from portal.policy import Actor
from portal.queries import listed
from portal.queries.staff import invoices
from portal.refusals import FieldRefusal

# What a table may call each status; how an issued one stands follows from its days and payments.
STATUS = {
    "draft": ("Draft",),
    "open": ("Open", "Due", "Overdue", "Issued", "Unpaid", "Sent"),
    "paid": ("Paid",),
    "void": ("Void", "Voided", "Cancelled"),
}
_PLAIN = ("number", "title", "purchase_order")
NOTE = "Made void by an import."


@dataclass(frozen=True)
class Wanted:
    """What a row asks for: the bill, its status ("" where that is not said), what is paid and since when."""

    bill: Bill
    status: str
    paid: int
    paid_on: date


class Invoices:
    """What an import asks of invoices."""

    fields: tuple[Field, ...] = (
        Field("number", "Invoice", ("Number", "Invoice number", "Invoice no."), needed=True),
        Field("title", "For", ("Title", "Description", "Subject"), needed=True),
        Field("place", "Property", ("Site",)),
        Field("purchase_order", "Purchase order", ("PO", "PO number")),
        Field("issued_on", "Issued", ("Invoice date", "Date", "Issue date"), needed=True),
        Field("due_on", "Due", ("Due date",), needed=True),
        Field("status", "Status"),
        Field("net", "Net", ("Net amount", "Amount", "Subtotal"), needed=True),
        Field("tax", "Tax", ("Tax amount", "VAT", "VAT amount")),
        Field("tax_rate", "Tax rate", ("Tax %", "Tax in %", "VAT %", "VAT rate"), ours=False),
        Field("paid", "Paid", ("Amount paid",)),
        Field("paid_on", "Paid on", ("Payment date",)),
    )
    key = "number"

    def identity(self, row: Row) -> str:
        """Return the number."""
        return row.said("number")

    def there(self, row: Row) -> Invoice | None:
        """Return the client's invoice of this number; notes where it is another client's."""
        alike = invoices.called(row.by, row.said("number"))
        if len(alike) > 1:
            row.wrong("number", "Several invoices have this number but for capitals. Write it as it is.")
            return None
        found = alike[0] if alike else None
        if found is not None and row.company is not None and found.company_id != row.company.id:
            row.wrong("number", "Another client has an invoice of this number.")
            return None
        return found

    def known(self, record: Invoice) -> dict[str, str]:
        """Return an invoice as a row."""
        days = [each.paid_on for each in record.payments]
        amounts = {name: plain(getattr(record, name)) for name in ("net", "tax", "paid")}
        return {
            **InvoiceRow.held(record),
            "status": STATUS[record.status][0],
            **amounts,
            "paid_on": plain(max(days, default=None)),
        }

    def wanted(self, row: Row, record: Invoice | None) -> Wanted | None:
        """Return what the row asks for; notes what is wrong with it."""
        form: Any = row.checked(InvoiceRow, tax_rate=_percent(row))
        status = row.meant("status", STATUS)
        place = _place(row, form.place.data or "", record)
        if row.problems:
            return None
        net, rate = pence(form.net.data) or 0, _rate(row, form)
        tax = (pence(form.tax.data) or 0) if rate is None else money.taxes([(rate, net)])[0][1]
        row.sums = {"net": net, "tax": tax}
        paid = pence(form.paid.data)
        if paid is None:
            paid = net + tax if status == "paid" else 0
        bill = _bill(form, (net, tax), rate, place, record)
        return Wanted(bill, status or ("" if paid else "draft"), paid, as_day(form.paid_on.data) or today())

    def write(self, row: Row, record: Invoice | None, wanted: Wanted) -> bool:
        """Add a draft or change it, then issue it, record what is paid, or make it void, as the row says."""
        assert row.company is not None
        changed = record is None
        if record is None:
            record = actions.draft(row.company, wanted.bill, row.by)
        elif record.status == "draft":
            changed = actions.change(record, wanted.bill, row.by)
        else:
            _demand_same(record, wanted.bill)
        return _bring(record, wanted, row.by) or changed

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Invoice, Company]]:
        """Return the next invoices after an id."""
        return listed.stretch(reader, Invoice, after, load=selectinload(Invoice.payments))


def _place(row: Row, name: str, record: Invoice | None) -> Property | None:
    try:
        return actions.place_called(row.by, name, record)
    except FieldRefusal as refusal:
        row.wrong(refusal.field, refusal.sentence)
        return None


def _percent(row: Row) -> str:
    """Return the tax in percent as its field takes it; notes where a part is written for a percentage."""
    text = row.said("tax_rate")
    number = text.removesuffix("%").strip()
    if number == text and number.startswith(("0.", "0,", ".")) and number.strip("0.,"):
        row.wrong("tax_rate", "Write the tax in percent, like 20 or 17.5%.")
    return number


def _rate(row: Row, form: Any) -> float | None:
    """Return the rate that the tax is reckoned by, None where the row has the tax itself, or neither."""
    return float(form.tax_rate.data) if form.tax_rate.data and "tax" not in row.given else None


def _bill(
    form: Any, sums: tuple[int, int], rate: float | None, place: Property | None, record: Invoice | None
) -> Bill:
    """Return the bill of a row: with the lines that are there as long as their sums stay, else with one."""
    kept = record is not None and (record.net, record.tax) == sums
    issued, due = as_day(form.issued_on.data), as_day(form.due_on.data)
    assert issued is not None, "the form has checked it"
    assert due is not None, "and this one"
    return Bill(
        number=record.number if record else form.number.data,  # whatever its capitals are in the table
        title=form.title.data,
        place=place,
        purchase_order=form.purchase_order.data,
        issued_on=issued,
        due_on=due,
        items=actions.items_of(record) if record and kept else [_item(form.title.data, *sums, rate)],
        sums=sums,
    )


def _item(text: str, net: int, tax: int, rate: float | None) -> Item:
    if rate is not None:
        return Item(text, Decimal(1), net, Decimal(str(rate)))
    if tax > net:
        raise FieldRefusal("tax", "The tax is more than the amount without it.")
    return Item(text, Decimal(1), net, round(Decimal(tax * 100) / net, 2) if net else Decimal(0))


def _demand_same(invoice: Invoice, bill: Bill) -> None:
    """Raise FieldRefusal where a row would change what the client has seen."""
    for name in (*_PLAIN, "place", "issued_on", "due_on", "net", "tax"):
        before = invoice.property if name == "place" else getattr(invoice, name)
        if before != getattr(bill, name):
            raise FieldRefusal(name, f"{invoice.number} was issued. What customers have seen stays as it is.")


def _bring(invoice: Invoice, wanted: Wanted, by: Actor) -> bool:
    """Bring an invoice to the status and the payments of its row; return whether that changed it."""
    before = (invoice.status, invoice.paid)
    if wanted.status == "draft":
        _demand_draft(invoice, wanted)
        return False
    if invoice.status == "draft":
        actions.issue(invoice, by, tell=False)
    _pay(invoice, wanted, by)
    if wanted.status == "void" and invoice.status != "void":
        actions.make_void(invoice, NOTE, by)
    if wanted.status == "paid" and invoice.status != "paid":
        raise FieldRefusal("status", "It says paid, but less than the total is.")
    return (invoice.status, invoice.paid) != before


def _demand_draft(invoice: Invoice, wanted: Wanted) -> None:
    if invoice.status != "draft":
        raise FieldRefusal("status", f"{invoice.number} was issued. It is no draft any more.")
    if wanted.paid:
        raise FieldRefusal("paid", "Nothing is paid on a draft.")


def _pay(invoice: Invoice, wanted: Wanted, by: Actor) -> None:
    if wanted.paid > invoice.total:
        raise FieldRefusal("paid", "More is paid than the total.")
    if wanted.paid < invoice.paid:
        raise FieldRefusal(
            "paid", "Less is paid than before. Take a payment back on the page of the invoice."
        )
    if wanted.paid > invoice.paid:
        payments.record(invoice, wanted.paid - invoice.paid, wanted.paid_on, "", by)


def untaxed(imported: Import) -> str:
    """Return a sentence about new invoices in a file that says nothing of tax, empty where there is none."""
    if not imported.adds or {"tax", "tax_rate"} & set(imported.mapping):
        return ""
    which = "1 invoice has" if imported.adds == 1 else f"{imported.adds:,} invoices have"
    return f"No column fills Tax: {which} no tax."


KIND = record_kind(
    Invoices(),
    code="invoices",
    label="Invoices",
    several="invoices",
    most_on_sqlite=300,
    page="billing.index",
    twins="Where there is an invoice of the same number already",
    caution=untaxed,
    summed=("net", "tax"),
    hint="An invoice is told by its number and gets one line. Without a status it is a draft, unless "
    "something is paid. What was issued changes no more, but payments are added. No mail is sent.",
)
