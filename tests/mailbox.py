"""The mail people get, read as they read it: rendered from the outbox when they open their mailbox."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from portal import jobs, mail
from portal.extensions import db
from portal.models import Letter, LetterState, PasswordRequest
from portal.transaction import transaction
from tests.surfing import LINK


@dataclass(frozen=True)
class Opened:
    """One letter in words; `link` is the path of the one link it may carry."""

    kind: str
    to: str
    subject: str
    text: str
    html: str
    link: str
    state: str


class Mailbox:
    """Everything the portal has written to anybody, the oldest letter first."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def letters(self, to: str | None = None, kind: str = "") -> list[Opened]:
        """Return the letters, those to one address or of one kind where that is said."""
        with self.app.app_context(), transaction(write=False):
            found = [
                self._opened(letter) for letter in db.session.scalars(select(Letter).order_by(Letter.id))
            ]
        return [each for each in found if to in (None, each.to) and each.kind.startswith(kind)]

    def links(self, to: str) -> list[str]:
        """Return the paths of the links sent to one address, the newest last."""
        return [letter.link for letter in self.letters(to) if letter.link]

    def link(self, to: str) -> str:
        """Return the path of the newest link sent to one address."""
        return self.links(to)[-1]

    def answer_requests(self) -> None:
        """Do what the worker does about every password that was asked for."""
        with self.app.app_context():
            with transaction(write=False):
                query = select(PasswordRequest.id).where(PasswordRequest.answered_at.is_(None))
                waiting = list(db.session.scalars(query))
            for request_id in waiting:
                jobs.answer_password_request(request_id)

    def send_waiting(self) -> None:
        """Do what the worker does about every letter that waits: hand it to the mail server."""
        with self.app.app_context():
            with transaction(write=False):
                waiting = list(
                    db.session.scalars(select(Letter.id).where(Letter.state == LetterState.WAITING))
                )
            for letter_id in waiting:
                jobs.send_letter(letter_id)

    @staticmethod
    def _opened(letter: Letter) -> Opened:
        words = mail.render(letter)
        link = LINK.search(words.text)
        return Opened(
            letter.kind,
            letter.to_email,
            words.subject,
            words.text,
            words.html,
            link[1] if link else "",
            letter.state,
        )
