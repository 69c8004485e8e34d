"""A sender as staff type or paste it: an e-mail address or a phone number in any usual writing (S5)."""

from email.utils import parseaddr
from typing import Any

from wtforms import Form, ValidationError

from portal.forms.fields import Blank, TextLine, at_most, clean, email_address, filled, phone_number

_NEITHER = "Enter a full e-mail address, or a phone number with its area code."


class SenderField(TextLine):
    """What was typed stays as it is; `address` or `number` is what it means, normalized."""

    address = number = ""

    def pre_validate(self, form: Form) -> None:
        typed = self.data or ""
        if not typed:
            return
        kept, is_address = self.data, "@" in typed
        self.data = _bare_address(typed) if is_address else typed.removeprefix("tel:")
        try:
            (email_address if is_address else phone_number)(form, self)
            found, self.data = self.data, kept
        except ValidationError:
            self.data = kept
            raise ValidationError(_NEITHER) from None
        if is_address:
            self.address = found
        else:
            self.number = found


def _bare_address(typed: str) -> str:
    """Return the address in what mail programs show: "Ann Lee <ann@x.example>", "mailto:ann@x.example"."""
    found: Any = parseaddr(typed)[1] if "<" in typed else typed
    return clean(found.removeprefix("mailto:").strip("<>"))


class LookUpForm(Blank):
    """Who writes or calls."""

    sender = SenderField(
        "E-mail address or phone number", [filled("Enter an address or a number."), at_most(254)]
    )
