"""What strangers ask for: to be let in by a company that already deals with the vendor."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.extensions import Base
from portal.models.columns import Address, Id, Made, Moment, Name, Word
from portal.models.company import Company

OPEN = text("ended_at IS NULL")


class AccessRequest(Base):
    """One person's wish for access, typed by a stranger; it counts once its address was proved by a link.

    `company_name` is what was typed; `company_id` is set where that means one company, else staff decide.
    """

    __tablename__ = "access_request"

    id: Mapped[Id]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    first_name: Mapped[Name]
    last_name: Mapped[Name]
    email: Mapped[Address]
    email_key: Mapped[Address]
    company_name: Mapped[Name]
    message: Mapped[str] = mapped_column(String(1_000), default="")
    generation: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Made]
    expires_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    ended_as: Mapped[Word | None]

    company: Mapped[Company | None] = relationship(lazy="joined")

    __table_args__ = (
        CheckConstraint("ended_as IS NULL OR ended_as IN ('approved', 'declined')", name="ended_as"),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        Index("uq_access_request_open", "email_key", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        {"sqlite_autoincrement": True},
    )

    @property
    def name(self) -> str:
        """First and last name as one."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def confirmable(self) -> bool:
        """True while the link that was sent to the address can still be used."""
        return self.confirmed_at is None and self.ended_at is None and self.expires_at > now()
