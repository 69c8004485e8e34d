"""The demo's invoices: two years of them, with paid, due, overdue, part-paid, void and draft ones."""

import random
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal import money
from portal.clock import now
from portal.extensions import db
from portal.models import Company, Invoice, InvoiceLine, Payment, Property

MONTHS = 24
# How many invoices about a property a company gets each month, beside the one about the whole client.
MONTHLY = {"northgate": 2, "harbour": 1, "canal": 1, "metro": 9}
JOBS = (
    ("Lift inspection", 106_550, 20),
    ("Boiler service", 48_000, 20),
    ("Window cleaning", 31_250, 20),
    ("Fire alarm test", 18_999, 20),
    ("Gutter clearing", 27_333, 20),
    ("Insulation of the loft", 412_075, 5),
    ("Emergency call, burst pipe", 23_650, 20),
    ("Grounds maintenance", 36_480, 20),
)
FEES = {"northgate": 245_000, "harbour": 92_500, "canal": 31_900, "metro": 1_480_000}


def fill(companies: dict[str, Company]) -> None:
    """Add the invoices of each company; the same each time but for the dates."""
    dice = random.Random(3107)  # noqa: S311 - amounts for a demo, no secret
    bills = [bill for each in companies.values() for bill in _bills(each, dice)]
    bills.sort(key=lambda bill: bill["issued_on"])
    lines = [bill.pop("lines") for bill in bills]
    for number, (bill, own_lines) in enumerate(zip(bills, lines, strict=True), start=2001):
        _finish(bill, number, own_lines, dice)
    made = insert(Invoice).returning(Invoice.id, sort_by_parameter_order=True)
    ids = list(db.session.scalars(made, bills))
    rows = [{"invoice_id": key, **line} for key, own in zip(ids, lines, strict=True) for line in own]
    db.session.execute(insert(InvoiceLine), rows)
    paid = [_payment(key, bill) for key, bill in zip(ids, bills, strict=True) if bill["paid"]]
    db.session.execute(insert(Payment), paid)


def _bills(company: Company, dice: random.Random) -> list[dict[str, Any]]:
    properties = list(db.session.scalars(select(Property.id).where(Property.company_id == company.id)))
    today = now().date()
    bills = []
    for back in range(MONTHS):
        months = today.year * 12 + today.month - 1 - back
        month = date(months // 12, months % 12 + 1, 1)
        title = f"Monthly maintenance, {month:%B %Y}"
        fee = _bill(company, None, title, month, [_line(1, title, 1, FEES[company.slug], 20)])
        bills.append(fee | ({"status": "open"} if back in (0, 2) else {}))
        for _ in range(MONTHLY[company.slug]):
            day = month + timedelta(days=dice.randrange(27))
            if day <= today:
                bills.append(_job(company, dice.choice(properties), day, dice))
    drafted = _job(company, properties[0], today, dice)
    return [*bills, drafted | {"status": "draft"}]


def _job(company: Company, property_id: int, day: date, dice: random.Random) -> dict[str, Any]:
    text, price, tax = dice.choice(JOBS)
    lines = [_line(1, text, 1, price, tax), _line(2, "Labour, hours", dice.choice((1.5, 2, 3.25)), 5_850, 20)]
    return _bill(company, property_id, text, day, lines)


def _bill(
    company: Company, property_id: int | None, title: str, day: date, lines: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "company_id": company.id,
        "property_id": property_id,
        "title": title,
        "issued_on": day,
        "due_on": day + timedelta(days=30),
        "lines": lines,
    }


def _line(position: int, text: str, quantity: float, price: int, tax: float) -> dict[str, Any]:
    net = money.line_net(quantity, price)
    return {
        "position": position,
        "text": text,
        "quantity": quantity,
        "unit_price": price,
        "tax_percent": tax,
        "net": net,
    }


def _finish(bill: dict[str, Any], number: int, lines: list[dict[str, Any]], dice: random.Random) -> None:
    """Give a bill its number, sums and fate: old ones are paid but for a few, new ones are not."""
    bill["number"] = f"INV-{number}"
    bill["purchase_order"] = f"PO {dice.randrange(4000, 5000)}" if dice.random() < 0.5 else ""
    bill["net"] = sum(line["net"] for line in lines)
    bill["tax"] = sum(tax for _, tax in money.taxes((line["tax_percent"], line["net"]) for line in lines))
    status, share = _fate((now().date() - bill["issued_on"]).days, dice.random())
    bill["paid"] = 0 if "status" in bill else int((bill["net"] + bill["tax"]) * share)
    bill.setdefault("status", status)


def _fate(age: int, fate: float) -> tuple[str, float]:
    """Return the status of an invoice of so many days and the share of it that is paid."""
    if fate < 0.03:
        return "void", 0.0
    if age > 120 or (age > 25 and fate > 0.25):
        return "paid", 1.0
    return "open", 0.5 if 0.2 < fate < 0.25 else 0.0


def _payment(invoice_id: int, bill: dict[str, Any]) -> dict[str, Any]:
    day = min(bill["issued_on"] + timedelta(days=21), now().date())
    return {"invoice_id": invoice_id, "paid_on": day, "amount": bill["paid"], "reference": "Bank transfer"}
