"""Properties on the wire."""

from typing import Literal

from pydantic import Field

from portal.shapes.checks import Moment, Postcode, RecordName, Shape, ShortName, Street, Wanted

PropertyMove = Literal["archive", "restore"]


class PropertyShape(Shape):
    """A building or site of one company."""

    id: int
    company_id: int
    name: str
    street: str
    city: str
    postcode: str
    archived_at: Moment | None
    created_at: Moment


class PropertyChange(Wanted):
    """What of a property shall be otherwise."""

    name: RecordName = ""
    street: Street = ""
    city: ShortName = ""
    postcode: Postcode = ""


class NewProperty(PropertyChange):
    """A property to add."""

    name: RecordName


class PropertyPage(Shape):
    """Some properties, archived ones too, and where to go on."""

    items: list[PropertyShape]
    next: str | None = Field(description="The address of the next page")
