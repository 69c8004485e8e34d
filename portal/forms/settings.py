"""The forms of the vendor's settings: words for contacts, terms, branding, areas, how customers sign in."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, TextAreaField, ValidationError
from wtforms.fields import Field

from portal.forms.fields import (
    Blank,
    Check,
    FilledFrom,
    PhoneField,
    TextLine,
    at_most,
    email_address,
    filled,
    name_like,
    one_line,
    options,
    phone_number,
    several_lines,
)
from portal.forms.records import RecordForm, web_address


def whole(least: int, most: int) -> Check:
    """Return a check that a whole number from `least` to `most` was typed, or nothing."""

    def check(_form: Any, field: Field) -> None:
        text = field.data or ""
        if text and not (text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= most):
            raise ValidationError(f"Enter a whole number from {least} to {most}.")
        field.data = str(int(text)) if text else ""

    return check


class WordForm(Blank):
    """What a contact type or category is called."""

    name = TextLine("Name", [filled("Enter a name."), at_most(60), name_like])
    seen = FilledFrom()


class ArchiveWordForm(Blank):
    """Who follows a contact type or category that is archived."""

    successor = SelectField("Its people")


class TermsDraftForm(RecordForm):
    """A version of the terms that is not published yet."""

    title = TextLine("Title", [filled("Enter a title."), at_most(200), name_like])
    changes = TextAreaField("What changed", [at_most(5_000), several_lines])
    body = TextAreaField("Text", [filled("Enter the text of the terms."), at_most(100_000), several_lines])


class PublishForm(Blank):
    """Which state of a draft is published."""

    seen = HiddenField()


class BrandingForm(RecordForm):
    """How the vendor presents itself."""

    name = TextLine("Portal name", [filled("Enter the name of the portal."), at_most(60), name_like])
    hue = TextLine("Brand hue", [filled("Enter a number from 0 to 360."), whole(0, 360)])
    support_email = TextLine("Support e-mail", [at_most(254), email_address])
    support_phone = PhoneField("Support phone", [phone_number])
    privacy_url = TextLine("Privacy link", [at_most(190), one_line, web_address])


class LogoForm(Blank):
    """The file of a logo."""

    logo = FileField("Logo", [filled("Choose a file.")])


class VendorAreasForm(Blank):
    """The areas that clients have, and the state that the form was filled from."""

    areas = SelectMultipleField("Areas", validate_choice=False)
    seen = FilledFrom()


class SignInRulesForm(RecordForm):
    """How customers come in and how long they stay; an empty number is the server's own."""

    invitation_hours = TextLine("Invitation links work for, in hours", [whole(1, 168)])
    idle_minutes = TextLine("Sign out when left alone for, in minutes", [whole(5, 480)])
    session_hours = TextLine("Sign out in any case after, in hours", [whole(1, 72)])
    second_factor = RadioField(
        "Second factor",
        choices=options(
            ("optional", "Each client decides"), ("admins", "Admins need one"), ("everybody", "Everybody")
        ),
    )
