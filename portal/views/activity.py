"""The activity page: every change of the company with who made it, filtered, and the same as CSV (C32)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, request, url_for
from werkzeug.datastructures import MultiDict

from portal import htmx, policy, words
from portal.csv_out import csv_response
from portal.guards import actor, membership
from portal.limits import makes_a_file
from portal.models import Activity
from portal.queries import activity as listing
from portal.queries.activity import Wish
from portal.refusals import FieldRefusal
from portal.templating import today
from portal.views.within import company_blueprint

blueprint = company_blueprint("activity", __name__, "/activity")
KINDS = {
    "contacts": "Contacts",
    "access": "Access and signing in",
    "rights": "Roles and permissions",
    "properties": "Properties",
    "work_orders": "Work orders",
    "company": "Company and documents",
    "other": "Everything else",
    "staff": "By the vendor's staff",
    "refused": "Refused",
}
HEADER = ("When", "Who", "What", "Whom", "Result", "Reason", "Changes", "Address")


@dataclass(frozen=True)
class Asked:
    """The filters as they stand in the address, and what is wrong with them."""

    values: dict[str, str]
    wish: Wish
    problem: str = ""


@blueprint.get("")
def index() -> Response:
    """Show a page of the activity; filters and paging stand in the address."""
    policy.demand_admin(actor())
    asked = _asked(request.args)
    found = listing.Page() if asked.problem else listing.page(actor(), asked.wish)
    about = listing.name_of(actor(), asked.wish.contact) if asked.wish.contact else ""
    return htmx.page(
        "activity/index.html",
        block="list",
        asked=asked.values,
        problem=asked.problem,
        kinds=KINDS,
        days=_by_day(found.rows),
        number=len(found.rows),
        chips=_chips(asked.values, about),
        older=_address(asked.values, before=str(found.older)) if found.older else "",
        newer=_address(asked.values, after=str(found.newer)) if found.newer else "",
        paged=bool(asked.wish.older or asked.wish.newer),
        export_href=url_for(".export", **_kept(asked.values)),
    )


@blueprint.get("/export")
@makes_a_file
def export() -> Response:
    """Send what the filters leave as CSV. Raises FieldRefusal where the days make no sense."""
    policy.demand_admin(actor())
    asked = _asked(request.args)
    if asked.problem:
        raise FieldRefusal("from", asked.problem)
    found = listing.everything(actor(), asked.wish)
    rows = [_cells(row) for row in found[: listing.MOST]]
    if len(found) > listing.MOST:
        rows.append([f"Only the newest {listing.MOST:,} are here. Choose fewer days to get the others."])
    name = f"{membership().company.slug}-activity-{today().isoformat()}.csv"
    return csv_response(name, HEADER, rows)


def _asked(args: MultiDict[str, str]) -> Asked:
    """Return what `args` ask for; what makes no sense is as good as not said, but for days."""
    values = {
        "person": " ".join(args.get("person", "").replace("\0", " ").split())[: listing.LONGEST_SEARCH],
        "contact": str(_number(args.get("contact", "")) or ""),
        "kind": args["kind"] if args.get("kind") in KINDS else "",
        "from": args.get("from", "")[:20],
        "to": args.get("to", "")[:20],
    }
    try:
        first, last = _day(values["from"]), _day(values["to"])
    except ValueError:
        return Asked(values, Wish(), "Write days like 2026-11-30.")
    if first and last and last < first:
        return Asked(values, Wish(), "The first day is after the last one. Exchange them.")
    wish = Wish(
        person=values["person"],
        contact=_number(values["contact"]),
        kind=values["kind"],
        first=_start(first) if first else None,
        end=_start(last + timedelta(days=1)) if last else None,
        older=_number(args.get("before", "")),
        newer=_number(args.get("after", "")),
    )
    return Asked(values, wish)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0


def _day(text: str) -> date | None:
    """Return a day of a century in which there was a portal. Raises ValueError for anything else."""
    day = date.fromisoformat(text) if text else None
    if day is not None and not 2000 <= day.year < 2100:
        raise ValueError(text)
    return day


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(current_app.config["TIME_ZONE"])


def _kept(values: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _address(values: dict[str, str], **changes: str) -> str:
    return url_for(".index", **_kept({**values, **changes}))


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


def _by_day(rows: Any) -> list[dict[str, Any]]:
    """Return the rows under their days at the vendor's, each with its time and its changes in words."""
    local = [(row.at.astimezone(_zone()), row) for row in rows]
    return [
        {
            "label": _day_words(day),
            "rows": [
                {"event": row, "time": f"{at:%H:%M}", "changes": words.changes(row)} for at, row in those
            ],
        }
        for day, those in groupby(local, key=lambda pair: pair[0].date())
    ]


def _day_words(day: date) -> str:
    near = {0: "Today, ", 1: "Yesterday, "}.get((today() - day).days, "")
    return f"{near}{day:%A} {day.day} {day:%B %Y}"


def _cells(row: Activity) -> list[str]:
    changed = "; ".join(
        f"{each['label']}: {each['before'] or 'nothing'} \u2192 {each['after'] or 'nothing'}"
        for each in words.changes(row)
    )
    at = row.at.astimezone(_zone()).isoformat(sep=" ", timespec="seconds")
    return [at, row.actor_name, row.what, row.target_name, row.result, row.reason, changed, row.address]
