"""What time it is, in UTC; the one place that asks, so tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current moment as an aware datetime in UTC."""
    return datetime.now(UTC)
