"""Which fields a table can fill, and which of its columns fills which: guessed by what others call them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.models.folding import fold

_SIGNS = re.compile(r"[^a-z0-9]+")
# Between the cells of a row whose columns fill the same field.
BESIDE = "\x1f"
_NTH = range(1, 10)
LONGEST_QUOTED = 60


@dataclass(frozen=True)
class Field:
    """One thing that a column can fill: its name, our header for it, and what else it is called.

    `several` columns can fill it at once; one that is not `ours` is only ever taken in.
    """

    name: str
    label: str
    also: tuple[str, ...] = ()
    needed: bool = False
    several: bool = False
    ours: bool = True


# Our own headers first; then those of Google Contacts and Outlook, older ones, too.
CONTACT_FIELDS = (
    Field("honorific", "Title", ("Name Prefix", "Honorific", "Salutation")),
    Field("first_name", "First name", ("Given Name", "Forename", "First"), needed=True),
    Field("middle_name", "Middle name", ("Additional Name", "Middle"), ours=False),
    Field("last_name", "Last name", ("Family Name", "Surname", "Last"), needed=True),
    Field("name", "Name", ("Full Name", "Display Name", "Contact Name"), ours=False),
    Field("job_title", "Job title", ("Organization Title", "Organization 1 - Title", "Position")),
    Field("phone", "Phone", ("Business Phone", "Telephone", "Work Phone")),
    Field("mobile", "Mobile", ("Mobile Phone", "Cell", "Cell Phone", "Mobile Number")),
    Field("email", "Email", ("E-mail Address", "E-mail 1 - Value", "Email Address", "Mail", "Primary Email")),
    Field("contact_type", "Contact type", ("Type",)),
    Field(
        "access", "Authorize user", ("Portal access", "Access", "Authorized user", "Authorized", "Authorize")
    ),
    Field("status", "Status"),
    Field("roles", "Roles", ("Role",)),
    Field("permissions", "Permissions"),
    Field("level", "Level", ("Scope",)),
    Field("properties", "Properties", ("Property",)),
    Field("category", "Category"),
    Field("notes", "Notes", ("Note", "Comments")),
    Field("topics", "E-mail about", ("Topics",)),
    Field(
        "numbers",
        "Phone by its label",
        (
            *(f"Phone {nth} - Value" for nth in _NTH),
            *("Primary Phone", "Company Main Phone", "Business Phone 2", "Other Phone"),
            *("Home Phone", "Home Phone 2", "Car Phone"),
        ),
        several=True,
        ours=False,
    ),
    Field(
        "number_labels",
        "Label of a phone",
        tuple(f"Phone {nth} - {word}" for nth in _NTH for word in ("Label", "Type")),
        several=True,
        ours=False,
    ),
    Field(
        "more_emails",
        "Another e-mail",
        (
            *(f"E-mail {nth} - Value" for nth in _NTH[1:]),
            *("E-mail 2 Address", "E-mail 3 Address", "Secondary Email"),
        ),
        several=True,
        ours=False,
    ),
)
# Whose a row is, in a file for all clients.
CLIENT = Field("client", "Client", ("Company", "Client number", "Customer"), needed=True)
# The same in a file for one client: a row that names another is not meant for it. What an address book calls
# a company is the firm of a person.
WHOSE = Field("client", "Client", ("Client number", "Client name"), ours=False)


def guess(
    fields: Sequence[Field], header: Sequence[str], instead: Mapping[str, tuple[str, ...]] | None = None
) -> list[str]:
    """Return for each column of `header` which of `fields` it seems to fill, empty for none.

    Each one once, but those that several columns can fill. `instead` says which field stands for several
    others: it is left out where one of those is there.
    """
    plain = [_plain(name) for name in header]
    found = [""] * len(header)
    for field in fields:
        for name in (field.label, *field.also):
            if _plain(name) in plain and not found[plain.index(_plain(name))]:
                found[plain.index(_plain(name))] = field.name
                if not field.several:
                    break
    spare = {name for name, others in (instead or {}).items() if set(others) & set(found)}
    return ["" if name in spare else name for name in found]


def named(mapping: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row by the name of the field that their column fills.

    Where several columns fill one, its cells stand beside each other, with BESIDE between them.
    """
    found: dict[str, list[str]] = {}
    for name, cell in zip(mapping, cells, strict=False):
        found.setdefault(name, []).append(cell)
    return {name: BESIDE.join(values) for name, values in found.items() if name}


def quoted(
    problems: Iterable[Sequence[str]], labels: Mapping[str, str], cells: Mapping[str, str]
) -> list[list[str]]:
    """Return problems, pairs of column and sentence, with the beginning of what stands in their cell, if any.

    `labels` and `cells` are by the name of the field.
    """
    said = {label: _beginning(cells.get(name, "")) for name, label in labels.items()}
    return [[*each, *filter(None, [said.get(each[0], "")])] for each in problems]


def _beginning(cell: str) -> str:
    text = " ".join(cell.replace(BESIDE, " ").split())
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def _plain(name: str) -> str:
    return _SIGNS.sub("", fold(name).replace("%", "percent"))
