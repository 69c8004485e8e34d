"""Billing: the invoices of a company, one invoice, and statements; as pages, PDF and CSV (behaviour C41)."""

from io import BytesIO
from typing import Any

from flask import Response, current_app, redirect, request, send_file, url_for
from werkzeug.datastructures import MultiDict

from portal import htmx, lifecycle, money
from portal.clock import today
from portal.csv_out import csv_response
from portal.guards import actor, enter_area, find, membership
from portal.limits import makes_a_file
from portal.models import Area, Invoice
from portal.paper.heading import WORDS, Head, one_line
from portal.phone import national
from portal.queries import documents
from portal.queries import invoices as listing
from portal.queries.invoices import Standing, Wish
from portal.queries.paging import LONGEST_SEARCH
from portal.queries.reach import reach
from portal.queries.statements import statement as made
from portal.staff_policy import is_vendor
from portal.templating import branding
from portal.views.documents import sent
from portal.views.periods import Period, period, place, twelve_months
from portal.views.within import company_blueprint

blueprint = company_blueprint("billing", __name__, "/billing")
# Where in the address the parts of a wish stand.
_NAMES = {
    "q": "q",
    "view": "view",
    "year": "year",
    "place": "property",
    "after": "after",
    "before": "before",
}
_VIEWS = (Standing.DUE, Standing.OVERDUE, Standing.PAID)
STANDINGS = {"draft": "Draft", "due": "Due", "overdue": "Overdue", "paid": "Paid", "void": "Void"}


@blueprint.get("")
def index() -> Response:
    """Show the invoices, overdue ones first; search, filters and paging stand in the address."""
    enter_area(Area.BILLING)
    who, asked, day = actor(), _wish(request.args), today()
    totals = listing.totals(who, day)
    return htmx.page(
        "billing/index.html",
        block="list",
        page=listing.page(who, asked, day),
        totals=totals,
        matching=listing.matching(who, asked, day) if asked.narrowed else totals.all,
        places=[] if htmx.wants_part() else listing.property_choices(who),
        years=_years(totals),
        wish=asked,
        url=lambda **changes: _address(asked, ".index", **changes),
        export_url=_address(asked, ".export", after="", before=""),
        reach=reach(who),
        can_add=is_vendor(who),
    )


@blueprint.get("/invoices.csv")
@makes_a_file
def export() -> Response:
    """Send the invoices that the list at hand is about, all pages of it."""
    enter_area(Area.BILLING)
    rows = listing.everything(actor(), _wish(request.args), today())
    header = (
        "Invoice",
        "For",
        "Property",
        "Purchase order",
        "Issued",
        "Due",
        "Status",
        "Net",
        "Tax",
        "Total",
        "Paid",
        "Balance",
        "Currency",
    )
    return csv_response(f"{membership().company.name} invoices.csv", header, map(_cells, rows))


def _cells(row: listing.Row) -> tuple[Any, ...]:
    invoice = row.invoice
    amounts = (invoice.net, invoice.tax, invoice.total, invoice.paid, row.balance)
    return (
        invoice.number,
        invoice.title,
        invoice.property.name if invoice.property else "",
        invoice.purchase_order,
        invoice.issued_on.isoformat(),
        invoice.due_on.isoformat(),
        STANDINGS[row.standing],
        *map(money.decimal, amounts),
        current_app.config["CURRENCY"],
    )


@blueprint.get("/<id:invoice_id>")
def show(invoice_id: int) -> Response:
    """Show one invoice with its lines, tax, payments and what is left to pay."""
    invoice = find(Invoice, invoice_id, area=Area.BILLING)
    return htmx.page(
        "billing/show.html",
        row=listing.row_of(invoice, today()),
        invoice=invoice,
        taxes=listing.taxes(invoice),
        own_pdf=documents.pdf_of(actor(), invoice),
        can_keep=is_vendor(actor()),
        moves=lifecycle.bill_moves(invoice) if is_vendor(actor()) else (),
    )


@blueprint.get("/<id:invoice_id>/pdf")
@makes_a_file
def pdf(invoice_id: int) -> Response:
    """Send one invoice as a PDF file: the vendor's own where there is one, else one made from its facts."""
    invoice = find(Invoice, invoice_id, area=Area.BILLING)
    own = documents.pdf_of(actor(), invoice)
    if own is not None:
        return sent(own)
    # Loaded when somebody asks for paper: it would take a third of the portal's start.
    from portal.paper.invoice import invoice_pdf

    row = listing.row_of(invoice, today())
    return _file(invoice_pdf(row, membership().company, _head()), f"{invoice.number}.pdf")


@blueprint.get("/statement")
def statement() -> Response:
    """Show what was billed and paid in the period that the address asks for."""
    enter_area(Area.BILLING)
    asked = _period()
    found = None if asked.problem else made(actor(), asked.first, asked.last)
    return htmx.page(
        "billing/statement.html",
        status=422 if asked.problem else 200,
        period=asked,
        statement=found,
        words=WORDS,
        reach=reach(actor()),
    )


@blueprint.get("/statement.pdf")
@makes_a_file
def statement_file() -> Response:
    """Send the statement as a PDF file; a period that is none is explained on the page."""
    from portal.paper.statement import statement_pdf

    enter_area(Area.BILLING)
    asked = _period()
    if asked.problem:
        return _explain(asked)
    seen = reach(actor())
    note = f"{seen[0]} of {seen[1]} properties" if seen else ""
    found = made(actor(), asked.first, asked.last)
    return _file(statement_pdf(found, membership().company, _head(), note), f"{_name(asked)}.pdf")


@blueprint.get("/statement.csv")
@makes_a_file
def statement_table() -> Response:
    """Send the statement as a CSV file; a period that is none is explained on the page."""
    enter_area(Area.BILLING)
    asked = _period()
    if asked.problem:
        return _explain(asked)
    found = made(actor(), asked.first, asked.last)
    rows: list[tuple[Any, ...]] = [
        (asked.first.isoformat(), "Balance before", "", "", "", money.decimal(found.opening))
    ]
    rows += [
        (
            each.on.isoformat(),
            WORDS[each.kind],
            each.number,
            each.text,
            money.decimal(each.amount),
            money.decimal(each.balance),
        )
        for each in found.entries
    ]
    return csv_response(f"{_name(asked)}.csv", ("Day", "What", "Invoice", "For", "Amount", "Balance"), rows)


def _period() -> Period:
    return period(request.args, *twelve_months(today()))


def _explain(asked: Period) -> Response:
    return current_app.make_response(redirect(url_for(".statement", **asked.query), 303))


def _name(asked: Period) -> str:
    return f"{membership().company.name} statement {asked.first} to {asked.last}"


def _head() -> Head:
    brand = branding()
    support = " · ".join(part for part in (brand.support_email, national(brand.support_phone)) if part)
    return Head(brand.name, support, current_app.config["CURRENCY"])


def _file(content: bytes, name: str) -> Response:
    plain = one_line(name).replace("/", "-").replace("\\", "-")
    answer = send_file(BytesIO(content), "application/pdf", as_attachment=True, download_name=plain)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wish(args: MultiDict[str, str]) -> Wish:
    """Return what `args` ask for; what makes no sense is as good as not said."""
    view, year = args.get("view", ""), args.get("year", "")
    return Wish(
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        view=view if view in _VIEWS or (view == Standing.DRAFT and is_vendor(actor())) else "",
        year=year if year.isdecimal() and year.isascii() and len(year) == 4 and year > "1900" else "",
        place=place(args),
        after=args.get("after", "")[:500],
        before=args.get("before", "")[:500],
    )


def _address(asked: Wish, endpoint: str, **changes: str) -> str:
    """Return the address of the list at hand with `changes`; a changed filter starts at the first page."""
    values = {name: getattr(asked, name) for name in _NAMES}
    if set(changes) - {"after", "before"}:
        values |= {"after": "", "before": ""}
    values |= changes
    return url_for(endpoint, **{_NAMES[name]: value for name, value in values.items() if value})


def _years(totals: listing.Totals) -> list[tuple[str, str]]:
    if totals.first is None or totals.last is None:
        return []
    return [(str(year), str(year)) for year in range(totals.last.year, totals.first.year - 1, -1)]
