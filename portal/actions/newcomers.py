"""Contacts to be, each prepared as the rows that its table will write in one go (S9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement

from portal import outbox
from portal.actions.contacts import DETAILS, as_added, rights_changed
from portal.actions.topics import choose_topics
from portal.audit import Changes
from portal.models import (
    Access,
    Category,
    Company,
    Contact,
    ContactType,
    Permission,
    Property,
    Role,
    Scope,
)
from portal.models.keys import refresh

# What changing a contact that is there already may touch: never rights, access, type or address.
CHANGED = tuple(name for name in DETAILS if name != "email")
# What follows from a changed name or number.
FOLDED = ("name_key", "turned_key", "search_key")
_MADE_LATER = {"id", "created_at", "changed_at"}
COLUMNS = [each for each in Contact.__table__.columns if each.key not in _MADE_LATER]


@dataclass(frozen=True)
class Newcomer:
    """A contact to be, checked already."""

    details: dict[str, str]
    kind: ContactType
    category: Category | None = None
    access: str = Access.NONE
    roles: frozenset[Role] = frozenset()
    boxes: frozenset[Permission] = frozenset()
    topics: frozenset[str] = frozenset()
    scope: str = Scope.CLIENT
    places: Sequence[Property] = field(default_factory=tuple)
    inactive: bool = False

    @property
    def letter(self) -> str:
        """Which mail the contact gets now; somebody inactive gets none (behaviour 4)."""
        letters = {Access.PORTAL: "invitation", Access.EMAIL_ONLY: "email_only"}
        return "" if self.inactive else letters.get(Access(self.access), "")


def prepared(company: Company, new: Newcomer, event: str) -> dict[str, Any]:
    """Return all rows that make `new` a contact of `company`, as ImportRow.ready keeps them.

    `event` names the row among all others for good, so that no second letter can be posted about it (M3).
    """
    contact = Contact(
        company_id=company.id,
        contact_type_id=new.kind.id,
        is_primary=new.kind.is_primary,
        category_id=new.category.id if new.category else None,
        access=str(new.access),
        scope=str(new.scope),
        form_key=event,
        **{name: new.details.get(name) or (None if name == "email" else "") for name in DETAILS},
    )
    refresh(contact)
    changes = {**as_added(contact), **choose_topics(contact, new.topics)}
    return {
        "contact": {each.key: _value(contact, each) for each in COLUMNS},
        "roles": [{"id": role.id, "owner": role.owner} for role in new.roles],
        "boxes": [{"permission": str(each)} for each in sorted(new.boxes)],
        "places": [{"id": place.id} for place in new.places],
        "topics": [{"topic": topic} for topic in sorted(new.topics)],
        "told": _told(new, changes),
        "inactive": new.inactive,
        "letter": new.letter,
        "facts": {"first_name": contact.first_name, "company": company.name},
        "message_id": outbox.message_id(event),
    }


def _value(contact: Contact, each: ColumnElement[Any]) -> Any:
    """Return what the column will hold: what was set, else what the model starts with."""
    value = getattr(contact, str(each.key))
    default = getattr(each, "default", None)
    if value is None and default is not None and default.is_scalar:
        value = default.arg
    return str(value) if isinstance(value, str) else value


def _told(new: Newcomer, added: Changes) -> list[dict[str, Any]]:
    """Return what the activity will say, in the order in which the form would have done it."""
    rows: list[tuple[str, Changes]] = [("added", added)]
    if new.roles or new.boxes:
        nothing: frozenset[Any] = frozenset()
        rows.append(("changed the rights of", rights_changed(nothing, new.roles, nothing, new.boxes)))
    links: dict[str, tuple[Any, Any]] = {}
    if new.scope == Scope.PROPERTY:
        links["Level"] = (str(Scope.CLIENT), str(Scope.PROPERTY))
    if new.places:
        links["Properties"] = ("", ", ".join(sorted(place.name for place in new.places)))
    if links:
        rows.append(("linked the properties of", links))
    if new.access != Access.NONE:
        what = "authorized" if new.access == Access.PORTAL else "changed the access of"
        rows.append((what, {"Portal access": (str(Access.NONE), str(new.access))}))
    if new.inactive:
        rows.append(("deactivated", {"Status": ("active", "inactive")}))
    return [
        {"what": what, "changes": {name: list(pair) for name, pair in pairs.items()}} for what, pairs in rows
    ]


def prepared_change(contact: Contact, details: dict[str, str], category: Category | None) -> dict[str, Any]:
    """Return what brings `contact` to the given details, as ImportRow.ready keeps it; {} where it is so.

    Only what is given and not empty counts: a table that lacks something takes nothing away.
    """
    changes: dict[str, list[str]] = {}
    values = {name: getattr(contact, name) for name in CHANGED}
    for name in CHANGED:
        after = details.get(name)
        if after and after != values[name]:
            changes[DETAILS[name]] = [values[name], after]
            values[name] = after
    if category is not None and category.id != contact.category_id:
        changes["Category"] = [contact.category.name if contact.category else "", category.name]
    if not changes:
        return {}
    new = Contact(email=contact.email, **values)
    refresh(new)
    kept = {name: getattr(new, name) for name in FOLDED}
    category_id = category.id if category else contact.category_id
    told = [{"what": "edited", "changes": changes}]
    return {"contact": {**values, **kept, "category_id": category_id}, "told": told}
