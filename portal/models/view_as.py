"""Staff who look at the portal as one contact sees it: who, whom, why, and for how long."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Made, Moment, Name
from portal.models.invitation import LIVE


class ViewAs(Base):
    """One look through a contact's eyes; somebody of the staff has at most one that has not ended."""

    __tablename__ = "view_as"

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    company_id: Mapped[int]
    contact_id: Mapped[int]
    reason: Mapped[Name]
    started_at: Mapped[Made]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        Index("uq_view_as_live", "staff_user_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_view_as_by_contact", "contact_id"),
    )

    def stands(self, at: datetime) -> bool:
        """Return whether the look goes on at the moment `at`."""
        return self.ended_at is None and self.expires_at > at
