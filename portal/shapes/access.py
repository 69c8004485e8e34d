"""Who may ask for what, on the wire (S5)."""

from pydantic import Field

from portal.shapes.checks import Asked, Moment, Shape
from portal.shapes.contact import Access, LoginState, Permission, Scope, Status, Topic


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
    authorized: bool = Field(
        description="True for who may deal with the vendor now: by mail or in the portal"
    )
    rights: list[Right]
    scope: Scope
    properties: list[Place]
    topics: list[Topic]


class AccessPage(Shape):
    """Everybody with this address or number, over all companies; empty for a sender nobody knows."""

    items: list[AccessShape]


class Sender(Asked):
    """Who asks."""

    sender: str = Field(min_length=3, max_length=254, description="An e-mail address or a phone number")
