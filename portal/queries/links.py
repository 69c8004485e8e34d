"""Which link is the newest of its kind, and whether one was sent just now."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Invitation, LoginLink, PortalUser, Purpose

# How long what was sent is called sent, and not offered again (L5).
_PAUSE = timedelta(seconds=60)


def newest_invitation(invitation: Invitation) -> datetime | None:
    """Return when the newest invitation of the same contact was made."""
    mine = Invitation.contact_id == invitation.contact_id
    return db.session.scalar(select(func.max(Invitation.created_at)).where(mine))


def waiting_change(user: PortalUser) -> LoginLink | None:
    """Return the link that would change the address of `user`, None where no change waits."""
    link = db.session.scalar(
        select(LoginLink).where(
            LoginLink.portal_user_id == user.id,
            LoginLink.purpose == Purpose.CHANGE_EMAIL,
            LoginLink.ended_at.is_(None),
        )
    )
    return link if link is not None and link.open else None


def newest_login_link(link: LoginLink) -> datetime | None:
    """Return when the newest link of the same login and purpose was made."""
    mine = (LoginLink.portal_user_id == link.portal_user_id, LoginLink.purpose == link.purpose)
    return db.session.scalar(select(func.max(LoginLink.created_at)).where(*mine))


def invited_just_now(contact: Contact) -> bool:
    """Return whether the contact's live invitation was sent less than a minute ago (L5)."""
    link = contact.live_invitation
    return link is not None and link.created_at > now() - _PAUSE


def reset_just_now(user: PortalUser) -> bool:
    """Return whether a password reset was sent to the login less than a minute ago (L5)."""
    mine = (LoginLink.portal_user_id == user.id, LoginLink.purpose == Purpose.RESET)
    newest = db.session.scalar(select(func.max(LoginLink.created_at)).where(*mine))
    return newest is not None and newest > now() - _PAUSE
