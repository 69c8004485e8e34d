"""The customers' people who sign in: portal users (logins) and their sessions."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.extensions import Base
from portal.models.columns import Address, Id, Line, Made, Moment, Name, Word
from portal.models.folding import keep_folded, name_key, search_key
from portal.models.session import KeyedSession

OWNS_ADDRESS = "closed_at IS NULL AND email_confirmed_at IS NOT NULL"


@keep_folded
class PortalUser(Base):
    """One identity that signs in; the contacts linked to it say where and with which rights."""

    __tablename__ = "portal_user"

    id: Mapped[Id]
    first_name: Mapped[Name]
    last_name: Mapped[Name]
    email: Mapped[Address]
    email_key: Mapped[Address] = mapped_column(index=True)
    email_confirmed_at: Mapped[Moment | None]
    username: Mapped[Word | None]
    username_key: Mapped[Word | None]
    password_hash: Mapped[Line | None]
    password_set_at: Mapped[Moment | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    initial_password_until: Mapped[Moment | None]
    initial_password_used_at: Mapped[Moment | None]
    recovery_email: Mapped[Address | None]
    recovery_key: Mapped[Address | None] = mapped_column(index=True)
    recovery_confirmed_at: Mapped[Moment | None]
    last_sign_in_at: Mapped[Moment | None]
    disabled_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    # The tombstone, once everything personal here was erased for good.
    erased_as: Mapped[Word | None]
    # Which company opens after signing in (C35); counts while it is still one of several.
    default_company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    theme: Mapped[Word] = mapped_column(default="system")
    density: Mapped[Word] = mapped_column(default="comfortable")
    # Whether single keys such as "/" do something (WCAG 2.1.4).
    shortcuts: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Made]
    name_key: Mapped[str] = name_key("first_name", "last_name")
    search_key: Mapped[str] = search_key("first_name", "last_name", "email", "username")

    if TYPE_CHECKING:  # read with the login, see portal.models.second_factor
        has_second_factor: bool
        companies_linked: int

    __table_args__ = (
        Index("ix_portal_user_by_name", "name_key", "id"),
        Index(
            "uq_portal_user_owned_email",
            "email_key",
            unique=True,
            sqlite_where=text(OWNS_ADDRESS),
            postgresql_where=text(OWNS_ADDRESS),
        ),
        Index(
            "uq_portal_user_live_username",
            "username_key",
            unique=True,
            sqlite_where=text("closed_at IS NULL AND username_key IS NOT NULL"),
            postgresql_where=text("closed_at IS NULL AND username_key IS NOT NULL"),
        ),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
        CheckConstraint("density IN ('comfortable', 'compact')", name="density"),
    )

    @property
    def name(self) -> str:
        """First and last name as one."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initial_password_expired(self) -> bool:
        """True once an initial password was left unused past its end (behaviour C14)."""
        return self.initial_password_until is not None and self.initial_password_until <= now()

    @property
    def able(self) -> bool:
        """True if nothing about the login itself keeps it from signing in."""
        blocked = self.closed_at or self.disabled_at or not self.password_hash
        return not blocked and not self.initial_password_expired


class SignInSession(KeyedSession, Base):
    """One signed-in browser of a portal user."""

    __tablename__ = "sign_in_session"

    id: Mapped[Id]
    portal_user_id: Mapped[int] = mapped_column(ForeignKey("portal_user.id"), index=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    remembered: Mapped[bool] = mapped_column(default=False)

    user: Mapped[PortalUser] = relationship(lazy="raise")
