"""The activity over all clients and of the vendor itself, filtered, and the same as CSV (behaviour S7)."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from portal import htmx
from portal.clock import today
from portal.csv_out import csv_response
from portal.limits import makes_a_file
from portal.models import Activity, Company
from portal.queries.activity import CUT, LONGEST_SEARCH, MOST, Page
from portal.queries.staff import activity as listing
from portal.queries.staff.activity import Narrower
from portal.refusals import FieldRefusal
from portal.staff_gate import acting
from portal.views import happened
from portal.views.happened import Asked, said

blueprint = Blueprint("activity", __name__, url_prefix="/activity")
KINDS = {**happened.KINDS, listing.OWN: "The vendor's own"}
WHO = {
    "clients": "People of clients",
    "staff": "Staff",
    "system": "The portal itself",
    "strangers": "People not signed in",
}


@blueprint.get("")
def index() -> Response:
    """Show a page of the activity; filters and paging stand in the address."""
    asked, narrower, colleagues = _asked()
    page = Page() if asked.problem else listing.page(acting(), narrower)
    clients = listing.names_of(acting(), page.rows)
    return htmx.page(
        "activity/index.html",
        block="list",
        where="Who did what, at every client and here",
        search_label="Search by person, deed or reason",
        asked=asked.values,
        problem=asked.problem,
        kinds=KINDS,
        people=[*WHO.items(), *((f"staff-{key}", name) for key, name in colleagues.items())],
        days=_with_clients(happened.by_day(page.rows), clients),
        number=len(page.rows),
        chips=_chips(asked.values, colleagues),
        older=_address(asked.values, before=str(page.older)) if page.older else "",
        newer=_address(asked.values, after=str(page.newer)) if page.newer else "",
        paged=bool(asked.wish.older or asked.wish.newer),
        here=url_for("staff.activity.index"),
        export_href=url_for("staff.activity.export", **said(asked.values)),
    )


@blueprint.get("/export")
@makes_a_file
def export() -> Response:
    """Send what the filters leave as CSV. Raises FieldRefusal where the days make no sense."""
    asked, narrower, _colleagues = _asked()
    if asked.problem:
        raise FieldRefusal("from", asked.problem)
    found = listing.everything(acting(), narrower)
    clients = listing.names_of(acting(), found)
    rows = [[_client(row, clients), *happened.cells(row), row.request_id] for row in found[:MOST]]
    if len(found) > MOST:
        rows.append([CUT])
    header = ("Client", *happened.HEADER, "Request")
    return csv_response(f"activity-{today().isoformat()}.csv", header, rows)


def _asked() -> tuple[Asked, Narrower, dict[int, str]]:
    """Return the filters in the address, what they ask for, and the staff to choose from."""
    asked, colleagues = happened.asked(request.args, KINDS), listing.colleagues(acting())
    who = request.args.get("who", "")
    known = who in WHO or who in {f"staff-{key}" for key in colleagues}
    client = " ".join(request.args.get("client", "").replace("\0", " ").split())[:LONGEST_SEARCH]
    asked.values.update(who=who if known else "", client=client, contact="")
    staff_id = int(who.removeprefix("staff-")) if known and who not in WHO else 0
    return asked, Narrower(asked.wish, who if who in WHO else "", staff_id, client), colleagues


def _address(values: dict[str, str], **changes: str) -> str:
    return url_for("staff.activity.index", **said({**values, **changes}))


def _chips(values: dict[str, str], colleagues: dict[int, str]) -> list[dict[str, str]]:
    people = {**WHO, **{f"staff-{key}": name for key, name in colleagues.items()}}
    labels = {
        "who": people.get(values["who"], ""),
        "kind": KINDS.get(values["kind"], ""),
        "client": f"At {values['client']}",
        "from": f"From {values['from']}",
        "to": f"To {values['to']}",
    }
    return [
        {"label": label, "href": _address(values, **{name: ""})}
        for name, label in labels.items()
        if values[name]
    ]


def _with_clients(days: list[dict[str, Any]], clients: dict[int, Company]) -> list[dict[str, Any]]:
    """Return `days` with the name of the client beside each row, and the address that shows it alone."""
    for day in days:
        for each in day["rows"]:
            row: Activity = each["event"]
            each["client"] = _client(row, clients)
            company = clients.get(row.company_id or 0)
            each["client_href"] = _address({}, client=company.slug) if company else ""
    return days


def _client(row: Activity, clients: dict[int, Company]) -> str:
    company = clients.get(row.company_id or 0)
    return company.name if company else ""
