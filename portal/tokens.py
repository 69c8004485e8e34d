"""The secrets that travel: link tokens (made from a row, never kept) and the keys of sign-in sessions."""

import base64
import hashlib
import hmac
import secrets

from flask import current_app

from portal.models import AccessRequest, Invitation, LoginLink, Purpose, StaffLink, StaffPurpose

MAX_LENGTH = 80
Link = Invitation | LoginLink | StaffLink | AccessRequest


def link_token(link: Link) -> str:
    """Return the token for `link`: its id, a dot and an HMAC over purpose, id, generation, owner and address.

    The same row gives the same token at every retry of its mail (behaviour L2).
    """
    return f"{link.id}.{_sign(_facts(link), _keys()[0])}"


def row_id(token: str) -> int | None:
    """Return the row id that `token` claims, or None where it cannot be a token at all."""
    head, dot, mark = token.partition(".")
    if not dot or not mark or len(token) > MAX_LENGTH or not token.isascii():
        return None
    return int(head) if head.isdecimal() and 0 < int(head) < 2**31 else None


def fits(link: Link, token: str) -> bool:
    """Return whether `token` was made from `link`, in constant time; older keys still count."""
    mark = token.partition(".")[2].encode()
    return any(hmac.compare_digest(_sign(_facts(link), key).encode(), mark) for key in _keys())


def once_fitted(asked: AccessRequest, token: str) -> bool:
    """Return whether `token` is an earlier link of a request that was sent a newer one since."""
    mark = token.partition(".")[2].encode()
    earlier = [_facts(asked, generation) for generation in range(1, asked.generation)]
    return any(hmac.compare_digest(_sign(facts, key).encode(), mark) for facts in earlier for key in _keys())


def new_session_key() -> str:
    """Return 256 random bits for a session cookie."""
    return secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """Return what the database keeps of a session key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _facts(link: Link, generation: int = 0) -> bytes:
    if isinstance(link, AccessRequest):
        purpose, owner = "access_request", 0
    elif isinstance(link, Invitation):
        purpose, owner = str(Purpose.INVITATION), link.contact_id
    elif isinstance(link, StaffLink):
        other = "" if link.purpose == StaffPurpose.PASSWORD else f" {link.purpose}"
        purpose, owner = f"staff{other}", link.staff_user_id
    else:
        purpose, owner = link.purpose, link.portal_user_id
    return "\n".join(
        (purpose, str(link.id), str(generation or link.generation), str(owner), link.email)
    ).encode()


def _sign(facts: bytes, key: str) -> str:
    digest = hmac.new(b"gatehouse link\n" + key.encode(), facts, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _keys() -> list[str]:
    older = current_app.config.get("SECRET_KEY_FALLBACKS") or []
    return [current_app.config["SECRET_KEY"], *older]
