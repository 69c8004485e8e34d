"""Signing in and out: checking a password, starting a session row and ending it."""

from datetime import datetime

from sqlalchemy import update

from portal import audit, passwords
from portal.clock import now
from portal.extensions import db
from portal.models import Company, PortalUser, SignInSession
from portal.policy import STRANGER, Actor
from portal.queries import settings
from portal.queries.sign_in import candidates, companies_of
from portal.tokens import hashed, new_session_key
from portal.transaction import start_writing


def check_password(identity: str, password: str) -> PortalUser | None:
    """Return the login that `identity` and `password` open, or None; a hash is computed in every case.

    A login that is disabled, closed, without any company or past its initial password counts as not there,
    and nobody is told which it was (behaviour L8). Every try leaves its trace. A hash made
    at another cost than today's is made anew.
    """
    found = candidates(identity)
    match = next((user for user in found if passwords.fits(user.password_hash, password)), None)
    if not found:
        passwords.fits(None, password)
    seen = match.password_hash if match else None
    renewed = _renewed(match, password)
    start_writing()
    if match is None or not _still_opens(match, seen) or not _first_use(match):
        known = match or (found[0] if found else None)
        audit.record(
            "sign in", by=STRANGER, user=known, result="refused", reason="no such login and password"
        )
        return None
    if renewed:
        _keep(match, renewed)
    return match


def _still_opens(user: PortalUser, password_hash: str | None) -> bool:
    """Return whether the login can sign in with the password just compared, now that nobody else is at it.

    Comparing takes a while; whoever shuts the login or sets its password meanwhile ends its sessions, and
    would not find the one about to be made (T50, T83).
    """
    facts = ["password_hash", "disabled_at", "closed_at", "initial_password_until"]
    db.session.refresh(user, facts, with_for_update=True)
    return user.password_hash == password_hash and user.able and bool(companies_of(user))


def _first_use(user: PortalUser) -> bool:
    """Return whether the password of `user` may be used: an initial one works for one sign-in (C14).

    One conditional UPDATE, so that of two who know it only one comes in.
    """
    if user.initial_password_until is None:
        return True
    mine = (PortalUser.id == user.id, PortalUser.initial_password_used_at.is_(None))
    used = update(PortalUser).where(*mine).values(initial_password_used_at=now())
    return bool(db.session.execute(used).rowcount == 1)  # type: ignore[attr-defined]


def _renewed(user: PortalUser | None, password: str) -> str | None:
    """Return a new hash of the password that has just fitted, where the old one was made at another cost."""
    stale = user is not None and user.password_hash and passwords.outdated(user.password_hash)
    return passwords.hashed(password) if stale else None


def _keep(user: PortalUser, renewed: str) -> None:
    # Only in place of the very hash that fitted: the password may have been changed meanwhile.
    fitted = (PortalUser.id == user.id, PortalUser.password_hash == user.password_hash)
    db.session.execute(update(PortalUser).where(*fitted).values(password_hash=renewed))


def start_session(
    user: PortalUser, *, remembered: bool, address: str, browser: str, renewed: bool = False
) -> str:
    """Start a session for `user` and return its key, which only the cookie keeps.

    One that is only `renewed`, because its secret changed, is no sign-in and leaves no trace of one.
    """
    key = new_session_key()
    db.session.add(
        SignInSession(
            key_hash=hashed(key),
            portal_user_id=user.id,
            remembered=remembered,
            created_at=now(),
            last_seen_at=now(),
            expires_at=_end(remembered),
            address=address[:40],
            browser=browser[:200],
        )
    )
    if not renewed:
        user.last_sign_in_at = now()
        audit.record("signed in", by=Actor(kind="user", name=user.name, user_id=user.id), user=user)
    db.session.flush()
    return key


def _end(remembered: bool) -> datetime:
    return now() + settings.session_life(settings.vendor(), remembered=remembered)


def end_session(session: SignInSession, by: Actor) -> None:
    """End one signed-in browser."""
    if session.ended_at is None:
        session.ended_at = now()
        audit.record("signed out", by=by)


def replace_session(key: str | None) -> None:
    """End the session behind `key`, if there is one: its browser is about to get another.

    Signing in is what is written down; the row must not live on beside the new one (T48, T52).
    """
    if key:
        mine = (SignInSession.key_hash == hashed(key), SignInSession.ended_at.is_(None))
        db.session.execute(update(SignInSession).where(*mine).values(ended_at=now()))


def choose_company(session: SignInSession, company: Company) -> None:
    """Remember which company this browser works in."""
    session.company_id = company.id
