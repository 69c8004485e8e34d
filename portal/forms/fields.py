"""Fields and checks that several forms share: clean lines of text, e-mail addresses, phone numbers."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, Form, HiddenField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice

from portal.phone import country, national

# Marks that turn the reading direction of everything behind them; no name needs them.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_WEB_ADDRESS = re.compile(r"://|www\.", re.IGNORECASE)
Check = Callable[[Form, Field], None]


class Blank(FlaskForm):
    """What every form of ours starts from: it is filled in by a form, never by JSON of whatever shape."""

    class Meta(FlaskForm.Meta):
        """See Blank."""

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            by_json = request.is_json and request.method == "POST"
            return request.form if by_json and formdata is not None else super().wrap_formdata(form, formdata)


def clean(text: str | None) -> str:
    """Return `text` composed (NFC) and without blanks around it."""
    return unicodedata.normalize("NFC", text or "").strip()


class TextLine(StringField):
    """One line of text, composed and trimmed; its checks run on what is left."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = clean(valuelist[0]) if valuelist else ""


class FilledFrom(HiddenField):
    """What the form was filled from; a request that leaves it out has not seen what is known now (T84)."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = valuelist[0] if valuelist else ""


def options(*pairs: tuple[Any, str]) -> list[SelectChoice]:
    """Return what a field offers, from pairs of value and label."""
    return [SelectChoice(value=value, label=label) for value, label in pairs]


def filled(sentence: str) -> Check:
    """Return a check that something was typed; `sentence` says what is missing."""

    def check(_form: Form, field: Field) -> None:
        if not field.data:
            raise ValidationError(sentence)

    check.field_flags = {"required": True}  # type: ignore[attr-defined]
    return check


def at_most(length: int) -> Check:
    """Return a check that the text is not longer than `length` characters."""

    def check(_form: Form, field: Field) -> None:
        if len(field.data or "") > length:
            raise ValidationError(f"This is too long. Use at most {length} characters.")

    check.field_flags = {"maxlength": length}  # type: ignore[attr-defined]
    return check


def one_line(_form: Form, field: Field) -> None:
    """Check that the text holds nothing that a single readable line cannot hold."""
    text = field.data or ""
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        raise ValidationError("Remove the line breaks and control characters.")
    if _DIRECTION.search(text):
        raise ValidationError("Remove the hidden marks that change the reading direction.")


def name_like(form: Form, field: Field) -> None:
    """Check that the text could be a name: one line, no web address."""
    one_line(form, field)
    if _WEB_ADDRESS.search(field.data or ""):
        raise ValidationError("A name cannot hold a web address.")


def several_lines(_form: Form, field: Field) -> None:
    """Check a longer text: line breaks are welcome, other control characters are not."""
    text = (field.data or "").replace("\r\n", "\n")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise ValidationError("Remove the control characters.")
    field.data = text


def email_address(_form: Form, field: Field) -> None:
    """Check an e-mail address where one was typed, and keep it in its normal form."""
    text = clean(field.data)
    if not text:
        field.data = ""
        return
    try:
        address = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValidationError("Enter a full address, like name@company.com.") from None
    if len(address) > 254 or not address.isprintable():
        raise ValidationError("Enter a full address, like name@company.com.")
    field.data = address


def phone_number(_form: Form, field: Field) -> None:
    """Check a phone number where one was typed, and keep it in E.164."""
    text = clean(field.data)
    if not text:
        field.data = ""
        return
    try:
        number = phonenumbers.parse(text[:60], country())
        good = phonenumbers.is_possible_number(number) and len(text) <= 40
    except phonenumbers.NumberParseException:
        good = False
    if not good:
        raise ValidationError("Enter a phone number with its area code, like 020 7946 0123 or +49 30 901820.")
    field.data = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PhoneField(TextLine):
    """A phone number: E.164 as data, national form on the screen; what cannot be read is shown as typed."""

    def _value(self) -> str:
        return national(self.data) if self.data and not self.errors else (self.data or "")
