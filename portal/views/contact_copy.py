"""Copying access from another contact into the form: roles, boxes, level and properties, kept by Save."""

from dataclasses import dataclass
from typing import Any

from flask import abort, request

from portal import policy
from portal.actions.properties import link_properties
from portal.forms.contact import ContactForm
from portal.guards import actor, load
from portal.lifecycle import Move
from portal.models import Contact, Property, Scope
from portal.queries import rights
from portal.refusals import FieldRefusal

FIELDS = ("copy_from", "copy_find", "copy_scope", "copy_properties")
# So many stand in the list to choose from; with more, the reader looks for a name first.
MOST = 50


@dataclass(frozen=True)
class Copied:
    """The level and the properties that the form carries beside its boxes, and from whom they are."""

    scope: str
    places: list[Property]
    source: str = ""


def asked() -> bool:
    """Return whether the form was sent to have access copied into it, not to be saved."""
    return "copy" in request.form


def fill(form: ContactForm) -> Copied | None:
    """Tick in the form what the chosen contact has; return the rest, None while the reader still looks.

    Raises FieldRefusal where nobody was chosen; a contact that is not the reader's to see is a 404.
    """
    if request.form["copy"] == "find":
        return None
    source_id = request.form.get("copy_from", "")
    if not source_id:
        raise FieldRefusal("roles", "Choose whose access to copy first.")
    source = load(Contact, _number(source_id), to=Move.VIEW)
    form.roles.data = [role.id for role in source.roles]
    form.permissions.data = [permission.value for permission in source.direct_permissions]
    held = {link.property_id for link in source.property_links}
    places = [place for place in rights.choosable(actor()) if place.id in held]
    whole = source.scope == Scope.CLIENT or policy.is_admin(source)
    return Copied(Scope.CLIENT if whole else Scope.PROPERTY, [] if whole else places, source.name)


def carried() -> Copied | None:
    """Return the level and properties that the sent form carries; a property it may not hold is a 404."""
    scope = request.form.get("copy_scope", "")
    if scope not in set(Scope):
        return None
    wanted = set(request.form.getlist("copy_properties"))
    places = [place for place in rights.choosable(actor()) if str(place.id) in wanted]
    if len(places) != len(wanted):
        abort(404)
    return Copied(scope, places)


def save(contact: Contact) -> None:
    """Link `contact` as the sent form says, where it says so; raises what the property dialog raises."""
    copied = carried()
    if copied is None:
        return
    try:
        link_properties(contact, copied.scope, copied.places, actor())
    except FieldRefusal as refusal:
        raise FieldRefusal("roles", refusal.sentence) from None


def offered(contact: Contact | None) -> dict[str, Any]:
    """Return whose access can be copied: everybody with some, or those whose name was looked for."""
    looked_for = request.form.get("copy_find", "")[:100]
    found = rights.sources(actor(), contact.id if contact else 0, looked_for, MOST + 1)
    options = [(str(number), f"{name} ({roles})" if roles else name) for number, name, roles in found[:MOST]]
    return {
        "options": options,
        "more": len(found) > MOST,
        "find": looked_for,
        "chosen": request.form.get("copy_from"),
    }


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else abort(404)
