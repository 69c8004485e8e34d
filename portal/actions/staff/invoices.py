"""Invoices as the vendor keeps them: a draft, its issue, and making void what should never have been (S9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.exc import IntegrityError

from portal import audit, files, lifecycle, money
from portal.actions.notices import tell_invoice
from portal.extensions import db
from portal.lifecycle import BillMove
from portal.models import Company, Invoice, InvoiceLine, Property
from portal.policy import Actor
from portal.queries.documents import pdf_of
from portal.queries.staff import invoices
from portal.queries.work_orders import place_named
from portal.refusals import FieldRefusal
from portal.staff_policy import demand_vendor

FACTS = {
    "number": "Number",
    "title": "For",
    "purchase_order": "Purchase order",
    "issued_on": "Issued",
    "due_on": "Due",
}


@dataclass(frozen=True)
class Item:
    """One line of a bill."""

    text: str
    quantity: Decimal
    unit_price: int
    tax_percent: Decimal

    @property
    def net(self) -> int:
        """What the line costs without tax."""
        return money.line_net(float(self.quantity), self.unit_price)


@dataclass(frozen=True)
class Bill:
    """An invoice as it is wanted; `place` is None where it is about the client as a whole."""

    number: str
    title: str
    place: Property | None
    purchase_order: str
    issued_on: date
    due_on: date
    items: Sequence[Item]
    sums: tuple[int, int] | None = None  # net and tax where the lines' own do not hold

    @property
    def net(self) -> int:
        """What the lines cost without tax."""
        return self.sums[0] if self.sums else sum(each.net for each in self.items)

    @property
    def tax(self) -> int:
        """The tax, reckoned on the sum of each rate."""
        if self.sums:
            return self.sums[1]
        return sum(tax for _, tax in money.taxes((float(each.tax_percent), each.net) for each in self.items))


def place_called(by: Actor, name: str, invoice: Invoice | None = None) -> Property | None:
    """Return the property that an invoice is about, by its name; None for the client as a whole.

    Raises FieldRefusal where the client has none that is called so, and in use or that of `invoice` already.
    """
    before = invoice.property if invoice else None
    if not name or (before is not None and before.name == name):
        return before if name else None
    found = place_named(by, name)
    if found is None:
        raise FieldRefusal("place", "There is no such property. Leave it empty for the entire client.")
    return found


def draft(company: Company, wanted: Bill, by: Actor) -> Invoice:
    """Return a new invoice of `company`, a draft: its people learn nothing of it.

    Raises NotAllowed unless `by` is the vendor, FieldRefusal for a number that is taken or sums that no
    invoice has.
    """
    demand_vendor(by)
    made = Invoice(company_id=company.id, status="draft", void_reason="")
    _write(made, wanted)
    audit.record("drafted", by=_vendors(by), about=f"invoice {made.number}")
    return made


def change(invoice: Invoice, wanted: Bill, by: Actor) -> bool:
    """Bring a draft to what is `wanted`; return whether that changed it. Raises as `draft`, and NotNow."""
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.EDIT)
    before = _facts(invoice)
    _write(invoice, wanted)
    after = _facts(invoice)
    changes = {label: (before[label], after[label]) for label in after if before[label] != after[label]}
    if changes:
        audit.record(
            "changed the draft of", by=_vendors(by), about=f"invoice {invoice.number}", changes=changes
        )
    return bool(changes)


def _vendors(by: Actor) -> Actor:
    """Return who acts, in no client: of a draft nothing stands in the activity that its client reads."""
    return replace(by, company_id=None)


def _write(invoice: Invoice, wanted: Bill) -> None:
    """Write an invoice down as it is wanted. Raises FieldRefusal and leaves it as it is."""
    _demand_sums(wanted)
    if invoices.taken(wanted.number, except_id=invoice.id):
        raise _taken(wanted.number)
    try:
        with db.session.begin_nested():
            _fill(invoice, wanted)
            db.session.add(invoice)
    except IntegrityError:  # another client's, a moment ago
        raise _taken(wanted.number) from None
    db.session.refresh(invoice, ["property"])


def _demand_sums(wanted: Bill) -> None:
    total = wanted.net + wanted.tax
    if max(abs(each.net) for each in wanted.items) > money.LARGEST or total > money.LARGEST:
        raise FieldRefusal("lines", "The sum is too large for one invoice.")
    if wanted.net < 0 or total < 0:
        raise FieldRefusal("lines", "The total is below zero. An invoice asks for money, it gives none.")
    if wanted.tax < 0:
        raise FieldRefusal("lines", "The tax is below zero. Take off at the rate of what it is taken from.")


def _taken(number: str) -> FieldRefusal:
    return FieldRefusal("number", f"There is an invoice {number} already. Numbers are used once.")


def _fill(invoice: Invoice, wanted: Bill) -> None:
    for name in FACTS:
        setattr(invoice, name, getattr(wanted, name))
    invoice.property_id = wanted.place.id if wanted.place else None
    invoice.net, invoice.tax = wanted.net, wanted.tax
    if [_said(each) for each in invoice.lines] != [_said(each) for each in wanted.items]:
        invoice.lines = [_line(position, each) for position, each in enumerate(wanted.items, 1)]


def _line(position: int, item: Item) -> InvoiceLine:
    return InvoiceLine(
        position=position,
        text=item.text,
        quantity=float(item.quantity),
        unit_price=item.unit_price,
        tax_percent=float(item.tax_percent),
        net=item.net,
    )


def items_of(invoice: Invoice) -> list[Item]:
    """Return the lines of an invoice as they are wanted again."""
    return [
        Item(each.text, Decimal(str(each.quantity)), each.unit_price, Decimal(str(each.tax_percent)))
        for each in invoice.lines
    ]


def _said(line: InvoiceLine | Item) -> str:
    tax = money.plain(line.tax_percent)
    return f"{line.text}: {money.plain(line.quantity)} × {money.decimal(line.unit_price)}, tax {tax} %"


def _facts(invoice: Invoice) -> dict[str, str]:
    facts = {label: str(getattr(invoice, name)) for name, label in FACTS.items()}
    facts["Property"] = invoice.property.name if invoice.property else ""
    facts["Lines"] = "; ".join(_said(each) for each in invoice.lines)
    return facts | {"Total": str(money.decimal(invoice.total))}


def discard(invoice: Invoice, by: Actor) -> None:
    """Delete a draft with its PDF. Raises NotAllowed and NotNow: what was issued is never deleted."""
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.DISCARD)
    document = pdf_of(by, invoice)
    if document is not None:
        files.remove(document)
        db.session.delete(document)
        db.session.flush()
    audit.record("deleted the draft of", by=_vendors(by), about=f"invoice {invoice.number}")
    db.session.delete(invoice)


def issue(invoice: Invoice, by: Actor, *, tell: bool = True) -> None:
    """Let the client see a draft, and hear of it where somebody chose the topic. Raises as `discard` does."""
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.ISSUE)
    invoice.status = "open"
    facts = {label: ("", value) for label, value in _facts(invoice).items() if value and label != "Lines"}
    audit.record("issued", by=by, company_id=invoice.company_id, about=_named(invoice), changes=facts)
    if tell:
        tell_invoice(invoice, by)


def make_void(invoice: Invoice, reason: str, by: Actor) -> None:
    """Say that an invoice is not to be paid, and why. Raises NotAllowed, and NotNow once money came in."""
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.VOID)
    invoice.status, invoice.void_reason = "void", reason
    changes = {"Reason": ("", reason)}
    audit.record("made void", by=by, company_id=invoice.company_id, about=_named(invoice), changes=changes)


def _named(invoice: Invoice) -> str:
    return f"invoice {invoice.number} {invoice.title}"
