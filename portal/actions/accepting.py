"""Accepting an invitation: with a new login or with the one that owns the address (behaviour 4, L3, L6)."""

from sqlalchemy import func, select, update

from portal import audit, invariants
from portal.actions.invite import invite
from portal.actions.logins import link, new_user
from portal.clock import now
from portal.extensions import db
from portal.models import Access, Contact, Ended, Invitation, PortalUser, TermsAcceptance, TermsVersion
from portal.models.keys import email_key
from portal.policy import STRANGER, Actor
from portal.queries.sign_in import owner_of
from portal.refusals import NotNow, TooMany


def lock(invitation: Invitation) -> None:
    """Take the company's lock and read the invitation again, before it is judged."""
    invariants.watch(db.session(), invitation.company_id)
    db.session.refresh(invitation)
    db.session.refresh(invitation.contact)


def stands(invitation: Invitation) -> bool:
    """Return whether the link can be used: itself live, and its contact still waiting at that address."""
    contact = invitation.contact
    same = contact.email is not None and email_key(contact.email) == email_key(invitation.email)
    if invitation.open and same and _still_waiting(contact):
        return True
    # The contact is read after the link: somebody may have used it in between, and is told so.
    db.session.refresh(invitation)
    return False


def accept_with_new_login(
    invitation: Invitation, password_hash: str, username: str | None, address: str
) -> PortalUser:
    """Use the link up and return the new login, linked to the contact; its address is proved by the link.

    Raises NotNow where the link was used or ended meanwhile, FieldRefusal for a user name that is taken.
    """
    if owner_of(invitation.email) is not None:
        raise NotNow("This address already has a login. Open the link again and sign in with it.")
    _use_up(invitation)
    user = new_user(invitation.contact, password_hash, username)
    user.email_confirmed_at = now()
    _join(invitation, user, address)
    return user


def accept_with_login(invitation: Invitation, user: PortalUser, address: str) -> None:
    """Use the link up for the login that owns the address. Raises NotNow where that cannot be."""
    owner = owner_of(invitation.email)
    if owner is None or owner.id != user.id or not user.password_hash or user.disabled_at:
        raise NotNow("This invitation is for another login.")
    already = select(Contact.id).where(
        Contact.company_id == invitation.company_id,
        Contact.portal_user_id == user.id,
        Contact.deleted_at.is_(None),
    )
    if db.session.scalar(already) is not None:
        raise NotNow(f"Your login already belongs to {invitation.contact.company.name}.")
    _use_up(invitation)
    _join(invitation, user, address)


def _use_up(invitation: Invitation) -> None:
    """Consume the link in one conditional UPDATE, so that two clicks make one login (L3)."""
    query = update(Invitation).where(
        Invitation.id == invitation.id, Invitation.ended_at.is_(None), Invitation.expires_at > now()
    )
    result = db.session.execute(query.values(ended_at=now(), ended_as=Ended.USED))
    if result.rowcount != 1 or not _still_waiting(invitation.contact):  # type: ignore[attr-defined]
        raise NotNow("This link was used or replaced a moment ago. Open it again to see what to do.")


def _still_waiting(contact: Contact) -> bool:
    """Return whether the contact can still be joined by an invitation."""
    waiting = contact.access == Access.PORTAL and contact.portal_user_id is None
    usable = contact.deleted_at is None and contact.deactivated_at is None
    return waiting and usable and contact.company.exited_at is None


def _join(invitation: Invitation, user: PortalUser, address: str) -> None:
    contact = invitation.contact
    link(contact, user, Ended.USED)
    accept_terms(user, address)
    who = Actor(
        kind="contact",
        name=contact.name,
        company_id=contact.company_id,
        contact_id=contact.id,
        user_id=user.id,
    )
    audit.record(
        "accepted the invitation", by=who, contact=contact, changes={"Status": ("pending", "active")}
    )


def accept_terms(user: PortalUser, address: str) -> None:
    """Note that `user` accepts the newest published terms, once."""
    newest = terms_for(user)
    if newest is None:
        return
    db.session.add(TermsAcceptance(portal_user_id=user.id, terms_version_id=newest.id, address=address[:40]))
    who = Actor(kind="user", name=user.name, user_id=user.id)
    audit.record("accepted the terms", by=who, user=user, changes={"Terms": ("", f"version {newest.number}")})


def terms_for(user: PortalUser | None) -> TermsVersion | None:
    """Return the terms that `user`, or somebody new, has yet to accept; nobody is asked twice."""
    newest = newest_terms()
    if newest is None or user is None:
        return newest
    return None if db.session.get(TermsAcceptance, (user.id, newest.id)) else newest


def newest_terms() -> TermsVersion | None:
    """Return the terms that are asked for, None where none are published."""
    published = select(func.max(TermsVersion.number)).where(TermsVersion.published_at.is_not(None))
    return db.session.scalar(select(TermsVersion).where(TermsVersion.number == published.scalar_subquery()))


def ask_again(invitation: Invitation) -> None:
    """Send a fresh link to the invited address where only time has run out; say nothing either way (L4)."""
    contact = invitation.contact
    if invitation.ended_at is not None or not invitation.expired or not _still_waiting(contact):
        return
    try:
        invite(contact, invitation.invited_by)
    except TooMany:
        return
    audit.record("asked for a new link", by=STRANGER, contact=contact)
