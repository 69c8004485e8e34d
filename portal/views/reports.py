"""Reports: people and access, work orders, spend by month: chart, table and CSV (behaviour C42)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Response, current_app, redirect, request, url_for

from portal import htmx, money, policy, words
from portal.charts import Chart, chart
from portal.clock import now, today, zone
from portal.csv_out import csv_response
from portal.guards import actor, enter_area, membership
from portal.limits import makes_a_file
from portal.models import Area, Permission, WorkStatus
from portal.queries import invoices, reports
from portal.queries.reach import reach
from portal.queries.reports import Asked, Month, Person
from portal.templating import amount, day_month, exact
from portal.views.periods import Period, period, place, twelve_months
from portal.views.within import company_blueprint

blueprint = company_blueprint("reports", __name__, "/reports")
SILENT = timedelta(days=90)
GROUPS = {
    "recent": ("Signed in lately", "Signed in within the last 90 days"),
    "silent": ("Silent", "Signed in, but not for 90 days"),
    "never": ("Never", "May sign in and never did"),
    "unable": ("No sign-in", "May not sign in"),
    "no_property": ("No property", "Without property"),
}
_CHARTED = ("recent", "silent", "never", "unable")


@blueprint.get("")
def index() -> Response:
    """Show which reports there are."""
    enter_area(Area.REPORTS)
    return htmx.page("reports/index.html", reach=reach(actor()))


@blueprint.get("/people")
def people() -> Response:
    """Show who has what, who never signed in, who was silent for 90 days, and who has no property."""
    enter_area(Area.REPORTS)
    who, span = actor(), _added()
    if span.problem:
        return _page("people", span)
    asked = _asked(span)
    counts = reports.count_people(who, asked)
    return _page(
        "people",
        span,
        chart=_people_chart(counts),
        counts=counts,
        groups=GROUPS,
        group=asked.group,
        page=reports.people(who, asked),
        paged=bool(asked.after or asked.before),
        url=lambda **changes: _people_url(span, asked, **changes),
        linked=policy.browses_contacts(who),
        held=held,
    )


@blueprint.get("/people.csv")
@makes_a_file
def people_table() -> Response:
    """Send everybody that the people report is about."""
    enter_area(Area.REPORTS)
    span = _added()
    if span.problem:
        return _explain(".people", span)
    header = ("Name", "Job title", "Contact type", "Authorized user", "Roles", "Permissions", "Properties")
    rows = map(_person_cells, reports.all_people(actor(), _asked(span)))
    return csv_response(_name("people and access"), (*header, "Active", "Last sign-in"), rows)


def _person_cells(person: Person) -> tuple[Any, ...]:
    contact = person.contact
    return (
        contact.name,
        contact.job_title,
        contact.contact_type.name,
        words.ACCESS[contact.access][0],  # type: ignore[index]
        ", ".join(role.name for role in contact.roles),
        held(person),
        words.how_far(_sees_all(person), person.property_count),
        "No" if contact.deactivated_at else "Yes",
        exact(person.last_sign_in),
    )


def held(person: Person) -> str:
    """Return the permissions of a person in words; `admin` stands for all of them."""
    if Permission.ADMIN in person.rights:
        return words.PERMISSION[Permission.ADMIN][0]
    return ", ".join(words.PERMISSION[each][0] for each in Permission if each in person.rights)


def _sees_all(person: Person) -> bool:
    return Permission.ADMIN in person.rights or person.contact.scope == "client"


def _added() -> Period:
    return period(request.args, date(2000, 1, 1), today(), open_ended=True)


def _asked(span: Period) -> Asked:
    group = request.args.get("group", "")
    return Asked(
        span.moments(zone()),
        now() - SILENT,
        group if group in GROUPS else "",
        request.args.get("after", "")[:500],
        request.args.get("before", "")[:500],
    )


def _people_url(span: Period, asked: Asked, *, table: bool = False, **changes: str) -> str:
    wanted = replace(asked, **{"after": "", "before": "", **changes})  # type: ignore[arg-type]
    values = {name: getattr(wanted, name) for name in ("group", "after", "before")}
    endpoint = ".people_table" if table else ".people"
    return url_for(endpoint, **span.query, **{name: value for name, value in values.items() if value})


def _people_chart(counts: dict[str, int]) -> Chart:
    labels = [GROUPS[name] for name in _CHARTED]
    parts = [f"{counts[name]} {_lower(GROUPS[name][1])}" for name in _CHARTED if counts[name]]
    finding = f"{_number(counts['all'], 'person', 'people')}: {', '.join(parts)}." if parts else "Nobody."
    return chart(finding, labels, [("People", [counts[name] for name in _CHARTED])], str)


@blueprint.get("/work-orders")
def work_orders() -> Response:
    """Show how many work orders stand where, by property."""
    enter_area(Area.REPORTS)
    span = _period()
    if span.problem:
        return _page("work_orders", span)
    rows = reports.work_orders(actor(), *span.moments(zone()))
    totals = {status: sum(counts.get(status, 0) for _, counts in rows) for status in WorkStatus}
    return _page("work_orders", span, rows=rows, totals=totals, chart=_work_chart(totals), names=_STATUS)


_STATUS = {status: words.WORK_STATUS[status] for status in WorkStatus}


@blueprint.get("/work-orders.csv")
@makes_a_file
def work_orders_table() -> Response:
    """Send how many work orders stand where, by property."""
    enter_area(Area.REPORTS)
    span = _period()
    if span.problem:
        return _explain(".work_orders", span)
    rows = [
        (name or "No property", *(counts.get(status, 0) for status in WorkStatus), sum(counts.values()))
        for name, counts in reports.work_orders(actor(), *span.moments(zone()))
    ]
    return csv_response(_name("work orders", span), ("Property", *_STATUS.values(), "All"), rows)


def _work_chart(totals: dict[WorkStatus, int]) -> Chart:
    number = sum(totals.values())
    most = max(totals, key=lambda status: totals[status])
    finding = (
        f"{_number(number, 'work order', 'work orders')}, {totals[most]} of them {_lower(_STATUS[most])}."
    )
    labels = [(name, name) for name in _STATUS.values()]
    return chart(
        finding if number else "No work orders.", labels, [("Work orders", list(totals.values()))], str
    )


@blueprint.get("/spend")
def spend() -> Response:
    """Show what was billed month by month, beside the year before."""
    enter_area(Area.REPORTS)
    who, span, chosen = actor(), _period(), place(request.args)
    choices = {"places": invoices.property_choices(who), "place": chosen}
    if span.problem:
        return _page("spend", span, **choices)
    months = reports.spend(who, span.first, span.last, chosen)
    sums = {name: sum(getattr(month, name) for month in months) for name in _SUMMED}
    return _page(
        "spend", span, months=months, sums=sums, chart=_spend_chart(months, sums["total"]), **choices
    )


_SUMMED = ("invoices", "net", "tax", "total", "before")


@blueprint.get("/spend.csv")
@makes_a_file
def spend_table() -> Response:
    """Send what was billed month by month."""
    enter_area(Area.REPORTS)
    span, chosen = _period(), place(request.args)
    if span.problem:
        return _explain(".spend", span)
    header = ("Month", "Invoices", "Net", "Tax", "Total", "Year before", "Currency")
    rows = [
        (
            f"{month.first:%Y-%m}",
            month.invoices,
            *(money.decimal(each) for each in (month.net, month.tax, month.total, month.before)),
            current_app.config["CURRENCY"],
        )
        for month in reports.spend(actor(), span.first, span.last, chosen)
    ]
    return csv_response(_name("spend by month", span), header, rows)


def _spend_chart(months: list[Month], total: int) -> Chart:
    top = max(months, key=lambda month: month.total)
    finding = f"{amount(total)} in all, most of it in {top.first:%B %Y} with {amount(top.total)}."
    series = [
        ("This period", [month.total for month in months]),
        ("The year before", [month.before for month in months]),
    ]
    labels = [(f"{month.first:%b}", f"{month.first:%B %Y}") for month in months]
    currency = current_app.config["CURRENCY"]
    return chart(
        finding if total else "Nothing was billed.",
        labels,
        series,
        lambda pence: money.written(pence, currency),
        least=100,
        spell_step=lambda pence: money.written(pence, currency, whole=True),
    )


def _page(name: str, span: Period, **context: Any) -> Response:
    status = 422 if span.problem else 200
    seen = reach(actor())
    # Only the people are paged; the other reports, and what is wrong with a period, are always a whole page.
    block = "list" if name == "people" and not span.problem else None
    return htmx.page(f"reports/{name}.html", block=block, status=status, period=span, reach=seen, **context)


def _explain(endpoint: str, span: Period) -> Response:
    return current_app.make_response(redirect(url_for(endpoint, **span.query), 303))


def _period() -> Period:
    return period(request.args, *twelve_months(today()))


def _name(report: str, span: Period | None = None) -> str:
    days = f" {span.first} to {span.last}" if span else f" {day_month(today())}"
    return f"{membership().company.name} {report}{days}.csv"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
