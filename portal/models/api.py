"""The tokens with which the vendor's own systems use the API: each a row with the hash of its secret."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Made, Moment, Name


class ApiScope(StrEnum):
    """What a token may be used for; the values stand in the API's document."""

    COMPANIES_READ = "companies:read"
    COMPANIES_WRITE = "companies:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    PROPERTIES_READ = "properties:read"
    PROPERTIES_WRITE = "properties:write"
    ACTIVITY_READ = "activity:read"


class ApiToken(Base):
    """One system's way in. The secret is shown once; this row holds its hash and its last characters."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    name: Mapped[Name]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    made_by: Mapped[Name]
    created_at: Mapped[Made]
    expires_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]

    __table_args__ = ({"sqlite_autoincrement": True},)

    def works(self, at: datetime) -> bool:
        """True while it was neither revoked nor has expired."""
        return self.revoked_at is None and self.expires_at > at

    def includes(self, scope: ApiScope) -> bool:
        """Return whether the token may be used for `scope`."""
        return scope in self.scopes


class ApiKeyUse(Base):
    """One Idempotency-Key that a token has used: for which request, and the id of what that made (T80).

    Of key and request there are hashes, so that nothing of anybody is left in here.
    """

    __tablename__ = "api_key_use"

    id: Mapped[Id]
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key_hash: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    made_id: Mapped[int | None]
    created_at: Mapped[Made]

    __table_args__ = (UniqueConstraint("token_id", "key_hash"), {"sqlite_autoincrement": True})
