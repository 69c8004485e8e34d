"""Who may ask for what, on the wire (S5)."""

from typing import Literal

from pydantic import Field

from portal.shapes.checks import Email, Moment, Phone, Shape, Wanted
from portal.shapes.contact import Access, LoginState, Permission, Scope, Status, Topic

Dealing = Literal[
    "portal", "invited", "email_only", "not_authorized", "disabled", "inactive", "left", "deleted"
]


class Right(Shape):
    """One permission that counts, and from where the contact has it, in words."""

    permission: Permission
    sources: list[str]


class Place(Shape):
    """A property a contact is linked to, since when and by whom."""

    id: int
    name: str
    address: str
    since: Moment
    linked_by: str


class AccessShape(Shape):
    """What one contact may ask for."""

    contact_id: int
    company_id: int
    company: str
    company_exited: bool
    name: str
    email: str | None
    access: Access
    status: Status
    login_state: LoginState
    authorized: bool = Field(description="True for who may ask for something now, by mail or in the portal")
    because: Dealing
    rights: list[Right]
    scope: Scope
    properties: list[Place]
    topics: list[Topic]


class AccessPage(Shape):
    """Everybody with this address or number, over all companies; empty for a sender nobody knows."""

    items: list[AccessShape]
    more: bool = Field(description="True where more have it than are said")


class Sender(Wanted):
    """Who writes or calls: an e-mail address or a phone number. In the body, so that no log holds it."""

    email: Email = ""
    phone: Phone = ""
