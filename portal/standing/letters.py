"""The outbox: each mail ends in one state, and what came of it stands where the admin looks."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, or_, select

from portal.clock import now
from portal.extensions import db
from portal.models import Invitation, Letter, LetterState

# Far longer than any sender holds a mail: whoever had it is dead, and nobody has found it.
FORGOTTEN = timedelta(hours=1)


def states() -> Iterator[str]:
    """Every mail whose facts contradict its state, or that a sender has left lying."""
    sent = Letter.state == LetterState.SENT
    left = and_(Letter.state == LetterState.SENDING, Letter.leased_until < now() - FORGOTTEN)
    wrong = {
        "is sent, but nobody knows when": and_(sent, Letter.sent_at.is_(None)),
        "was sent, and is something else now": and_(~sent, Letter.sent_at.is_not(None)),
        "was sent without a try": and_(sent, Letter.attempts == 0),
        "is held by nobody while being sent": and_(
            Letter.state == LetterState.SENDING, Letter.leased_until.is_(None)
        ),
        "was left lying by its sender": left,
        "is held although nobody sends it": and_(
            Letter.state != LetterState.SENDING, Letter.leased_until.is_not(None)
        ),
        "failed without a reason": and_(
            Letter.state.in_((LetterState.FAILED, LetterState.EXPIRED)),
            or_(Letter.last_error.is_(None), Letter.last_error == ""),
        ),
    }
    for words, condition in wrong.items():
        for letter_id in db.session.scalars(select(Letter.id).where(condition).order_by(Letter.id)):
            yield f"Mail {letter_id} {words}."


def invitations() -> Iterator[str]:
    """Every live invitation whose only mail failed without the invitation saying so (M2)."""
    query = (
        select(Invitation.id)
        .join(Letter, Letter.invitation_id == Invitation.id)
        .where(
            Letter.state == LetterState.FAILED,
            Invitation.ended_at.is_(None),
            Invitation.mail_failed_at.is_(None),
        )
    )
    for invitation_id in db.session.scalars(query):
        yield f"The mail of invitation {invitation_id} failed, and nobody is told."
