"""Who of the staff looks at the portal as which contact (T87)."""

from sqlalchemy import select

from portal.extensions import db
from portal.models import Company, StaffUser, ViewAs


def newest(person: StaffUser, contact_id: int, slug: str) -> ViewAs | None:
    """Return the last look of `person` through the eyes of this contact, ended or not; None without any."""
    query = (
        select(ViewAs)
        .join(Company, Company.id == ViewAs.company_id)
        .where(ViewAs.staff_user_id == person.id, ViewAs.contact_id == contact_id, Company.slug == slug)
    )
    return db.session.scalar(query.order_by(ViewAs.id.desc()).limit(1))


def going_on(person: StaffUser) -> ViewAs | None:
    """Return the look of `person` that was not stopped, whether or not its time is up."""
    query = select(ViewAs).where(ViewAs.staff_user_id == person.id, ViewAs.ended_at.is_(None))
    return db.session.scalar(query)
