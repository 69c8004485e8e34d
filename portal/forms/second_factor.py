"""The forms around the second factor: a code, and the password that is asked for before anything changes."""

from wtforms import HiddenField

from portal.forms.fields import Blank, TextLine, at_most, filled
from portal.forms.people import CurrentPasswordForm


class CodeForm(Blank):
    """A code of the authenticator app, or a recovery code."""

    code = TextLine("Code", [filled("Enter the code."), at_most(100)])
    next = HiddenField()


class PasswordForm(CurrentPasswordForm):
    """The current password, before the second factor of somebody signed in changes."""

    next = HiddenField()


class PasswordAndCodeForm(PasswordForm):
    """The current password and a code, where there is a second factor already."""

    code = TextLine("Code from your app, or a recovery code", [filled("Enter the code."), at_most(100)])
