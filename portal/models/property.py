"""The places a company has the vendor look after."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Line, Made, Moment, Name, Word
from portal.models.folding import keep_folded, name_key, search_key


@keep_folded
class Property(Base):
    """A building or site of one company."""

    __tablename__ = "property"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    name: Mapped[Name]
    street: Mapped[Line] = mapped_column(default="")
    city: Mapped[Name] = mapped_column(default="")
    postcode: Mapped[Word] = mapped_column(default="")
    archived_at: Mapped[Moment | None]
    created_at: Mapped[Made]
    name_key: Mapped[str] = name_key("name")
    search_key: Mapped[str] = search_key("name", "street", "city", "postcode")

    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "name"),
        Index("ix_property_by_name", "company_id", "name_key", "id"),
    )

    @property
    def address(self) -> str:
        """The address on one line, empty where nothing is known."""
        return ", ".join(part for part in (self.street, self.city, self.postcode) if part)
