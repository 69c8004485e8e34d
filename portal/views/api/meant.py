"""From what was sent about a contact to what the actions are asked for; each member asked of the policy."""

from collections.abc import Sequence
from typing import Any

from portal import policy
from portal.actions.contacts import DETAILS, Wanted
from portal.models import Access, Category, Contact, ContactType, Permission, Role
from portal.policy import Actor
from portal.queries import vocabulary
from portal.refusals import FieldRefusal, NotAllowed
from portal.shapes.contact import ContactChange


def contact(sent: ContactChange, known: Contact | None, by: Actor) -> Wanted:
    """Return what a contact shall be: `known` with the members that were `sent`, None for a new one.

    Raises NotAllowed for a member that the token may not set (P6), FieldRefusal for one that cannot be kept.
    """
    given = sent.given()
    for name in given:
        if not policy.may_set(by, name, known) and not (known is None and given[name] == Access.NONE):
            raise NotAllowed(f"Setting the {name.replace('_', ' ')} needs the scope access:write here.")
    _demand_address(given, known)
    return Wanted(
        details={name: given[name] or None for name in DETAILS if name in given},
        contact_type=_type(given),
        category=_category(given),
        sets_category="category" in given,
        access=given.get("access"),
        roles=_roles(given, by),
        permissions=frozenset(map(Permission, given["permissions"])) if "permissions" in given else None,
        topics=frozenset(given["topics"]) if "topics" in given else None,
    )


def _demand_address(given: dict[str, Any], known: Contact | None) -> None:
    """An address is needed for any access but none (C12)."""
    access = given.get("access", known.access if known else Access.NONE)
    email = given.get("email", known.email if known else None)
    if access != Access.NONE and not email:
        raise FieldRefusal("email", "Give an e-mail address, or the access none.")


def _type(given: dict[str, Any]) -> ContactType | None:
    return _one_of(vocabulary.contact_types(), "contact_type", given) if "contact_type" in given else None


def _category(given: dict[str, Any]) -> Category | None:
    return _one_of(vocabulary.categories(), "category", given) if given.get("category") else None


def _one_of(offered: Sequence[Any], name: str, given: dict[str, Any]) -> Any:
    for each in offered:
        if each.code == given[name]:
            return each
    known = ", ".join(each.code for each in offered)
    raise FieldRefusal(name, f"There is no such {name.replace('_', ' ')}. There are: {known}.")


def _roles(given: dict[str, Any], by: Actor) -> frozenset[Role] | None:
    if "roles" not in given:
        return None
    offered = {role.id: role for role in vocabulary.roles_of(by.company_id or 0)}
    unknown = set(given["roles"]) - offered.keys()
    if unknown:
        raise FieldRefusal("roles", f"There is no role {min(unknown)} for this company.")
    return frozenset(offered[role_id] for role_id in given["roles"])
