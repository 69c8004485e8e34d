"""Contacts as a kind of table: one client a file, checked against its vocabulary, written all at once."""

from collections.abc import Iterable, Mapping

from portal import tables
from portal.actions import bulk_contacts, laid_out
from portal.actions.imports import OVERTAKEN
from portal.extensions import db
from portal.forms.imports import ContactChoices
from portal.importing.columns import CONTACT_FIELDS, named
from portal.importing.contact_cells import said
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
        people = ((number, named(imported.mapping, cells)) for number, cells in rows)
        imported.choices = {**imported.choices, "first": str(first_primary(people))}
    return ContactRows(imported, db.session.get_one(Company, imported.company_id), by, words)


def first_primary(rows: Iterable[tuple[int, Mapping[str, str]]]) -> int:
    """Return which row of a company's first contacts is its Primary: the first that says so, else the first.

    `rows` are pairs of number and cells by the name of their field; those that name nobody do not count.
    """
    first = 0
    for number, cells in rows:
        if not said(cells).nobody:
            if fold(cells.get("contact_type", "")) == "primary":
                return number
            first = first or number
    return first


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
    most_on_sqlite=50_000,
    most_elsewhere=50_000,
    page="contacts.index",
    looker=looker,
    write=write,
    lay_out=laid_out.lay_out,
    span=Span.ONE,
    tries=False,
    stretch=250,
    choices=ContactChoices,
    twins="Where somebody is a contact already, by address or else by name and number",
    update_hint="Access, roles, permissions, type, status and properties stay as they are.",
    hint="Exports of Google Contacts and Outlook work as they are. First and last name are enough.",
    instead={"name": ("first_name", "last_name")},
    invited=imports.invited,
)
