"""The moves of a contact: authorize, resend, cancel, reset, unlink, deactivate, activate, delete."""

from collections.abc import Callable, Iterable

from flask import current_app
from sqlalchemy import func, select, update

from portal import audit, lifecycle, mail, news, second_factor
from portal.actions.invite import end_invitation, end_login_links, invite, login_link
from portal.clock import now
from portal.extensions import db
from portal.lifecycle import Move
from portal.models import Access, Contact, Ended, PortalUser, Purpose, SignInSession
from portal.policy import Actor
from portal.queries.sign_in import entering


def authorize(contact: Contact, by: Actor) -> str:
    """Let a contact without login into the portal: an invitation goes to the saved address."""
    lifecycle.take(contact, Move.AUTHORIZE)
    before, contact.access = contact.access, Access.PORTAL
    invite(contact, by.name)
    audit.record("authorized", by=by, contact=contact, changes={"Portal access": (before, Access.PORTAL)})
    return f"Invitation sent to {contact.email}."


def resend(contact: Contact, by: Actor) -> str:
    """Send a pending contact a new link; the old ones are dead at once."""
    lifecycle.take(contact, Move.RESEND)
    invite(contact, by.name)
    audit.record("resent the invitation to", by=by, contact=contact)
    return f"Invitation sent to {contact.email}. The old link no longer works."


def cancel_invitation(contact: Contact, by: Actor, access: str = Access.NONE) -> str:
    """Withdraw the invitation of a pending contact; `access` is what remains."""
    lifecycle.take(contact, Move.CANCEL)
    end_invitation(contact, Ended.CANCELLED)
    contact.access = access
    changes = {"Portal access": (Access.PORTAL, access)}
    audit.record("cancelled the invitation of", by=by, contact=contact, changes=changes)
    return f"The invitation of {contact.name} was cancelled. The link no longer works."


def send_reset(contact: Contact, by: Actor) -> str:
    """Send a password reset to the login's own confirmed address, never to the contact's (L5)."""
    lifecycle.take(contact, Move.SEND_RESET)
    user = contact.user
    assert user is not None
    mail.password_reset(login_link(user, Purpose.RESET, user.email))
    audit.record("sent a password reset to", by=by, contact=contact)
    return f"Password reset sent to {contact.name}."


def reset_second_factor(contact: Contact, by: Actor) -> str:
    """Take the second factor from a login that serves this company alone; its owner is told, and all of its
    browsers are signed out. The password alone signs in until a new one is set up."""
    lifecycle.take(contact, Move.RESET_FACTOR)
    user = contact.user
    assert user is not None
    second_factor.remove(user)
    end_sessions(user)
    audit.record("reset the second factor of", by=by, contact=contact)
    mail.second_factor(user, "reset", by=by.name)
    return f"The second factor of {contact.name} was reset. No code is asked for until a new one is set up."


def unlink(contact: Contact, by: Actor, access: str = Access.NONE) -> str:
    """Take the contact from its login; the login itself, its other companies and its history stay."""
    lifecycle.take(contact, Move.UNLINK)
    user, contact.user, contact.portal_user_id = contact.user, None, None
    changes = {"Portal access": (contact.access, access)}
    contact.access = access
    audit.record("unlinked the user name of", by=by, contact=contact, user=user, changes=changes)
    end_where_shut_out([user])
    return f"{contact.name} can no longer sign in here and can be invited again."


def deactivate(contact: Contact, by: Actor) -> str:
    """Shut the contact out of this company until it is activated again; everything else is kept."""
    shut_out(contact, by)
    end_where_shut_out([contact.user])
    return f"{contact.name} is inactive."


def shut_out(contact: Contact, by: Actor) -> None:
    """Deactivate the contact; whoever calls this ends the sessions of the logins then, all in one go."""
    lifecycle.take(contact, Move.DEACTIVATE)
    contact.deactivated_at = now()
    audit.record("deactivated", by=by, contact=contact, changes={"Status": ("active", "inactive")})
    if current_app.config["DEACTIVATION_MAIL"]:
        news.deactivated(contact, by.name)


def activate(contact: Contact, by: Actor) -> str:
    """Let a deactivated contact back in as before."""
    lifecycle.take(contact, Move.ACTIVATE)
    contact.deactivated_at = None
    audit.record("activated", by=by, contact=contact, changes={"Status": ("inactive", "active")})
    if contact.user is not None and contact.user.disabled_at:
        return f"{contact.name} is active again, but the vendor disabled the login. Ask the vendor's support."
    return f"{contact.name} is active again."


def delete(contact: Contact, by: Actor) -> str:
    """Remove the contact for good: links die, the login is unlinked, the address is free at once."""
    lifecycle.take(contact, Move.DELETE)
    end_invitation(contact, Ended.CANCELLED)
    user, contact.user, contact.portal_user_id = contact.user, None, None
    contact.access, contact.deleted_at = Access.NONE, now()
    for held in (contact.role_links, contact.boxes, contact.property_links, contact.topic_links):
        held.clear()
    audit.record("deleted", by=by, contact=contact, changes={"E-mail": (contact.email or "", "")})
    db.session.flush()
    if user is not None:
        _close_if_left_alone(user, by)
    return f"{contact.name} was deleted."


def end_where_shut_out(users: Iterable[PortalUser | None]) -> None:
    """End the sessions of those logins that can enter no company any more, so that none wakes up later."""
    db.session.flush()
    ids = {user.id for user in users if user is not None}
    _hold(ids)
    shut = ids - entering(ids) if ids else ids
    if shut:
        live = (SignInSession.portal_user_id.in_(shut), SignInSession.ended_at.is_(None))
        db.session.execute(update(SignInSession).where(*live).values(ended_at=now()))


def _hold(user_ids: set[int]) -> None:
    """Wait for whoever is just signing in as one of these logins; the next one will see what was changed."""
    query = select(PortalUser.id).where(PortalUser.id.in_(user_ids)).order_by(PortalUser.id)
    db.session.execute(query.with_for_update())


def _close_if_left_alone(user: PortalUser, by: Actor) -> None:
    """Close a login that no contact is linked to any more: nothing of it may be inherited."""
    linked = select(func.count(Contact.id)).where(
        Contact.portal_user_id == user.id, Contact.deleted_at.is_(None)
    )
    if db.session.scalar(linked):
        return
    user.closed_at, user.password_hash = now(), None
    second_factor.remove(user)
    end_login_links(user, None, Ended.CANCELLED)
    end_sessions(user)


def end_sessions(user: PortalUser, *, but: int | None = None) -> None:
    """End every signed-in browser of `user`, except the session with id `but`."""
    db.session.flush()
    _hold({user.id})
    query = update(SignInSession).where(
        SignInSession.portal_user_id == user.id,
        SignInSession.ended_at.is_(None),
        SignInSession.id != (but or 0),
    )
    db.session.execute(query.values(ended_at=now()))


ACTIONS: dict[Move, Callable[[Contact, Actor], str]] = {
    Move.AUTHORIZE: authorize,
    Move.RESEND: resend,
    Move.CANCEL: cancel_invitation,
    Move.SEND_RESET: send_reset,
    Move.RESET_FACTOR: reset_second_factor,
    Move.UNLINK: unlink,
    Move.DEACTIVATE: deactivate,
    Move.ACTIVATE: activate,
    Move.DELETE: delete,
}
