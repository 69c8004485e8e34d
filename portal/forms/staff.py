"""The forms of the vendor's side: signing in, the staff's own list, logins and clients."""

import re
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    RadioField,
    ValidationError,
)
from wtforms.fields import Field

from portal.forms.fields import (
    Blank,
    PhoneField,
    TextLine,
    at_most,
    email_address,
    filled,
    name_like,
    one_line,
    options,
    phone_number,
)

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


def address_part(_form: Any, field: Field) -> None:
    """Check what stands for a client in addresses, where it was typed."""
    if field.data and not _SLUG.fullmatch(field.data):
        raise ValidationError("Use 2 to 40 small letters, digits and hyphens.")


class StaffSignInForm(Blank):
    """Who, and with which password."""

    email = TextLine("Email", [filled("Enter your e-mail address."), at_most(254)])
    password = PasswordField("Password", [filled("Enter your password.")])
    next = HiddenField()


class CodeForm(Blank):
    """A code of the authenticator app, or a recovery code."""

    code = TextLine("Code", [filled("Enter the code."), at_most(100)])
    next = HiddenField()


class SetUpForm(CodeForm):
    """The proof that an authenticator app knows the secret."""

    sealed = HiddenField()


class CurrentPasswordForm(Blank):
    """One's own password, asked for again before something that matters."""

    current_password = PasswordField("Current password", [filled("Enter your current password.")])


class NewAddressForm(CurrentPasswordForm):
    """Another address to sign in with."""

    email = TextLine("New email", [filled("Enter the new address."), at_most(254), email_address])


class PasswordAndCodeForm(CurrentPasswordForm):
    """The password and a code of the authenticator app, before there are new recovery codes."""

    code = TextLine("Code from your app", [filled("Enter the code."), at_most(100)])


class RoleForm(Blank):
    """What somebody of the staff may do."""

    role = RadioField(
        "Role",
        choices=options(("support", "Support"), ("administrator", "Administrator")),
        default="support",
    )


class ColleagueForm(RoleForm):
    """Somebody new on the staff."""

    name = TextLine("Name", [filled("Enter the name."), at_most(100), name_like])
    email = TextLine("Email", [filled("Enter an e-mail address."), at_most(254), email_address])


class PortalUserForm(Blank):
    """Name and address of a login; an address that is left out stays as it is."""

    first_name = TextLine("First name", [filled("Enter the first name."), at_most(100), name_like])
    last_name = TextLine("Last name", [filled("Enter the last name."), at_most(100), name_like])
    email = TextLine("Email", [at_most(254), email_address])
    contacts_follow = BooleanField("Change it in the linked contacts too")


class ClientForm(Blank):
    """A new client with its first contact, the Primary one."""

    form_key = HiddenField()
    name = TextLine("Name", [filled("Enter the client's name."), at_most(100), name_like])
    slug = TextLine("Short name in the portal's address", [at_most(40), address_part])
    first_name = TextLine("First name", [filled("Enter the first name."), at_most(100), name_like])
    last_name = TextLine("Last name", [filled("Enter the last name."), at_most(100), name_like])
    email = TextLine("Email", [filled("Enter an e-mail address."), at_most(254), email_address])
    phone = PhoneField("Phone", [phone_number])


class ClientNameForm(Blank):
    """Which client it is about, by its name."""

    client = TextLine("Client", [filled("Enter the client's name."), at_most(100)])


class WhyForm(Blank):
    """Why somebody of the staff looks through a contact's eyes."""

    reason = TextLine("Reason", [filled("Say why; the client reads it."), at_most(100), one_line])


class NoAdminForm(Blank):
    """Why staff leave a client without an admin, asked when what they sent would do that."""

    no_admin_reason = TextLine("Reason", [at_most(100), one_line])


class ReasonForm(Blank):
    """Why staff do something that leaves a company without an admin."""

    reason = TextLine("Reason", [at_most(100), one_line])
