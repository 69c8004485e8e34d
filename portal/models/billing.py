"""Invoices with lines and payments. Money is a whole number of pence or cents of the vendor's currency."""

import builtins
from datetime import date

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Word
from portal.models.folding import keep_folded, search_key
from portal.models.property import Property


@keep_folded
class Invoice(Base):
    """A bill to a company, about one property or about the client as a whole; a draft is the vendor's own."""

    __tablename__ = "invoice"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    property_id: Mapped[int | None]
    number: Mapped[Word]
    title: Mapped[Line]
    purchase_order: Mapped[Word] = mapped_column(default="")
    status: Mapped[Word] = mapped_column(default="draft")
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    net: Mapped[int] = mapped_column(default=0)
    tax: Mapped[int] = mapped_column(default=0)
    paid: Mapped[int] = mapped_column(default=0)
    void_reason: Mapped[Line] = mapped_column(default="")
    created_at: Mapped[Made]
    search_key: Mapped[str] = search_key("number", "title", "purchase_order")

    lines: Mapped[list["InvoiceLine"]] = relationship(
        cascade="all, delete-orphan", lazy="select", order_by="InvoiceLine.position"
    )
    payments: Mapped[list["Payment"]] = relationship(
        cascade="all, delete-orphan", lazy="select", order_by="Payment.paid_on"
    )
    property: Mapped[Property | None] = relationship(
        lazy="joined",
        viewonly=True,
        primaryjoin="Invoice.property_id == Property.id",
        foreign_keys="Invoice.property_id",
    )

    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("number"),
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
        CheckConstraint("status IN ('draft', 'open', 'paid', 'void')", name="status"),
        Index("ix_invoice_by_company", "company_id", "issued_on"),
        Index("uq_invoice_number_without_case", text("lower(number)"), unique=True),
    )

    # Not @property: the class has a relationship of that name.
    @builtins.property
    def total(self) -> int:
        """Net and tax."""
        return self.net + self.tax


class InvoiceLine(Base):
    """One line of an invoice."""

    __tablename__ = "invoice_line"

    id: Mapped[Id]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    position: Mapped[int]
    text: Mapped[Line]
    quantity: Mapped[float] = mapped_column(Numeric(10, 2, asdecimal=False))
    unit_price: Mapped[int]
    tax_percent: Mapped[float] = mapped_column(Numeric(5, 2, asdecimal=False), default=20)
    net: Mapped[int]


class Payment(Base):
    """Money that came in for an invoice."""

    __tablename__ = "payment"

    id: Mapped[Id]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    paid_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[int]
    reference: Mapped[Line] = mapped_column(default="")
