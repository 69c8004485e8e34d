"""Places in an ordered list, written into addresses so that paging goes on from there (keyset paging)."""

import base64
import json
from datetime import date
from typing import Any


def write(*values: Any) -> str:
    """Return the place that `values` (numbers, texts, days) mean, as it stands in an address."""
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    text = json.dumps(plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, *kinds: type[Any]) -> tuple[Any, ...] | None:
    """Return the values of a place, each of its kind (int, str or date); None where it is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        found = json.loads(text)
        if not isinstance(found, list) or len(found) != len(kinds):
            return None
        return tuple(_of_kind(value, kind) for value, kind in zip(found, kinds, strict=True))
    except (ValueError, TypeError, UnicodeError, RecursionError):
        return None


def _of_kind(value: Any, kind: type[Any]) -> Any:
    """Return `value` as a `kind`; ValueError where it is none, or nothing a database could compare with."""
    if kind is date:
        return date.fromisoformat(value)
    if type(value) is not kind or (kind is int and not 0 <= value < 2**31):
        raise ValueError("not of this kind")
    if kind is str:
        value.encode()
        if "\0" in value:
            raise ValueError("not a text to compare with")
    return value
