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
        {"sqlite_autoincrement": True},
    )
