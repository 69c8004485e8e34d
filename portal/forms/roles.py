"""The forms about roles: what a role is called and gives, what takes its place, which areas are shown."""

from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField

from portal.forms.contact import GONE, PERMISSIONS
from portal.forms.fields import FilledFrom, TextLine, at_most, filled, name_like, one_line, options


class RoleForm(FlaskForm):
    """A role's name, what it is for, and its six switches."""

    name = TextLine("Name", [filled("Enter a name for this role."), at_most(60), name_like])
    purpose = TextLine("What it is for", [at_most(120), one_line])
    permissions = SelectMultipleField("Permissions", choices=PERMISSIONS, invalid_choice_message=GONE)
    # What the role was when the form was opened, so that nobody overwrites what somebody else saved.
    seen = FilledFrom()


class ArchiveForm(FlaskForm):
    """The role that takes the place of one that is put away."""

    replacement = SelectField("Give them instead", coerce=int, default=0, validate_choice=False)


class AreasForm(FlaskForm):
    """The areas of the portal that the company's people see."""

    areas = SelectMultipleField(
        "Areas",
        choices=options(
            ("properties", "Properties"),
            ("contracts", "Contracts"),
            ("rfps", "RFPs"),
            ("billing", "Billing"),
            ("reports", "Reports"),
            ("work_orders", "Work orders"),
        ),
    )
