"""Who is signed in behind a session key, and which login an identity means."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from flask_login import UserMixin
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import contains_eager, lazyload

from portal.extensions import db
from portal.models import (
    Access,
    Area,
    Branding,
    Company,
    CompanyArea,
    Contact,
    ContactPermission,
    ContactRole,
    Permission,
    PortalUser,
    RolePermission,
    SignInSession,
    TermsAcceptance,
    TermsVersion,
    VendorArea,
)
from portal.models.keys import email_key, username_key
from portal.policy import Actor, effective
from portal.queries import settings
from portal.tokens import hashed

MOST_CANDIDATES = 3


@dataclass(frozen=True)
class Membership:
    """One company that a login can work in, with the contact it is there and the rights it has there."""

    contact: Contact
    company: Company
    permissions: frozenset[Permission]
    areas_off: frozenset[Area] = frozenset()
    # Whether the client or the vendor lets this person in with a second factor only.
    needs_factor: bool = False

    def actor(self) -> Actor:
        """Return this membership as somebody who acts."""
        return Actor(
            kind="contact",
            name=self.contact.name,
            company_id=self.company.id,
            contact_id=self.contact.id,
            user_id=self.contact.portal_user_id,
            permissions=self.permissions,
            scope=self.contact.scope,
            areas_off=self.areas_off,
        )


@dataclass
class SignedIn(UserMixin):
    """What one request knows of the person behind it; read anew every time (P12)."""

    key: str
    session: SignInSession
    user: PortalUser
    terms_due: bool
    # Read along with the rest, and held so that nothing else of this request reads it again.
    vendor: Branding
    memberships: list[Membership] = field(default_factory=list)

    def get_id(self) -> str:
        """Return the session key, which is what the cookie holds."""
        return self.key

    def membership(self, slug: str) -> Membership | None:
        """Return the membership in the company called `slug` in addresses, if there is one."""
        return next((each for each in self.memberships if each.company.slug == slug), None)

    def place(self) -> Membership | None:
        """Return where the person works while no address says it: the only company, the one that this browser
        chose, or the one that opens after signing in."""
        if len(self.memberships) == 1:
            return self.memberships[0]
        for company_id in (self.session.company_id, self.user.default_company_id):
            for each in self.memberships:
                if each.company.id == company_id:
                    return each
        return None

    def actor(self) -> Actor:
        """Return the login itself as somebody who acts, outside any company."""
        return Actor(kind="user", name=self.user.name, user_id=self.user.id)


def usable_contact() -> ColumnElement[bool]:
    """Return the condition that a contact lets its login into its company."""
    return and_(
        Contact.deleted_at.is_(None), Contact.deactivated_at.is_(None), Contact.access == Access.PORTAL
    )


def signed_in(key: str) -> SignedIn | None:
    """Return who is behind `key`, or None where the session, the login or its last company is gone."""
    rows = db.session.execute(_everything(hashed(key))).unique().all()
    if not rows:
        return None
    session, user, terms_due = rows[0][0], rows[0][1], bool(rows[0][4])
    vendor = rows[0][9] or settings.unset()
    if not user.able or not settings.alive(session, vendor):
        return None
    there = [row for row in rows if row[2] is not None and row[3] is not None]
    found = [_membership(vendor, *row[2:4], *row[5:9]) for row in there]
    return SignedIn(key, session, user, terms_due, vendor, found) if found else None


def membership_of(contact_id: int, slug: str) -> Membership | None:
    """Return the membership that a contact has in the company `slug`; None where it cannot enter there."""
    rights = (_role_permissions(), _box_permissions(), _areas_off(), _vendor_areas_off())
    query = (
        select(Contact, Company, *rights)
        .join(Company, Company.id == Contact.company_id)
        .where(Contact.id == contact_id, Contact.portal_user_id.is_not(None), usable_contact())
        .where(Company.slug == slug, Company.exited_at.is_(None))
        .options(lazyload(Contact.role_links), lazyload(Contact.contact_type))
    )
    row = db.session.execute(query).unique().one_or_none()
    return _membership(db.session.get(Branding, 1) or settings.unset(), *row) if row else None


def _membership(
    vendor: Branding, contact: Contact, company: Company, by_role: str, by_box: str, *off: str
) -> Membership:
    permissions = effective(frozenset(Permission(word) for word in _listed(by_role, by_box)))
    asks = company.requires_second_factor or vendor.second_factor == "everybody"
    of_admin = vendor.second_factor == "admins" and Permission.ADMIN in permissions
    areas_off = frozenset(Area(word) for word in _listed(*off))
    return Membership(contact, company, permissions, areas_off, asks or of_admin)


def _listed(*aggregates: str | None) -> list[str]:
    return [word for each in aggregates for word in (each or "").split(",") if word]


def _everything(key_hash: str) -> Any:
    return (
        select(
            SignInSession,
            PortalUser,
            Contact,
            Company,
            _terms_due().label("terms_due"),
            _role_permissions().label("by_role"),
            _box_permissions().label("by_box"),
            _areas_off().label("areas_off"),
            _vendor_areas_off().label("vendor_areas_off"),
            Branding,
        )
        .join(PortalUser, PortalUser.id == SignInSession.portal_user_id)
        .outerjoin(Contact, and_(Contact.portal_user_id == PortalUser.id, usable_contact()))
        .outerjoin(Company, and_(Company.id == Contact.company_id, Company.exited_at.is_(None)))
        .outerjoin(Branding, Branding.id == 1)
        .where(SignInSession.key_hash == key_hash, SignInSession.ended_at.is_(None))
        .options(lazyload(Contact.role_links), contains_eager(Contact.user), lazyload(Contact.contact_type))
        .order_by(Company.name)
    )


def _vendor_areas_off() -> ColumnElement[str]:
    return select(func.aggregate_strings(VendorArea.area, ",")).scalar_subquery()


def _role_permissions() -> ColumnElement[str]:
    return (
        select(func.aggregate_strings(RolePermission.permission, ","))
        .join(ContactRole, ContactRole.role_id == RolePermission.role_id)
        .where(ContactRole.contact_id == Contact.id)
        .correlate(Contact)
        .scalar_subquery()
    )


def _box_permissions() -> ColumnElement[str]:
    return (
        select(func.aggregate_strings(ContactPermission.permission, ","))
        .where(ContactPermission.contact_id == Contact.id)
        .correlate(Contact)
        .scalar_subquery()
    )


def _areas_off() -> ColumnElement[str]:
    return (
        select(func.aggregate_strings(CompanyArea.area, ","))
        .where(
            CompanyArea.company_id == Company.id, or_(CompanyArea.off_by_staff, CompanyArea.hidden_by_admin)
        )
        .correlate(Company)
        .scalar_subquery()
    )


def _terms_due() -> ColumnElement[int]:
    newest = select(func.max(TermsVersion.number)).where(TermsVersion.published_at.is_not(None))
    accepted = (
        select(TermsAcceptance.terms_version_id)
        .where(TermsAcceptance.portal_user_id == PortalUser.id)
        .correlate(PortalUser)
    )
    return (
        select(func.count(TermsVersion.id))
        .where(TermsVersion.number == newest.scalar_subquery(), TermsVersion.id.not_in(accepted))
        .correlate(PortalUser)
        .scalar_subquery()
    )


def candidates(identity: str) -> list[PortalUser]:
    """Return the live logins that `identity`, an e-mail address or user name, may mean.

    The one login that has proved the address hides those that only claim it (behaviour C14).
    """
    identity = identity.strip()
    if "@" in identity:
        condition = PortalUser.email_key == email_key(identity)
    else:
        condition = PortalUser.username_key == username_key(identity)
    query = select(PortalUser).where(condition, PortalUser.closed_at.is_(None)).order_by(PortalUser.id.desc())
    found = list(db.session.scalars(query.limit(50)))
    owners = [user for user in found if user.email_confirmed_at is not None]
    return owners or found[:MOST_CANDIDATES]


def owner_of(email: str) -> PortalUser | None:
    """Return the login that has proved to own the address `email`, if any (L6)."""
    return db.session.scalar(
        select(PortalUser).where(
            PortalUser.email_key == email_key(email),
            PortalUser.closed_at.is_(None),
            PortalUser.email_confirmed_at.is_not(None),
        )
    )


def username_taken(username: str, *, except_user_id: int | None = None) -> bool:
    """Return whether another live login has this user name, compared without case."""
    query = select(PortalUser.id).where(
        PortalUser.username_key == username_key(username), PortalUser.closed_at.is_(None)
    )
    found = db.session.scalars(query).all()
    return any(user_id != except_user_id for user_id in found)


def recovered_by(email: str) -> list[PortalUser]:
    """Return the live logins whose owners have confirmed `email` as their recovery address."""
    query = select(PortalUser).where(
        PortalUser.recovery_key == email_key(email),
        PortalUser.recovery_confirmed_at.is_not(None),
        PortalUser.closed_at.is_(None),
    )
    return list(db.session.scalars(query.order_by(PortalUser.id).limit(MOST_CANDIDATES)))


def companies_with_address(user: PortalUser) -> list[str]:
    """Return the names of the companies whose contact for `user` has the address that the login has."""
    query = (
        select(Company.name)
        .join(Contact, Contact.company_id == Company.id)
        .where(Contact.portal_user_id == user.id, Contact.deleted_at.is_(None))
        .where(Contact.email_key == user.email_key, Company.exited_at.is_(None))
    )
    return list(db.session.scalars(query.order_by(Company.name)))


def entering(user_ids: Collection[int]) -> set[int]:
    """Return those of the logins with these ids that could enter a company now."""
    query = (
        select(Contact.portal_user_id)
        .join(Company, Company.id == Contact.company_id)
        .where(Contact.portal_user_id.in_(user_ids), usable_contact(), Company.exited_at.is_(None))
    )
    return {user_id for user_id in db.session.scalars(query) if user_id is not None}


def companies_of(user: PortalUser) -> list[Contact]:
    """Return the contacts through which `user` could enter a company now."""
    query = (
        select(Contact)
        .join(Company, Company.id == Contact.company_id)
        .where(Contact.portal_user_id == user.id, usable_contact(), Company.exited_at.is_(None))
    )
    return list(db.session.scalars(query))
