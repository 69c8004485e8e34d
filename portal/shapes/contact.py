"""Contacts on the wire: as they are, and as somebody wants them to be."""

from typing import Literal

from pydantic import Field

from portal.shapes.checks import (
    Asked,
    Code,
    Email,
    FirstName,
    LastName,
    Moment,
    Notes,
    Phone,
    RowId,
    Shape,
    ShortName,
    Title,
    Wanted,
)

Access = Literal["none", "email_only", "portal"]
Status = Literal["pending", "active", "inactive"]
LoginState = Literal["no_login", "email_only", "invited", "expired", "mail_failed", "login", "disabled"]
Scope = Literal["client", "property"]
Permission = Literal["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
Topic = Literal["billing", "work_orders", "reports", "account"]
Move = Literal[
    "authorize",
    "resend",
    "cancel-invitation",
    "send-reset",
    "reset-second-factor",
    "unlink",
    "deactivate",
    "activate",
    "delete",
]


class RoleShape(Shape):
    """A role: the same for every company, or one of the company's own."""

    id: int
    name: str
    permissions: list[Permission]


class ContactShape(Shape):
    """A person as one company knows them. `ETag` is the version that a change must name in `If-Match`."""

    id: int
    company_id: int
    honorific: str
    first_name: str
    last_name: str
    job_title: str
    phone: str = Field(description="E.164")
    mobile: str = Field(description="E.164")
    email: str | None
    contact_type: str
    category: str | None
    notes: str
    access: Access
    status: Status
    login_state: LoginState
    scope: Scope
    roles: list[RoleShape]
    permissions: list[Permission] = Field(description="Given by their own box, beside any role")
    topics: list[Topic]
    moves: list[Move] = Field(description="What can happen to the contact now")
    created_at: Moment
    changed_at: Moment


class ContactChange(Wanted):
    """What of a contact shall be otherwise. Rights, access and type need access:write (P5)."""

    honorific: Title = ""
    first_name: FirstName = ""
    last_name: LastName = ""
    job_title: ShortName = ""
    phone: Phone = ""
    mobile: Phone = ""
    email: Email | None = None
    contact_type: Code = Field("", description="The code of a contact type, such as primary or secondary")
    category: Code | None = None
    notes: Notes = ""
    access: Access = "none"
    roles: list[RowId] = Field(default_factory=list, max_length=100, description="All of them, by id")
    permissions: list[Permission] = Field(default_factory=list, max_length=6)
    topics: list[Topic] = Field(default_factory=list, max_length=4)


class NewContact(ContactChange):
    """A contact to add; without `access` it is an entry of the address book (none)."""

    first_name: FirstName
    last_name: LastName


class ContactPage(Shape):
    """Some contacts, and where to go on."""

    items: list[ContactShape]
    next: str | None = Field(description="The address of the next page")


class ContactsAsked(Asked):
    """Which contacts."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="Only ids above this one")
    limit: int = Field(50, ge=1, le=100, description="How many at most; 50 where nothing is said")
    q: str = Field("", max_length=100, description="Words of name, e-mail or phone")
    status: Status | None = None
    access: Access | None = None


class Moved(Shape):
    """What a move did, in a sentence, and the contact as it is now; null once it was deleted."""

    notice: str
    contact: ContactShape | None


class Links(Wanted):
    """How far a contact sees, and with `property` the properties it is linked to, all of them."""

    scope: Scope
    properties: list[RowId] = Field(default_factory=list, max_length=1_000)
