"""What pages of activity share: the filters in the address, rows under their days, and lines of a table."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from werkzeug.datastructures import MultiDict

from portal import words
from portal.clock import today, zone
from portal.models import Activity
from portal.queries.activity import LONGEST_SEARCH, Wish

KINDS = {
    "contacts": "Contacts",
    "access": "Access and signing in",
    "rights": "Roles and permissions",
    "properties": "Properties",
    "work_orders": "Work orders",
    "invoices": "Invoices and payments",
    "company": "Company and documents",
    "other": "Everything else",
    "staff": "By the vendor's staff",
    "refused": "Refused",
}
HEADER = ("When", "Who", "What", "Whom", "Result", "Reason", "Changes", "Network address")


@dataclass(frozen=True)
class Asked:
    """The filters as they stand in the address, and what is wrong with them."""

    values: dict[str, str]
    wish: Wish
    problem: str = ""


def asked(args: MultiDict[str, str], kinds: Collection[str]) -> Asked:
    """Return what `args` ask for; what makes no sense is as good as not said, but for days."""
    values = {
        "person": " ".join(args.get("person", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        "contact": str(_number(args.get("contact", "")) or ""),
        "kind": args["kind"] if args.get("kind") in kinds else "",
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


def by_day(rows: Iterable[Activity]) -> list[dict[str, Any]]:
    """Return the rows under their days at the vendor's, each with its time and its changes in words."""
    local = [(row.at.astimezone(zone()), row) for row in rows]
    return [
        {
            "label": _day_words(day),
            "rows": [
                {"event": row, "time": f"{at:%H:%M}", "changes": words.changes(row)} for at, row in those
            ],
        }
        for day, those in groupby(local, key=lambda pair: pair[0].date())
    ]


def cells(row: Activity) -> list[str]:
    """Return the row as a line of a table, below HEADER."""
    changed = "; ".join(
        f"{each['label']}: {each['before'] or 'nothing'} \u2192 {each['after'] or 'nothing'}"
        for each in words.changes(row)
    )
    at = row.at.astimezone(zone()).isoformat(sep=" ", timespec="seconds")
    return [at, row.actor_name, row.what, row.target_name, row.result, row.reason, changed, row.address]


def said(values: dict[str, str]) -> dict[str, Any]:
    """Return the filters that say something, as they stand in an address."""
    return {name: value for name, value in values.items() if value}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0


def _day(text: str) -> date | None:
    """Return a day of a century in which there was a portal. Raises ValueError for anything else."""
    day = date.fromisoformat(text) if text else None
    if day is not None and not 2000 <= day.year < 2100:
        raise ValueError(text)
    return day


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), zone())


def _day_words(day: date) -> str:
    near = {0: "Today, ", 1: "Yesterday, "}.get((today() - day).days, "")
    return f"{near}{day:%A} {day.day} {day:%B %Y}"
