"""A statement on paper."""

from portal import money
from portal.models import Company
from portal.paper.heading import WORDS, Head, spoken
from portal.paper.invoice import address
from portal.paper.sheet import Sheet
from portal.queries.statements import Entry, Statement


def statement_pdf(statement: Statement, company: Company, head: Head, note: str = "") -> bytes:
    """Return `statement` of `company` as a PDF file; `note` says how much of the company it is about."""
    entries = statement.entries
    sheet = Sheet(head, "Statement", [*address(company), *(each.text for each in entries)])
    sheet.say("Statement", 18, bold=True)
    sheet.say(f"{spoken(statement.first)} to {spoken(statement.last)}", 11, muted=True)
    sheet.facts([("To", ", ".join(address(company))), *([("About", note)] if note else [])])
    rows = [(spoken(statement.first), "Balance before", "", _written(statement.opening, head))]
    rows += [_row(each, head) for each in entries]
    sheet.rows(("Day", "What", "Amount", "Balance"), rows, (36, 72, 33, 33), 2)
    sheet.sums(
        [
            ("Billed", _written(statement.billed, head)),
            ("Paid", _written(statement.paid, head)),
            (f"Balance on {spoken(statement.last)}", _written(statement.closing, head)),
        ]
    )
    return sheet.bytes()


def _row(entry: Entry, head: Head) -> tuple[str, str, str, str]:
    what = ", ".join(part for part in (f"{WORDS[entry.kind]} {entry.number}", entry.text) if part)
    return spoken(entry.on), what, _written(entry.amount, head), _written(entry.balance, head)


def _written(amount: int, head: Head) -> str:
    return money.written(amount, head.currency)
