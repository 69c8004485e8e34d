"""The activity page: every change of the company with who made it, filtered, and the same as CSV (C32)."""

from flask import Response, request, url_for

from portal import htmx, policy
from portal.clock import today
from portal.csv_out import csv_response
from portal.guards import actor, membership
from portal.limits import makes_a_file
from portal.queries import activity as listing
from portal.refusals import FieldRefusal
from portal.views import happened
from portal.views.happened import HEADER, KINDS, said
from portal.views.within import company_blueprint

blueprint = company_blueprint("activity", __name__, "/activity")


@blueprint.get("")
def index() -> Response:
    """Show a page of the activity; filters and paging stand in the address."""
    policy.demand_admin(actor(), or_staff=True)
    asked = happened.asked(request.args, KINDS)
    found = listing.Page() if asked.problem else listing.page(actor(), asked.wish)
    about = listing.name_of(actor(), asked.wish.contact) if asked.wish.contact else ""
    return htmx.page(
        "activity/index.html",
        block="list",
        where=f"Who did what at {membership().company.name}",
        search_label="Search by person",
        asked=asked.values,
        problem=asked.problem,
        kinds=KINDS,
        days=happened.by_day(found.rows),
        number=len(found.rows),
        chips=_chips(asked.values, about),
        older=_address(asked.values, before=str(found.older)) if found.older else "",
        newer=_address(asked.values, after=str(found.newer)) if found.newer else "",
        paged=bool(asked.wish.older or asked.wish.newer),
        here=url_for("activity.index"),
        export_href=url_for("activity.export", **said(asked.values)),
    )


@blueprint.get("/export")
@makes_a_file
def export() -> Response:
    """Send what the filters leave as CSV. Raises FieldRefusal where the days make no sense."""
    policy.demand_admin(actor(), or_staff=True)
    asked = happened.asked(request.args, KINDS)
    if asked.problem:
        raise FieldRefusal("from", asked.problem)
    found = listing.everything(actor(), asked.wish)
    rows = [happened.cells(row) for row in found[: listing.MOST]]
    if len(found) > listing.MOST:
        rows.append([listing.CUT])
    name = f"{membership().company.slug}-activity-{today().isoformat()}.csv"
    return csv_response(name, HEADER, rows)


def _address(values: dict[str, str], **changes: str) -> str:
    return url_for("activity.index", **said({**values, **changes}))


def _chips(values: dict[str, str], about: str) -> list[dict[str, str]]:
    labels = {
        "contact": about or "Nobody here",
        "kind": KINDS.get(values["kind"], ""),
        "from": f"From {values['from']}",
        "to": f"To {values['to']}",
    }
    return [
        {"label": label, "href": _address(values, **{name: ""})}
        for name, label in labels.items()
        if values[name]
    ]
