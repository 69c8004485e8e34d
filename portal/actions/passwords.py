"""Passwords: asking for a reset, answering it in the background, setting a new one, changing one's own."""

from sqlalchemy import select, update

from portal import audit, invariants, lifecycle, mail, outbox
from portal.actions.access import end_sessions
from portal.actions.invite import end_login_links, invite, login_link
from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Ended, LoginLink, PasswordRequest, PortalUser, Purpose
from portal.models.keys import email_key
from portal.policy import STRANGER, Actor
from portal.queries.sign_in import companies_of, owner_of, recovered_by
from portal.refusals import NotNow, TooMany
from portal.transaction import after_commit


def ask_for_reset(email: str, address: str) -> None:
    """Note that somebody asked for a reset of `email`; answered later, so known and unknown look alike."""
    request = PasswordRequest(email=email, address=address[:40])
    db.session.add(request)
    db.session.flush()
    request_id = request.id
    after_commit(lambda: outbox.wake_request(request_id))


def answer_request(request_id: int) -> None:
    """Answer one asked-for reset: a link to the login that owns the address, or a fresh invitation to
    contacts that still wait for theirs, or nothing. Answers each request once."""
    query = update(PasswordRequest).where(
        PasswordRequest.id == request_id, PasswordRequest.answered_at.is_(None)
    )
    if db.session.execute(query.values(answered_at=now())).rowcount != 1:  # type: ignore[attr-defined]
        return
    request = db.session.get_one(PasswordRequest, request_id)
    try:
        _answer(request.email)
    except TooMany:
        return


def _answer(email: str) -> None:
    owner = owner_of(email)
    if owner is not None and _may_reset(owner):
        mail.password_reset(login_link(owner, Purpose.RESET, owner.email))
        audit.record("asked for a password reset", by=STRANGER, user=owner)
    for user in recovered_by(email):
        if _may_reset(user):
            _answer_to_recovery(user)
    if owner is not None and _may_reset(owner):
        return
    for contact in _waiting_with(email):
        invariants.watch(db.session(), contact.company_id)
        db.session.refresh(contact)
        if lifecycle.situation(contact) is not lifecycle.Situation.PENDING:
            continue  # accepted or cancelled while we waited for the lock
        invite(
            contact, contact.live_invitation.invited_by if contact.live_invitation else contact.company.name
        )
        audit.record("asked for a new link", by=STRANGER, contact=contact)


def _may_reset(user: PortalUser) -> bool:
    return bool(user.password_hash and not user.disabled_at and companies_of(user))


def _answer_to_recovery(user: PortalUser) -> None:
    """Send the link to the confirmed recovery e-mail, and tell the login's own address that it went there."""
    assert user.recovery_email is not None
    mail.password_reset(login_link(user, Purpose.RESET, user.recovery_email))
    mail.recovery_used(user)
    audit.record("asked for a reset by recovery e-mail of", by=STRANGER, user=user)


def _waiting_with(email: str) -> list[Contact]:
    """Return the contacts with this address whose invitation is still to be accepted."""
    query = select(Contact).where(Contact.email_key == email_key(email), Contact.deleted_at.is_(None))
    found = db.session.scalars(query).unique()
    pending = lifecycle.Situation.PENDING
    return [each for each in found if lifecycle.situation(each) is pending and each.company.exited_at is None]


def reset_stands(link: LoginLink) -> bool:
    """Return whether a reset link can be used: live, its login not shut, its address still the login's.

    The login's address is its own, or a recovery e-mail that its owner has confirmed.
    """
    user = link.user
    recovers = user.recovery_confirmed_at is not None and email_key(link.email) == user.recovery_key
    its_own = email_key(link.email) == user.email_key
    return link.open and (its_own or recovers) and user.closed_at is None and not user.disabled_at


def reset_password(link: LoginLink, password_hash: str) -> PortalUser:
    """Use the link up and set the new password; every signed-in browser of the login ends.

    Raises NotNow where the link was used or ended meanwhile.
    """
    use_up(link)
    _set(link.user, password_hash)
    if link.user.email_confirmed_at is None and email_key(link.email) == link.user.email_key:
        link.user.email_confirmed_at = now()
    audit.record(
        "reset the password", by=Actor(kind="user", name=link.user.name, user_id=link.user.id), user=link.user
    )
    mail.password_changed(link.user)
    return link.user


def change_password(user: PortalUser, password_hash: str, by: Actor) -> None:
    """Set a new password for somebody signed in; all their browsers end, the caller starts a new session."""
    _set(user, password_hash)
    audit.record("changed the password", by=by, user=user)
    mail.password_changed(user)


def ask_to_confirm(user: PortalUser, purpose: Purpose, by: Actor) -> str:
    """Send a link to the login's own or recovery address whose use proves it; return the address."""
    address = user.email if purpose is Purpose.CONFIRM_EMAIL else user.recovery_email
    assert address is not None
    mail.confirm_address(login_link(user, purpose, address))
    audit.record("asked to confirm an address", by=by, user=user)
    return address


def confirm_address(link: LoginLink) -> None:
    """Use the link up: the address it was sent to is proved. Raises NotNow where it cannot be any more."""
    user = link.user
    if link.purpose == Purpose.CONFIRM_EMAIL:
        other = owner_of(link.email)
        if email_key(link.email) != user.email_key or (other is not None and other.id != user.id):
            raise NotNow("This address belongs to another login. Ask your company's admin for an invitation.")
        use_up(link)
        user.email_confirmed_at = now()
    else:
        if email_key(link.email) != email_key(user.recovery_email or "@"):
            raise NotNow("The recovery e-mail was changed since this link was sent.")
        use_up(link)
        user.recovery_confirmed_at = now()
    audit.record("confirmed an address", by=Actor(kind="user", name=user.name, user_id=user.id), user=user)


def use_up(link: LoginLink) -> None:
    """Consume the link in one conditional UPDATE. Raises NotNow where it was used or ended meanwhile (L3)."""
    query = update(LoginLink).where(
        LoginLink.id == link.id, LoginLink.ended_at.is_(None), LoginLink.expires_at > now()
    )
    result = db.session.execute(query.values(ended_at=now(), ended_as=Ended.USED))
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise NotNow("This link was used or replaced a moment ago. Open it again to see what to do.")


def _set(user: PortalUser, password_hash: str) -> None:
    user.password_hash = password_hash
    user.password_set_at = now()
    user.must_change_password = False
    user.initial_password_until = user.initial_password_used_at = None
    # A change of the address that somebody else asked for dies with the password they knew.
    for purpose in (Purpose.RESET, Purpose.CHANGE_EMAIL):
        end_login_links(user, purpose, Ended.CANCELLED)
    end_sessions(user)
