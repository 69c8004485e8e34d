"""What time it is, in UTC, and what day at the vendor's; the one place that asks, so tests can set it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import current_app


def now() -> datetime:
    """Return the current moment as an aware datetime in UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """Return the vendor's time zone."""
    return ZoneInfo(current_app.config["TIME_ZONE"])


def today() -> date:
    """Return the day it is at the vendor's."""
    return now().astimezone(zone()).date()
