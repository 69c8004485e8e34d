"""How long is kept what nobody needs any more; what is older is forgotten once a day (behaviour S8, T93)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, and_, cast, delete, func, or_, select, update
from sqlalchemy.types import Text

from portal.actions import imports
from portal.actions.access_requests import KEPT as KEPT_REQUESTS_FOR_ACCESS
from portal.clock import now
from portal.extensions import db
from portal.models import (
    AccessRequest,
    ApiKeyUse,
    HookDelivery,
    Import,
    Letter,
    LetterState,
    LetterTry,
    PasswordRequest,
    SignInSession,
    StaffSession,
)

KEPT_PASSWORD_REQUESTS, KEPT_KEYS, KEPT_CALLS = timedelta(days=7), timedelta(days=7), timedelta(days=30)
_FINISHED = Letter.state.not_in((LetterState.WAITING, LetterState.SENDING))


@dataclass(frozen=True)
class Rule:
    """What is forgotten: its name, how long it is kept, which rows are older, and what becomes of them."""

    name: str
    kept: timedelta
    model: type[Any]
    old: ColumnElement[bool]
    emptied: bool = False
    by: Callable[[], None] | None = None

    def number(self) -> int:
        """Return how many rows there are to forget now."""
        return db.session.scalar(select(func.count()).select_from(self.model).where(self.old)) or 0

    def apply(self) -> None:
        """Forget them."""
        if self.by is not None:
            self.by()
            return
        if not self.emptied:
            db.session.execute(delete(self.model).where(self.old))
            return
        ids = select(Letter.id).where(self.old)
        db.session.execute(update(LetterTry).where(LetterTry.letter_id.in_(ids)).values(words=""))
        db.session.execute(update(Letter).where(self.old).values(facts={}))


def rules() -> list[Rule]:
    """Return every rule, in the order in which they are applied."""
    keep = current_app.config
    mail, text, sessions = keep["KEEP_MAIL"], keep["KEEP_MAIL_TEXT"], keep["KEEP_SESSIONS"]
    said = and_(_FINISHED, Letter.created_at < now() - text, cast(Letter.facts, Text) != "{}")
    return [
        Rule("Mails", mail, Letter, and_(_FINISHED, Letter.created_at < now() - mail)),
        Rule("Texts of mails", text, Letter, said, emptied=True),
        Rule("Sessions", sessions, SignInSession, _over(SignInSession, sessions)),
        Rule("Sessions of staff", sessions, StaffSession, _over(StaffSession, sessions)),
        _made_before("Password requests", KEPT_PASSWORD_REQUESTS, PasswordRequest),
        Rule(
            "Imports", imports.KEPT, Import, Import.created_at < now() - imports.KEPT, by=imports.forget_old
        ),
        _made_before("Keys of the API", KEPT_KEYS, ApiKeyUse),
        Rule("Calls of webhooks", KEPT_CALLS, HookDelivery, HookDelivery.created_at < now() - KEPT_CALLS),
        Rule(
            "Access requests",
            KEPT_REQUESTS_FOR_ACCESS,
            AccessRequest,
            AccessRequest.created_at < now() - KEPT_REQUESTS_FOR_ACCESS,
        ),
    ]


def forget() -> dict[str, int]:
    """Forget what has been kept long enough; return how many of each. Doing it twice forgets nothing more."""
    gone = {}
    for rule in rules():
        gone[rule.name] = rule.number()
        rule.apply()
    return gone


def _made_before(name: str, kept: timedelta, model: type[Any]) -> Rule:
    """Return the rule for what counts from when it was made."""
    return Rule(name, kept, model, model.created_at < now() - kept)


def _over(model: type[Any], kept: timedelta) -> ColumnElement[bool]:
    """Ended, expired or left unused for that long."""
    return or_(model.ended_at < now() - kept, model.expires_at < now() - kept)
