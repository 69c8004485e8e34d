"""Making and revoking the tokens of the API; every administrator of the staff is told of both."""

import secrets
from collections.abc import Collection
from datetime import timedelta

from portal import audit, mail, staff_policy
from portal.clock import now
from portal.extensions import db
from portal.models import ApiScope, ApiToken
from portal.policy import Actor
from portal.queries.staff.people import locked_administrators
from portal.refusals import NotAllowed, NotNow
from portal.staff_policy import Deed
from portal.tokens import hashed

# What a secret starts with, so that scanners and people recognize one that leaked.
PREFIX = "gatehouse_"
HINT = 4


def make(name: str, scopes: Collection[ApiScope], days: int, by: Actor) -> tuple[ApiToken, str]:
    """Return a new token and its secret, which is kept nowhere. Only administrators may (NotAllowed)."""
    staff_policy.demand(by.staff_role, Deed.KEEP_API)
    if by.staff_id is None:
        raise NotAllowed("Only an administrator of the staff can do this.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name,
        key_hash=hashed(secret),
        hint=secret[-HINT:],
        scopes=[scope.value for scope in ApiScope if scope in scopes],
        made_by_id=by.staff_id,
        made_by=by.signed,
        expires_at=now() + timedelta(days=days),
    )
    db.session.add(token)
    changes = {"Scopes": ("", ", ".join(token.scopes)), "Days": ("", str(days))}
    audit.record("made the API token", by=by, about=name, changes=changes)
    may = ", ".join(token.scopes)
    tell(f"New API token: {name}", f"{by.name} made the API token {name}. It may be used for {may}.")
    return token, secret


def revoke(token: ApiToken, by: Actor) -> None:
    """End `token`; its next request is refused. Raises NotAllowed, or NotNow where that was done already."""
    staff_policy.demand(by.staff_role, Deed.KEEP_API)
    if token.revoked_at is not None:
        raise NotNow(f"The token {token.name} was revoked already.")
    token.revoked_at = now()
    audit.record("revoked the API token", by=by, about=token.name)
    tell(f"API token revoked: {token.name}", f"{by.name} revoked the API token {token.name}.")


def tell(heading: str, text: str) -> None:
    """Write to every administrator of the staff what was done about the API."""
    for person in locked_administrators():
        mail.api_news(person, heading, text)
