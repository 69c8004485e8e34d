"""What the vendor's staff may do: Support looks, resends, resets, disables; administrators do all (S1)."""

from enum import StrEnum
from typing import Protocol

from portal.lifecycle import Move
from portal.models import Document, Permission, StaffRole
from portal.refusals import NotAllowed


class Deed(StrEnum):
    """What staff do to a login, a client or each other; the values stand in addresses."""

    DISABLE = "disable"
    ENABLE = "enable"
    REQUIRE_PASSWORD = "require-password-change"  # noqa: S105 - a word of an address
    SEND_RESET = "send-reset"
    SIGN_OUT = "sign-out"
    RESET_FACTOR = "reset-second-factor"
    RENAME = "rename"
    CHANGE_EMAIL = "change-email"
    LEAVE_NO_ADMIN = "leave-no-admin"
    KEEP_CLIENTS = "keep-clients"
    VIEW_AS = "view-as"
    EXIT = "exit"
    ANSWER_REQUESTS = "answer-requests"
    KEEP_STAFF = "keep-staff"
    KEEP_API = "keep-api"
    RETRY_MAIL = "retry"
    CANCEL_MAIL = "cancel"
    SEND_AGAIN = "send-again"
    TEST_MAIL = "test"
    KEEP_SETTINGS = "keep-settings"
    SEE_HELD = "see-held"
    ERASE = "erase"


_ADMINISTRATORS = frozenset({StaffRole.ADMINISTRATOR})
_ALL = frozenset(StaffRole)
# How anybody of the staff is in a client that has left: it can be looked at, and nothing happens to it.
LOOKS = "looks"
RULES: dict[Deed | Move, frozenset[str]] = {
    Deed.DISABLE: _ALL,
    Deed.ENABLE: _ALL,
    Deed.REQUIRE_PASSWORD: _ALL,
    Deed.SEND_RESET: _ALL,
    Deed.SIGN_OUT: _ALL,
    Deed.RESET_FACTOR: _ADMINISTRATORS,
    Deed.RENAME: _ADMINISTRATORS,
    Deed.CHANGE_EMAIL: _ADMINISTRATORS,
    Deed.LEAVE_NO_ADMIN: _ADMINISTRATORS,
    Deed.KEEP_CLIENTS: _ADMINISTRATORS,
    Deed.VIEW_AS: _ALL,
    Deed.EXIT: _ADMINISTRATORS,
    Deed.ANSWER_REQUESTS: _ADMINISTRATORS,
    Deed.KEEP_STAFF: _ADMINISTRATORS,
    Deed.KEEP_API: _ADMINISTRATORS,
    Deed.KEEP_SETTINGS: _ADMINISTRATORS,
    Deed.RETRY_MAIL: _ALL,
    Deed.CANCEL_MAIL: _ADMINISTRATORS,
    Deed.SEND_AGAIN: _ALL,
    Deed.TEST_MAIL: _ALL,
    Deed.SEE_HELD: _ADMINISTRATORS,
    Deed.ERASE: _ADMINISTRATORS,
    Move.VIEW: _ALL | {LOOKS},
    Move.RESEND: _ALL,
    Move.SEND_RESET: _ALL,
    Move.EDIT: _ADMINISTRATORS,
    Move.LINK: _ADMINISTRATORS,
    Move.AUTHORIZE: _ADMINISTRATORS,
    Move.CANCEL: _ADMINISTRATORS,
    Move.RESET_FACTOR: _ADMINISTRATORS,
    Move.UNLINK: _ADMINISTRATORS,
    Move.DEACTIVATE: _ADMINISTRATORS,
    Move.ACTIVATE: _ADMINISTRATORS,
    Move.DELETE: _ADMINISTRATORS,
}
# What each role holds inside a client: Support sees all of it and changes nothing by a right of a customer.
_LOOKING = frozenset(Permission) - {Permission.ADMIN, Permission.EDIT_CONTACTS}
PERMISSIONS: dict[str, frozenset[Permission]] = {
    StaffRole.ADMINISTRATOR: frozenset(Permission),
    StaffRole.SUPPORT: _LOOKING,
    LOOKS: _LOOKING,
}


def may(role: str, deed: Deed | Move) -> bool:
    """Return whether somebody of the staff with `role` may do `deed`."""
    return role in RULES[deed]


def objection(role: str, deed: Deed | Move) -> str | None:
    """Return why `role` may not do `deed`, as a sentence; None if it may."""
    return None if may(role, deed) else "Only an administrator of the staff can do this."


def demand(role: str, deed: Deed | Move) -> None:
    """Raise NotAllowed unless `role` may do `deed`."""
    reason = objection(role, deed)
    if reason is not None:
        raise NotAllowed(reason)


class Acting(Protocol):
    """Whoever acts, with the role of the staff, which nobody else has."""

    @property
    def staff_role(self) -> str: ...


def is_vendor(actor: Acting) -> bool:
    """Return whether `actor` may write what the vendor alone writes in a client, like contracts (S9)."""
    return may(actor.staff_role, Deed.KEEP_CLIENTS)


def demand_vendor(actor: Acting) -> None:
    """Raise NotAllowed unless `actor` may write what the vendor alone writes in a client (S9)."""
    if not actor.staff_role:
        raise NotAllowed("Only the vendor can do this.")
    demand(actor.staff_role, Deed.KEEP_CLIENTS)


def removes(actor: Acting, document: Document) -> bool:
    """Return whether an admin may remove a document: what the staff attached, they alone (C40)."""
    return is_vendor(actor) or not document.added_by_staff


def demand_removing(actor: Acting, document: Document) -> None:
    """Raise NotAllowed unless an admin may remove a document (C40)."""
    if not removes(actor, document):
        raise NotAllowed(f"{document.added_by} attached this. Only the staff can remove it.")
