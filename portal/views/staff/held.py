"""What is held about a person as people read it: labels, names instead of ids, days in words (S8)."""

from datetime import date, datetime
from typing import Any

from portal import sentences, words
from portal.models import WorkStatus
from portal.phone import national
from portal.queries.staff.held_names import NAMED, names_in
from portal.templating import day_month, exact

# What is called otherwise than its column.
_LABELS = {
    "access": "Portal access",
    "address": "Network address",
    "at": "When",
    "attempts": "Tries",
    "by_name": "By",
    "closed_at": "Ended",
    "created_at": "Created",
    "default_company_id": "Company after signing in",
    "email": "E-mail",
    "email_confirmed_at": "E-mail confirmed",
    "facts": "What it tells",
    "honorific": "Title",
    "is_primary": "Primary contact",
    "has_second_factor": "Second factor",
    "last_sign_in_at": "Last login",
    "recovery_email": "Recovery e-mail",
    "scope": "Level",
    "to_email": "To",
    "username": "User name",
    "visit_on": "Visit",
    "what": "What was done",
}
_SAID: dict[str, dict[str, str]] = {
    "access": {access: label for access, (label, _line) in words.ACCESS.items()},
    "scope": {"client": "Client Level", "property": "Property Level"},
    "priority": {priority: label for priority, (label, _line) in words.PRIORITY.items()},
    "status": {str(status): words.WORK_STATUS[status] for status in WorkStatus},
    "kind": words.LETTER,
}
# Plain words of the database that only want a capital letter.
_CAPITAL = {"state", "ended_as", "purpose", "result", "theme", "density", "kind"}
# What only the portal's own working needs; it stands in the JSON file.
_LEFT_OUT = {"id", "generation", "shortcuts", "requested_by", "media_type"}
# A table up to so many columns; wider rows stand below one another.
COLUMNS = 5

Row = dict[str, str]


def readable(held: dict[str, list[dict[str, Any]]]) -> list[tuple[str, list[Row], list[str]]]:
    """Return each part of `held` that has rows: its name, the rows in words by label, and its columns.

    There are no columns where the rows are too wide for a table.
    """
    names = names_in(row for rows in held.values() for row in rows)
    found = []
    for part, rows in held.items():
        told = [_told(row, names) for row in rows]
        labels = list(dict.fromkeys(label for row in told for label in row))
        if told:
            found.append((part, told, labels if len(labels) <= COLUMNS else []))
    return found


def _told(row: dict[str, Any], names: dict[str, dict[int, str]]) -> Row:
    said = {}
    for column, value in row.items():
        if column in _LEFT_OUT or (column.endswith(("_id", "_ids")) and column not in NAMED):
            continue
        text = names.get(column, {}).get(value, "") if column in NAMED else _value(column, value)
        if text:
            said[_label(column)] = text
    return said


def _label(column: str) -> str:
    plain = column.removesuffix("_id").removesuffix("_at").removeprefix("is_").replace("_", " ")
    return _LABELS.get(column) or plain.capitalize()


def _value(column: str, value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return exact(value)
    if isinstance(value, date):
        return day_month(value)
    if isinstance(value, dict):
        return _pairs(column, value)
    text = "" if value is None else str(value)
    return _worded(column, text)


def _worded(column: str, text: str) -> str:
    if column in ("phone", "mobile"):
        return national(text)
    if column == "what":
        return sentences.deed(text).capitalize()
    if column == "size" and text:
        return f"{int(text):,} bytes"
    plain = text.replace("_", " ").capitalize() if column in _CAPITAL else text
    return _SAID.get(column, {}).get(text, plain)


def _pairs(column: str, value: dict[str, Any]) -> str:
    """Return what changed, or what a mail tells, one after the other."""
    if column == "changes":
        changed = words.reworded(value)
        return "; ".join(
            f"{each['label']}: {each['before'] or '–'} → {each['after'] or '–'}" for each in changed
        )
    told = {name: each for name, each in value.items() if each and not name.endswith(("_id", "signs_in"))}
    return "; ".join(f"{_label(name)}: {_fact(name, each)}" for name, each in told.items())


def _fact(name: str, value: Any) -> str:
    if name == "when":
        return exact(datetime.fromisoformat(value))
    if name == "topic":
        return words.TOPIC.get(value, (value,))[0]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
