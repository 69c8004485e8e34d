"""The period and the property that stand in an address: read, checked, a sentence where they are wrong."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from portal.guards import actor
from portal.named import demand_place
from portal.queries.invoices import NO_PROPERTY

LONGEST = timedelta(days=3 * 366)
_DAY = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Period:
    """A period as it was asked for; where it is none, `problem` is a sentence and the days mean nothing."""

    first: date
    last: date
    typed_first: str
    typed_last: str
    problem: str = ""

    @property
    def query(self) -> dict[str, Any]:
        """What addresses carry on."""
        typed = {"from": self.typed_first, "to": self.typed_last}
        return {name: text for name, text in typed.items() if text}

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the first day begins and when the last one has ended, in `zone`."""
        begins = datetime.combine(self.first, time(), zone)
        ends = datetime.combine(self.last + timedelta(days=1), time(), zone)
        return begins.astimezone(UTC), ends.astimezone(UTC)


def period(args: MultiDict[str, str], first: date, last: date, *, open_ended: bool = False) -> Period:
    """Return the period that `args` ask for by `from` and `to`; `first` and `last` where they do not.

    An open-ended one may be of any length, and what was not said stays unsaid in addresses and forms.
    """
    typed = [args.get("from", "").strip()[:20], args.get("to", "").strip()[:20]]
    begin, end = _day(typed[0], first), _day(typed[1], last)
    if begin is None or end is None:
        wrong = typed[0] if begin is None else typed[1]
        sentence = f"“{wrong}” is not a day from 2000 to 2099. Write it like 2026-11-30."
        return Period(first, last, typed[0], typed[1], sentence)
    problem = "The period ends before it begins. Change one of the two days." if end < begin else ""
    if open_ended:
        return Period(begin, end, typed[0], typed[1], problem)
    if end - begin > LONGEST:
        problem = "The period is longer than three years. Choose a shorter one."
    return Period(begin, end, begin.isoformat(), end.isoformat(), problem)


def _day(text: str, default: date) -> date | None:
    if not text:
        return default
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def twelve_months(today: date) -> tuple[date, date]:
    """Return the first day of the month eleven months ago, and today."""
    months = today.year * 12 + today.month - 12
    return date(months // 12, months % 12 + 1, 1), today


def place(args: MultiDict[str, str]) -> str:
    """Return the number of the property `args` ask for, NO_PROPERTY or nothing; 404 for a foreign one."""
    text = args.get("property", "")
    number = text.isdecimal() and text.isascii() and len(text) < 10
    return demand_place(actor(), text) if number else text if text == NO_PROPERTY else ""
