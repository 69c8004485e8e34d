"""Looking at the portal as a contact sees it, and stopping: both stand in the client's activity (T87)."""

from datetime import timedelta

from portal import audit, staff_policy
from portal.clock import now
from portal.extensions import db
from portal.models import Contact, StaffUser, ViewAs
from portal.policy import Actor
from portal.queries.sign_in import membership_of
from portal.queries.staff.view_as import going_on
from portal.refusals import NotNow
from portal.staff_policy import Deed

LIFE = timedelta(minutes=30)


def start(contact: Contact, person: StaffUser, reason: str, by: Actor) -> ViewAs:
    """Let `person` see for half an hour what `contact` sees; an earlier look of theirs ends.

    Raises NotNow for a contact who cannot sign in to the company.
    """
    staff_policy.demand(by.staff_role, Deed.VIEW_AS)
    if membership_of(contact.id, contact.company.slug) is None:
        raise NotNow(f"{contact.name} cannot sign in, so there is nothing to see.")
    stop(person, by)
    look = ViewAs(
        staff_user_id=person.id,
        company_id=contact.company_id,
        contact_id=contact.id,
        reason=reason,
        started_at=now(),
        expires_at=now() + LIFE,
    )
    db.session.add(look)
    changes = {"For": ("", f"{LIFE.seconds // 60} minutes")}
    audit.record("started to see the portal as", by=by, contact=contact, reason=reason, changes=changes)
    return look


def stop(person: StaffUser, by: Actor) -> Contact | None:
    """End the look of `person`, if there is one, and return through whose eyes it was."""
    look = going_on(person)
    if look is None:
        return None
    look.ended_at = min(now(), look.expires_at)
    contact = db.session.get_one(Contact, look.contact_id)
    audit.record("stopped seeing the portal as", by=by, contact=contact)
    db.session.flush()
    return contact
