"""The activity: who did what to whom, when and from where (behaviour C32, L10)."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Name, Word

BY_STAFF, REFUSED = text("actor_staff_id IS NOT NULL"), text("result = 'refused'")


class Activity(Base):
    """One thing that was done or refused. Names are kept as they were; nothing here is ever changed."""

    __tablename__ = "activity"

    id: Mapped[Id]
    at: Mapped[Made]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    actor_kind: Mapped[Word]
    actor_name: Mapped[Line]
    actor_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("portal_user.id"))
    actor_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    what: Mapped[Word]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("portal_user.id"))
    target_name: Mapped[Line] = mapped_column(default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[Word] = mapped_column(default="done")
    reason: Mapped[Name] = mapped_column(default="")
    address: Mapped[Word] = mapped_column(default="")
    request_id: Mapped[Word] = mapped_column(default="")

    __table_args__ = (
        CheckConstraint(
            "actor_kind IN ('contact', 'user', 'staff', 'system', 'stranger')", name="actor_kind"
        ),
        CheckConstraint("result IN ('done', 'refused')", name="result"),
        Index("ix_activity_by_company", "company_id", "id"),
        Index("ix_activity_by_contact", "contact_id", "id"),
        Index("ix_activity_by_user", "user_id", "id"),
        Index("ix_activity_by_time", "at"),
        Index("ix_activity_by_what", "what", "id"),
        Index("ix_activity_by_kind_of_actor", "actor_kind", "id"),
        Index(
            "ix_activity_by_staff", "actor_staff_id", "id", sqlite_where=BY_STAFF, postgresql_where=BY_STAFF
        ),
        Index("ix_activity_refused", "id", sqlite_where=REFUSED, postgresql_where=REFUSED),
        {"sqlite_autoincrement": True},
    )
