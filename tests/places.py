"""What tests put around the properties of a company: contracts, RFPs, documents, work orders."""

import io
from datetime import date
from typing import Any

from portal import files
from portal.extensions import db
from portal.models import (
    Contract,
    ContractProperty,
    Document,
    Rfp,
    RfpAnswer,
    RfpProperty,
    WorkOrder,
)

PDF = b"%PDF-1.7\n1 0 obj\n"


def contract(company_id: int, title: str, *place_ids: int, **facts: Any) -> int:
    """Add a contract that covers the places; return its id."""
    facts = {"reference": f"C-{title}"[:40], "starts_on": date(2026, 1, 1), **facts}
    row = Contract(company_id=company_id, title=title, **facts)
    row.property_links = [ContractProperty(company_id=company_id, property_id=each) for each in place_ids]
    return _added(row)


def rfp(company_id: int, title: str, *place_ids: int, answers: tuple[str, ...] = (), **facts: Any) -> int:
    """Add an RFP about the places; return its id."""
    facts = {"reference": f"R-{title}"[:40], "answers_by": date(2026, 12, 1), **facts}
    row = Rfp(company_id=company_id, title=title, **facts)
    row.property_links = [RfpProperty(company_id=company_id, property_id=each) for each in place_ids]
    row.answers = [RfpAnswer(company_id=company_id, by_name="Sue Marsh", text=each) for each in answers]
    return _added(row)


def work_order(company_id: int, number: int, title: str, place_id: int | None, **facts: Any) -> int:
    """Add a work order; return its id."""
    row = WorkOrder(company_id=company_id, number=number, title=title, property_id=place_id, **facts)
    return _added(row)


def document(company_id: int, name: str, **owner: int) -> int:
    """Add a document with a real file; `owner` is like property_id=7. Returns its id."""
    stored = files.store(io.BytesIO(PDF), name)
    row = Document(
        company_id=company_id,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        stored_as=stored.stored_as,
        **owner,
    )
    return _added(row)


def _added(row: Any) -> int:
    db.session.add(row)
    db.session.flush()
    return int(row.id)
