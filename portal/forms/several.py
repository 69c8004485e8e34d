"""The form that changes several contacts at once: who, and for each part what shall become of it."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectMultipleField, ValidationError
from wtforms.fields import Field

from portal.forms.contact import GONE, PERMISSIONS
from portal.forms.fields import options

_LEAVE, _ADD = ("", "Leave as they are"), ("add", "Add the ticked ones")
_TAKE, _EXACTLY = ("take", "Take the ticked ones away"), ("exactly", "Exactly the ticked ones")


class SeveralForm(FlaskForm):
    """Roles, permissions, properties and status of several contacts; what is left alone stays as it is."""

    roles_how = RadioField("Roles", choices=options(_LEAVE, _ADD, _TAKE, _EXACTLY), default="")
    roles = SelectMultipleField("Which roles", coerce=int, invalid_choice_message=GONE)
    permissions_how = RadioField("Permissions", choices=options(_LEAVE, _ADD, _TAKE, _EXACTLY), default="")
    permissions = SelectMultipleField("Which permissions", choices=PERMISSIONS, invalid_choice_message=GONE)
    places_how = RadioField(
        "Properties",
        choices=options(_LEAVE, ("client", "Client Level: every property"), _ADD, _TAKE, _EXACTLY),
        default="",
    )
    properties = SelectMultipleField("Which properties", coerce=int)
    move = RadioField(
        "Status",
        choices=options(
            ("", "Leave as it is"),
            ("authorize", "Authorize user: an invitation goes to each"),
            ("resend", "Resend the invitation"),
            ("cancel-invitation", "Cancel the invitation"),
            ("deactivate", "Deactivate"),
            ("activate", "Activate"),
        ),
        default="",
    )
    # What the preview said, so that nothing else is done than what was seen.
    agreed = HiddenField()

    def validate_roles_how(self, field: Field) -> None:
        """Adding and taking away need something ticked; exactly nothing is a choice."""
        _something(field, self.roles.data, "Tick at least one role.")

    def validate_permissions_how(self, field: Field) -> None:
        """See validate_roles_how."""
        _something(field, self.permissions.data, "Tick at least one permission.")

    def validate_places_how(self, field: Field) -> None:
        """See validate_roles_how."""
        _something(field, self.properties.data, "Tick at least one property.")

    def validate_move(self, field: Field) -> None:
        """Something has to be changed at all."""
        parts = (self.roles_how.data, self.permissions_how.data, self.places_how.data, field.data)
        if not any(parts):
            raise ValidationError("Choose what to change.")


def _something(field: Field, ticked: Any, sentence: str) -> None:
    if field.data in ("add", "take") and not ticked:
        raise ValidationError(sentence)
