"""The buttons of User Details: what can be sent or unlinked at once, and to which saved address (L5)."""

from typing import Any

from flask import url_for

from portal import lifecycle, policy, words
from portal.guards import actor
from portal.lifecycle import Move
from portal.models import Contact
from portal.queries.links import invited_just_now, reset_just_now


def buttons(contact: Contact) -> list[dict[str, Any]]:
    """Return the buttons of User Details, each with the saved address it sends to (L5)."""
    who = actor()
    offered = [(Move.AUTHORIZE, "Send Sign-Up Link"), (Move.RESEND, "Send Sign-Up Link")]
    offered += [(Move.SEND_RESET, "Send Password Reset"), (Move.RESET_FACTOR, "Reset Second Factor")]
    offered += [(Move.UNLINK, "Unlink User Name")]
    moves = set(policy.menu(who, contact, lifecycle.possible(contact), admin=policy.is_admin(contact)))
    return [_button(contact, move, label) for move, label in offered if move in moves]


def _button(contact: Contact, move: Move, label: str) -> dict[str, Any]:
    address, note = _destination(contact, move)
    return {
        "move": move.value,
        "label": label,
        "action": url_for("access.take", contact_id=contact.id, move=move),
        "address": address,
        "note": note,
        "disabled_text": f"Sent just now to {address}" if _sent_just_now(contact, move) else None,
    }


def _destination(contact: Contact, move: Move) -> tuple[str, str]:
    if move is Move.UNLINK:
        return words.login_name(contact), ""
    if move is Move.RESET_FACTOR:
        return words.login_name(contact), "The password alone signs in until a new one is set up."
    if move is not Move.SEND_RESET or contact.user is None:
        return contact.email or "", ""
    note = "The login has an address of its own; the reset goes there."
    return words.login_address(contact), "" if contact.user.email_key == contact.email_key else note


def _sent_just_now(contact: Contact, move: Move) -> bool:
    if move is Move.RESEND:
        return invited_just_now(contact)
    return move is Move.SEND_RESET and contact.user is not None and reset_just_now(contact.user)
