"""Properties as a kind of table: told apart by name within their client (C40)."""

from collections.abc import Iterable
from typing import Any

from portal.actions.places import DETAILS, add_property, edit_property
from portal.forms.records import PropertyForm
from portal.importing.columns import Field
from portal.importing.records import Row, record_kind
from portal.models import Company, Property
from portal.policy import Actor
from portal.queries import listed
from portal.queries.properties import called


class Properties:
    """See importing.records.Records."""

    fields: tuple[Field, ...] = (
        Field("name", "Name", ("Property", "Property name", "Building", "Site"), needed=True),
        Field("street", "Street", ("Address", "Street address", "Address line 1")),
        Field("city", "City", ("Town",)),
        Field("postcode", "Postcode", ("Zip", "Zip code", "Postal code")),
    )
    key = "name"

    def identity(self, row: Row) -> str:
        """See Records."""
        return row.said("name")

    def there(self, row: Row) -> Property | None:
        """See Records."""
        return called(row.by, row.said("name"))

    def known(self, record: Property) -> dict[str, str]:
        """See Records."""
        return {name: getattr(record, name) for name in DETAILS}

    def wanted(self, row: Row, _record: Property | None) -> Any:
        """See Records."""
        return row.checked(PropertyForm).values()

    def write(self, row: Row, record: Property | None, wanted: Any) -> bool:
        """See Records."""
        return edit_property(record, wanted, row.by) if record else bool(add_property(wanted, row.by))

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Property, Company]]:
        """See Records."""
        return listed.stretch(reader, Property, after, Property.archived_at.is_(None))


KIND = record_kind(
    Properties(),
    code="properties",
    label="Properties",
    several="properties",
    most_on_sqlite=1_500,
    page="properties.index",
    twins="Where the client has a property of the same name already",
    hint="A property is told by its name within its client. Only the name is needed.",
)
