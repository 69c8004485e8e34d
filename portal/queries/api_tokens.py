"""The tokens of the API: the list, one of them, and the one behind a secret."""

from portal.clock import now
from portal.extensions import db
from portal.models import ApiKeyUse, ApiToken
from portal.policy import Actor
from portal.tokens import hashed
from portal.visibility import over_all

# The newest; those that were revoked or expired long ago stay in the table and in the activity.
SHOWN = 100


def behind(secret: str) -> ApiToken | None:
    """Return the token with `secret`, None where there is none or it works no more (P12)."""
    token = db.session.scalar(db.select(ApiToken).where(ApiToken.key_hash == hashed(secret)))
    return token if token is not None and token.works(now()) else None


def newest(reader: Actor) -> list[ApiToken]:
    """Return the newest tokens, those that work first."""
    query = over_all(reader, ApiToken).order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    return list(db.session.scalars(query.limit(SHOWN)))


def found(reader: Actor, token_id: int) -> ApiToken | None:
    """Return the token with this id."""
    token: ApiToken | None = db.session.scalar(over_all(reader, ApiToken).where(ApiToken.id == token_id))
    return token


def use_of(token_id: int, key_hash: str) -> ApiKeyUse | None:
    """Return what is known of an Idempotency-Key that the token has used; None where it has not."""
    mine = (ApiKeyUse.token_id == token_id, ApiKeyUse.key_hash == key_hash)
    use: ApiKeyUse | None = db.session.scalar(db.select(ApiKeyUse).where(*mine))
    return use
