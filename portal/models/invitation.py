"""The links that go out by mail: invitations of contacts and links of logins, and asked-for resets."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.extensions import Base
from portal.models.columns import Address, Id, Line, Made, Moment, Name, Word
from portal.models.contact import Contact
from portal.models.people import PortalUser


class Ended(StrEnum):
    """Why a link is dead although its time may not be up."""

    USED = "used"
    REPLACED = "replaced"
    CANCELLED = "cancelled"


class Purpose(StrEnum):
    """What a link is for; part of what its token signs, so no link serves another purpose."""

    INVITATION = "invitation"
    RESET = "reset"
    CONFIRM_EMAIL = "confirm_email"
    CONFIRM_RECOVERY = "confirm_recovery"
    CHANGE_EMAIL = "change_email"


ENDED = "ended_as IS NULL OR ended_as IN ('used', 'replaced', 'cancelled')"
LOGIN_PURPOSES = "purpose IN ('reset', 'confirm_email', 'confirm_recovery', 'change_email')"
LIVE = text("ended_at IS NULL")


class Invitation(Base):
    """One link sent to one address for one contact. A contact has at most one that has not ended."""

    __tablename__ = "invitation"

    id: Mapped[Id]
    company_id: Mapped[int]
    contact_id: Mapped[int]
    generation: Mapped[int]
    email: Mapped[Address]
    invited_by: Mapped[Name]
    created_at: Mapped[Made]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_as: Mapped[Word | None]
    mail_failed_at: Mapped[Moment | None]
    mail_error: Mapped[Line | None]

    contact: Mapped[Contact] = relationship(lazy="select")

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        UniqueConstraint("contact_id", "generation"),
        CheckConstraint(ENDED, name="ended_as"),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        Index(
            "uq_invitation_live",
            "contact_id",
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

    @property
    def open(self) -> bool:
        """True while the link can still be used."""
        return self.ended_at is None and not self.expired


class LoginLink(Base):
    """One link sent to one address for one login: to a new password, or to prove or change an address."""

    __tablename__ = "login_link"

    id: Mapped[Id]
    portal_user_id: Mapped[int] = mapped_column(ForeignKey("portal_user.id"))
    purpose: Mapped[Word]
    generation: Mapped[int]
    email: Mapped[Address]
    created_at: Mapped[Made]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_as: Mapped[Word | None]
    # Where the link changes the login's address: whether contacts that have the old one get the new one too.
    contacts_follow: Mapped[bool] = mapped_column(default=False)

    user: Mapped[PortalUser] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        UniqueConstraint("portal_user_id", "purpose", "generation"),
        CheckConstraint(LOGIN_PURPOSES, name="purpose"),
        CheckConstraint(ENDED, name="ended_as"),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        Index(
            "uq_login_link_live",
            "portal_user_id",
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

    @property
    def open(self) -> bool:
        """True while the link itself can still be used; its login may be shut all the same."""
        return self.ended_at is None and not self.expired


class PasswordRequest(Base):
    """An address somebody typed under "Forgot password?", answered later in the background.

    Every submission writes one such row, so the page takes the same time whether or not the address is known.
    """

    __tablename__ = "password_request"

    id: Mapped[Id]
    email: Mapped[Address]
    address: Mapped[Word] = mapped_column(default="")
    created_at: Mapped[Made]
    answered_at: Mapped[Moment | None]

    __table_args__ = (
        Index(
            "ix_password_request_open",
            "id",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )
