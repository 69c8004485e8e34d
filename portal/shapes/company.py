"""Companies on the wire."""

from typing import Annotated

from pydantic import Field

from portal.shapes.checks import (
    Asked,
    Email,
    FirstName,
    LastName,
    Moment,
    Phone,
    Postcode,
    RecordName,
    Shape,
    ShortName,
    Slug,
    Street,
    TaxId,
    Title,
    Wanted,
    Website,
)


class CompanyShape(Shape):
    """A customer company."""

    id: int
    slug: str
    name: str
    street: str
    city: str
    postcode: str
    country: str
    phone: str
    tax_id: str
    website: str
    requires_second_factor: bool
    exited_at: Moment | None
    created_at: Moment


class CompanyChange(Wanted):
    """What of a company's details shall be otherwise."""

    name: RecordName = ""
    street: Street = ""
    city: ShortName = ""
    postcode: Postcode = ""
    phone: Phone = ""
    tax_id: TaxId = ""
    website: Website = ""


class FirstContact(Wanted):
    """Who looks after a new company: its Primary contact and admin, who is invited."""

    honorific: Title = ""
    first_name: FirstName
    last_name: LastName
    job_title: ShortName = ""
    phone: Phone = ""
    mobile: Phone = ""
    email: Annotated[Email, Field(min_length=1)]


class NewCompany(CompanyChange):
    """A company to take on, with its first contact."""

    name: RecordName
    slug: Slug = Field("", description="What stands for it in addresses; made of the name where not said")
    contact: FirstContact


class CompanyPage(Shape):
    """Some companies, and where to go on."""

    items: list[CompanyShape]
    next: str | None = Field(description="The address of the next page")


class ListAsked(Asked):
    """Which part of a list."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="Only ids above this one")
    limit: int = Field(50, ge=1, le=100, description="How many at most; 50 where nothing is said")
    q: str = Field("", max_length=100, description="Words to look for")
