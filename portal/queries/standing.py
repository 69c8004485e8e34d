"""Questions about the installation as a whole: what waits, who could sign in, what belongs to the demo."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.extensions import db
from portal.invariants import can_sign_in, holds_permission
from portal.models import Access, Company, Contact, Letter, Permission, PortalUser, StaffUser, Webhook
from portal.models.letter import UNSENT
from portal.webhooks import host

# Names that no real address has (RFC 2606); the demo's people live there.
NOWHERE = ("example", "test", "invalid", "localhost")


def longest_due(due: ColumnElement[bool]) -> datetime | None:
    """Return since when the longest waiting letter that is `due` should be on its way, None where none is."""
    found: datetime | None = db.session.scalar(select(func.min(Letter.due_at)).where(UNSENT, due))
    return found


def paused_webhooks() -> list[str]:
    """Return the hosts of the webhooks that are called no more but were not removed."""
    query = select(Webhook).where(Webhook.paused_at.is_not(None), Webhook.removed_at.is_(None))
    return sorted({host(hook) for hook in db.session.scalars(query)})


def able_admin_of(company: type[Company]) -> ColumnElement[bool]:
    """Return the condition that `company` has an admin who can sign in."""
    return exists().where(
        Contact.company_id == company.id,
        Contact.portal_user_id == PortalUser.id,
        can_sign_in(),
        holds_permission(Permission.ADMIN),
    )


def without_admin() -> list[str]:
    """Return the names of the companies whose people use the portal, but none of whose admins can sign in."""
    used = exists().where(
        Contact.company_id == Company.id, Contact.deleted_at.is_(None), Contact.access == Access.PORTAL
    )
    query = select(Company.name).where(Company.exited_at.is_(None), used, ~able_admin_of(Company))
    return list(db.session.scalars(query.order_by(Company.name)))


def staff_administrators() -> int:
    """Return how many administrators of the vendor's staff there are."""
    query = select(func.count(StaffUser.id)).where(
        StaffUser.role == "administrator", StaffUser.disabled_at.is_(None)
    )
    return db.session.scalar(query) or 0


def nobodys_logins() -> int:
    """Return how many live logins, staff included, have an address that cannot exist."""
    users = select(func.count(PortalUser.id)).where(
        and_(PortalUser.closed_at.is_(None), PortalUser.password_hash.is_not(None)),
        _nowhere(PortalUser.email_key),
    )
    staff = select(func.count(StaffUser.id)).where(
        and_(StaffUser.disabled_at.is_(None), StaffUser.password_hash.is_not(None)),
        _nowhere(StaffUser.email_key),
    )
    return (db.session.scalar(users) or 0) + (db.session.scalar(staff) or 0)


def _nowhere(address: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return or_(*(address.like(f"%.{name}") | address.like(f"%@{name}") for name in NOWHERE))
