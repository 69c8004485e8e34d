"""Handing in a table, and saying what its columns are."""

from collections.abc import Collection

from flask_wtf.file import FileField
from wtforms import RadioField, SelectField

from portal.forms.fields import Blank, TextLine, at_most, filled, options

ACCESS = options(
    ("none", "No: everybody goes into the address book, nobody gets mail"),
    ("file", "As each row says; No where it says nothing"),
    ("email_only", "E-mail only: everybody gets one notice"),
    ("portal", "Yes: everybody is invited"),
)


class TableForm(Blank):
    """One table to hand in."""

    file = FileField("File", [filled("Choose a file.")])


class ForClientForm(TableForm):
    """One table to hand in, and which client it is for; for all of them where none is named."""

    client = TextLine("Client", [at_most(100)])


class RecordChoices(Blank):
    """What a table leaves open: what becomes of what is there already."""

    twins = RadioField(
        choices=options(("skip", "Skip the row"), ("update", "Take over the details of the row"))
    )


class NoChoices(Blank):
    """A table that leaves nothing open."""


class ContactChoices(RecordChoices):
    """What a table of contacts leaves open: who of them may deal with the vendor, too."""

    access = SelectField("Authorize user", choices=ACCESS)


def objections(
    mapping: Collection[str], labels: dict[str, str], needed: Collection[str], several: Collection[str] = ()
) -> list[str]:
    """Return what is wrong with the columns chosen, in sentences: something is missing, or is there twice.

    What is among `several` can be filled by several columns.
    """
    twice = {name for name in mapping if name and name not in several and list(mapping).count(name) > 1}
    found = [f"Two columns fill {labels[name]}. Choose one." for name in sorted(twice)]
    missing = [labels[name] for name in needed if name not in mapping]
    if missing:
        found.append(f"Choose which column fills {' and '.join(missing)}.")
    return found
