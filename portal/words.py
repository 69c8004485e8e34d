"""The words for permissions, accesses and moves, and the sentences made from them (behaviour 2.2, 4)."""

from datetime import timedelta
from typing import Any

from portal.attempts import plain
from portal.lifecycle import Move
from portal.models import (
    Access,
    Activity,
    Area,
    Contact,
    Permission,
    Scope,
    WorkOrder,
    WorkOrderEvent,
    WorkStatus,
)
from portal.policy import EVERY_PERMISSION, rights_of

PERMISSION = {
    Permission.ADMIN: (
        "Admin Access",
        "Everything in the portal, including who may sign in and what they can do.",
    ),
    Permission.BILLING: ("Access Billing", "See invoices and statements, download PDFs."),
    Permission.REPORTS: ("Access Reports", "Open and export service and spend reports."),
    Permission.WORK_ORDERS: ("Create Work Order", "Raise new jobs and follow them to completion."),
    Permission.EDIT_CONTACTS: ("Edit Contact", "Change other people's contact details."),
    Permission.VIEW_CLIENT: ("View Client", "See the company's people, properties, contracts and RFPs."),
}
ACCESS = {
    Access.PORTAL: ("Yes", "May sign in to this portal."),
    Access.EMAIL_ONLY: ("E-mail only", "May deal with us by e-mail, cannot sign in."),
    Access.NONE: ("No", "Only kept in the address book."),
}
# What mail can be wanted about, and what each topic sends; apart from permissions.
TOPIC = {
    "billing": ("Billing", "Each new invoice, and each that became overdue."),
    "work_orders": ("Work orders", "Each new work order, change of status and comment."),
    "reports": ("Reports", "On the 1st, a summary of the month before."),
    "account": ("Account", "For admins: each Monday, invitations that expired or could not be sent."),
}
MOVE = {
    Move.VIEW: "Profile details",
    Move.EDIT: "Edit",
    Move.LINK: "Link to specific properties",
    Move.AUTHORIZE: "Authorize user",
    Move.RESEND: "Resend",
    Move.CANCEL: "Cancel invitation",
    Move.SEND_RESET: "Send password reset",
    Move.RESET_FACTOR: "Reset second factor",
    Move.UNLINK: "Unlink user name",
    Move.DEACTIVATE: "Deactivate",
    Move.ACTIVATE: "Activate",
    Move.DELETE: "Delete",
}
# What is told of a second factor, to whom it belongs: a heading and a sentence.
FACTOR_NEWS = {
    "on": (
        "Your second factor was switched on",
        "From now on signing in asks for a code of your authenticator app.",
    ),
    "moved": (
        "Your second factor was moved to another app",
        "The codes and the recovery codes of before no longer work.",
    ),
    "off": ("Your second factor was switched off", "From now on the password alone signs you in."),
    "codes": ("You have new recovery codes", "The recovery codes of before no longer work."),
    "used": (
        "A recovery code was used",
        "Somebody signed in with one of your recovery codes. Of them {left} are left.",
    ),
    "reset": (
        "Your second factor was reset",
        "{by} reset it. Every device was signed out, and no code is asked for until you set a second factor "
        "up again: in your profile, or on signing in where it is required.",
    ),
}
WORK_STATUS = {
    WorkStatus.REQUESTED: "Requested",
    WorkStatus.SCHEDULED: "Scheduled",
    WorkStatus.IN_PROGRESS: "In progress",
    WorkStatus.DONE: "Done",
    WorkStatus.CANCELLED: "Cancelled",
}
RFP_STATUS = {
    "open": "Open",
    "answered": "Answered",
    "accepted": "Accepted",
    "declined": "Declined",
    "closed": "Closed",
}
PRIORITY = {
    "low": ("Low", "Whenever it suits."),
    "normal": ("Normal", "Within the usual time."),
    "urgent": ("Urgent", "As soon as possible."),
    "emergency": ("Emergency", "Danger, or damage that goes on."),
}
AREA = {
    Area.PROPERTIES: "Properties",
    Area.CONTRACTS: "Contracts",
    Area.RFPS: "RFPs",
    Area.BILLING: "Billing",
    Area.REPORTS: "Reports",
    Area.WORK_ORDERS: "Work orders",
}
# What each kind of mail is called where staff look at them.
LETTER = {
    "access_asked": "Access asked for",
    "access_request": "Access request",
    "account_disabled": "Login disabled",
    "account_enabled": "Login enabled",
    "api_news": "API news",
    "change_email": "New address",
    "confirm_email": "Address to confirm",
    "confirm_recovery": "Recovery e-mail to confirm",
    "deactivated": "Deactivated",
    "email_change_asked": "New address asked for",
    "email_changed": "Address changed",
    "email_only": "E-mail only",
    "invitation": "Invitation",
    "invitation_again": "Invitation again",
    "invitation_digest": "Invitations that need attention",
    "invoice_issued": "New invoice",
    "invoice_overdue": "Invoice overdue",
    "login_changed": "Login changed",
    "month_summary": "Summary of the month",
    "password_changed": "Password changed",
    "password_reset": "Password reset",
    "recovery_used": "Recovery e-mail used",
    "second_factor": "Second factor",
    "staff_changed": "Staff login changed",
    "staff_email": "Staff address",
    "staff_password": "Staff password",
    "staff_welcome": "Staff welcome",
    "test_mail": "Test mail",
    "work_order_news": "Work order news",
}
# What an allowed permission lets a person do, as a sentence that follows "can" or "cannot".
_CAN = {
    Permission.ADMIN: "Manage contacts, roles and logins",
    Permission.BILLING: "See invoices and statements",
    Permission.REPORTS: "Open and export reports",
    Permission.WORK_ORDERS: "Create work orders",
    Permission.EDIT_CONTACTS: "Change other people's contact details",
    Permission.VIEW_CLIENT: "See the company's people and properties",
}


def can_do(permissions: frozenset[Permission]) -> list[dict[str, Any]]:
    """Return six sentences, each with whether it holds, for a set of effective permissions."""
    order = [permission for permission in _CAN if permission in EVERY_PERMISSION]
    return [{"allowed": each in permissions, "sentence": _CAN[each]} for each in order]


def may_do(contact: Contact) -> str:
    """Return what the contact can do in one line: "create work orders"; empty for nothing."""
    held = rights_of(contact)
    if Permission.ADMIN in held:
        return "do everything there, including deciding who may sign in"
    allowed = [each["sentence"] for each in can_do(held) if each["allowed"]]
    return listed([each[:1].lower() + each[1:] for each in allowed], "and")


def gives(permissions: frozenset[Permission]) -> str:
    """Return what a role gives, in the words of its switches: "Access Billing, View Client"."""
    return ", ".join(label for permission, (label, _line) in PERMISSION.items() if permission in permissions)


# What a permission is called where many people stand under each other.
_TAG = {
    Permission.ADMIN: "Admin",
    Permission.WORK_ORDERS: "Work orders",
    Permission.BILLING: "Billing",
    Permission.REPORTS: "Reports",
    Permission.EDIT_CONTACTS: "Edit contacts",
    Permission.VIEW_CLIENT: "View client",
}


def tags(permissions: frozenset[Permission]) -> list[str]:
    """Return what effective permissions are, in a word each; `admin` says all of them."""
    held = {Permission.ADMIN} if Permission.ADMIN in permissions else permissions
    return [tag for permission, tag in _TAG.items() if permission in held]


def people(number: int) -> str:
    """Return how many people, in words: "Nobody", "1 person", "12 people"."""
    return {0: "Nobody", 1: "1 person"}.get(number, f"{number:,} people")


def span(life: timedelta) -> str:
    """Return how long something lasts, in words: "24 hours", "1.5 hours", "1 minute"."""
    minutes = max(1, round(life.total_seconds() / 60))
    count, unit = (minutes / 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{count:g} {unit}{'' if count == 1 else 's'}"


def how_far(sees_everything: bool, linked: int) -> str:
    """Return how far a contact sees, in words: "All properties", "No property", "4 properties"."""
    if sees_everything:
        return "All properties"
    return {0: "No property", 1: "1 property"}.get(linked, f"{linked} properties")


def asks_for_work(allowed: bool, sees_everything: bool, places: list[str]) -> str:
    """Return whether somebody may ask for work, and where: "yes, at Kirkgate Court and 2 more" (S5, C21)."""
    if not allowed or sees_everything:
        return "yes, at every property" if allowed else "no"
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"yes, at {places[0]}{more}" if places else "no, because no property is linked"


# How the values of these fields read on the screen; every other field's value reads as it is.
_VALUES: dict[str, dict[str, str]] = {
    "Portal access": {access: label for access, (label, _line) in ACCESS.items()},
    "Permissions": {permission: label for permission, (label, _line) in PERMISSION.items()},
    "E-mail about": {topic: label for topic, (label, _line) in TOPIC.items()},
    "Level": {Scope.CLIENT: "Client Level", Scope.PROPERTY: "Property Level"},
    "Status": {"active": "Active", "pending": "Pending", "inactive": "Inactive"},
    "Second factor": {"admins": "required of admins", "everybody": "required of everybody"},
}


def changes(row: Activity) -> list[dict[str, str]]:
    """Return what an activity row changed: each field's label, what it was and what it is now, in words."""
    return reworded(row.changes)


def reworded(changes: dict[str, Any]) -> list[dict[str, str]]:
    """Return changes as a row of the activity keeps them, in words."""
    return [
        {"label": label, "before": _value(label, before), "after": _value(label, after)}
        for label, (before, after) in changes.items()
    ]


def _value(label: str, value: Any) -> str:
    known = _VALUES.get(label)
    if known is None:
        return "" if value is None else str(value)
    return ", ".join(known.get(part, part) for part in str(value or "").split(", "))


def news(event: WorkOrderEvent, order: WorkOrder) -> str:
    """Return in a few words what an entry of a work order's timeline tells: "Scheduled for 23 Nov 2026"."""
    if event.kind == "comment":
        return f"{event.by_name} wrote"
    if event.kind == "asked":
        return "Requested"
    word = WORK_STATUS[WorkStatus(event.status or order.status)]
    visit = order.visit_on
    return f"{word} for {visit.day} {visit:%b %Y}" if visit and word == "Scheduled" else word


def listed(names: list[str], last: str = "or") -> str:
    """Return names as people write them: "Ann", "Ann or Bob", "Ann, Bob or Cy"."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" {last} {names[-1]}" if names else ""


def login_name(contact: Contact) -> str:
    """Return what the contact's login signs in with, as far as the company may know it (L5, L6)."""
    return (contact.user.username or login_address(contact)) if contact.user else ""


def login_address(contact: Contact) -> str:
    """Return the address of the contact's login; masked where it is not the contact's own."""
    if contact.user is None or contact.user.email_key == contact.email_key:
        return contact.email or ""
    local, _, domain = contact.user.email.rpartition("@")
    return f"{local[:1]}***@{domain}"


def why_stuck(contact: Contact) -> str:
    """Return why a pending contact's invitation needs somebody."""
    invitation = contact.live_invitation
    failed = invitation is not None and invitation.mail_failed_at is not None
    return "the mail could not be delivered" if failed else "the invitation expired"


def letter_kind(kind: str) -> str:
    """Return what a kind of mail is called."""
    return LETTER.get(kind) or plain(kind).capitalize()


def initials(name: str) -> str:
    """Return one or two first letters of a name."""
    parts = [part for part in name.split() if part[0].isalnum()]
    picked = parts[:1] + parts[-1:] if len(parts) > 1 else parts
    return "".join(part[0] for part in picked).upper() or "?"
