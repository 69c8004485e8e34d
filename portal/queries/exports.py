"""The contacts that a list shows, whole, in its order, to be taken out as a table or as cards (S9)."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.models import (
    Category,
    Contact,
    ContactPermission,
    ContactRole,
    ContactTopic,
    ContactType,
    Property,
    PropertyLink,
    Role,
)
from portal.policy import Actor
from portal.queries.contacts import Wish, ids

MOST = 50_000
_STRETCH = 500
_PLAIN = (
    "honorific",
    "first_name",
    "last_name",
    "job_title",
    "phone",
    "mobile",
    "email",
    "access",
    "scope",
    "deactivated_at",
    "portal_user_id",
    "notes",
)


def contacts(actor: Actor, wish: Wish) -> Iterator[dict[str, Any]]:
    """Yield every contact that `actor` may see and `wish` asks for: details, and names of what it holds."""
    wanted = ids(actor, wish, MOST)
    for start in range(0, len(wanted), _STRETCH):
        yield from _stretch(wanted[start : start + _STRETCH])


def _stretch(contact_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = [getattr(Contact, name) for name in _PLAIN]
    named = (ContactType.name.label("contact_type"), Category.name.label("category"))
    query = (
        select(Contact.id, *columns, *named)
        .join(ContactType, ContactType.id == Contact.contact_type_id)
        .outerjoin(Category, Category.id == Contact.category_id)
        .where(Contact.id.in_(contact_ids))
    )
    found = {row.id: row._asdict() for row in db.session.execute(query)}
    for name, question in _held(contact_ids).items():
        for contact_id, word in db.session.execute(question):
            found[contact_id].setdefault(name, []).append(word)
    yield from (found[contact_id] for contact_id in contact_ids if contact_id in found)


def _held(contact_ids: Sequence[int]) -> dict[str, Any]:
    """Return the questions for what each of the contacts holds: pairs of its id and a name or word."""
    roles = select(ContactRole.contact_id, Role.name).join(Role, Role.id == ContactRole.role_id)
    links = select(PropertyLink.contact_id, Property.name).join(
        Property, Property.id == PropertyLink.property_id
    )
    return {
        "roles": roles.where(ContactRole.contact_id.in_(contact_ids)).order_by(Role.name_key),
        "permissions": select(ContactPermission.contact_id, ContactPermission.permission).where(
            ContactPermission.contact_id.in_(contact_ids)
        ),
        "properties": links.where(PropertyLink.contact_id.in_(contact_ids)).order_by(Property.name_key),
        "topics": select(ContactTopic.contact_id, ContactTopic.topic).where(
            ContactTopic.contact_id.in_(contact_ids)
        ),
    }
