"""What a signed-in browser's row holds, whoever it belongs to: a customer's login or one of the staff."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.columns import Line, Made, Moment, Word


class KeyedSession:
    """The cookie holds a random key, the row its hash; ending the row ends both."""

    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Made]
    last_seen_at: Mapped[Made]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    address: Mapped[Word] = mapped_column(default="")
    browser: Mapped[Line] = mapped_column(default="")

    def alive(self, at: datetime, idle_since: datetime) -> bool:
        """True if the session is neither ended, expired nor left idle since before `idle_since`."""
        return self.ended_at is None and self.expires_at > at and self.last_seen_at > idle_since
