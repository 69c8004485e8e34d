"""Webhooks: where the vendor's systems are told of changes, and what became of each delivery."""

from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.activity import Activity
from portal.models.columns import Id, Line, Made, Moment, Name, Word


class HookEvent(StrEnum):
    """What a webhook can be told of; the values stand in what is sent."""

    CONTACT_CREATED = "contact.created"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_DEACTIVATED = "contact.deactivated"
    CONTACT_ACTIVATED = "contact.activated"
    CONTACT_DELETED = "contact.deleted"
    ACCESS_CHANGED = "access.changed"
    COMPANY_CREATED = "company.created"
    COMPANY_CHANGED = "company.changed"
    PROPERTY_CHANGED = "property.changed"
    TEST = "test"


class HookState(StrEnum):
    """Where a delivery stands; every state but waiting and sending is final until somebody sends it again."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


UNSENT = text("state IN ('waiting', 'sending')")


class Webhook(Base):
    """One address of the vendor's that is told of changes. Its secret is sealed; a former one still signs
    for a while after it was changed."""

    __tablename__ = "webhook"

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(JSON)
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_former: Mapped[str | None] = mapped_column(Text)
    former_until: Mapped[Moment | None]
    made_by: Mapped[Name]
    created_at: Mapped[Made]
    # Failures in a row, and until when it is left alone because of them.
    failures: Mapped[int] = mapped_column(default=0)
    resting_until: Mapped[Moment | None]
    paused_at: Mapped[Moment | None]
    paused_why: Mapped[Line] = mapped_column(default="")
    removed_at: Mapped[Moment | None]

    __table_args__ = ({"sqlite_autoincrement": True},)


class HookDelivery(Base):
    """One thing that one webhook is told. What is sent is made from the activity's row, and not kept."""

    __tablename__ = "hook_delivery"

    id: Mapped[Id]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activity.id"))
    event: Mapped[Word]
    state: Mapped[Word] = mapped_column(default=HookState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[Made]
    leased_until: Mapped[Moment | None]
    created_at: Mapped[Made]
    delivered_at: Mapped[Moment | None]
    # What the last attempt was answered: the status, and the first of its body; or why there was no answer.
    status: Mapped[int | None]
    answer: Mapped[Line] = mapped_column(default="")

    webhook: Mapped[Webhook] = relationship(lazy="joined", innerjoin=True)
    activity: Mapped[Activity | None] = relationship(lazy="select")

    __table_args__ = (
        UniqueConstraint("webhook_id", "activity_id"),
        CheckConstraint("state IN ('waiting', 'sending', 'delivered', 'failed')", name="state"),
        Index("ix_hook_delivery_unsent", "due_at", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index("ix_hook_delivery_of_hook", "webhook_id", "id"),
        {"sqlite_autoincrement": True},
    )
