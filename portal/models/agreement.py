"""What the vendor and a company agree on: contracts, requests for proposals (RFPs) and their answers."""

from datetime import date

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Name, Word
from portal.models.folding import keep_folded, name_key, search_key
from portal.models.property import Property


@keep_folded
class Contract(Base):
    """What the vendor does for a company over a time, at some properties or for the whole client."""

    __tablename__ = "contract"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    reference: Mapped[Word]
    title: Mapped[Line]
    summary: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    yearly_value: Mapped[int | None]  # in pence or cents of the vendor's currency
    created_at: Mapped[Made]
    name_key: Mapped[str] = name_key("title")
    search_key: Mapped[str] = search_key("title", "reference")

    property_links: Mapped[list["ContractProperty"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin"
    )

    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "reference"),
        Index("ix_contract_by_name", "company_id", "name_key", "id"),
    )


class ContractProperty(Base):
    """A property that a contract covers; both belong to the same company."""

    __tablename__ = "contract_property"

    company_id: Mapped[int]
    contract_id: Mapped[int] = mapped_column(primary_key=True)
    property_id: Mapped[int] = mapped_column(primary_key=True, index=True)

    property: Mapped[Property] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contract_id"], ["contract.company_id", "contract.id"]),
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
    )


@keep_folded
class Rfp(Base):
    """A request for proposals: work that is to be offered until a day."""

    __tablename__ = "rfp"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    reference: Mapped[Word]
    title: Mapped[Line]
    scope_of_work: Mapped[str] = mapped_column(Text, default="")
    answers_by: Mapped[date] = mapped_column(Date)
    status: Mapped[Word] = mapped_column(default="open")
    created_at: Mapped[Made]
    name_key: Mapped[str] = name_key("title")
    search_key: Mapped[str] = search_key("title", "reference")

    property_links: Mapped[list["RfpProperty"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    answers: Mapped[list["RfpAnswer"]] = relationship(
        cascade="all, delete-orphan", lazy="select", order_by="RfpAnswer.id"
    )

    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "reference"),
        Index("ix_rfp_by_name", "company_id", "name_key", "id"),
        CheckConstraint("status IN ('open', 'answered', 'accepted', 'declined', 'closed')", name="status"),
    )


class RfpProperty(Base):
    """A property that an RFP is about; both belong to the same company."""

    __tablename__ = "rfp_property"

    company_id: Mapped[int]
    rfp_id: Mapped[int] = mapped_column(primary_key=True)
    property_id: Mapped[int] = mapped_column(primary_key=True, index=True)

    property: Mapped[Property] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "rfp_id"], ["rfp.company_id", "rfp.id"]),
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
    )


class RfpAnswer(Base):
    """One answer to an RFP: an offer or a question, in words and perhaps with a price."""

    __tablename__ = "rfp_answer"

    id: Mapped[Id]
    company_id: Mapped[int]
    rfp_id: Mapped[int]
    by_name: Mapped[Name]
    text: Mapped[str] = mapped_column(Text)
    amount: Mapped[int | None]  # in pence or cents
    created_at: Mapped[Made]

    __table_args__ = (ForeignKeyConstraint(["company_id", "rfp_id"], ["rfp.company_id", "rfp.id"]),)
