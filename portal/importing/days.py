"""Days as tables write them: ours, those of spreadsheets that were saved again, and with the month in words."""

import re
from datetime import date, datetime

from portal.forms.fields import country

_CLOCK = re.compile(r"[T ]0{1,2}:00(:00(\.0+)?)?Z?$")
_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y")
# Where the month comes first when both are numbers.
_MONTH_FIRST = {"US", "PH", "FM", "MH", "PW"}


def as_day(cell: str) -> str:
    """Return a day as the forms want it, 2026-11-30; what is none comes back as it was.

    Of 3/11/2026 the first number is the day, or the month where the vendor's country writes it so.
    """
    text = _CLOCK.sub("", cell.strip())
    numbers = "%m/%d/%Y" if country() in _MONTH_FIRST else "%d/%m/%Y"
    for form in ("%Y-%m-%d", "%Y/%m/%d", numbers, numbers.replace("/", "."), numbers.replace("/", "-"), *_WORDS):
        day = _in_form(text, form)
        if day is not None:
            return day.isoformat()
    return cell


def _in_form(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
