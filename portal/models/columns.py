"""Column types and shorthands that several tables share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from portal.clock import now


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in UTC go in and come out, also where the database keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Id = Annotated[int, mapped_column(primary_key=True)]
Moment = Annotated[datetime, mapped_column(UTCDateTime())]
Made = Annotated[datetime, mapped_column(UTCDateTime(), default=now)]
Word = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(100))]
Line = Annotated[str, mapped_column(String(200))]
Address = Annotated[str, mapped_column(String(254))]
