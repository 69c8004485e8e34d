"""Keeping the staff's own list: add, change the role, deactivate, activate, and let somebody in anew (S1).

The last administrator who can sign in stays one, also where two remove each other at the same moment.
"""

from portal import audit, mail, second_factor, staff_policy
from portal.actions.staff.passwords import end_links, new_link
from portal.actions.staff.sign_in import end_sessions
from portal.clock import now
from portal.extensions import db
from portal.models import Ended, StaffLink, StaffRole, StaffUser
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries.staff.people import locked_administrators
from portal.queries.staff.sign_in import person_with
from portal.refusals import FieldRefusal, NotAllowed, NotNow
from portal.staff_policy import Deed

ROLE = {StaffRole.SUPPORT: "Support", StaffRole.ADMINISTRATOR: "Administrator"}


def enter(name: str, email: str, role: StaffRole) -> StaffUser:
    """Return a new person of the staff, no password yet. Raises FieldRefusal for an address that is taken."""
    if person_with(email) is not None:
        raise FieldRefusal("email", "Somebody of the staff has this address already.")
    person = StaffUser(email=email, email_key=email_key(email), name=name, role=role)
    db.session.add(person)
    db.session.flush()
    return person


def add(name: str, email: str, role: StaffRole, by: Actor) -> StaffUser:
    """Return a new person of the staff, who gets a link by mail to choose a password."""
    _begin(by)
    person = enter(name, email, role)
    mail.staff_link(new_link(person), by.name, welcome=True)
    changes = {"E-mail": ("", email), "Role": ("", ROLE[role])}
    audit.record("added to the staff", by=by, about=name, changes=changes)
    return person


def change_role(person: StaffUser, role: StaffRole, by: Actor) -> None:
    """Give `person` another role. Raises NotAllowed for oneself, NotNow for the last administrator."""
    _begin(by, person)
    if person.role == role:
        return
    before, person.role = ROLE[StaffRole(person.role)], role
    _keep_one()
    audit.record("changed the role of", by=by, about=person.name, changes={"Role": (before, ROLE[role])})
    mail.staff_changed(person, f"role is {ROLE[role]} now")


def deactivate(person: StaffUser, by: Actor) -> None:
    """Shut `person` out until activated again: sessions and links end. Raises as change_role does."""
    _begin(by, person)
    if person.disabled_at is not None:
        raise NotNow(f"{person.name} is deactivated already.")
    person.disabled_at = now()
    end_sessions(person)
    end_links(person, Ended.CANCELLED)
    _keep_one()
    audit.record("deactivated", by=by, about=person.name, changes={"Status": ("active", "inactive")})


def activate(person: StaffUser, by: Actor) -> None:
    """Let `person` back in with the password and second factor of before."""
    _begin(by, person)
    if person.disabled_at is None:
        raise NotNow(f"{person.name} is active already.")
    person.disabled_at = None
    audit.record("activated", by=by, about=person.name, changes={"Status": ("inactive", "active")})


def start_anew(person: StaffUser, by: Actor) -> None:
    """Take password and second factor from `person` and mail a link to set up both: the one way back in.

    A new second factor thus needs the mailbox, never the password alone. Raises as change_role does.
    """
    _begin(by, person)
    if person.disabled_at is not None:
        raise NotNow(f"{person.name} is deactivated. Activate {person.name} first.")
    had_password = person.password_hash is not None
    link = forget_secrets(person)
    _keep_one()
    audit.record("reset the second factor and password of", by=by, about=person.name)
    mail.staff_link(link, by.name, welcome=not had_password)


def forget_secrets(person: StaffUser) -> StaffLink:
    """Take password and second factor from `person`, end all sessions, and return the link to start anew."""
    person.password_hash = None
    end_links(person, Ended.CANCELLED)
    second_factor.remove(person)
    end_sessions(person)
    return new_link(person)


def _begin(by: Actor, person: StaffUser | None = None) -> None:
    """Let nobody else change an administrator meanwhile, and read again what was read before that."""
    staff_policy.demand(by.staff_role, Deed.KEEP_STAFF)
    administrators = locked_administrators()
    if by.staff_id not in {each.id for each in administrators}:
        raise NotAllowed("Only an administrator of the staff can do this.")
    if person is not None:
        db.session.refresh(person, with_for_update=True)
        if person.id == by.staff_id:
            raise NotAllowed("You cannot do this to yourself. Ask another administrator.")


def _keep_one() -> None:
    db.session.flush()
    if not locked_administrators():
        raise NotNow("The staff need at least one administrator who can sign in.")
