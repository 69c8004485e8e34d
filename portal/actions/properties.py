"""Linking a contact to the entire client or to specific properties (behaviour C20, C21, P9)."""

from portal import audit, lifecycle, policy
from portal.clock import now
from portal.lifecycle import Move
from portal.models import Contact, Property, PropertyLink, Scope
from portal.policy import Actor
from portal.refusals import FieldRefusal, NotAllowed


def link_properties(contact: Contact, scope: str, properties: list[Property], by: Actor) -> bool:
    """Set how far `contact` sees and which properties are linked; return whether anything changed.

    With client scope the links are kept as they are. Raises NotAllowed where `by` may not, FieldRefusal for
    Property Level on an admin.
    """
    lifecycle.take(contact, Move.LINK)
    policy.demand(by, Move.LINK, contact)
    if not by.sees_everything:
        raise NotAllowed("You cannot give a scope that you do not have.")
    if scope == Scope.PROPERTY and policy.is_admin(contact):
        demand_no_admin(contact)
    changes = _set_scope(contact, scope)
    if scope == Scope.PROPERTY:
        changes |= _set_links(contact, properties, by)
    if changes:
        contact.changed_at = now()
        audit.record("linked the properties of", by=by, contact=contact, changes=changes)
    return bool(changes)


def demand_no_admin(contact: Contact) -> None:
    """Raise FieldRefusal: the contact is an admin, or is about to be one (P9)."""
    raise FieldRefusal(
        "scope",
        f"{contact.name} is an admin, and an admin sees the entire client. Take admin access away first.",
    )


def _set_scope(contact: Contact, scope: str) -> dict[str, tuple[str, str]]:
    before, contact.scope = contact.scope, scope
    return {} if before == scope else {"Level": (before, scope)}


def _set_links(contact: Contact, properties: list[Property], by: Actor) -> dict[str, tuple[str, str]]:
    before = {link.property_id: link.property.name for link in contact.property_links}
    after = {place.id: place.name for place in properties}
    for link in list(contact.property_links):
        if link.property_id not in after:
            contact.property_links.remove(link)
    for property_id in after.keys() - before.keys():
        link = PropertyLink(company_id=contact.company_id, property_id=property_id, linked_by=by.signed)
        contact.property_links.append(link)
    if before.keys() == after.keys():
        return {}
    return {"Properties": (", ".join(sorted(before.values())), ", ".join(sorted(after.values())))}
