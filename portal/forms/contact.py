"""The one form to add and to edit a contact, in three parts; which fields it has depends on the reader."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from wtforms import (
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import Field

from portal.forms.fields import (
    Blank,
    FilledFrom,
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

ACCESS = options(("portal", "Yes"), ("email_only", "E-mail only"), ("none", "No"))
PERMISSIONS = options(
    ("admin", "Admin Access"),
    ("billing", "Access Billing"),
    ("reports", "Access Reports"),
    ("work_orders", "Create Work Order"),
    ("edit_contacts", "Edit Contact"),
    ("view_client", "View Client"),
)
TOPICS = options(
    ("billing", "Billing"), ("work_orders", "Work orders"), ("reports", "Reports"), ("account", "Account")
)
GONE = "Something that was ticked cannot be given any more. Look at what is ticked and save again."
_USERNAME = re.compile(r"[\w.\-]{3,40}")
_NO_LETTER = re.compile(r"[\W\d_]+")
# What others would take for the vendor or for a part of the program.
_RESERVED = {
    *("abuse", "admin", "administrator", "anonymous", "everyone", "gatehouse", "helpdesk", "hostmaster"),
    *("info", "mailerdaemon", "nobody", "noreply", "null", "owner", "portal", "postmaster", "root"),
    *("security", "staff", "support", "sysadmin", "system", "undefined", "user", "username", "webmaster"),
}


def username_like(_form: Any, field: Field) -> None:
    """Check a user name where one was typed: no address or number, nothing that looks like the vendor."""
    if not field.data:
        return
    if not _USERNAME.fullmatch(field.data):
        raise ValidationError("Use 3 to 40 letters, digits, dots, hyphens or underscores.")
    if not any(char.isalpha() for char in field.data):
        raise ValidationError("Use at least one letter.")
    if _NO_LETTER.sub("", unicodedata.normalize("NFKC", field.data).casefold()) in _RESERVED:
        raise ValidationError("This user name is reserved. Choose another one.")


class ContactForm(Blank):
    """Details, Login & Permissions, Additional Settings."""

    # The roles and types that the reader can give, looked up once for choices, preview and page.
    offered_roles: Sequence[Any] = ()
    offered_types: Sequence[Any] = ()
    offered_categories: Sequence[Any] = ()

    honorific = TextLine("Title", [at_most(20), name_like])
    first_name = TextLine("First name", [filled("Enter the first name."), at_most(100), name_like])
    last_name = TextLine("Last name", [filled("Enter the last name."), at_most(100), name_like])
    job_title = TextLine("Job title", [at_most(100), name_like])
    phone = PhoneField("Phone", [phone_number])
    mobile = PhoneField("Mobile", [phone_number])
    email = TextLine("Email", [email_address])
    contact_type = SelectField("Contact type", validate_choice=True)

    access = RadioField("Authorize user", choices=ACCESS, default="portal")
    roles = SelectMultipleField("Roles", coerce=int, invalid_choice_message=GONE)
    permissions = SelectMultipleField("Permissions", choices=PERMISSIONS, invalid_choice_message=GONE)
    username = TextLine("User name", [username_like])
    initial_password = PasswordField("Initial password")
    recovery_email = TextLine("Recovery e-mail", [email_address])

    category = SelectField("Category")
    notes = TextAreaField("Notes", [at_most(5_000), several_lines])
    topics = SelectMultipleField("E-mail about", choices=TOPICS)

    version = FilledFrom()
    form_key = HiddenField()
    # The names of the parts this page showed, so an empty set of boxes is told from a set not shown at all.
    shown = HiddenField()
    # The access and boxes that the page was made with: what was left alone is told from what is meant.
    ticked = FilledFrom()

    def keep_only(self, names: Collection[str]) -> None:
        """Take away every field the reader may not set."""
        for name in [name for name in self._fields if name not in names and name not in _ALWAYS]:
            delattr(self, name)

    def has(self, name: str) -> bool:
        """Return whether the reader was shown the field `name`."""
        return name in self._fields

    def value(self, name: str, default: Any = None) -> Any:
        """Return what the field `name` holds, `default` where the form does not have it."""
        return self._fields[name].data if name in self._fields else default

    def validate_email(self, field: Field) -> None:
        """An address is needed for any access but No."""
        if not field.data and self.value("access", "none") != "none":
            raise ValidationError("Enter an e-mail address, or choose No under Authorize user.")

    def validate_username(self, field: Field) -> None:
        """A user name and a recovery e-mail belong to a login that is made now."""
        if field.data and not self.value("initial_password"):
            raise ValidationError(
                "Set an initial password too, or leave this empty: it is chosen with the invitation."
            )

    def validate_recovery_email(self, field: Field) -> None:
        """See validate_username."""
        if field.data and not self.value("initial_password"):
            raise ValidationError("Set an initial password too, or leave this empty.")

    def validate_initial_password(self, field: Field) -> None:
        """An initial password only makes sense for somebody who may log in."""
        if field.data and self.value("access") != "portal":
            raise ValidationError("Choose Yes under Authorize user, or leave this empty.")


_ALWAYS = frozenset({"version", "form_key", "shown", "ticked", "csrf_token"})
