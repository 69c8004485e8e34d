"""Making logins: by an admin with an initial password, or by a person who accepts an invitation."""

from flask import current_app

from portal import audit, passwords
from portal.actions.invite import end_invitation
from portal.actions.recovery import keep_recovery
from portal.clock import now
from portal.extensions import db
from portal.models import Access, Contact, Ended, PortalUser
from portal.models.keys import email_key, username_key
from portal.policy import Actor
from portal.queries.sign_in import owner_of, username_taken
from portal.refusals import FieldRefusal


def make_login(
    contact: Contact, password: str, username: str | None, recovery_email: str | None, by: Actor
) -> PortalUser | None:
    """Return a new login linked to `contact`; its initial password must be changed and dies unused (C14).

    None where the address already belongs to a login: the typed password is dropped and the caller invites.
    Raises FieldRefusal for a user name that is taken.
    """
    assert contact.email is not None
    if owner_of(contact.email) is not None:
        return None
    user = new_user(contact, passwords.hashed(password), username)
    user.must_change_password = True
    user.initial_password_until = now() + current_app.config["INITIAL_PASSWORD_LIFE"]
    if recovery_email:
        keep_recovery(user, recovery_email)
    before = contact.access
    link(contact, user, Ended.CANCELLED)
    audit.record(
        "made a login for", by=by, contact=contact, changes={"Portal access": (before, Access.PORTAL)}
    )
    return user


def new_user(contact: Contact, password_hash: str, username: str | None) -> PortalUser:
    """Return a new login with the names and the address of `contact`; the address is not confirmed yet.

    Raises FieldRefusal for a user name that is taken.
    """
    if username and username_taken(username):
        raise FieldRefusal("username", "This user name is taken. Choose another one.")
    user = PortalUser(
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=contact.email,
        email_key=email_key(contact.email or ""),
        username=username or None,
        username_key=username_key(username) if username else None,
        password_hash=password_hash,
        password_set_at=now(),
    )
    db.session.add(user)
    db.session.flush()
    return user


def link(contact: Contact, user: PortalUser, ended: Ended) -> None:
    """Let `user` work as `contact`; an invitation that is still live ends as `ended`."""
    end_invitation(contact, ended)
    contact.access = Access.PORTAL
    contact.portal_user_id = user.id
    contact.user = user
    contact.changed_at = now()
    db.session.flush()
