"""What the address of a contacts list asks for: the query string read with allow-lists, and written again."""

from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from portal.lifecycle import Status
from portal.queries.contacts import AUTHORIZED, SORTS, Choices, Wish
from portal.queries.paging import LONGEST_SEARCH

# What narrows a list down, and so what is asked for where all of it is meant.
NARROWING = ("q", "type", "status", "role", "authorized", "at")
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

    def an_id(name: str) -> str:
        value = args.get(name, "")
        return value if value.isdecimal() and value.isascii() and len(value) < 10 else ""

    return Wish(
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        type=args.get("type", "")[:40].replace("\0", ""),
        status=one_of("status", set(Status)),
        role=an_id("role"),
        authorized=one_of("authorized", AUTHORIZED),
        at=an_id("at"),
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
    narrowed = {name: getattr(asked, name) for name in NARROWING}
    return url_for("bulk.choose", all="1", **{name: value for name, value in narrowed.items() if value})


def export(asked: Wish) -> tuple[str, str]:
    """Return the addresses of what the list shows as a table and as cards, on all of its pages."""
    narrowed = {name: getattr(asked, name) for name in NARROWING}
    said = {name: value for name, value in narrowed.items() if value}
    return url_for("exports.table", **said), url_for("exports.cards", **said)


def chips(asked: Wish, choices: Choices) -> list[dict[str, str]]:
    """Return the active filters in words, each with the address that drops it."""
    places = {asked.at: "At a property that is not here"}
    places |= {place_id: f"At {name}" for place_id, name in choices.places}
    labels = {**LABELS, "type": dict(choices.types), "role": dict(choices.roles), "at": places}
    found = []
    for name, words in labels.items():
        value = getattr(asked, name)
        if value and value != "any":
            found.append({"label": words.get(value, value), "href": address(asked, **{name: ""})})
    return found
