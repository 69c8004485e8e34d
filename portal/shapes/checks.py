"""The shapes' parent, and kinds of text whose checks are those of the forms (C12)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from portal.forms.fields import (
    Check,
    at_most,
    clean,
    email_address,
    filled,
    name_like,
    one_line,
    phone_number,
    several_lines,
)
from portal.forms.records import tax_id, web_address
from portal.forms.staff import address_part

LARGEST_ID = 2**31 - 1


class Shape(BaseModel):
    """What the API answers: exactly these members, nothing converted on the way."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Wanted(Shape):
    """What somebody sends: a member that is not there leaves all as it is; unknown ones are refused."""

    def given(self) -> dict[str, Any]:
        """Return the members that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Asked(BaseModel):
    """What stands in the query of an address, where everything is text at first."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def checked(*checks: Check) -> AfterValidator:
    """Return what runs the forms' own `checks` over a text, composed and trimmed as the forms do."""

    def check(text: str) -> str:
        field = SimpleNamespace(data=clean(text))
        for each in checks:
            each(None, field)
        kept: str = field.data
        return kept

    return AfterValidator(check)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(_utc, return_type=str),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Title = Annotated[str, Field(max_length=20), checked(at_most(20), name_like)]
FirstName = Annotated[
    str,
    Field(min_length=1, max_length=100),
    checked(filled("Enter the first name."), at_most(100), name_like),
]
LastName = Annotated[
    str, Field(min_length=1, max_length=100), checked(filled("Enter the last name."), at_most(100), name_like)
]
RecordName = Annotated[
    str, Field(min_length=1, max_length=100), checked(filled("Enter the name."), at_most(100), name_like)
]
ShortName = Annotated[str, Field(max_length=100), checked(at_most(100), name_like)]
Street = Annotated[str, Field(max_length=200), checked(at_most(200), name_like)]
Postcode = Annotated[str, Field(max_length=40), checked(at_most(40), one_line)]
Phone = Annotated[str, Field(max_length=40), checked(phone_number)]
TaxId = Annotated[str, Field(max_length=40), checked(at_most(40), one_line, tax_id)]
Slug = Annotated[str, Field(max_length=40), checked(at_most(40), address_part)]
Website = Annotated[str, Field(max_length=190), checked(at_most(190), one_line, web_address)]
Email = Annotated[str, Field(max_length=254), checked(at_most(254), email_address)]
Notes = Annotated[str, Field(max_length=5_000), checked(at_most(5_000), several_lines)]
Code = Annotated[str, Field(min_length=1, max_length=40), checked(one_line)]


def members(found: Any, shape: type[Shape], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `shape` that `found` has under the same name, with `more` beside them."""
    same = {name: getattr(found, name) for name in shape.model_fields if name not in more}
    return {**same, **more}
