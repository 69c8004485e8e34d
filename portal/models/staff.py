"""The vendor's own people, apart from every portal user: their sessions and their one-time links."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.extensions import Base
from portal.models.columns import Address, Id, Line, Made, Moment, Name, Word
from portal.models.invitation import ENDED, LIVE
from portal.models.session import KeyedSession


class StaffRole(StrEnum):
    """What somebody of the vendor's staff is (behaviour S1)."""

    SUPPORT = "support"
    ADMINISTRATOR = "administrator"


class StaffUser(Base):
    """One of the vendor's own people."""

    __tablename__ = "staff_user"

    id: Mapped[Id]
    email: Mapped[Address]
    email_key: Mapped[Address] = mapped_column(unique=True)
    name: Mapped[Name]
    role: Mapped[Word]
    password_hash: Mapped[Line | None]
    password_set_at: Mapped[Moment | None]
    last_sign_in_at: Mapped[Moment | None]
    disabled_at: Mapped[Moment | None]
    created_at: Mapped[Made]

    __table_args__ = (CheckConstraint("role IN ('support', 'administrator')", name="role"),)

    @property
    def is_administrator(self) -> bool:
        """True for the role that may do everything (S1)."""
        return self.role == StaffRole.ADMINISTRATOR

    @property
    def able(self) -> bool:
        """True if nothing about the person keeps them from signing in."""
        return self.disabled_at is None and self.password_hash is not None


class StaffSession(KeyedSession, Base):
    """One browser of somebody of the staff; of use only once the second factor was given in it."""

    __tablename__ = "staff_session"

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    passed_at: Mapped[Moment | None]

    person: Mapped[StaffUser] = relationship(lazy="raise")


class StaffPurpose(StrEnum):
    """What a link of somebody of the staff is for; no link serves the other."""

    PASSWORD = "password"  # noqa: S105 - a word
    CHANGE_EMAIL = "change_email"


class StaffLink(Base):
    """One link with which somebody of the staff chooses a password, or takes another address, once.

    At most one of each purpose has not ended.
    """

    __tablename__ = "staff_link"

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    purpose: Mapped[Word] = mapped_column(default=StaffPurpose.PASSWORD, server_default="password")
    generation: Mapped[int]
    email: Mapped[Address]
    created_at: Mapped[Made]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_as: Mapped[Word | None]

    person: Mapped[StaffUser] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        UniqueConstraint("staff_user_id", "generation"),
        CheckConstraint("purpose IN ('password', 'change_email')", name="purpose"),
        CheckConstraint(ENDED, name="ended_as"),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        Index(
            "uq_staff_link_live",
            "staff_user_id",
            "purpose",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        {"sqlite_autoincrement": True},
    )

    @property
    def expired(self) -> bool:
        """True once its time is up, by the clock."""
        return self.expires_at <= now()
