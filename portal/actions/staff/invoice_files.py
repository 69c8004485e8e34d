"""The vendor's own PDF of an invoice: kept with it, one at a time or many, each named by its number (S9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from portal import audit, files, invariants, lifecycle
from portal.actions.documents import row_of
from portal.extensions import db
from portal.lifecycle import BillMove
from portal.models import Company, Document, Invoice
from portal.policy import Actor
from portal.queries.documents import pdf_of
from portal.queries.staff import invoices
from portal.refusals import Refusal
from portal.staff_policy import demand_vendor

MOST_FILES = 200


@dataclass
class Handed:
    """What became of one file: its invoice, or the reason why it was not kept."""

    name: str
    invoice: Invoice | None = None
    company: Company | None = None
    reason: str = ""


def attach(invoice: Invoice, stream: BinaryIO, name: str, by: Actor) -> Document:
    """Return the vendor's PDF of an invoice, in place of the one that was there.

    Raises NotAllowed unless `by` is the vendor, NotNow for a void invoice, FieldRefusal at "file" for what
    is no PDF.
    """
    demand_vendor(by)
    lifecycle.take_bill(invoice, BillMove.ATTACH)
    stored = files.store(stream, name, only=files.PDF)
    before = pdf_of(by, invoice)
    if before is not None:
        files.remove(before)
        db.session.delete(before)
        db.session.flush()
    document = row_of(stored, by, company_id=invoice.company_id, invoice_id=invoice.id)
    db.session.add(document)
    db.session.flush()
    _tell(invoice, before.name if before else "", stored.name, by)
    return document


def _tell(invoice: Invoice, before: str, after: str, by: Actor) -> None:
    """Write it into the activity, of the client only once the client knows of the invoice."""
    who = replace(by, company_id=invoice.company_id if invoice.status != "draft" else None)
    changes = {"PDF": (before, after)}
    audit.record("attached a PDF to", by=who, about=f"invoice {invoice.number}", changes=changes)


def attach_all(handed: Sequence[tuple[str, BinaryIO]], by: Actor) -> list[Handed]:
    """Keep each file with the invoice it is called by, where that has none; return what became of each.

    `handed` are pairs of file name and content. Raises NotAllowed unless `by` is the vendor.
    """
    demand_vendor(by)
    names = {name: invoices.number_in(name) for name, _ in handed}
    before = invoices.numbered(by, set(names.values()))
    for company_id in sorted({company.id for pairs in before.values() for _, company in pairs}):
        invariants.lock(db.session(), company_id)
    # Once more: while this waited, one of them may have been made void, or its client marked as exited (T83).
    found = invoices.numbered(by, set(names.values()))
    return [_handed(name, stream, found[names[name]], by) for name, stream in handed]


def _handed(name: str, stream: BinaryIO, found: list[tuple[Invoice, Company]], by: Actor) -> Handed:
    if not found:
        return Handed(name, reason="There is no invoice of this number.")
    if len(found) > 1:
        return Handed(name, reason="Several invoices have this number but for capitals. Write it as it is.")
    invoice, company = found[0]
    answer = Handed(name, invoice, company)
    if company.exited_at is not None:
        answer.reason = f"{company.name} is marked as exited."
    elif pdf_of(by, invoice) is not None:
        answer.reason = "It has a PDF already. Replace it on the page of the invoice."
    else:
        try:
            attach(invoice, stream, name, by)
        except Refusal as refusal:
            answer.reason = refusal.sentence
    return answer
