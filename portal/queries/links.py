"""Which link is the newest of its kind."""

from datetime import datetime

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Invitation, LoginLink, PortalUser, Purpose


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
