"""The nouns: every table of Gatehouse and the constraints that hold whatever the code above does."""

from portal.models.access_request import AccessRequest
from portal.models.activity import Activity
from portal.models.agreement import Contract, ContractProperty, Rfp, RfpAnswer, RfpProperty
from portal.models.api import ApiKeyUse, ApiScope, ApiToken
from portal.models.billing import Invoice, InvoiceLine, Payment
from portal.models.choice import TOPICS, AccessDecision, AccessReview, Area, CompanyArea, ContactTopic
from portal.models.company import Company
from portal.models.contact import Access, Contact, ContactPermission, ContactRole, PropertyLink, Scope
from portal.models.document import Document
from portal.models.erasure import Erasure
from portal.models.imports import Import, ImportRow, ImportState, Outcome
from portal.models.invitation import Ended, Invitation, LoginLink, PasswordRequest, Purpose
from portal.models.letter import Letter, LetterState, LetterTry
from portal.models.people import PortalUser, SignInSession
from portal.models.property import Property
from portal.models.pulse import Pulse
from portal.models.role import CLIENT_ADMIN, PRESET, Permission, Role, RolePermission
from portal.models.second_factor import RecoveryCode, SecondFactor
from portal.models.staff import StaffLink, StaffPurpose, StaffRole, StaffSession, StaffUser
from portal.models.terms import TermsAcceptance, TermsVersion
from portal.models.vendor import SECOND_FACTOR, Branding, Logo, VendorArea
from portal.models.view_as import ViewAs
from portal.models.vocabulary import Category, ContactType
from portal.models.webhook import HookDelivery, HookEvent, HookState, Webhook
from portal.models.work_order import WorkOrder, WorkOrderEvent, WorkStatus

__all__ = [
    "CLIENT_ADMIN",
    "PRESET",
    "SECOND_FACTOR",
    "TOPICS",
    "Access",
    "AccessDecision",
    "AccessRequest",
    "AccessReview",
    "Activity",
    "ApiKeyUse",
    "ApiScope",
    "ApiToken",
    "Area",
    "Branding",
    "Category",
    "Company",
    "CompanyArea",
    "Contact",
    "ContactPermission",
    "ContactRole",
    "ContactTopic",
    "ContactType",
    "Contract",
    "ContractProperty",
    "Document",
    "Ended",
    "Erasure",
    "HookDelivery",
    "HookEvent",
    "HookState",
    "Import",
    "ImportRow",
    "ImportState",
    "Invitation",
    "Invoice",
    "InvoiceLine",
    "Letter",
    "LetterState",
    "LetterTry",
    "LoginLink",
    "Logo",
    "Outcome",
    "PasswordRequest",
    "Payment",
    "Permission",
    "PortalUser",
    "Property",
    "PropertyLink",
    "Pulse",
    "Purpose",
    "RecoveryCode",
    "Rfp",
    "RfpAnswer",
    "RfpProperty",
    "Role",
    "RolePermission",
    "Scope",
    "SecondFactor",
    "SignInSession",
    "StaffLink",
    "StaffPurpose",
    "StaffRole",
    "StaffSession",
    "StaffUser",
    "TermsAcceptance",
    "TermsVersion",
    "VendorArea",
    "ViewAs",
    "Webhook",
    "WorkOrder",
    "WorkOrderEvent",
    "WorkStatus",
]
