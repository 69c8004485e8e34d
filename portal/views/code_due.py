"""What stands between the right password and the code: a few minutes, bound to this browser, no session."""

from dataclasses import asdict, dataclass

from flask import Response, request, session, url_for

from portal import htmx, second_factor
from portal.clock import now
from portal.extensions import db
from portal.models import PortalUser
from portal.queries.factors import known_address
from portal.tokens import hashed

MINUTES = 10
_KEY = "code_due"


@dataclass(frozen=True)
class CodeDue:
    """Somebody who has proved the password of a login, and how they wanted to sign in.

    It travels in the signed cookie. `proof` ends it when the password changes; `known` says that the login
    signed in from the network address `address` before; `invitation` is one to accept then.
    """

    user_id: int
    since: float
    proof: str
    address: str
    known: bool
    remembered: bool = False
    next: str = ""
    invitation: int = 0


def ask(user: PortalUser, *, remembered: bool = False, next: str = "", invitation: int = 0) -> Response:
    """Note that this browser has proved the password of `user`, and lead to the page for the code."""
    address = request.remote_addr or ""
    known = known_address(user, address)
    due = CodeDue(user.id, now().timestamp(), _proof(user), address, known, remembered, next, invitation)
    session[_KEY] = asdict(due)
    return htmx.go(url_for("code.show"))


def noted() -> CodeDue | None:
    """Return what this browser has proved, None where that is nothing or too long ago."""
    facts = session.get(_KEY)
    due = CodeDue(**facts) if facts else None
    return due if due and 0 <= now().timestamp() - due.since < MINUTES * 60 else None


def user_of(due: CodeDue) -> PortalUser | None:
    """Return the login whose code is due; None where it cannot sign in, or its password is another."""
    user = db.session.get(PortalUser, due.user_id)
    fits = user is not None and user.able and _proof(user) == due.proof
    return user if fits and user is not None and second_factor.of(user) is not None else None


def forget() -> None:
    """Forget what this browser has proved."""
    session.pop(_KEY, None)


def _proof(user: PortalUser) -> str:
    return hashed(user.password_hash or "")[:16]
