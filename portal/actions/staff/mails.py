"""What staff do about a mail: try it again, cancel it, send a new link instead, and send a test (S7).

Two mails about one event never leave (M3): a retry carries the Message-ID and the link of the first try, and
what was sent is only followed by a new link, which is an event of its own.
"""

from collections.abc import Callable

from portal import audit, claims, invariants, outbox, staff_policy
from portal.actions import access
from portal.actions.staff import logins
from portal.clock import now
from portal.extensions import db
from portal.lifecycle import Move, objection
from portal.models import Contact, Invitation, Letter, LetterState, StaffUser
from portal.policy import Actor
from portal.queries.links import invited_just_now, reset_just_now
from portal.queries.staff.mails import login_of
from portal.refusals import NotNow
from portal.staff_policy import Deed
from portal.transaction import after_commit

CANCELLED = "Cancelled by the vendor's staff"
JUST_SENT = "Sent just now to {}. A minute later it can be sent again."
_OVER = {
    LetterState.SENT: "It was sent. A second mail about the same thing is never sent.",
    LetterState.SENDING: "It is being sent right now.",
    LetterState.CANCELLED: "It was cancelled.",
}


def retry(letter: Letter, by: Actor) -> str:
    """Have a mail that waits or failed tried at once."""
    _take(letter, Deed.RETRY_MAIL, by)
    claims.take_up_again(letter)
    after_commit(lambda: outbox.wake(letter.id))
    _record("retried a mail to", letter, by)
    return f"The mail to {letter.to_email} is tried again now."


def cancel(letter: Letter, by: Actor) -> str:
    """Keep a waiting mail from leaving; an admin sees at the invitation that its mail did not go out."""
    _take(letter, Deed.CANCEL_MAIL, by)
    claims.give_up(letter, LetterState.CANCELLED, CANCELLED)
    _record("cancelled a mail to", letter, by)
    return f"The mail to {letter.to_email} was cancelled."


def send_again(letter: Letter, by: Actor) -> str:
    """Send a new link instead of the one in the mail, by the action that belongs to it; the old one dies.

    Raises as that action does, for instance TooMany where too many links went there lately.
    """
    _take(letter, Deed.SEND_AGAIN, by)
    contact = _invited(letter)
    if contact is not None:
        staff_policy.demand(by.staff_role, Move.RESEND)
        invariants.watch(db.session(), contact.company_id)
        db.session.refresh(contact)
        return access.resend(contact, by)
    user = login_of(letter)
    assert user is not None
    return logins.send_reset(user, by)


def send_test(person: StaffUser, by: Actor) -> str:
    """Send a mail to oneself that says nothing but that mail arrives."""
    staff_policy.demand(by.staff_role, Deed.TEST_MAIL)
    outbox.post("test_mail", person.email, {"first_name": person.name, "when": now().isoformat()})
    audit.record("sent a test mail to", by=by, about=person.name)
    return f"A test mail is on its way to {person.email}."


ACTIONS: dict[Deed, Callable[[Letter, Actor], str]] = {
    Deed.RETRY_MAIL: retry,
    Deed.SEND_AGAIN: send_again,
    Deed.CANCEL_MAIL: cancel,
}


def possible(letter: Letter, by: Actor) -> list[Deed]:
    """Return what `by` may do about the mail and what can be done now, in the order of the page."""
    return [deed for deed in ACTIONS if staff_policy.may(by.staff_role, deed) and not why_not(letter, deed)]


def why_not(letter: Letter, deed: Deed) -> str:
    """Return why `deed` cannot be done about the mail now, as a sentence; empty if it can."""
    if deed is Deed.SEND_AGAIN:
        return _no_new_link(letter)
    over = _OVER.get(LetterState(letter.state), "")
    if deed is Deed.CANCEL_MAIL and letter.state in (LetterState.FAILED, LetterState.EXPIRED):
        over = "It failed already, and nothing waits to be sent."
    if over or deed is Deed.CANCEL_MAIL:
        return over
    if not claims.wanted(letter):
        return "What it tells is no longer so."
    return "It is too late: its time, or its link, has ended." if claims.end(letter) <= now() else ""


def _no_new_link(letter: Letter) -> str:
    contact = _invited(letter)
    if contact is not None:
        return objection(contact, Move.RESEND) or just_sent(letter)
    if letter.kind != "password_reset":
        return "Nothing in it can be sent anew."
    user = login_of(letter)
    if user is None or user.closed_at is not None or user.disabled_at is not None:
        return "The login was closed or disabled."
    if user.email_confirmed_at is None:
        return f"{user.name} has not confirmed the address yet."
    return just_sent(letter)


def just_sent(letter: Letter) -> str:
    """Return that a new link went to the same address within the last minute (L5); empty otherwise."""
    contact = _invited(letter)
    if contact is not None:
        return JUST_SENT.format(contact.email) if invited_just_now(contact) else ""
    user = login_of(letter) if letter.kind == "password_reset" else None
    return JUST_SENT.format(user.email) if user is not None and reset_just_now(user) else ""


def _invited(letter: Letter) -> Contact | None:
    link = db.session.get(Invitation, letter.invitation_id) if letter.invitation_id else None
    return link.contact if link else None


def _take(letter: Letter, deed: Deed, by: Actor) -> None:
    staff_policy.demand(by.staff_role, deed)
    reason = why_not(letter, deed)
    if reason:
        raise NotNow(reason)


def _record(what: str, letter: Letter, by: Actor) -> None:
    """Write it down where the client's admins see it, at the contact or login the mail is about."""
    contact, user = _invited(letter), login_of(letter)
    if contact is not None or user is not None:
        audit.record(what, by=by, contact=contact, user=user)
    else:
        audit.record(what, by=by, company_id=letter.company_id, about=letter.to_email)
