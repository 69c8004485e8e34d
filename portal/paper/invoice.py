"""An invoice on paper."""

from portal import money
from portal.models import Company, Invoice
from portal.paper.heading import Head, spoken
from portal.paper.sheet import Sheet
from portal.queries.invoices import Row, Standing, taxes

_STANDING = {
    Standing.DRAFT: "Draft",
    Standing.DUE: "Due",
    Standing.OVERDUE: "Overdue",
    Standing.PAID: "Paid",
    Standing.VOID: "Void",
}


def invoice_pdf(row: Row, company: Company, head: Head) -> bytes:
    """Return the invoice of `row` to `company` as a PDF file."""
    invoice = row.invoice
    sheet = Sheet(head, f"Invoice {invoice.number}", [*_texts(invoice), *address(company)])
    sheet.say(f"Invoice {invoice.number}", 18, bold=True)
    if row.standing is Standing.VOID:
        sheet.say("Void: this invoice is not to be paid.", bold=True)
    if row.standing is Standing.DRAFT:
        sheet.say("Draft: this is no invoice yet.", bold=True)
    sheet.say(invoice.title, 11, muted=True)
    sheet.facts(_facts(row, company))
    sheet.rows(
        ("Line", "Quantity", "Price", "Amount"),
        [
            (
                line.text,
                money.plain(line.quantity),
                money.written(line.unit_price, head.currency),
                money.written(line.net, head.currency),
            )
            for line in invoice.lines
        ],
        (86, 22, 33, 33),
        3,
    )
    sheet.sums(_sums(row, head.currency))
    return sheet.bytes()


def address(company: Company) -> list[str]:
    """Return the name and the address of a company, line by line."""
    lines = [
        company.name,
        company.street,
        " ".join(part for part in (company.city, company.postcode) if part),
    ]
    return [line for line in lines if line]


def _texts(invoice: Invoice) -> list[str]:
    place = invoice.property
    lines = [line.text for line in invoice.lines]
    return [invoice.title, invoice.purchase_order, *lines, *([place.name, place.address] if place else [])]


def _facts(row: Row, company: Company) -> list[tuple[str, str]]:
    invoice, place = row.invoice, row.invoice.property
    facts = [
        ("To", ", ".join(address(company))),
        ("Tax id", company.tax_id),
        ("Property", f"{place.name}, {place.address}".rstrip(", ") if place else ""),
        ("Purchase order", invoice.purchase_order),
        ("Issued", spoken(invoice.issued_on)),
        ("Due", spoken(invoice.due_on)),
        ("Status", _STANDING[row.standing]),
    ]
    return [fact for fact in facts if fact[1]]


def _sums(row: Row, currency: str) -> list[tuple[str, str]]:
    invoice = row.invoice
    amounts = [("Net", invoice.net), *taxes(invoice), ("Total", invoice.total)]
    if row.standing is not Standing.VOID:
        amounts += [("Paid", invoice.paid), ("Balance", row.balance)]
    return [(label, money.written(amount, currency)) for label, amount in amounts]
