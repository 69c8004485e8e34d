"""Making and ending invitations; every other action that invites somebody comes through here."""

from datetime import timedelta

from flask import current_app
from limits import parse
from sqlalchemy import func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from portal import mail
from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Ended, Invitation, LoginLink, PortalUser, Purpose
from portal.queries import settings
from portal.refusals import TooMany


def invite(contact: Contact, by_name: str) -> Invitation:
    """Make the one live invitation of `contact` and write its letter; every earlier link dies (L2).

    Raises TooMany where the contact was sent too many links lately.
    """
    generation = _generations(contact) + 1
    if generation > 1:
        _spare(_sent_lately(contact))
        end_invitation(contact, Ended.REPLACED)
    invitation = Invitation(
        company_id=contact.company_id,
        contact_id=contact.id,
        generation=generation,
        email=contact.email,
        invited_by=by_name[:100],
        created_at=now(),
        expires_at=now() + settings.invitation_life(),
    )
    set_committed_value(invitation, "contact", contact)
    db.session.add(invitation)
    db.session.flush()
    db.session.expire(contact, ["live_invitation"])
    mail.invitation(invitation, again=generation > 1)
    return invitation


def end_invitation(contact: Contact, ended: Ended) -> None:
    """End the live invitation of `contact`, if there is one."""
    live = (Invitation.contact_id == contact.id, Invitation.ended_at.is_(None))
    db.session.execute(update(Invitation).where(*live).values(ended_at=now(), ended_as=ended))
    db.session.expire(contact, ["live_invitation"])


def login_link(user: PortalUser, purpose: Purpose, email: str) -> LoginLink:
    """Make the one live link of `user` for `purpose`; every earlier one dies.

    Raises TooMany where too many were sent lately.
    """
    mine = (LoginLink.portal_user_id == user.id, LoginLink.purpose == purpose)
    lately = LoginLink.created_at > now() - _window()
    _spare(db.session.scalar(select(func.count(LoginLink.id)).where(*mine, lately)) or 0)
    end_login_links(user, purpose, Ended.REPLACED)
    generation = (db.session.scalar(select(func.max(LoginLink.generation)).where(*mine)) or 0) + 1
    link = LoginLink(
        portal_user_id=user.id,
        purpose=purpose,
        generation=generation,
        email=email,
        created_at=now(),
        expires_at=now() + current_app.config["RESET_LIFE" if purpose is Purpose.RESET else "CONFIRM_LIFE"],
    )
    link.user = user
    db.session.add(link)
    db.session.flush()
    return link


def end_login_links(user: PortalUser, purpose: Purpose | None, ended: Ended) -> int:
    """End the live links of `user`, all of them or those of one purpose; return how many that were."""
    query = update(LoginLink).where(LoginLink.portal_user_id == user.id, LoginLink.ended_at.is_(None))
    if purpose is not None:
        query = query.where(LoginLink.purpose == purpose)
    result = db.session.execute(query.values(ended_at=now(), ended_as=ended))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _generations(contact: Contact) -> int:
    newest = select(func.max(Invitation.generation)).where(Invitation.contact_id == contact.id)
    return db.session.scalar(newest) or 0


def _sent_lately(contact: Contact) -> int:
    again = (Invitation.contact_id == contact.id, Invitation.generation > 1)
    lately = Invitation.created_at > now() - _window()
    return db.session.scalar(select(func.count(Invitation.id)).where(*again, lately)) or 0


def _window() -> timedelta:
    return timedelta(seconds=parse(current_app.config["RESEND_LIMIT"]).get_expiry())


def _spare(sent: int) -> None:
    """Spare a mailbox: refuse once as many links went out as the limit allows in its time."""
    limit = parse(current_app.config["RESEND_LIMIT"])
    if sent >= limit.amount:
        raise TooMany(
            "Too many links were sent to this address lately. Wait an hour and try again.", limit.get_expiry()
        )
