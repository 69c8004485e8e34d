"""The vendor's own words for contacts: contact types and categories."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Moment, Name, Word


class ContactType(Base):
    """Primary, Secondary, Onsite Member ...: only Primary carries a rule (behaviour P13)."""

    __tablename__ = "contact_type"

    id: Mapped[Id]
    code: Mapped[Word] = mapped_column(unique=True)
    name: Mapped[Name]
    is_primary: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[Moment | None]

    # Lets a contact's own is_primary be checked by the database against its type's.
    __table_args__ = (UniqueConstraint("id", "is_primary"),)


class Category(Base):
    """Pure classification; no rule ever reads it."""

    __tablename__ = "category"

    id: Mapped[Id]
    code: Mapped[Word] = mapped_column(unique=True)
    name: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[Moment | None]
