"""The staff's passwords: set by a one-time link, changed by their owner, chosen by nobody else (T87)."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import update

from portal import audit, mail
from portal.actions.staff.sign_in import end_sessions
from portal.clock import now
from portal.extensions import db
from portal.models import Ended, StaffLink, StaffPurpose, StaffUser
from portal.policy import Actor
from portal.queries.staff.sign_in import acting, newest_generation
from portal.refusals import NotNow


def new_link(person: StaffUser, purpose: StaffPurpose = StaffPurpose.PASSWORD, email: str = "") -> StaffLink:
    """Make the one live link of `person` for `purpose`; every earlier one of it dies.

    It goes to the person's own address, or to `email`.
    """
    end_links(person, Ended.REPLACED, purpose)
    life: timedelta = current_app.config["STAFF_LINK_LIFE"]
    link = StaffLink(
        staff_user_id=person.id,
        generation=newest_generation(person) + 1,
        purpose=purpose,
        email=email or person.email,
        created_at=now(),
        expires_at=now() + life,
    )
    link.person = person
    db.session.add(link)
    db.session.flush()
    return link


def end_links(person: StaffUser, ended: Ended, purpose: StaffPurpose | None = None) -> int:
    """End the live links of `person`, all of them or those of one purpose; return how many that were."""
    live = [StaffLink.staff_user_id == person.id, StaffLink.ended_at.is_(None)]
    if purpose is not None:
        live.append(StaffLink.purpose == purpose)
    result = db.session.execute(update(StaffLink).where(*live).values(ended_at=now(), ended_as=ended))
    return int(result.rowcount)  # type: ignore[attr-defined]


def link_stands(link: StaffLink) -> bool:
    """Return whether a link can be used: live, and its person not deactivated."""
    return link.ended_at is None and not link.expired and link.person.disabled_at is None


def set_password(link: StaffLink, password_hash: str) -> StaffUser:
    """Use the link up and set the password; every browser of the person ends.

    Raises NotNow where the link was used or ended meanwhile.
    """
    use_up(link)
    end_links(link.person, Ended.CANCELLED)
    _set(link.person, password_hash)
    audit.record("chose a password", by=acting(link.person), about=link.person.name)
    mail.staff_changed(link.person, "password was set")
    return link.person


def use_up(link: StaffLink) -> None:
    """Use the link, once. Raises NotNow where it was used or ended meanwhile, or its person deactivated."""
    query = update(StaffLink).where(
        StaffLink.id == link.id, StaffLink.ended_at.is_(None), StaffLink.expires_at > now()
    )
    used = db.session.execute(query.values(ended_at=now(), ended_as=Ended.USED))
    if used.rowcount != 1 or link.person.disabled_at is not None:  # type: ignore[attr-defined]
        raise NotNow("This link was used or replaced a moment ago. Open it again to see what to do.")


def change_password(person: StaffUser, password_hash: str, by: Actor) -> None:
    """Set a new password for somebody signed in; all their browsers end, the caller starts a new session."""
    _set(person, password_hash)
    end_links(person, Ended.CANCELLED)
    audit.record("changed the password", by=by, about=person.name)
    mail.staff_changed(person, "password was changed")


def _set(person: StaffUser, password_hash: str) -> None:
    person.password_hash, person.password_set_at = password_hash, now()
    end_sessions(person)
