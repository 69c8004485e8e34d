"""Files that belong to something of a company; the bytes lie in a folder outside the web root."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Name, Word

_OWNERS = ("property_id", "contract_id", "rfp_id", "work_order_id", "invoice_id")


class Document(Base):
    """One file of a property, contract, RFP, work order (there: a photo) or invoice (the vendor's PDF)."""

    __tablename__ = "document"

    id: Mapped[Id]
    company_id: Mapped[int]
    property_id: Mapped[int | None] = mapped_column(index=True)
    contract_id: Mapped[int | None] = mapped_column(index=True)
    rfp_id: Mapped[int | None] = mapped_column(index=True)
    work_order_id: Mapped[int | None] = mapped_column(index=True)
    invoice_id: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[Line]
    media_type: Mapped[Name]
    size: Mapped[int]  # bytes
    stored_as: Mapped[Word] = mapped_column(unique=True)
    added_by: Mapped[Name] = mapped_column(default="")
    added_by_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Made]

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
        ForeignKeyConstraint(["company_id", "contract_id"], ["contract.company_id", "contract.id"]),
        ForeignKeyConstraint(["company_id", "rfp_id"], ["rfp.company_id", "rfp.id"]),
        ForeignKeyConstraint(["company_id", "work_order_id"], ["work_order.company_id", "work_order.id"]),
        ForeignKeyConstraint(["company_id", "invoice_id"], ["invoice.company_id", "invoice.id"]),
        CheckConstraint(
            " + ".join(f"(CASE WHEN {owner} IS NULL THEN 0 ELSE 1 END)" for owner in _OWNERS) + " = 1",
            name="one_owner",
        ),
    )
