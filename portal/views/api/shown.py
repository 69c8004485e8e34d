"""From rows to what the API says of them, and the versions that a change must name."""

from portal import lifecycle, policy
from portal.actions.company import DETAILS as COMPANY_DETAILS
from portal.actions.places import DETAILS as PLACE_DETAILS
from portal.forms.records import fingerprint
from portal.lifecycle import Move
from portal.models import Activity, Company, Contact, PropertyLink, Role
from portal.queries.rights import why
from portal.shapes.access import AccessShape, Place, Right
from portal.shapes.activity import ActivityShape
from portal.shapes.checks import members
from portal.shapes.company import CompanyShape
from portal.shapes.contact import ContactShape, RoleShape
from portal.shapes.property import PropertyShape

# What the moves' own address does not do.
_ELSEWHERE = {Move.VIEW, Move.EDIT, Move.LINK}


def contact(found: Contact) -> ContactShape:
    """Return a contact with where it stands and what can happen to it now."""
    more = {
        "contact_type": found.contact_type.code,
        "category": found.category.code if found.category else None,
        "status": lifecycle.status(found).value,
        "login_state": lifecycle.login_state(found).value,
        "roles": [role(each) for each in found.roles],
        "permissions": sorted(each.value for each in found.direct_permissions),
        "topics": sorted(found.topics),
        "moves": [move.value for move in lifecycle.possible(found) if move not in _ELSEWHERE],
    }
    return ContactShape(**members(found, ContactShape, more))


def contact_version(found: Contact) -> str:
    """Return the version that a change of a contact must name."""
    return str(found.version)


def role(found: Role) -> RoleShape:
    """Return a role with what it gives."""
    return RoleShape(
        id=found.id, name=found.name, permissions=sorted(each.value for each in found.permissions)
    )


def company(found: Company) -> CompanyShape:
    """Return a company."""
    return CompanyShape(**members(found, CompanyShape, {}))


def company_version(found: Company) -> str:
    """Return the version that a change of a company's details must name."""
    return fingerprint({name: getattr(found, name) for name in COMPANY_DETAILS})


def place(found: object) -> PropertyShape:
    """Return a property."""
    return PropertyShape(**members(found, PropertyShape, {}))


def place_version(found: object) -> str:
    """Return the version that a change of a property must name."""
    return fingerprint({name: getattr(found, name) for name in PLACE_DETAILS})


def access(found: Contact) -> AccessShape:
    """Return who a contact is, whether authorized, for what and at which properties (S5)."""
    rights = [each for each in why(found) if each["allowed"]]
    how = lifecycle.dealing(found)
    scope = "client" if policy.is_admin(found) else found.scope
    return AccessShape(
        contact_id=found.id,
        company_id=found.company_id,
        company=found.company.name,
        company_exited=found.company.exited_at is not None,
        name=found.name,
        email=found.email,
        access=found.access,  # type: ignore[arg-type]
        status=lifecycle.status(found).value,
        login_state=lifecycle.login_state(found).value,
        authorized=how.authorized,
        because=how.value,
        rights=[Right(permission=each["permission"], sources=each["sources"]) for each in rights],
        scope=scope,  # type: ignore[arg-type]
        properties=[_linked(link) for link in found.property_links],
        topics=sorted(found.topics),  # type: ignore[arg-type]
    )


def _linked(link: PropertyLink) -> Place:
    at = link.property
    return Place(id=at.id, name=at.name, address=at.address, since=link.created_at, linked_by=link.linked_by)


def event(found: Activity) -> ActivityShape:
    """Return one thing that happened."""
    more = {
        "by": found.actor_kind,
        "by_name": found.actor_name,
        "by_contact_id": found.actor_contact_id,
        "target": found.target_name,
    }
    return ActivityShape(**members(found, ActivityShape, more))
