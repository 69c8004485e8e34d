"""What the tests of who may do what share: the permissions, the moves, a way to give somebody one role."""

from portal.extensions import db
from portal.models import Contact, ContactPermission, ContactRole, Role

SIX = ["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
ROLE_OF = {
    "admin": "client-admin",
    "billing": "billing",
    "reports": "reports",
    "work_orders": "requester",
    "edit_contacts": "contact-editor",
    "view_client": "property-manager",
}
MOVES = [
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
UNKNOWN = 2**31 - 1


# Plain forms are answered with 303; htmx gets what it shows (200) or where it goes (204).
DONE = {False: {303}, True: {200, 204}}


def only_role(contact_id: int, code: str | None) -> None:
    """Give a contact one preset role, or none."""
    db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == contact_id))
    db.session.execute(db.delete(ContactPermission).where(ContactPermission.contact_id == contact_id))
    if code:
        contact = db.session.get_one(Contact, contact_id)
        role = db.session.scalars(db.select(Role).where(Role.code == code)).unique().one()
        link = ContactRole(
            company_id=contact.company_id, contact_id=contact_id, role_id=role.id, role_owner=0
        )
        db.session.add(link)
