"""The forms of the vendor's API pages: a new token, and an endpoint that is told of changes."""

from wtforms import RadioField, SelectMultipleField, ValidationError
from wtforms.fields import Field

from portal.forms.fields import Blank, TextLine, at_most, filled, name_like, options

SCOPES = options(
    ("companies:read", "Look up companies"),
    ("companies:write", "Take on companies and change their details"),
    ("contacts:read", "Look up contacts"),
    ("contacts:write", "Add contacts and change their details"),
    ("access:read", "Look up who may ask for what"),
    ("access:write", "Invite, authorize, deactivate and delete contacts, and give rights"),
    ("properties:read", "Look up properties"),
    ("properties:write", "Add, change and archive properties"),
    ("activity:read", "Read the activity of all clients"),
)
DAYS = options(("30", "30 days"), ("90", "90 days"), ("365", "A year"))


EVENTS = options(
    ("contact.created", "A contact was added"),
    ("contact.changed", "A contact's details changed"),
    ("contact.deactivated", "A contact was deactivated"),
    ("contact.activated", "A contact was activated"),
    ("contact.deleted", "A contact was deleted"),
    ("access.changed", "What somebody may do changed: access, roles, permissions, properties"),
    ("company.created", "A company was taken on"),
    ("company.changed", "A company's details changed, or it was marked as exited"),
    ("property.changed", "A property was added or changed"),
)


def some_ticked(_form: object, field: Field) -> None:
    """Check that at least one box is ticked."""
    if not field.data:
        raise ValidationError("Tick at least one.")


class TokenForm(Blank):
    """A new token of the API."""

    name = TextLine("Name", [filled("Say which system uses it."), at_most(60), name_like])
    scopes = SelectMultipleField("It may", [some_ticked], choices=SCOPES)
    days = RadioField("It works for", choices=DAYS, default="90")


class WebhookForm(Blank):
    """An address of the vendor's that is told of changes, and of which."""

    url = TextLine("Address", [filled("Enter the address to call."), at_most(500)])
    events = SelectMultipleField("It is told when", [some_ticked], choices=EVENTS)
