"""The outbox: letters wait here as rows, written with the change they tell about, until they are due (M1)."""

from collections.abc import Collection
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from typing import Any
from uuid import uuid4

from flask import current_app
from sqlalchemy import ColumnElement, and_, or_, select

from portal.clock import now
from portal.doorbell import doorbell
from portal.extensions import db
from portal.models import Invitation, Letter, LetterState, LoginLink, PasswordRequest, StaffLink
from portal.models.letter import UNSENT
from portal.transaction import after_commit


def post(
    kind: str,
    to_email: str,
    facts: dict[str, Any],
    *,
    company_id: int | None = None,
    invitation: Invitation | None = None,
    login_link: LoginLink | None = None,
    staff_link: StaffLink | None = None,
    event: str = "",
) -> Letter:
    """Put a letter into the outbox, in the running transaction, and return it; it leaves after the commit.

    `facts` are the names and ids it tells about, as they are now; a link never stands in it (L2). A second
    letter about the same `event` is refused by the database (M3); IntegrityError is raised at the next flush.
    """
    db.session.flush()  # the link it carries must have its id
    letter = Letter(
        kind=kind,
        to_email=to_email,
        facts=facts,
        company_id=company_id,
        invitation_id=invitation.id if invitation else None,
        login_link_id=login_link.id if login_link else None,
        staff_link_id=staff_link.id if staff_link else None,
        message_id=message_id(event or uuid4().hex),
    )
    db.session.add(letter)
    after_commit(lambda: wake(letter.id))
    return letter


def wake(letter_id: int) -> None:
    """Have a worker send this letter soon. Raises nothing and takes at most half a second."""
    bell = doorbell()
    if bell:
        bell.ring("send_letter", letter_id)


def wake_request(request_id: int) -> None:
    """Have a worker answer this password request soon. Raises nothing and takes at most half a second."""
    bell = doorbell()
    if bell:
        bell.ring("answer_password_request", request_id)


def due(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a letter may be taken at `at`: due, or left lying by a sender that died."""
    waiting = and_(Letter.state == LetterState.WAITING, Letter.due_at <= at)
    left = and_(Letter.state == LetterState.SENDING, Letter.leased_until <= at)
    return or_(waiting, left)


def due_ids(limit: int) -> list[int]:
    """Return the ids of up to `limit` letters that should be on their way, the longest due first."""
    query = select(Letter.id).where(UNSENT, due(now())).order_by(Letter.due_at, Letter.id)
    return list(db.session.scalars(query.limit(limit)))


def unanswered_ids(since: datetime, until: datetime, limit: int) -> list[int]:
    """Return the ids of up to `limit` password requests of that time that nobody has answered."""
    query = select(PasswordRequest.id).where(
        PasswordRequest.answered_at.is_(None),
        PasswordRequest.created_at > since,
        PasswordRequest.created_at <= until,
    )
    return list(db.session.scalars(query.order_by(PasswordRequest.id).limit(limit)))


def posted(events: Collection[str]) -> set[str]:
    """Return those of `events` that a letter was posted about."""
    ids = {message_id(event): event for event in events}
    found = db.session.scalars(select(Letter.message_id).where(Letter.message_id.in_(ids)))
    return {ids[each] for each in found}


def message_id(event: str) -> str:
    """Return the Message-ID that an event makes, which the database keeps unique."""
    name = sha256(event.encode()).hexdigest()[:32]
    domain = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])[1].rpartition("@")[2]
    return f"<{name}@{domain.encode('idna').decode('ascii')}>"
