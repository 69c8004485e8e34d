"""What happened: the activity of one contact, as far as the reader may know of it."""

from collections.abc import Collection

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Activity, Contact
from portal.policy import Actor

SHOWN = 12


def of_contact(contact: Contact, reader: Actor) -> list[Activity]:
    """Return the newest activity rows about `contact`, one more than is shown; refusals only for admins."""
    query = select(Activity).where(
        Activity.contact_id == contact.id, Activity.company_id == contact.company_id
    )
    if not reader.is_admin:
        query = query.where(Activity.result == "done")
    return list(db.session.scalars(query.order_by(Activity.id.desc()).limit(SHOWN + 1)))


def last_change(contact: Contact) -> Activity | None:
    """Return the newest thing that was done to `contact`."""
    query = select(Activity).where(Activity.contact_id == contact.id, Activity.result == "done")
    return db.session.scalars(query.order_by(Activity.id.desc()).limit(1)).first()


def newest() -> int:
    """Return the id of the newest activity row of all, 0 where nothing has happened yet."""
    return db.session.scalar(select(func.max(Activity.id))) or 0


def since(mark: int, contact_ids: Collection[int]) -> list[Activity]:
    """Return what was done to these contacts after the row with the id `mark`, the oldest first."""
    db.session.flush()
    query = select(Activity).where(
        Activity.id > mark, Activity.contact_id.in_(contact_ids), Activity.result == "done"
    )
    return list(db.session.scalars(query.order_by(Activity.id)))
