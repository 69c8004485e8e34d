"""A small town to test in: two companies, and one person for every right, state and gate."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from portal import passwords, second_factor
from portal.actions.invite import invite
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Branding,
    Category,
    Company,
    Contact,
    ContactPermission,
    ContactRole,
    ContactType,
    PortalUser,
    Property,
    PropertyLink,
    Role,
    Scope,
    SecondFactor,
    StaffUser,
    TermsAcceptance,
    TermsVersion,
)
from portal.models.keys import email_key, refresh

PASSWORD = "correct horse battery"
# What the authenticator app of everybody on the staff holds.
STAFF_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STAFF = {"Sue Marsh": "administrator", "Tom Reyes": "support"}


class Builder:
    """Builds the town row by row; `plan` says who lives there."""

    def __init__(self) -> None:
        self.hash = passwords.hashed(PASSWORD)
        self.types = {kind.code: kind for kind in db.session.scalars(db.select(ContactType))}
        self.roles = {role.code: role for role in db.session.scalars(db.select(Role)).unique()}
        db.session.add(Branding(id=1, name="Alder Services", support_email="help@alder.example"))
        self.terms = TermsVersion(number=1, title="Terms of use", body="Be kind.", published_at=now())
        db.session.add_all([self.terms, Category(code="finance", name="Finance")])
        db.session.flush()

    def company(self, slug: str, name: str, *places: str) -> tuple[Company, dict[str, Property]]:
        company = Company(slug=slug, name=name)
        db.session.add(company)
        db.session.flush()
        found = {place: Property(company_id=company.id, name=place) for place in places}
        db.session.add_all(found.values())
        db.session.flush()
        return company, found

    def contact(self, company: Company, first: str, last: str, **facts: Any) -> Contact:
        kind = self.types[facts.pop("kind", "secondary")]
        roles, boxes = facts.pop("roles", ()), facts.pop("boxes", ())
        places, user = facts.pop("places", ()), facts.pop("user", None)
        facts.setdefault("email", f"{first}.{last}@{company.slug}.example".lower())
        contact = Contact(
            company_id=company.id, first_name=first, last_name=last, contact_type_id=kind.id, **facts
        )
        contact.is_primary = kind.is_primary
        if user is not None:
            contact.portal_user_id, contact.access = user.id, Access.PORTAL
        refresh(contact)
        db.session.add(contact)
        db.session.flush()
        for code in roles:
            role = self.roles[code]
            db.session.add(
                ContactRole(
                    company_id=company.id, contact_id=contact.id, role_id=role.id, role_owner=role.owner
                )
            )
        for box in boxes:
            db.session.add(ContactPermission(company_id=company.id, contact_id=contact.id, permission=box))
        for place in places:
            db.session.add(
                PropertyLink(company_id=company.id, contact_id=contact.id, property_id=place.id, linked_by="")
            )
        db.session.flush()
        db.session.expire(contact)
        return contact

    def user(self, first: str, last: str, slug: str, **facts: Any) -> PortalUser:
        address = facts.pop("email", f"{first}.{last}@{slug}.example".lower())
        accepted = facts.pop("accepted", True)
        user = PortalUser(
            first_name=first,
            last_name=last,
            email=address,
            email_key=email_key(address),
            password_hash=self.hash,
        )
        user.email_confirmed_at = now()
        for name, value in facts.items():
            setattr(user, name, value)
        db.session.add(user)
        db.session.flush()
        if accepted:
            db.session.add(TermsAcceptance(portal_user_id=user.id, terms_version_id=self.terms.id))
        return user

    def staff(self, name: str, role: str) -> StaffUser:
        address = f"{name.lower().replace(' ', '.')}@alder.example"
        person = StaffUser(email=address, email_key=address, name=name, role=role, password_hash=self.hash)
        db.session.add(person)
        db.session.flush()
        sealed = second_factor.seal(STAFF_SECRET, person)
        db.session.add(SecondFactor(staff_user_id=person.id, sealed_secret=sealed, last_step=0))
        return person

    def member(self, company: Company, first: str, last: str, **facts: Any) -> Contact:
        """A contact with a login of its own."""
        login = facts.pop("login", {})
        return self.contact(company, first, last, user=self.user(first, last, company.slug, **login), **facts)


def build() -> None:
    """Add the town to an empty, migrated database. Runs inside an app context, does not commit."""
    b = Builder()
    acme, places = b.company("acme", "Acme Estates", "Alpha", "Beta", "Gamma")
    globex, theirs = b.company("globex", "Globex", "Delta")
    b.member(acme, "Mia", "Stone", kind="primary", roles=["client-admin"])
    b.member(acme, "Max", "Reed", boxes=["admin"])
    b.member(acme, "Bill", "Ing", roles=["billing"])
    b.member(acme, "Rita", "Port", boxes=["reports"])
    b.member(acme, "Wes", "Order", roles=["requester"])
    b.member(acme, "Ed", "Itor", roles=["contact-editor"])
    b.member(acme, "Vic", "Viewer", roles=["property-manager"])
    b.member(acme, "Pam", "Propp", roles=["property-manager"], scope=Scope.PROPERTY, places=[places["Alpha"]])
    b.member(acme, "Una", "Units", boxes=["edit_contacts"], scope=Scope.PROPERTY, places=[places["Alpha"]])
    b.member(acme, "Nora", "Nothing")
    b.member(acme, "Tess", "Change", roles=["client-admin"], login={"must_change_password": True})
    b.member(acme, "Ted", "Terms", roles=["client-admin"], login={"accepted": False})
    b.member(acme, "Ian", "Idle", roles=["client-admin"], deactivated_at=now())
    b.member(acme, "Dan", "Disabled", roles=["client-admin"], login={"disabled_at": now()})
    ann = b.contact(acme, "Ann", "Invited", access=Access.PORTAL, roles=["billing"])
    exa = b.contact(acme, "Exa", "Pired", access=Access.PORTAL)
    b.contact(acme, "Abe", "Book", email=None)
    b.contact(acme, "Ava", "Address")
    b.contact(acme, "Eva", "Mail", access=Access.EMAIL_ONLY)
    b.contact(acme, "Oda", "Beta", scope=Scope.PROPERTY, places=[places["Beta"]])
    b.contact(acme, "Ola", "Alpha", scope=Scope.PROPERTY, places=[places["Alpha"]])
    stan = b.member(globex, "Stan", "Ley", kind="primary", roles=["client-admin"])
    b.contact(globex, "Gus", "Globe", access=Access.EMAIL_ONLY, places=[theirs["Delta"]])
    duo = b.user("Duo", "Both", "acme")
    b.contact(acme, "Duo", "Both", user=duo, roles=["billing"])
    b.contact(globex, "Duo", "Both", user=duo, roles=["client-admin"])
    for name, role in STAFF.items():
        b.staff(name, role)
    invite(ann, "Mia Stone")
    invite(exa, "Mia Stone").expires_at = now() - timedelta(hours=1)
    assert stan.id


def find() -> SimpleNamespace:
    """Return the ids of the town's people, companies and properties by name: town.mia.id, town.acme.slug."""
    town = SimpleNamespace()
    for contact in db.session.scalars(db.select(Contact)).unique():
        key = contact.first_name.lower() + (
            "_globex" if contact.first_name == "Duo" and contact.company.slug == "globex" else ""
        )
        address = contact.user.email if contact.user else contact.email
        setattr(
            town,
            key,
            SimpleNamespace(id=contact.id, email=address, name=contact.name, slug=contact.company.slug),
        )
    for person in db.session.scalars(db.select(StaffUser)):
        facts = SimpleNamespace(id=person.id, email=person.email, name=person.name)
        setattr(town, person.name.split()[0].lower(), facts)
    for company in db.session.scalars(db.select(Company)):
        setattr(town, company.slug, SimpleNamespace(id=company.id, slug=company.slug, name=company.name))
    for place in db.session.scalars(db.select(Property)):
        setattr(town, place.name.lower(), SimpleNamespace(id=place.id, name=place.name))
    return town
