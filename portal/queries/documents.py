"""The documents that belong to something of a company."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from portal.extensions import db
from portal.models import Contract, Document, Invoice, Property, Rfp
from portal.policy import Actor
from portal.visibility import visible

Owner = Property | Contract | Rfp
_COLUMNS: dict[type[Any], InstrumentedAttribute[int | None]] = {
    Property: Document.property_id,
    Contract: Document.contract_id,
    Rfp: Document.rfp_id,
}


def of(reader: Actor, owner: Owner) -> list[Document]:
    """Return the documents of `owner` that `reader` may know of, newest first."""
    query = visible(reader, Document).where(column_of(owner) == owner.id)
    return list(db.session.scalars(query.order_by(Document.id.desc())))


def every(owner: Owner) -> list[Document]:
    """Return all documents of `owner`, whoever may see them."""
    return list(db.session.scalars(select(Document).where(column_of(owner) == owner.id)))


def pdf_of(reader: Actor, invoice: Invoice) -> Document | None:
    """Return the vendor's own PDF of `invoice`, None where there is none that `reader` may know of."""
    query = visible(reader, Document).where(Document.invoice_id == invoice.id)
    found: Document | None = db.session.scalar(query)
    return found


def column_of(owner: Owner) -> InstrumentedAttribute[int | None]:
    """Return the column of a document that names an owner of this kind."""
    return _COLUMNS[type(owner)]


def owner_of(document: Document) -> Owner | None:
    """Return what `document` belongs to, None for a photo of a work order and the PDF of an invoice."""
    for model, column in _COLUMNS.items():
        owner_id = getattr(document, column.key)
        if owner_id is not None:
            owner: Owner | None = db.session.get(model, owner_id)
            return owner
    return None
