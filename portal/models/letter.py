"""The outbox: every outgoing mail as a row, written with the change it tells about (behaviour M1)."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Address, Id, Line, Made, Moment, Word


class LetterState(StrEnum):
    """Where a letter stands; every state but waiting and sending is final."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNSENT = text("state IN ('waiting', 'sending')")


class Letter(Base):
    """One mail to one address. It holds names and ids, never a link: links are made when it is rendered."""

    __tablename__ = "letter"

    id: Mapped[Id]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    kind: Mapped[Word]
    to_email: Mapped[Address]
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    login_link_id: Mapped[int | None] = mapped_column(ForeignKey("login_link.id"), index=True)
    staff_link_id: Mapped[int | None] = mapped_column(ForeignKey("staff_link.id"), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    message_id: Mapped[Line] = mapped_column(unique=True)
    state: Mapped[Word] = mapped_column(default=LetterState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[Made]
    leased_until: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Made]
    sent_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'failed', 'expired', 'cancelled')", name="state"
        ),
        Index("ix_letter_unsent", "due_at", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index("ix_letter_by_state", "state", "id"),
        Index("ix_letter_by_address", "to_email", "id"),
        {"sqlite_autoincrement": True},
    )


class LetterTry(Base):
    """One try to send a letter: when it began and what became of it; nothing where its sender died."""

    __tablename__ = "letter_try"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Made]
    ended_at: Mapped[Moment | None]
    state: Mapped[Word | None]
    words: Mapped[str] = mapped_column(Text, default="")
