"""Idempotency-Keys of the API: the same request sent again makes nothing twice (T80)."""

from sqlalchemy.exc import IntegrityError

from portal.extensions import db
from portal.models import ApiKeyUse
from portal.queries import api_tokens
from portal.tokens import hashed


def claim(token_id: int, key: str, request: str) -> ApiKeyUse | None:
    """Return the use of `key` by the token for `request`, new or made before; None if it was for another one.

    Whoever makes something notes its id there, in the same transaction: what fails leaves the key unused.
    Of two at the same moment the second waits for the first.
    """
    key_hash, request_hash = hashed(f"{token_id} {key}"), hashed(f"{key}\n{request}")
    use = api_tokens.use_of(token_id, key_hash)
    if use is None:
        use = ApiKeyUse(token_id=token_id, key_hash=key_hash, request_hash=request_hash)
        try:
            with db.session.begin_nested():
                db.session.add(use)
        except IntegrityError:  # the same request, a moment ago
            use = api_tokens.use_of(token_id, key_hash)
    return use if use is not None and use.request_hash == request_hash else None
