"""Invoices over all clients, as the vendor numbers them (S9)."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from sqlalchemy import ColumnElement, select

from portal import money
from portal.extensions import db
from portal.models import Company, Invoice, InvoiceLine
from portal.policy import Actor
from portal.visibility import over_all

_COUNTED = re.compile(r"(.*?)(\d{1,12})")
USUAL_TAX = "20"
# So many of the newest say what is usual.
NEWEST = 50


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


def next_number(reader: Actor, company_id: int) -> str:
    """Return the number that follows in the client's own series, or in the vendor's; empty where none does.

    A series is what most of the newest numbers begin with, so that a single odd one starts none.
    """
    everybody = _counted(reader)
    own = _counted(reader, Invoice.company_id == company_id)
    series = Counter(start for start, _digits in own or everybody).most_common(1)
    if not series:
        return ""
    begin = series[0][0]
    last = max((digits for start, digits in own + everybody if start == begin), key=int)
    after = [f"{begin}{int(last) + step:0{len(last)}}" for step in range(1, NEWEST)]
    used = set(db.session.scalars(select(Invoice.number).where(Invoice.number.in_(after))))
    return next((each for each in after if each not in used and len(each) <= 40), "")


def _counted(reader: Actor, *which: ColumnElement[bool]) -> list[tuple[str, str]]:
    """Return the newest numbers that end in digits, newest first, as what is before these and the digits."""
    newest = over_all(reader, Invoice).with_only_columns(Invoice.number).where(*which)
    numbers = db.session.scalars(newest.order_by(Invoice.id.desc()).limit(NEWEST))
    found = (_COUNTED.fullmatch(number) for number in numbers)
    return [(each[1], each[2]) for each in found if each]


def usual_tax(company_id: int) -> str:
    """Return the tax, in percent, that most of the client's newest lines have, or else of everybody's."""
    lines = select(InvoiceLine.tax_percent).order_by(InvoiceLine.id.desc()).limit(NEWEST)
    own = lines.join(Invoice, Invoice.id == InvoiceLine.invoice_id).where(Invoice.company_id == company_id)
    for query in (own, lines):
        usual = Counter(db.session.scalars(query)).most_common(1)
        if usual:
            return money.plain(usual[0][0])
    return USUAL_TAX


def number_in(name: str) -> str:
    """Return the number that a file is called by: of "INV-1001.pdf" it is INV-1001."""
    stem = PurePath(name.replace("\\", "/")).name.strip()
    return (stem[:-4] if stem.lower().endswith(".pdf") else stem).strip()[:40]


def numbered(reader: Actor, numbers: Iterable[str]) -> dict[str, tuple[Invoice, Company]]:
    """Return the invoices with these numbers, each with its client, by the number in capitals, as of now."""
    wanted = {each.upper() for each in numbers} | set(numbers)
    query = over_all(reader, Invoice).join(Company, Company.id == Invoice.company_id).add_columns(Company)
    as_now = query.where(Invoice.number.in_(wanted)).execution_options(populate_existing=True)
    rows = db.session.execute(as_now).unique()
    return {invoice.number.upper(): (invoice, company) for invoice, company in rows}
