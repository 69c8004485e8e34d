"""Contacts as the table that an import takes in again: import(export(x)) = x (S9)."""

from collections.abc import Mapping
from typing import Any

from portal.actions.newcomers import Newcomer
from portal.forms.contact import PERMISSIONS, TOPICS
from portal.forms.contact_row import ACCESS_WORDS, LEVEL_WORDS, STATUS_WORDS
from portal.importing.columns import CONTACT_FIELDS
from portal.importing.lists import joined
from portal.models import Access

FIELDS = tuple(field for field in CONTACT_FIELDS if field.ours)
_PERMISSION_NAMES = {str(each.value): str(each.label) for each in PERMISSIONS}
_TOPIC_NAMES = {str(each.value): str(each.label) for each in TOPICS}


def cells(contact: Mapping[str, Any]) -> list[str]:
    """Return a contact, as `queries.exports` gives it, in the order of FIELDS."""
    said = {
        "access": ACCESS_WORDS[contact["access"]][0],
        "level": LEVEL_WORDS[contact["scope"]][0],
        "status": _status(contact),
        "roles": joined(contact.get("roles", ())),
        "permissions": joined(sorted(_PERMISSION_NAMES[each] for each in contact.get("permissions", ()))),
        "properties": joined(contact.get("properties", ())),
        "topics": joined(sorted(_TOPIC_NAMES[each] for each in contact.get("topics", ()))),
    }
    return [said.get(field.name, contact.get(field.name) or "") for field in FIELDS]


def _status(contact: Mapping[str, Any]) -> str:
    """Return the status that the list shows; an import takes who is pending for active, and invites again."""
    if contact["deactivated_at"]:
        return STATUS_WORDS["inactive"][0]
    invited = contact["access"] == Access.PORTAL and contact.get("portal_user_id") is None
    return "Pending" if invited else STATUS_WORDS["active"][0]


def outlook(new: Newcomer) -> list[list[str]]:
    """Return a contact to be as pairs of label and cell, without those that are empty."""
    facts = {
        **new.details,
        "contact_type": new.kind.name,
        "category": new.category.name if new.category else "",
        "access": str(new.access),
        "scope": str(new.scope),
        "deactivated_at": new.inactive,
        "roles": sorted(role.name for role in new.roles),
        "permissions": [str(each) for each in new.boxes],
        "properties": [place.name for place in new.places],
        "topics": list(new.topics),
    }
    told = zip(FIELDS, cells(facts), strict=True)
    return [[each.label, cell] for each, cell in told if cell]
