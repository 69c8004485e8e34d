"""Contacts as a kind of table: one client a file, checked against its vocabulary, written all at once."""

from collections.abc import Sequence

from portal import tables
from portal.actions import bulk_contacts
from portal.actions.imports import OVERTAKEN
from portal.extensions import db
from portal.forms.imports import ContactChoices
from portal.importing.columns import CONTACT_FIELDS, named
from portal.importing.contacts import ContactRows
from portal.importing.kind import Kind, Span
from portal.models import Company, Import
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import Overtaken


def looker(imported: Import, by: Actor) -> ContactRows:
    """Return what looks at the rows; at the first one it notes what they are checked against."""
    assert imported.company_id is not None
    words = imports.words_of(imported.company_id)
    if imported.position == 0:
        imported.stamp = words.stamp()
        rows = tables.read(imported.stored_as)
        kinds = [(number, named(imported.mapping, cells).get("contact_type", "")) for number, cells in rows]
        imported.choices = {**imported.choices, "first": str(first_primary(kinds))}
    return ContactRows(imported, db.session.get_one(Company, imported.company_id), by, words)


def first_primary(rows: Sequence[tuple[int, str]]) -> int:
    """Return which row of a company's first contacts is its Primary: the first that says so, else the first.

    `rows` are pairs of number and what the row says under contact type.
    """
    said = (number for number, word in rows if fold(word) == "primary")
    return next(said, rows[0][0] if rows else 0)


def write(imported: Import, by: Actor) -> None:
    """Write every row; raises Overtaken where what they were checked against is not so any more."""
    assert imported.company_id is not None
    if imports.words_of(imported.company_id).stamp() != imported.stamp or imports.overtaken(imported):
        raise Overtaken(OVERTAKEN)
    bulk_contacts.write(imported, by)


KIND = Kind(
    code="contacts",
    label="Contacts",
    several="contacts",
    fields=CONTACT_FIELDS,
    most=50_000,
    page="contacts.index",
    looker=looker,
    write=write,
    span=Span.ONE,
    tries=False,
    stretch=250,
    choices=ContactChoices,
    twins="Where a contact with the same address is there already",
    update_hint="Access, roles, permissions, type and properties stay as they are.",
    hint="Exports of Google Contacts and Outlook work as they are. First and last name are enough.",
    instead={"name": ("first_name", "last_name")},
    invited=imports.invited,
)
