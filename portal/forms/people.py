"""The forms people fill in about themselves: signing in, passwords, invitations, terms, profile."""

from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
)

from portal.forms.contact import TOPICS, username_like
from portal.forms.fields import (
    Blank,
    PhoneField,
    TextLine,
    at_most,
    email_address,
    filled,
    name_like,
    options,
    phone_number,
    several_lines,
)


class SignInForm(Blank):
    """Who, with which password, and for how long."""

    identity = TextLine(
        "Email or user name", [filled("Enter your e-mail address or user name."), at_most(254)]
    )
    password = PasswordField("Password", [filled("Enter your password.")])
    remember = BooleanField("Keep me signed in on this device")
    next = HiddenField()


class ForgotForm(Blank):
    """The address a reset is asked for."""

    email = TextLine("Email", [filled("Enter your e-mail address."), at_most(254), email_address])


class NewPasswordForm(Blank):
    """A new password, from a link."""

    new_password = PasswordField("New password", [filled("Enter a new password.")])


class ChangePasswordForm(NewPasswordForm):
    """A new password, by somebody signed in."""

    current_password = PasswordField("Current password", [filled("Enter your current password.")])


class CurrentPasswordForm(Blank):
    """What changes how somebody signs in asks for the password of now."""

    current_password = PasswordField("Current password", [filled("Enter your current password.")])


class EmailForm(CurrentPasswordForm):
    """Another address to sign in with."""

    email = TextLine("New email", [filled("Enter the new address."), at_most(254), email_address])
    contacts_follow = BooleanField("Change it in my contact details too")


class UsernameForm(CurrentPasswordForm):
    """A user name, or none."""

    username = TextLine("User name", [username_like])


class RecoveryForm(CurrentPasswordForm):
    """A recovery e-mail, or none."""

    recovery_email = TextLine("Recovery e-mail", [at_most(254), email_address])


class AcceptForm(Blank):
    """An invitation accepted with a new login."""

    username = TextLine("User name", [username_like])
    password = PasswordField("Password", [filled("Choose a password.")])
    accept_terms = BooleanField("I accept the terms of use")
    version = HiddenField()


class JoinForm(Blank):
    """An invitation accepted with the login that owns the address."""

    password = PasswordField("Password")
    accept_terms = BooleanField("I accept the terms of use")
    version = HiddenField()


class AccessRequestForm(Blank):
    """Who asks for access, and what for."""

    first_name = TextLine("First name", [filled("Enter your first name."), at_most(100), name_like])
    last_name = TextLine("Last name", [filled("Enter your last name."), at_most(100), name_like])
    email = TextLine("Email", [filled("Enter your e-mail address."), at_most(254), email_address])
    company_name = TextLine("Company", [filled("Enter your company's name."), at_most(100), name_like])
    message = TextAreaField("Message", [at_most(1_000), several_lines])


class TermsForm(Blank):
    """A yes to the terms."""

    accept_terms = BooleanField("I accept these terms")
    version = HiddenField()
    next = HiddenField()


class OwnDetailsForm(Blank):
    """One's own details at one company."""

    honorific = TextLine("Title", [at_most(20), name_like])
    first_name = TextLine("First name", [filled("Enter your first name."), at_most(100), name_like])
    last_name = TextLine("Last name", [filled("Enter your last name."), at_most(100), name_like])
    job_title = TextLine("Job title", [at_most(100), name_like])
    phone = PhoneField("Phone", [phone_number])
    mobile = PhoneField("Mobile", [phone_number])
    company = HiddenField()


class TopicsForm(Blank):
    """What somebody wants mail about at one company."""

    topics = SelectMultipleField("E-mail about", choices=TOPICS)
    company = HiddenField()


class DefaultCompanyForm(Blank):
    """Which company opens after signing in; the view offers those of the person."""

    default = SelectField("Opens after signing in")


class LookForm(Blank):
    """How the portal looks to this person."""

    theme = RadioField(
        "Appearance", choices=options(("system", "System"), ("light", "Light"), ("dark", "Dark"))
    )
    shortcuts = BooleanField("Single-key shortcuts")
    density = RadioField("Density", choices=options(("comfortable", "Comfortable"), ("compact", "Compact")))
