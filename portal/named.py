"""What a form names by id: of another company, or of nothing, it is not there (P11, T16, T20)."""

from typing import Any

from flask import abort, request

from portal.converters import LARGEST_ID
from portal.models import Contact, Property, Role
from portal.policy import Actor
from portal.queries.named import all_there, in_sight

# Every field of a form that holds ids, and of what; asked about before any view runs.
FIELDS: dict[str, type[Any]] = {
    "contacts": Contact,
    "copy_from": Contact,
    "copy_properties": Property,
    "properties": Property,
    "property": Property,
    "replacement": Role,
    "roles": Role,
}


def demand_own(actor: Actor) -> None:
    """Answer 404 where the sent form names something by id that `actor` may not know of."""
    named: dict[type[Any], set[int]] = {}
    for field, model in FIELDS.items():
        named.setdefault(model, set()).update(_id(text) for text in request.form.getlist(field) if text)
    for model, ids in named.items():
        if ids and not all_there(actor, model, ids):
            abort(404)


def demand_place(actor: Actor, place: str) -> str:
    """Return `place`, what a filter says of the property; 404 where `actor` may not know of that one."""
    if place.isdecimal() and not in_sight(actor, Property, _id(place)):
        abort(404)
    return place


def _id(text: str) -> int:
    """Return the number; what can be no id at all is as good as an unknown one."""
    fits = text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= LARGEST_ID
    return int(text) if fits else abort(404)
