"""One row of a table of contacts, checked by the form that people fill in, with the same sentences."""

from collections.abc import Mapping

from portal.forms.contact import ContactForm
from portal.forms.fields import clean
from portal.forms.rows import OffPage

# How a table's words become the values of the form; the first of each is what our own export writes.
ACCESS_WORDS = {
    "portal": ("Yes", "Portal", "True", "1"),
    "email_only": ("E-mail only", "Email only"),
    "none": ("No", "None", "False", "0"),
}
LEVEL_WORDS = {
    "client": ("Client Level", "Client", "Entire client"),
    "property": ("Property Level", "Property"),
}
STATUS_WORDS = {"active": ("Active", "Pending"), "inactive": ("Inactive",)}


class ContactRow(ContactForm):
    """The fields of a contact as a table fills them: no page, so nothing that guards one."""

    class Meta(OffPage, ContactForm.Meta):
        """See ContactRow."""


def meaning(text: str, words: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return which value `text` stands for, None where it stands for none."""
    plain = clean(text).casefold()
    return next(
        (value for value, names in words.items() if plain in {each.casefold() for each in names}), None
    )
