"""Clients as a kind of table: told by number or short name; a new one comes with its contact (S2)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from portal.actions.company import DETAILS, edit_company
from portal.actions.staff.clients import Newcomer, plain_slug, take_on
from portal.forms.records import CompanyForm
from portal.forms.staff import ClientForm
from portal.importing.columns import Field
from portal.importing.kind import Span
from portal.importing.records import Row, record_kind
from portal.models import Company
from portal.policy import Actor
from portal.queries import listed
from portal.queries.people import primary_of
from portal.queries.staff.clients import with_name, with_number, with_slug

_PERSON = ("first_name", "last_name", "email")


class Clients:
    """See importing.records.Records."""

    fields: tuple[Field, ...] = (
        Field("name", "Name", ("Client", "Client name", "Company", "Company name"), needed=True),
        Field("slug", "Short name", ("Short", "Slug")),
        Field("street", "Street", ("Address", "Street address", "Address line 1")),
        Field("city", "City", ("Town",)),
        Field("postcode", "Postcode", ("Zip", "Zip code", "Postal code")),
        Field("phone", "Phone", ("Telephone", "Company Main Phone")),
        Field("tax_id", "Tax id", ("VAT number", "VAT id", "Tax number")),
        Field("website", "Website", ("Web", "Web page", "URL")),
        Field("first_name", "First name", ("Given name", "Contact first name", "First")),
        Field("last_name", "Last name", ("Family name", "Surname", "Contact last name", "Last")),
        Field("email", "Email", ("E-mail", "E-mail address", "Email address", "Contact email")),
        Field("number", "Number", ("Client number", "Client no", "Client id")),
    )
    key = "name"

    def identity(self, row: Row) -> str:
        """See Records."""
        known = with_number(row.said("number")) if row.said("number") else None
        slug = known.slug if known else row.said("slug").lower()
        return slug or plain_slug(row.said("name")) or row.said("name")

    def there(self, row: Row) -> Company | None:
        """See Records. A name finds nobody: customers choose theirs, and another may be called so (T16)."""
        number, slug, name = row.said("number"), row.said("slug").lower(), row.said("name")
        found = with_number(number) if number else with_slug(slug)
        if found is None and number:
            row.wrong("number", f"There is no client {number[:40]}.")
        elif found is not None and slug and found.slug != slug:
            row.wrong("slug", f"{found.number} is another one: {found.slug}.")
        elif found is not None and found.exited_at is not None:
            row.wrong("name", f"{found.name} is marked as exited. Take that back first.")
        elif found is None and with_name(name):
            called = f"A client is called {name[:100]} already."
            row.wrong("name", f"{called} To change it, give its number or short name.")
        row.company = None if row.problems else found
        return row.company

    def known(self, record: Company) -> dict[str, str]:
        """See Records."""
        main = primary_of(record.id)
        person = {name: (getattr(main, name) if main else "") or "" for name in _PERSON}
        return {name: getattr(record, name) for name in ("slug", "number", *DETAILS)} | person

    def wanted(self, row: Row, record: Company | None) -> Any:
        """See Records. The form of a new client asks for the name and the contact, too."""
        if record is not None:
            return row.checked(CompanyForm).values()
        first = row.checked(ClientForm, phone="")
        details = row.checked(CompanyForm, name="-").values()
        contact = {name: first[name].data for name in _PERSON}
        details.pop("name")
        return Newcomer(first.name.data, first.slug.data, contact, details=details)

    def write(self, row: Row, record: Company | None, wanted: Any) -> bool:
        """See Records."""
        if record is not None:
            return edit_company(record, wanted, replace(row.by, company_id=record.id))
        return bool(take_on(wanted, row.by))

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Company, Company]]:
        """See Records."""
        return ((company, company) for company in listed.clients(reader, after))


KIND = record_kind(
    Clients(),
    code="clients",
    label="Clients",
    several="clients",
    most_on_sqlite=200,
    stretch=20,
    page="client.show",
    span=Span.NONE,
    twins="Where a client of the same number or short name is there already",
    update_hint="Its people stay as they are. An empty cell takes nothing away.",
    hint="New clients with their Primary contacts, who are invited. Name, first name, last name and e-mail "
    "are needed.",
    invited=lambda imported: imported.adds,
)
