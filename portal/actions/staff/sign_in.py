"""The staff's own signing in: the password first, then the second factor, and only then a session (S1)."""

from datetime import timedelta

from flask import current_app

from portal import audit, mail, passwords, second_factor
from portal.clock import now
from portal.extensions import db
from portal.models import StaffSession, StaffUser
from portal.policy import STRANGER, Actor
from portal.queries.staff.sign_in import OnDuty, person_with
from portal.tokens import hashed, new_session_key
from portal.transaction import start_writing

# How long somebody may take between the password and the second factor.
HALFWAY = timedelta(minutes=10)


def check_password(email: str, password: str) -> StaffUser | None:
    """Return the person that `email` and `password` open, or None; a hash is computed in every case.

    Nobody is told whether address, password or the person's state was wrong. Every try leaves a trace.
    """
    person = person_with(email) if "@" in email else None
    right = passwords.fits(person.password_hash if person else None, password)
    start_writing()
    if person is None or not right or not person.able:
        about = person.name if person else ""
        audit.record(
            "staff sign in", by=STRANGER, about=about, result="refused", reason="no such person and password"
        )
        return None
    return person


def begin(person: StaffUser, *, address: str, browser: str) -> str:
    """Start the session of somebody who gave the password, of no use yet; return its key."""
    return _start(person, address=address, browser=browser, passed=False)


def give_code(who: OnDuty, code: str, *, recovery: bool, what: str = "staff sign in") -> bool:
    """Take the second factor of `who` for `what`: a code of the app or a recovery code. False where wrong."""
    factor = second_factor.of(who.person)
    left: int | None = None
    if factor is not None and recovery:
        left = second_factor.use_recovery_code(factor, code)
    elif factor is not None:
        left = 0 if second_factor.check(factor, who.person, code) else None
    right = left is not None
    if not right:
        audit.record(what, by=who.actor(), result="refused", reason="wrong code")
    elif recovery:
        audit.record("used a recovery code", by=who.actor(), changes={"Recovery codes": ("", f"{left} left")})
        mail.staff_changed(who.person, f"second factor: a recovery code was used, {left} are left")
    return right


def set_up_factor(who: OnDuty, secret: str, code: str) -> list[str] | None:
    """Make `secret` the second factor of `who` where `code` proves it; return the recovery codes, or None."""
    codes = second_factor.start(who.person, secret, code)
    if codes is not None:
        audit.record("set up the second factor", by=who.actor(), about=who.person.name)
        mail.staff_changed(who.person, "second factor was set up")
    return codes


def renew_codes(who: OnDuty) -> list[str]:
    """Return new recovery codes for `who`; the earlier ones no longer work."""
    factor = second_factor.of(who.person)
    assert factor is not None, "the gate lets nobody in without one"
    audit.record("made new recovery codes", by=who.actor(), about=who.person.name)
    mail.staff_changed(who.person, "recovery codes were made anew")
    return second_factor.new_recovery_codes(factor)


def finish(who: OnDuty, *, address: str, browser: str) -> str:
    """Turn the half session of `who` into a whole one with a new key, and return it."""
    who.session.ended_at = who.person.last_sign_in_at = now()
    audit.record("signed in", by=who.actor())
    return _start(who.person, address=address, browser=browser, passed=True)


def end_session(session: StaffSession, by: Actor) -> None:
    """End one browser of the staff."""
    if session.ended_at is None:
        session.ended_at = now()
        audit.record("signed out", by=by)


def end_sessions(person: StaffUser) -> None:
    """End every browser of `person`."""
    live = (StaffSession.staff_user_id == person.id, StaffSession.ended_at.is_(None))
    db.session.execute(db.update(StaffSession).where(*live).values(ended_at=now()))


def _start(person: StaffUser, *, address: str, browser: str, passed: bool) -> str:
    key, at = new_session_key(), now()
    db.session.add(
        StaffSession(
            key_hash=hashed(key),
            staff_user_id=person.id,
            passed_at=at if passed else None,
            created_at=at,
            last_seen_at=at,
            expires_at=at + (current_app.config["STAFF_LIFE"] if passed else HALFWAY),
            address=address[:40],
            browser=browser[:200],
        )
    )
    db.session.flush()
    return key
