"""What was erased for good: the tombstone that stands wherever the name of a person or company stood."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Made, Moment, Word

OPEN = text("ended_at IS NULL")


class Erasure(Base):
    """One erasing. While it runs, and only then, the database lets its tombstone into the activity."""

    __tablename__ = "erasure"

    id: Mapped[Id]
    kind: Mapped[Word]
    tombstone: Mapped[Word] = mapped_column(unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    began_at: Mapped[Made]
    ended_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("kind IN ('person', 'company')", name="kind"),
        Index("ix_erasure_open", "ended_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )
