"""A sender as staff type or paste it: an address, a phone number in any usual writing, or a name (S5)."""

import re
from email.utils import parseaddr
from typing import Any

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, normalize_digits_only
from wtforms import Form, ValidationError

from portal.forms.fields import Blank, TextLine, at_most, clean, email_address, filled, one_line, phone_number

_NO_ADDRESS = "Enter a full e-mail address, like name@company.com."
_NO_NUMBER = "Enter a phone number with its area code, like 020 7946 0123 or +49 30 901820."
_TOO_SHORT = "Enter at least two letters of a name."
_EXTENSION = re.compile(r"(x|ext\.?|extension)\s*[0-9]+\s*$", re.IGNORECASE)
# What has fewer digits than this is the number of a house or a client, or a postcode.
_SHORTEST_NUMBER, _LONGEST_NUMBER = 6, 15


class SenderField(TextLine):
    """What was typed stays as it is; one of `address`, `number` and `words` is what it means.

    A number that was typed without a country code may be a foreign one: `elsewhere` is what it would be in
    any country, and `number` is empty where it can be none at home.
    """

    address = number = words = ""
    elsewhere: tuple[str, ...] = ()

    def pre_validate(self, form: Form) -> None:
        typed = self.data or ""
        if not typed:
            return
        one_line(form, self)
        try:
            self._read(form, typed)
        finally:
            self.data = typed

    def _read(self, form: Form, typed: str) -> None:
        if "@" in typed:
            self.address = self._checked(form, _bare_address(typed), email_address, _NO_ADDRESS)
            return
        bare = typed.removeprefix("tel:")
        digits = normalize_digits_only(_EXTENSION.sub("", bare))
        if len(digits) < _SHORTEST_NUMBER or any(char.isalpha() for char in _EXTENSION.sub("", bare)):
            # One sign can be a whole name, but no single letter of ours is.
            if sum(char.isalnum() for char in typed) < (2 if typed.isascii() else 1):
                raise ValidationError(_TOO_SHORT)
            self.words = typed
            return
        self.elsewhere = _elsewhere(bare, digits)
        try:
            self.number = self._checked(form, bare, phone_number, _NO_NUMBER)
        except ValidationError:
            if not self.elsewhere:
                raise

    def _checked(self, form: Form, text: str, check: Any, sentence: str) -> str:
        """Return `text` as `check` keeps it. Raises ValidationError with `sentence` where it is none."""
        self.data = text
        try:
            check(form, self)
        except ValidationError:
            raise ValidationError(sentence) from None
        return self.data


def _bare_address(typed: str) -> str:
    """Return the address in what mail programs show: "Ann Lee <ann@x.example>", "mailto:ann@x.example"."""
    found: Any = parseaddr(typed)[1] if "<" in typed else typed
    return clean(found.removeprefix("mailto:").strip("<>"))


def _elsewhere(typed: str, digits: str) -> tuple[str, ...]:
    """Return what a number typed the local way is in every country, with its leading zero and without."""
    if typed.lstrip(" (").startswith(("+", "00")):
        return ()
    local = sorted({digits, digits.lstrip("0")})
    found = (f"+{code}{each}" for code in COUNTRY_CODE_TO_REGION_CODE for each in local)
    return tuple(each for each in found if len(each) <= _LONGEST_NUMBER + 1)


class LookUpForm(Blank):
    """Who writes or calls, or what somebody calls about."""

    sender = SenderField(
        "E-mail address, phone number, name or property",
        [filled("Enter an address, a number, a name or a property."), at_most(254)],
    )
