"""The demo's known people: those that the documentation, the sign-in page and the tests speak of."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import lifecycle, policy
from portal.actions.invite import invite
from portal.clock import now
from portal.demo.making import Person, add
from portal.extensions import db
from portal.models import (
    Access,
    Company,
    Contact,
    PortalUser,
    Property,
    PropertyLink,
    Scope,
    TermsAcceptance,
    TermsVersion,
)
from portal.models.keys import email_key

NORTHGATE = (
    Person(
        "Ms",
        "Amelia",
        "Hart",
        "Head of facilities",
        "primary",
        roles=("client-admin",),
        phone="+442079460112",
    ),
    Person(
        "Mr",
        "Daniel",
        "Okafor",
        "Regional manager",
        "regional-manager",
        roles=("property-manager",),
        properties=4,
        phone="+442079460145",
    ),
    Person("Mrs", "Wei-Ling", "Chen", "Accounts payable", roles=("billing",), phone="+442079460121"),
    Person("Dr", "Ingrid", "Sørensen", "Compliance lead", roles=("reports",), phone="+442079460190"),
    Person(
        "Mr",
        "Tomasz",
        "Wiśniewski",
        "Caretaker",
        "onsite-member",
        roles=("requester",),
        phone="+441174960033",
    ),
    Person("Ms", "Fatima", "Alsayed", "Office manager", roles=("contact-editor",), phone="+441134960208"),
    Person(
        "Mx",
        "Robin",
        "Castellanos",
        "Site supervisor",
        "onsite-member",
        roles=("property-manager",),
        properties=1,
        phone="+441614960077",
        login=False,
    ),
    Person(
        "Mr",
        "Luca",
        "Bianchi",
        "Porter",
        "onsite-member",
        roles=("requester",),
        phone="+390699000123",
        inactive=True,
    ),
)
HARBOUR = (
    Person("Mr", "Henry", "Vale", "Director", "primary", roles=("client-admin",), phone="+441174960031"),
    Person(
        "Ms",
        "Amelia",
        "Hart",
        "Shared finance",
        roles=("billing",),
        phone="+442079460112",
        address="amelia.hart@northgate.example",
    ),
)
CANAL = (
    Person("Ms", "Ruth", "Lockwood", "Owner", "primary", roles=("client-admin",), phone="+441134960201"),
)
METRO = (
    Person(
        "Mr",
        "Olu",
        "Adeyemi",
        "Portfolio director",
        "primary",
        roles=("client-admin",),
        phone="+441214960001",
    ),
)
KNOWN = {"northgate": NORTHGATE, "harbour": HARBOUR, "canal": CANAL, "metro": METRO}


@dataclass
class Known:
    """What the demo tells about its known people."""

    people: list[dict[str, Any]] = field(default_factory=list)


def make(companies: dict[str, Company], password_hash: str) -> Known:
    """Add the known people, all with the same password, and return what to tell about them."""
    known = Known()
    logins: dict[str, PortalUser] = {}
    for slug, persons in KNOWN.items():
        for person in persons:
            contact = add(companies[slug], person)
            address = contact.email or ""
            if person.login:
                user = logins.setdefault(address, None) or _login(contact, password_hash)  # type: ignore[arg-type]
                logins[address] = user
                contact.portal_user_id, contact.user = user.id, user
            _link(contact, person.properties)
            known.people.append(_told(contact, slug))
    db.session.flush()
    robin = _named("Robin")
    invite(robin, "Amelia Hart")
    return known


def _login(contact: Contact, password_hash: str) -> PortalUser:
    user = PortalUser(
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=contact.email,
        email_key=email_key(contact.email or ""),
        email_confirmed_at=now() - timedelta(days=200),
        password_hash=password_hash,
        password_set_at=now() - timedelta(days=90),
    )
    db.session.add(user)
    db.session.flush()
    terms = db.session.scalars(select(TermsVersion)).one()
    db.session.add(TermsAcceptance(portal_user_id=user.id, terms_version_id=terms.id))
    return user


def _link(contact: Contact, count: int) -> None:
    if not count:
        return
    contact.scope = Scope.PROPERTY
    owned = select(Property.id).where(Property.company_id == contact.company_id).order_by(Property.id)
    for property_id in db.session.scalars(owned.limit(count)):
        contact.property_links.append(
            PropertyLink(company_id=contact.company_id, property_id=property_id, linked_by="Amelia Hart")
        )


def _named(first_name: str) -> Contact:
    query = select(Contact).where(Contact.first_name == first_name, Contact.access == Access.PORTAL)
    return db.session.scalars(query).unique().one()


def _told(contact: Contact, slug: str) -> dict[str, Any]:
    return {
        "email": contact.email,
        "company": slug,
        "permissions": sorted(policy.rights_of(contact)),
        "status": lifecycle.status(contact).value,
        "name": contact.name,
        "what": ", ".join(role.name for role in contact.roles),
    }
