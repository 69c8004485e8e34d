"""The dialog that links a contact to the entire client or to specific properties."""

from wtforms import BooleanField, RadioField, SelectMultipleField

from portal.forms.fields import Blank, options


class PropertiesForm(Blank):
    """Client Level or Property Level, and the boxes of the properties."""

    scope = RadioField("Level", choices=options(("client", "Client Level"), ("property", "Property Level")))
    properties = SelectMultipleField("Select Properties", coerce=int)
    confirm_empty = BooleanField("Link no property")
