"""Work orders: what a company asks the vendor to do, with its timeline; numbered within the company."""

import builtins
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Moment, Name, Word
from portal.models.contact import Contact
from portal.models.folding import fold
from portal.models.property import Property


def _search_key(context: Any) -> str:
    row = context.get_current_parameters(isolate_multiinsert_groups=True)
    words = (row["title"], row.get("description") or "", row.get("requester_name") or "")
    return fold(" ".join((f"wo-{row['number']}", *words)))


class WorkStatus(StrEnum):
    """Where a work order stands; done and cancelled are the end."""

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class WorkOrder(Base):
    """Work asked for at a property, or for the client as a whole where no property is named."""

    __tablename__ = "work_order"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    number: Mapped[int]
    property_id: Mapped[int | None]
    title: Mapped[Line]
    description: Mapped[str] = mapped_column(Text, default="")
    priority: Mapped[Word] = mapped_column(default="normal")
    status: Mapped[Word] = mapped_column(default=WorkStatus.REQUESTED)
    requested_by: Mapped[int | None]
    requester_name: Mapped[Name] = mapped_column(default="")
    visit_on: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[Moment | None]
    created_at: Mapped[Made]
    form_key: Mapped[Word | None]
    # What the list is searched by. What it is made from never changes after the order was made.
    search_key: Mapped[str] = mapped_column(Text, default=_search_key)
    version: Mapped[int] = mapped_column(default=1)

    property: Mapped[Property | None] = relationship(
        lazy="joined",
        viewonly=True,
        primaryjoin="WorkOrder.property_id == Property.id",
        foreign_keys="WorkOrder.property_id",
    )
    requester: Mapped[Contact | None] = relationship(
        lazy="select",
        viewonly=True,
        primaryjoin="WorkOrder.requested_by == Contact.id",
        foreign_keys="WorkOrder.requested_by",
    )
    events: Mapped[list["WorkOrderEvent"]] = relationship(
        cascade="all, delete-orphan", lazy="select", order_by="WorkOrderEvent.id"
    )

    @builtins.property
    def name(self) -> str:
        """What people call it: WO-12."""
        return f"WO-{self.number}"

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy wants a plain dict
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "form_key"),
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
        ForeignKeyConstraint(["company_id", "requested_by"], ["contact.company_id", "contact.id"]),
        CheckConstraint("priority IN ('low', 'normal', 'urgent', 'emergency')", name="priority"),
        CheckConstraint(
            "status IN ('requested', 'scheduled', 'in_progress', 'done', 'cancelled')", name="status"
        ),
        Index("ix_work_order_by_status", "company_id", "status", "id"),
    )


class WorkOrderEvent(Base):
    """One entry of a work order's timeline: a comment, or a change of status in words."""

    __tablename__ = "work_order_event"

    id: Mapped[Id]
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_order.id"), index=True)
    kind: Mapped[Word]
    by_name: Mapped[Name]
    text: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[Word | None]
    at: Mapped[Made]

    __table_args__ = (CheckConstraint("kind IN ('asked', 'comment', 'status', 'photo')", name="kind"),)
