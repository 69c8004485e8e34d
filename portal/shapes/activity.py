"""The activity on the wire: what happened, the oldest first, to be read on from where one was."""

from typing import Any, Literal

from pydantic import Field

from portal.shapes.checks import Asked, Moment, Shape


class ActivityShape(Shape):
    """One thing that was done or refused; nothing of it ever changes."""

    id: int
    at: Moment
    company_id: int | None
    by: Literal["contact", "user", "staff", "system", "stranger"]
    by_name: str
    by_contact_id: int | None
    what: str
    contact_id: int | None
    target: str
    changes: dict[str, list[Any]] = Field(description="What it was and what it is, by the name of the field")
    result: Literal["done", "refused"]
    reason: str


class ActivityPage(Shape):
    """Some of the activity. `after` is the id to ask for next time, also where nothing is new."""

    items: list[ActivityShape]
    after: int
    more: bool = Field(description="True where asking again at once brings further ones")


class ActivityAsked(Asked):
    """From where on."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="The last id you have")
    limit: int = Field(50, ge=1, le=100, description="How many at most; 50 where nothing is said")
    company_id: int | None = Field(None, ge=1, le=2**31 - 1, description="Only this company's")
