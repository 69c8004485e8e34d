"""Fields for days and for amounts of money: read as people write them, kept as 2026-11-30 and 1278.60."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from wtforms import ValidationError
from wtforms.fields import Field
from wtforms.widgets import DateInput

from portal.forms.fields import TextLine, clean
from portal.money import LARGEST, SIGNS, decimal
from portal.phone import country

_FIRST, _LAST = date(1970, 1, 1), date(2099, 12, 31)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T00:00:00|\s00:00(?::00)?)?", re.ASCII)
_NUMBERS = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})", re.ASCII)
# 1,278.60 or 1 278.60, and 1.278,60 as it is written elsewhere; two digits at most behind the last sign.
_AMOUNT = re.compile(
    r"(?P<units>\d{1,3}(?:[, '\u00a0\u202f\u2019]\d{3})+|\d+)(?:\.(?P<rest>\d{1,2}))?"
    r"|(?P<other>\d{1,3}(?:[. '\u00a0\u202f\u2019]\d{3})+|\d+),(?P<others>\d{1,2})",
    re.ASCII,
)
_SIGNS = re.compile("|".join(re.escape(each.strip()) for each in (*SIGNS, *SIGNS.values())))


class DayLine(TextLine):
    """A day, which browsers let people pick from a calendar; to be checked by `day`."""

    widget = DateInput()


class MoneyLine(TextLine):
    """An amount of money, typed on a phone with its digits; to be checked by `money`."""

    def __init__(self, *said: Any, **more: Any) -> None:
        super().__init__(*said, render_kw={"inputmode": "decimal", "autocomplete": "off"}, **more)


def day(_form: Any, field: Field) -> None:
    """Check a day where one was typed, and keep it as 2026-11-30."""
    text = clean(field.data)
    found = _day(text) if text else None
    if text and (found is None or not _FIRST <= found <= _LAST):
        raise ValidationError(f"Write a day from {_FIRST.year} to {_LAST.year} like 2026-11-30.")
    field.data = found.isoformat() if found else ""


def _day(text: str) -> date | None:
    iso, numbers = _ISO.fullmatch(text), _NUMBERS.fullmatch(text)
    try:
        if iso:
            return date.fromisoformat(iso[1])
        if numbers:
            month_first = numbers[2] == "/" and country() == "US"
            first, second, year = int(numbers[1]), int(numbers[3]), int(numbers[4])
            return date(year, first, second) if month_first else date(year, second, first)
        for written in ("%d %b %Y", "%d %B %Y"):
            try:
                return datetime.strptime(text, written).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
    except ValueError:
        return None
    return None


def money(_form: Any, field: Field) -> None:
    """Check an amount of money where one was typed, and keep it as 1278.60."""
    text = clean(_SIGNS.sub("", clean(field.data)))
    found = _AMOUNT.fullmatch(text) if len(text) <= 40 else None
    if not text and not clean(field.data):
        field.data = ""
        return
    if found is None:
        raise ValidationError("Write an amount like 1278.60, with at most two digits behind the dot.")
    units = re.sub(r"\D", "", found["units"] or found["other"])
    field.data = f"{int(units)}.{(found['rest'] or found['others'] or '').ljust(2, '0')}"
    if pence(field.data) > LARGEST:  # type: ignore[operator]
        raise ValidationError(f"Use at most {LARGEST // 100:,}.")


def as_day(text: str | None) -> date | None:
    """Return the day that a checked field holds, None for an empty one."""
    return date.fromisoformat(text) if text else None


def pence(text: str | None) -> int | None:
    """Return the amount that a checked field holds in pence or cents, None for an empty one."""
    return int(Decimal(text).scaleb(2)) if text else None


def plain(value: Any) -> str:
    """Return a day, or an amount in pence, as its field keeps it; None is empty."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else f"{decimal(value):f}"
