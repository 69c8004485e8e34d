"""What companies and contacts choose for themselves: hidden areas, notification topics, access reviews."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Id, Made, Moment, Name, Word


class Area(StrEnum):
    """A part of the portal that permissions open (behaviour 2.5)."""

    PROPERTIES = "properties"
    CONTRACTS = "contracts"
    RFPS = "rfps"
    BILLING = "billing"
    REPORTS = "reports"
    WORK_ORDERS = "work_orders"


KNOWN_AREA = "area IN (" + ", ".join(f"'{area}'" for area in Area) + ")"
TOPICS = ("billing", "work_orders", "reports", "account")


class CompanyArea(Base):
    """An area that a company does not have, because staff switched it off or its admins hide it."""

    __tablename__ = "company_area"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    area: Mapped[Word] = mapped_column(primary_key=True)
    off_by_staff: Mapped[bool] = mapped_column(default=False)
    hidden_by_admin: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (CheckConstraint(KNOWN_AREA, name="area"),)


class ContactTopic(Base):
    """A topic that a contact wants mail about; apart from permissions, also for e-mail-only contacts."""

    __tablename__ = "contact_topic"

    company_id: Mapped[int]
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[Word] = mapped_column(primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        CheckConstraint("topic IN ('billing', 'work_orders', 'reports', 'account')", name="topic"),
    )


_OPEN = text("finished_at IS NULL")


class AccessReview(Base):
    """One look over everybody's access: begun with the first decision, kept with who finished it and when.

    `people` were looked at, of `everybody` who had access then. A company has one open review at most.
    """

    __tablename__ = "access_review"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    by_contact_id: Mapped[int | None]
    by_name: Mapped[Name]
    people: Mapped[int] = mapped_column(default=0)
    everybody: Mapped[int] = mapped_column(default=0)
    at: Mapped[Made]
    finished_at: Mapped[Moment | None]

    decisions: Mapped[list["AccessDecision"]] = relationship(cascade="all, delete-orphan", lazy="select")

    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "by_contact_id"], ["contact.company_id", "contact.id"]),
        Index("uq_access_review_open", "company_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )


class AccessDecision(Base):
    """What was decided about one contact in a review."""

    __tablename__ = "access_decision"

    company_id: Mapped[int]
    review_id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    decision: Mapped[Word]

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "review_id"], ["access_review.company_id", "access_review.id"]),
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        CheckConstraint("decision IN ('keep', 'changed', 'deactivated')", name="decision"),
    )
