"""Contracts and RFPs as kinds of tables: told apart by reference within their client (S9, C40)."""

from collections.abc import Iterable

from portal.actions.agreements import ContractWish, RfpWish, add, edit
from portal.forms.agreements import ContractForm, RfpForm
from portal.importing.columns import Field
from portal.importing.lists import joined, parted
from portal.importing.records import Row, record_kind
from portal.models import Company, Contract, Property, Rfp
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import listed
from portal.queries.agreements import having_reference, places_called
from portal.words import RFP_STATUS

EVERYWHERE = "Entire client"
_REFERENCE = Field("reference", "Reference", ("Number", "No", "Ref"), needed=True)
_TITLE = Field("title", "Title", ("Name", "Subject"), needed=True)
_PROPERTIES = Field("properties", "Properties", ("Property", "Sites", "Buildings", "Covers"))
_STATUSES: dict[str, tuple[str, ...]] = {value: (word,) for value, word in RFP_STATUS.items()}


def places_of(row: Row, record: Contract | Rfp | None) -> list[Property]:
    """Return the properties whose names stand in the row; notes in it which of them cannot be meant."""
    now = [link.property_id for link in record.property_links] if record else []
    names, found = parted(row.said("properties")), []
    known = places_called(row.by, names)
    for name in names:
        place = known.get(fold(name)[:220])
        if place is None and name == EVERYWHERE:
            continue
        if place is None:
            row.wrong("properties", f"There is no property called {name[:100]}.")
        elif place.archived_at is not None and place.id not in now:
            row.wrong("properties", f"{place.name} is archived.")
        else:
            found.append(place)
    return found


def covered(record: Contract | Rfp) -> str:
    """Return the names of the properties that a contract or RFP is about, as one cell."""
    return joined(sorted(link.property.name for link in record.property_links)) or EVERYWHERE


class Contracts:
    """See importing.records.Records."""

    fields: tuple[Field, ...] = (
        _REFERENCE,
        _TITLE,
        Field("summary", "What is agreed", ("Summary", "Description")),
        Field("starts_on", "Starts on", ("Start", "Starts", "Start date", "From"), needed=True),
        Field("ends_on", "Ends on", ("End", "Ends", "End date", "Until", "To")),
        Field("yearly_value", "Yearly value", ("Value", "Annual value", "Amount")),
        _PROPERTIES,
    )
    key = "reference"

    def identity(self, row: Row) -> str:
        """See Records."""
        return row.said("reference")

    def there(self, row: Row) -> Contract | None:
        """See Records."""
        return having_reference(row.by, Contract, row.said("reference"), except_id=None)

    def known(self, record: Contract) -> dict[str, str]:
        """See Records."""
        return {**ContractForm.held(record), "properties": covered(record)}

    def wanted(self, row: Row, record: Contract | None) -> ContractWish | None:
        """See Records."""
        places = places_of(row, record)
        form = row.checked(ContractForm, properties=[], covers="client")
        return None if row.problems else ContractWish(**form.facts(), places=places)

    def write(self, row: Row, record: Contract | None, wanted: ContractWish) -> bool:
        """See Records."""
        return edit(record, wanted, row.by) if record else bool(add(wanted, row.by))

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Contract, Company]]:
        """See Records."""
        return listed.stretch(reader, Contract, after)


class Rfps:
    """See importing.records.Records."""

    fields: tuple[Field, ...] = (
        _REFERENCE,
        _TITLE,
        Field("scope_of_work", "Scope of work", ("Scope", "Description", "Work")),
        Field("answers_by", "Answers by", ("Answer by", "Due", "Due date", "Deadline"), needed=True),
        Field("status", "Status", ("State",)),
        _PROPERTIES,
    )
    key = "reference"

    def identity(self, row: Row) -> str:
        """See Records."""
        return row.said("reference")

    def there(self, row: Row) -> Rfp | None:
        """See Records."""
        return having_reference(row.by, Rfp, row.said("reference"), except_id=None)

    def known(self, record: Rfp) -> dict[str, str]:
        """See Records."""
        status = RFP_STATUS[record.status]
        return {**RfpForm.held(record), "status": status, "properties": covered(record)}

    def wanted(self, row: Row, record: Rfp | None) -> RfpWish | None:
        """See Records."""
        places, status = places_of(row, record), row.meant("status", _STATUSES) or "open"
        form = row.checked(RfpForm, properties=[], covers="client", status=status)
        return None if row.problems else RfpWish(**form.facts(), places=places)

    def write(self, row: Row, record: Rfp | None, wanted: RfpWish) -> bool:
        """See Records."""
        return edit(record, wanted, row.by) if record else bool(add(wanted, row.by))

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Rfp, Company]]:
        """See Records."""
        return listed.stretch(reader, Rfp, after)


_HINT = "Several properties stand in one cell, with semicolons between; without any it is the entire client."
CONTRACTS = record_kind(
    Contracts(),
    code="contracts",
    label="Contracts",
    several="contracts",
    most_on_sqlite=500,
    page="contracts.index",
    twins="Where the client has a contract of the same reference already",
    hint=f"A contract is told by its reference within its client. {_HINT}",
)
RFPS = record_kind(
    Rfps(),
    code="rfps",
    label="RFPs",
    several="RFPs",
    most_on_sqlite=500,
    page="rfps.index",
    twins="Where the client has an RFP of the same reference already",
    hint=f"An RFP is told by its reference within its client. {_HINT} Answers are written on its page.",
)
