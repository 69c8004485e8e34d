"""Making one demo contact with its roles."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Access, Company, Contact, ContactRole, ContactType, Role
from portal.models.keys import fold, refresh


@dataclass(frozen=True)
class Person:
    """Somebody of the demo as the lists describe them."""

    honorific: str
    first_name: str
    last_name: str
    job_title: str
    kind: str = "secondary"
    roles: tuple[str, ...] = ()
    phone: str = ""
    properties: int = 0
    login: bool = True
    inactive: bool = False
    access: Access = Access.PORTAL
    address: str = ""


def add(company: Company, person: Person) -> Contact:
    """Return a new contact of `company` like `person`, without a login."""
    kind = db.session.scalars(select(ContactType).where(ContactType.code == person.kind)).one()
    contact = Contact(
        company_id=company.id,
        honorific=person.honorific,
        first_name=person.first_name,
        last_name=person.last_name,
        job_title=person.job_title,
        phone=person.phone,
        email=person.address or address(person.first_name, person.last_name, company.slug),
        contact_type_id=kind.id,
        is_primary=kind.is_primary,
        access=person.access,
        deactivated_at=now() if person.inactive else None,
    )
    refresh(contact)
    db.session.add(contact)
    db.session.flush()
    for code in person.roles:
        role = db.session.scalars(select(Role).where(Role.code == code)).unique().one()
        link = ContactRole(company_id=company.id, role_owner=role.owner)
        link.role = role
        contact.role_links.append(link)
    return contact


@cache
def _latin(name: str) -> str:
    letters = fold(name).replace("ø", "o").replace("ł", "l").replace("ß", "ss").replace("æ", "ae")
    return "".join(
        char for char in letters.replace(" ", "-") if char.isascii() and (char.isalnum() or char == "-")
    )


def address(first: str, last: str, slug: str, number: int = 0) -> str:
    """Return an e-mail address for a name; a number where the name has no Latin letters or is not alone."""
    parts = [part for part in (_latin(first), _latin(last)) if part]
    local = ".".join(parts) or "person"
    return f"{local}{number or ''}@{slug}.example"
