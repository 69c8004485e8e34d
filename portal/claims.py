"""Who works on which letter, and what became of it: every change of a letter's state after it was posted."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from portal import news
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    AccessRequest,
    Contact,
    Invitation,
    Letter,
    LetterState,
    LetterTry,
    LoginLink,
    StaffLink,
)
from portal.outbox import due
from portal.transaction import transaction

# The sender renews it every third of it, so it outlasts every SMTP time-out, and what a killed sender left
# lying is taken up by another half a minute later.
LEASE = timedelta(seconds=30)
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]
# How long a letter without a link is worth sending.
PATIENCE = timedelta(days=3)
TOO_LATE = "Not sent before its link ended"
log = logging.getLogger(__name__)


def claim(letter_id: int) -> int:
    """Take a due letter for LEASE; return the number of this attempt, or 0 where there is nothing to send.

    A letter that is no longer wanted, or whose link has ended, gets its final state here.
    """
    with transaction(write=True):
        taking = update(Letter).where(Letter.id == letter_id, due(now())).returning(Letter.id)
        taking = taking.values(
            state=LetterState.SENDING, attempts=Letter.attempts + 1, leased_until=now() + LEASE
        )
        if db.session.scalar(taking.execution_options(synchronize_session=False)) is None:
            return 0
        letter = db.session.get_one(Letter, letter_id, populate_existing=True)
        if not wanted(letter):
            letter.state, letter.leased_until = LetterState.CANCELLED, None
        elif end(letter) <= now():
            why = f"{TOO_LATE}: {letter.last_error}" if letter.last_error else TOO_LATE
            give_up(letter, LetterState.EXPIRED, why)
        if letter.state != LetterState.SENDING:
            return 0
        db.session.add(LetterTry(letter_id=letter_id, number=letter.attempts))
        return letter.attempts


def renew(letter_id: int, attempt: int) -> None:
    """Hold a claimed letter for another LEASE. Raises nothing: a lost lease costs a second try."""
    mine = (Letter.id == letter_id, Letter.attempts == attempt, Letter.state == LetterState.SENDING)
    try:
        with transaction(write=True):
            db.session.execute(update(Letter).where(*mine).values(leased_until=now() + LEASE))
    except SQLAlchemyError:
        log.warning("the lease of letter %s could not be renewed", letter_id)


def settle(letter_id: int, attempt: int, outcome: Callable[[Letter], None]) -> None:
    """Write down the outcome of an attempt, unless somebody else has taken the letter meanwhile.

    That a server took it is always written down.
    """
    with transaction(write=True):
        letter = db.session.get_one(Letter, letter_id, populate_existing=True, with_for_update=True)
        mine = letter.attempts == attempt and letter.state == LetterState.SENDING
        if mine or outcome is note_sent:
            letter.leased_until = None
            outcome(letter)
            tried = update(LetterTry).where(LetterTry.letter_id == letter_id, LetterTry.number == attempt)
            said = {"ended_at": now(), "state": letter.state, "words": letter.last_error or ""}
            db.session.execute(tried.values(said))


def note_sent(letter: Letter) -> None:
    """The server took it."""
    letter.state, letter.sent_at, letter.last_error = LetterState.SENT, now(), None
    _mark_invitation(letter, None)


def put_off(letter: Letter, words: str) -> None:
    """It could not be sent now, for the reason in `words`: try again after a pause, until its link ends."""
    pause = PAUSES[min(letter.attempts, len(PAUSES)) - 1]
    letter.state, letter.last_error = LetterState.WAITING, words
    letter.due_at = min(now() + pause, end(letter))


def give_up(letter: Letter, state: LetterState, words: str) -> None:
    """It will never be sent, for the reason in `words`; the admin sees that at the invitation (M2)."""
    letter.state, letter.last_error, letter.leased_until = state, words, None
    _mark_invitation(letter, words)


def take_up_again(letter: Letter) -> None:
    """Have a letter that waits or failed tried at once, with the Message-ID and link it has (M3)."""
    letter.state, letter.due_at, letter.leased_until = LetterState.WAITING, now(), None
    _mark_invitation(letter, None)


def _mark_invitation(letter: Letter, words: str | None) -> None:
    link = _link(letter)
    if isinstance(link, Invitation):
        link.mail_failed_at = now() if words else None
        link.mail_error = words[:200] if words else None


def wanted(letter: Letter) -> bool:
    """Return whether what the letter tells is still so."""
    link = _link(letter)
    if isinstance(link, Invitation):
        return link.ended_at is None and link.contact.company.exited_at is None
    if isinstance(link, LoginLink):
        return not (link.ended_at or link.user.closed_at or link.user.disabled_at)
    if isinstance(link, StaffLink):
        return not (link.ended_at or link.person.disabled_at)
    if letter.kind == "access_request":
        asked = db.session.get(AccessRequest, letter.facts["access_request_id"], populate_existing=True)
        return asked is not None and asked.confirmable
    if letter.kind in news.KINDS:
        return news.still_concerns(letter)
    told = db.session.get(Contact, letter.facts.get("contact_id", 0), populate_existing=True)
    return told is None or (
        told.deleted_at is None and told.access == Access.EMAIL_ONLY and told.company.exited_at is None
    )


def _link(letter: Letter) -> Invitation | LoginLink | StaffLink | None:
    if letter.invitation_id:
        return db.session.get(Invitation, letter.invitation_id, populate_existing=True)
    if letter.login_link_id:
        return db.session.get(LoginLink, letter.login_link_id, populate_existing=True)
    if letter.staff_link_id:
        return db.session.get(StaffLink, letter.staff_link_id, populate_existing=True)
    return None


def end(letter: Letter) -> datetime:
    """Return until when the letter is worth sending: as long as its link works."""
    link = _link(letter)
    return link.expires_at if link else letter.created_at + PATIENCE
