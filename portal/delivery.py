"""Sends one letter of the outbox, outside of any transaction, and has it written down what became of it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from portal import claims, smtp
from portal.extensions import db
from portal.mime import Mail, Refused, Rendered
from portal.models import Letter, LetterState
from portal.transaction import transaction

LONGEST_SECONDS = 300
log = logging.getLogger(__name__)


Render = Callable[[Letter], Rendered]


def send(letter_id: int, render: Render) -> None:
    """Send the letter if it is due and nobody else is at it; afterwards its row says what became of it.

    Runs its own transactions. Raises SQLAlchemyError when the database goes away: the letter is then taken up
    again later. Whatever is wrong with the letter itself becomes its state, and no other letter's trouble.
    """
    attempt = claims.claim(letter_id)
    if not attempt:
        return
    try:
        _try(letter_id, attempt, render)
    except Refused as reason:
        words = str(reason)
        claims.settle(letter_id, attempt, lambda letter: claims.give_up(letter, LetterState.FAILED, words))
    except smtp.Later as reason:
        words = str(reason)
        claims.settle(letter_id, attempt, lambda letter: claims.put_off(letter, words))
    else:
        claims.settle(letter_id, attempt, claims.note_sent)


def _try(letter_id: int, attempt: int, render: Render) -> None:
    mail = _written(letter_id, render)
    try:
        with _holding(letter_id, attempt):
            smtp.deliver(mail)
    except (Refused, smtp.Later):
        raise
    except Exception as surprise:  # the job's own time limit, for one
        log.exception("letter %s was not sent", letter_id)
        raise smtp.Later(type(surprise).__name__) from surprise


def _written(letter_id: int, render: Render) -> Mail:
    """Return the letter as a mail. Raises Refused where it cannot be written at all."""
    try:
        with transaction(write=False):
            letter = db.session.get_one(Letter, letter_id)
            return _compose(letter, render(letter))
    except (SQLAlchemyError, Refused):
        raise
    except Exception as mistake:
        log.exception("letter %s cannot be written", letter_id)
        raise Refused(f"It could not be written ({type(mistake).__name__})") from mistake


def _compose(letter: Letter, words: Rendered) -> Mail:
    return Mail(
        letter.to_email,
        letter.message_id,
        subject=words.subject,
        body=words.text,
        html=words.html,
        sender=words.sender,
        reply_to=words.reply_to,
        date=letter.created_at.timestamp(),
        extra_headers={"Auto-Submitted": "auto-generated"},
    )


@contextmanager
def _holding(letter_id: int, attempt: int) -> Iterator[None]:
    """Keep renewing the claim while the block runs, however slow the server is, up to LONGEST_SECONDS."""
    app, done = current_app._get_current_object(), threading.Event()  # type: ignore[attr-defined]
    until = time.monotonic() + LONGEST_SECONDS

    def renew() -> None:
        while not done.wait(claims.LEASE.total_seconds() / 3) and time.monotonic() < until:
            with app.app_context():
                claims.renew(letter_id, attempt)

    renewer = threading.Thread(target=renew, daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()
