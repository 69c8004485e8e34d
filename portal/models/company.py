"""The vendor's customers."""

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Moment, Name, Word
from portal.models.folding import keep_folded, name_key


@keep_folded
class Company(Base):
    """A customer company: the tenant. Everything a customer sees belongs to exactly one."""

    __tablename__ = "company"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[Name]
    street: Mapped[Line] = mapped_column(default="")
    city: Mapped[Name] = mapped_column(default="")
    postcode: Mapped[Word] = mapped_column(default="")
    country: Mapped[str] = mapped_column(String(2), default="GB")
    phone: Mapped[Word] = mapped_column(default="")
    tax_id: Mapped[Word] = mapped_column(default="")
    website: Mapped[Line] = mapped_column(default="")
    requires_second_factor: Mapped[bool] = mapped_column(default=False)
    exited_at: Mapped[Moment | None]
    # The tombstone, once everything personal here was erased for good.
    erased_as: Mapped[Word | None]
    created_at: Mapped[Made]
    name_key: Mapped[str] = name_key("name")

    __table_args__ = (
        CheckConstraint("slug = lower(slug) AND length(slug) >= 2", name="slug"),
        Index("ix_company_by_name", "name_key", "id"),
    )

    @property
    def number(self) -> str:
        """What the vendor calls the client in lists: C-104."""
        return f"C-{self.id}"
