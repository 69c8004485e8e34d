"""Changing the address somebody of the staff signs in with: asked for, confirmed there, told to both (L7)."""

from sqlalchemy.exc import IntegrityError

from portal import audit, mail
from portal.actions.staff.passwords import end_links, new_link, use_up
from portal.actions.staff.sign_in import end_sessions
from portal.extensions import db
from portal.models import Ended, StaffLink, StaffPurpose, StaffUser
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries.staff.sign_in import acting, person_with
from portal.refusals import FieldRefusal, NotNow

TAKEN = "Somebody else of the staff has this address by now, so nothing was changed."


def ask_email_change(person: StaffUser, address: str, by: Actor) -> StaffLink:
    """Send `address` the one live link that makes it the person's, and tell the address of now.

    Whether a colleague has the address already shows only when the link is used. Raises FieldRefusal for
    the address of now.
    """
    if email_key(address) == person.email_key:
        raise FieldRefusal("email", "This is your address already.")
    link = new_link(person, StaffPurpose.CHANGE_EMAIL, address)
    mail.staff_email(link)
    mail.staff_changed(person, "e-mail address is to be another one, once that one is confirmed")
    audit.record("asked to change the e-mail address of", by=by, about=person.name)
    return link


def cancel_email_change(person: StaffUser, by: Actor) -> None:
    """Let the link that waits at the new address die. Raises NotNow where none waits."""
    if not end_links(person, Ended.CANCELLED, StaffPurpose.CHANGE_EMAIL):
        raise NotNow("No change of your address is waiting any more.")
    audit.record("cancelled the e-mail change of", by=by, about=person.name)


def taken(link: StaffLink) -> bool:
    """Return whether the address that `link` was sent to has become a colleague's (T45)."""
    owner = person_with(link.email)
    return owner is not None and owner.id != link.staff_user_id


def confirm_email_change(link: StaffLink) -> StaffUser:
    """Use the link up: its address becomes the person's, every session and every other link ends.

    Raises NotNow where the link or the address was taken meanwhile.
    """
    person, old = link.person, link.person.email
    if taken(link):
        raise NotNow(TAKEN)
    use_up(link)
    mail.staff_changed(person, "e-mail address was changed to another one")
    try:
        person.email, person.email_key = link.email, email_key(link.email)
        db.session.flush()
    except IntegrityError:
        raise NotNow(TAKEN) from None
    end_links(person, Ended.CANCELLED)
    end_sessions(person)
    changes = {"E-mail": (old, link.email)}
    audit.record("changed the e-mail address of", by=acting(person), about=person.name, changes=changes)
    mail.staff_changed(person, "e-mail address is this one now")
    return person
