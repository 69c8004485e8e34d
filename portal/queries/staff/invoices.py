"""Invoices over all clients, as the vendor numbers them (S9)."""

import re
from collections import Counter
from collections.abc import Collection
from pathlib import PurePath

from sqlalchemy import ColumnElement, func, select

from portal import money
from portal.extensions import db
from portal.models import Company, Invoice, InvoiceLine
from portal.policy import Actor
from portal.visibility import over_all

_COUNTED = re.compile(r"(.*?)(\d{1,12})")
USUAL_TAX = "20"
LONGEST = 40
# So many of the newest say what is usual.
NEWEST = 50


def taken(number: str, *, except_id: int | None = None) -> bool:
    """Return whether another invoice, of whichever client, has this number, in capitals or not."""
    query = select(Invoice.id).where(_numbered(number))
    if except_id is not None:
        query = query.where(Invoice.id != except_id)
    with db.session.no_autoflush:
        return db.session.scalar(query.limit(1)) is not None


def _numbered(*numbers: str) -> ColumnElement[bool]:
    """Return the condition that an invoice has one of these numbers, in capitals or not."""
    return func.lower(Invoice.number).in_([func.lower(each) for each in numbers])


def called(reader: Actor, number: str) -> list[Invoice]:
    """Return the invoice with this number, of whichever client: the one spelt so, else those spelt alike.

    More than one there is only where numbers that differ in capitals alone are older than the rule.
    """
    return [invoice for invoice, _company in numbered(reader, [number])[number]]


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
    used = {each.lower() for each in db.session.scalars(select(Invoice.number).where(_numbered(*after)))}
    return next((each for each in after if each.lower() not in used and len(each) <= LONGEST), "")


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
    """Return the number that a file is called by: of "INV-1001.pdf" it is INV-1001; "" for one too long."""
    stem = PurePath(name.replace("\\", "/")).name.strip()
    number = (stem[:-4] if stem.lower().endswith(".pdf") else stem).strip()
    return number if len(number) <= LONGEST else ""


def numbered(reader: Actor, numbers: Collection[str]) -> dict[str, list[tuple[Invoice, Company]]]:
    """Return for each of these numbers what `called` does, each invoice with its client, as they are now."""
    query = over_all(reader, Invoice).join(Company, Company.id == Invoice.company_id).add_columns(Company)
    query = query.where(_numbered(*numbers)).order_by(Invoice.id)
    rows = db.session.execute(query.execution_options(populate_existing=True)).unique()
    found = [(invoice, company) for invoice, company in rows]
    exact = {invoice.number: [(invoice, company)] for invoice, company in found}
    alike = {each: [pair for pair in found if pair[0].number.lower() == each.lower()] for each in numbers}
    return {each: exact.get(each, alike[each]) for each in numbers}
