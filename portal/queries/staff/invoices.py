"""Invoices over all clients, as the vendor numbers them (S9)."""

import re
from collections.abc import Iterable
from pathlib import PurePath

from sqlalchemy import select

from portal import money
from portal.extensions import db
from portal.models import Company, Invoice, InvoiceLine
from portal.policy import Actor
from portal.visibility import over_all

_COUNTED = re.compile(r"(.*?)(\d{1,12})")
USUAL_TAX = "20"


def taken(number: str, *, except_id: int | None = None) -> bool:
    """Return whether another invoice, of whichever client, has this number."""
    with db.session.no_autoflush:
        found = db.session.scalar(select(Invoice.id).where(Invoice.number == number))
    return found is not None and found != except_id


def called(reader: Actor, number: str) -> Invoice | None:
    """Return the invoice with this number, of whichever client."""
    query = over_all(reader, Invoice).where(Invoice.number == number)
    found: Invoice | None = db.session.scalars(query).unique().one_or_none()
    return found


def draft_called(reader: Actor, company_id: int, number: str) -> Invoice | None:
    """Return the client's draft with this number, None where there is none."""
    mine = (Invoice.company_id == company_id, Invoice.status == "draft", Invoice.number == number)
    found: Invoice | None = db.session.scalars(over_all(reader, Invoice).where(*mine)).unique().one_or_none()
    return found


def next_number(reader: Actor) -> str:
    """Return the number after the newest invoice's; empty where it ends in no digits, or that is taken."""
    newest = over_all(reader, Invoice).with_only_columns(Invoice.number).order_by(Invoice.id.desc()).limit(1)
    counted = _COUNTED.fullmatch(db.session.scalar(newest) or "")
    if counted is None:
        return ""
    number = f"{counted[1]}{int(counted[2]) + 1:0{len(counted[2])}}"
    return "" if taken(number) or len(number) > 40 else number


def usual_tax() -> str:
    """Return the tax, in percent, of the line that was written last."""
    newest = select(InvoiceLine.tax_percent).order_by(InvoiceLine.id.desc()).limit(1)
    found = db.session.scalar(newest)
    return USUAL_TAX if found is None else money.plain(found)


def number_in(name: str) -> str:
    """Return the number that a file is called by: of "INV-1001.pdf" it is INV-1001."""
    stem = PurePath(name.replace("\\", "/")).name.strip()
    return (stem[:-4] if stem.lower().endswith(".pdf") else stem).strip()[:40]


def numbered(reader: Actor, numbers: Iterable[str]) -> dict[str, tuple[Invoice, Company]]:
    """Return the invoices with these numbers, each with its client, by the number in capitals."""
    wanted = {each.upper() for each in numbers} | set(numbers)
    query = over_all(reader, Invoice).join(Company, Company.id == Invoice.company_id).add_columns(Company)
    rows = db.session.execute(query.where(Invoice.number.in_(wanted))).unique()
    return {invoice.number.upper(): (invoice, company) for invoice, company in rows}
