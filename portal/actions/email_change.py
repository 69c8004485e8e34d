"""Changing the address of a login: asked for, confirmed by the new address, told to the old one (L7)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit, invariants, mail
from portal.actions.access import end_sessions
from portal.actions.invite import end_login_links, login_link
from portal.actions.passwords import use_up
from portal.actions.recovery import keep_recovery
from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Ended, LoginLink, PortalUser, Purpose
from portal.models.keys import email_key, refresh
from portal.policy import Actor
from portal.queries.people import having_email
from portal.queries.sign_in import owner_of
from portal.refusals import FieldRefusal, NotNow

TAKEN = "This address belongs to another login by now, so nothing was changed."
# What no longer means anything once the login has another address.
_OF_THE_OLD_ADDRESS = (Purpose.RESET, Purpose.CONFIRM_EMAIL, Purpose.CHANGE_EMAIL)


@dataclass
class Moved:
    """What a confirmed change did: the login, and the contacts that got the new address or kept the old."""

    user: PortalUser
    followed: list[Contact] = field(default_factory=list)
    stayed: list[Contact] = field(default_factory=list)


def ask_email_change(user: PortalUser, address: str, by: Actor, *, contacts_follow: bool) -> LoginLink:
    """Send `address` the one live link that makes it the login's, and tell the address of now.

    Whether somebody else has the address already shows only when the link is used, so asking tells nothing.
    Raises FieldRefusal for the address of now, TooMany where too many links were sent lately.
    """
    if email_key(address) == user.email_key:
        raise FieldRefusal("email", "This is your address already.")
    link = login_link(user, Purpose.CHANGE_EMAIL, address)
    link.contacts_follow = contacts_follow
    mail.confirm_address(link)
    mail.email_change_asked(user)
    audit.record("asked to change the e-mail address of", by=by, user=user)
    return link


def cancel_email_change(user: PortalUser, by: Actor) -> None:
    """Let the link that waits at the new address die. Raises NotNow where none waits."""
    if not end_login_links(user, Purpose.CHANGE_EMAIL, Ended.CANCELLED):
        raise NotNow("No change of your address is waiting any more.")
    audit.record("cancelled the e-mail change of", by=by, user=user)


def taken(link: LoginLink) -> bool:
    """Return whether the address that `link` was sent to has become another login's (T45)."""
    owner = owner_of(link.email)
    return owner is not None and owner.id != link.portal_user_id


def confirm_email_change(link: LoginLink) -> Moved:
    """Use the link up: its address becomes the login's, every session and older link of it ends (B70).

    The contacts of the login that have the old address get the new one where that was asked for and nobody
    else in the company has it. Raises NotNow where the link or the address was taken meanwhile.
    """
    user, old = link.user, link.user.email
    contacts = _linked(user)
    for company_id in sorted({contact.company_id for contact in contacts}):
        invariants.watch(db.session(), company_id)
    if taken(link):
        raise NotNow(f"{TAKEN} Sign in as before and choose another address in your profile.")
    use_up(link)
    try:
        _set_address(user, link.email)
    except IntegrityError:
        raise NotNow(f"{TAKEN} Sign in as before and choose another address in your profile.") from None
    for purpose in _OF_THE_OLD_ADDRESS:
        end_login_links(user, purpose, Ended.CANCELLED)
    end_sessions(user)
    who = Actor(kind="user", name=user.name, user_id=user.id)
    audit.record("changed the e-mail address of", by=who, user=user, changes={"E-mail": (old, link.email)})
    mail.email_changed(user, old)
    moved = Moved(user)
    if link.contacts_follow:
        _let_follow(moved, [each for each in contacts if each.email_key == email_key(old)], who)
    return moved


def _linked(user: PortalUser) -> list[Contact]:
    mine = (Contact.portal_user_id == user.id, Contact.deleted_at.is_(None))
    return list(db.session.scalars(select(Contact).where(*mine).order_by(Contact.id)).unique())


def _set_address(user: PortalUser, address: str) -> None:
    user.email, user.email_key = address, email_key(address)
    user.email_confirmed_at = now()
    if user.recovery_email and email_key(user.recovery_email) == user.email_key:
        keep_recovery(user, None)
    db.session.flush()


def _let_follow(moved: Moved, contacts: Iterable[Contact], by: Actor) -> None:
    for contact in contacts:
        with db.session.no_autoflush:
            other = having_email(contact.company_id, moved.user.email, except_id=contact.id)
        if other is not None:
            moved.stayed.append(contact)
            continue
        before, contact.email = contact.email, moved.user.email
        refresh(contact)
        contact.changed_at = now()
        audit.record("edited", by=by, contact=contact, changes={"E-mail": (before, contact.email)})
        moved.followed.append(contact)
    db.session.flush()
