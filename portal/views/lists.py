"""What the address of a contacts list asks for: the query string read with allow-lists, and written again."""

from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from portal.lifecycle import Status
from portal.queries.contacts import AUTHORIZED, SORTS, Choices, Wish
from portal.queries.paging import LONGEST_SEARCH

LABELS = {
    "status": {"pending": "Pending", "active": "Active", "inactive": "Inactive"},
    "authorized": {
        "yes": "Authorized",
        "email_only": "E-mail only",
        "no": "Not authorized",
    },
}


def wish(args: MultiDict[str, str]) -> Wish:
    """Return what `args` ask for; what makes no sense is as good as not said."""

    def one_of(name: str, allowed: Any, default: str = "") -> str:
        value = args.get(name, "")
        return value if value in allowed else default

    role = args.get("role", "")
    return Wish(
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        type=args.get("type", "")[:40].replace("\0", ""),
        status=one_of("status", set(Status)),
        role=role if role.isdecimal() and role.isascii() and len(role) < 10 else "",
        authorized=one_of("authorized", AUTHORIZED),
        sort=one_of("sort", SORTS, "name"),
        dir=one_of("dir", ("asc", "desc"), "asc"),
        after=args.get("after", "")[:500],
        before=args.get("before", "")[:500],
    )


def address(asked: Wish, **changes: Any) -> str:
    """Return the address of the list at hand with `changes`; a changed filter starts at the first page.

    What is no part of a wish, such as the id of what the list belongs to, goes into the path.
    """
    values = {name: getattr(asked, name) for name in Wish.__dataclass_fields__}
    if set(changes) & values.keys() - {"after", "before"}:
        values |= {"after": "", "before": ""}
    values |= changes
    if values["sort"] == "name" and values["dir"] == "asc":
        values |= {"sort": "", "dir": ""}
    endpoint = request.endpoint or "contacts.index"
    return url_for(endpoint, **{name: value for name, value in values.items() if value})


def everybody(asked: Wish) -> str:
    """Return the address that changes everybody whom the list shows, on all of its pages."""
    narrowed = {name: getattr(asked, name) for name in ("q", "type", "status", "role", "authorized")}
    return url_for("bulk.choose", all="1", **{name: value for name, value in narrowed.items() if value})


def export(asked: Wish) -> tuple[str, str]:
    """Return the addresses of what the list shows as a table and as cards, on all of its pages."""
    narrowed = {name: getattr(asked, name) for name in ("q", "type", "status", "role", "authorized")}
    said = {name: value for name, value in narrowed.items() if value}
    return url_for("exports.table", **said), url_for("exports.cards", **said)


def chips(asked: Wish, choices: Choices) -> list[dict[str, str]]:
    """Return the active filters in words, each with the address that drops it."""
    labels = {**LABELS, "type": dict(choices.types), "role": dict(choices.roles)}
    found = []
    for name, words in labels.items():
        value = getattr(asked, name)
        if value and value != "any":
            found.append({"label": words.get(value, value), "href": address(asked, **{name: ""})})
    return found
