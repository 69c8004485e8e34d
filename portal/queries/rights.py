"""What a contact can do and why: each permission with what gives it, each property with its link (C10)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select

from portal.extensions import db
from portal.models import (
    Contact,
    ContactPermission,
    ContactRole,
    Permission,
    Property,
    PropertyLink,
    Role,
)
from portal.models.keys import fold
from portal.policy import Actor, rights_of
from portal.visibility import visible
from portal.words import PERMISSION


@dataclass(frozen=True)
class Places:
    """The linked properties that the reader may see, and how many there are beside them."""

    places: list[dict[str, Any]]
    hidden_places: int
    place_total: int


def why(contact: Contact) -> list[dict[str, Any]]:
    """Return the six permissions, each with whether the contact has it and from where, in words."""
    held = rights_of(contact)
    return [
        {
            "permission": permission.value,
            "label": label,
            "sentence": sentence,
            "allowed": permission in held,
            "sources": _sources(contact, permission) if permission in held else [],
        }
        for permission, (label, sentence) in PERMISSION.items()
    ]


def _sources(contact: Contact, permission: Permission) -> list[str]:
    sources = [f"From {role.name}" for role in contact.roles if permission in role.permissions]
    if permission in contact.direct_permissions:
        sources.append("Set for this contact")
    return sources or ["Included in Admin Access"]


def places(contact: Contact, reader: Actor) -> Places:
    """Return the properties linked to `contact`, cut to what `reader` may see (C44)."""
    seen = visible(reader, Property).with_only_columns(Property.id)
    query = (
        select(PropertyLink)
        .join(Property, Property.id == PropertyLink.property_id)
        .where(PropertyLink.contact_id == contact.id, PropertyLink.property_id.in_(seen))
        .order_by(Property.name)
    )
    rows = [_place(link) for link in db.session.scalars(query)]
    mine = visible(reader, Property).with_only_columns(func.count(Property.id))
    total = db.session.scalar(mine) or 0
    everything = select(func.count()).select_from(PropertyLink).where(PropertyLink.contact_id == contact.id)
    linked = db.session.scalar(everything) or 0
    return Places(rows, linked - len(rows) if reader.sees_everything else 0, total)


def _place(link: PropertyLink) -> dict[str, Any]:
    place = link.property
    return {"name": place.name, "address": place.address, "since": link.created_at, "by": link.linked_by}


def choosable(reader: Actor) -> list[Property]:
    """Return the properties that `reader` may link somebody to, by name."""
    query = visible(reader, Property).where(Property.archived_at.is_(None)).order_by(Property.name)
    return list(db.session.scalars(query))


def sources(reader: Actor, except_id: int, looked_for: str, most: int) -> list[tuple[int, str, str]]:
    """Return up to `most` contacts whose access can be copied, as id, name and the names of their roles.

    They hold something, and match the search.
    """
    roles = (
        select(func.aggregate_strings(Role.name, ", "))
        .where(ContactRole.contact_id == Contact.id, Role.id == ContactRole.role_id)
        .correlate(Contact)
        .scalar_subquery()
    )
    by_role = exists().where(ContactRole.contact_id == Contact.id)
    by_box = exists().where(ContactPermission.contact_id == Contact.id)
    query = visible(reader, Contact).where(or_(by_role, by_box), Contact.id != except_id)
    for word in fold(looked_for).split():
        query = query.where(Contact.search_key.contains(word, autoescape=True))
    columns = (Contact.id, Contact.first_name, Contact.last_name, roles)
    found = db.session.execute(
        query.with_only_columns(*columns).order_by(Contact.name_key, Contact.id).limit(most)
    )
    return [(row[0], f"{row[1]} {row[2]}".strip(), row[3] or "") for row in found]
