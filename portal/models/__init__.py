"""The nouns: every table of Gatehouse and the constraints that hold whatever the code above does."""

from portal.models.activity import Activity
from portal.models.company import Branding, Company
from portal.models.contact import Access, Contact, ContactPermission, ContactRole, PropertyLink, Scope
from portal.models.invitation import Ended, Invitation, LoginLink, PasswordRequest, Purpose
from portal.models.letter import Letter, LetterState
from portal.models.people import PortalUser, SignInSession, StaffUser
from portal.models.property import Property
from portal.models.role import CLIENT_ADMIN, PRESET, Permission, Role, RolePermission
from portal.models.terms import TermsAcceptance, TermsVersion
from portal.models.vocabulary import Category, ContactType

__all__ = [
    "CLIENT_ADMIN",
    "PRESET",
    "Access",
    "Activity",
    "Branding",
    "Category",
    "Company",
    "Contact",
    "ContactPermission",
    "ContactRole",
    "ContactType",
    "Ended",
    "Invitation",
    "Letter",
    "LetterState",
    "LoginLink",
    "PasswordRequest",
    "Permission",
    "PortalUser",
    "Property",
    "PropertyLink",
    "Purpose",
    "Role",
    "RolePermission",
    "Scope",
    "SignInSession",
    "StaffUser",
    "TermsAcceptance",
    "TermsVersion",
]
