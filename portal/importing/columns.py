"""Which fields a table can fill, and which of its columns fills which: guessed by what others call them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portal.models.folding import fold

_SIGNS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Field:
    """One thing that a column can fill: its name, our header for it, and what else it is called."""

    name: str
    label: str
    also: tuple[str, ...] = ()
    needed: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of table: what it is called, what it can fill, and how many rows it may have."""

    code: str
    label: str
    fields: tuple[Field, ...]
    most: int


# Our own headers first; then those of Google Contacts and Outlook, older ones, too.
CONTACT_FIELDS = (
    Field("honorific", "Title", ("Name Prefix", "Honorific", "Salutation")),
    Field("first_name", "First name", ("Given Name", "Forename")),
    Field("last_name", "Last name", ("Family Name", "Surname")),
    Field("name", "Name", ("Full Name", "Display Name", "Contact Name")),
    Field("job_title", "Job title", ("Organization Title", "Organization 1 - Title", "Position")),
    Field(
        "phone",
        "Phone",
        ("Phone 1 - Value", "Business Phone", "Primary Phone", "Telephone", "Company Main Phone"),
    ),
    Field("mobile", "Mobile", ("Mobile Phone", "Cell", "Cell Phone", "Phone 2 - Value")),
    Field("email", "Email", ("E-mail Address", "E-mail 1 - Value", "Email Address", "Mail")),
    Field("contact_type", "Contact type", ("Type",)),
    Field("access", "Authorize user", ("Portal access", "Access", "Authorized user")),
    Field("roles", "Roles", ("Role",)),
    Field("permissions", "Permissions"),
    Field("level", "Level", ("Scope",)),
    Field("properties", "Properties", ("Property",)),
    Field("category", "Category", ("Categories",)),
    Field("notes", "Notes", ("Note", "Comments")),
    Field("topics", "E-mail about", ("Topics",)),
)
KINDS = {"contacts": Kind("contacts", "Contacts", CONTACT_FIELDS, 50_000)}


def guess(kind: Kind, header: Sequence[str]) -> list[str]:
    """Return for each column of `header` the field that it seems to fill, empty for none; each field once."""
    plain = [_plain(name) for name in header]
    found = [""] * len(header)
    for field in kind.fields:
        for name in (field.label, *field.also):
            if _plain(name) in plain and not found[plain.index(_plain(name))]:
                found[plain.index(_plain(name))] = field.name
                break
    if "first_name" in found or "last_name" in found:
        found = ["" if name == "name" else name for name in found]
    return found


def _plain(name: str) -> str:
    return _SIGNS.sub("", fold(name))
