"""The API's own door: a bearer token and its scope; no cookie opens it, and no token opens a page."""

from typing import Any, NoReturn

from flask import Response, abort, current_app, g, request
from sqlalchemy import update
from werkzeug.datastructures import WWWAuthenticate

from portal import api_policy, guards, invariants
from portal.clock import now
from portal.extensions import db, writing
from portal.models import ApiScope, ApiToken, Branding, Company, Scope
from portal.policy import STRANGER, Actor
from portal.queries import api_tokens, feed
from portal.refusals import NotNow
from portal.sides import api_side
from portal.transaction import unless_busy

LONGEST_SECRET = 100


def here() -> bool:
    """Return whether the running request belongs to the API."""
    return api_side(request.path)


def gate() -> Response | None:
    """Let the request in as what its token may do, or raise: 401 without a token that works, 403 without the
    scope, 404 for what is not there. A change takes the company's lock before anything of it is read."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "is_public", False):
        return None
    token = api_tokens.behind(secret()) if secret() else None
    if token is None:
        _turn_away()
    g.acting = _acting(token)
    _touch(token)
    scope: ApiScope | None = getattr(view, "scope", None)
    if scope is None:  # Flask's own answer to OPTIONS
        return None
    permissions = api_policy.permissions(token.scopes, scope)
    too: ApiScope | None = getattr(view, "scope_too", None)
    if too is not None:
        api_policy.permissions(token.scopes, too)
    company_id = _company_id(request.view_args or {})
    g.acting = _acting(token, permissions, company_id)
    return None


def secret() -> str:
    """Return the secret that the request carries; empty where it carries none that could be one."""
    given = request.authorization
    found = given.token or "" if given is not None and given.type == "bearer" else ""
    return found if len(found) <= LONGEST_SECRET else ""


def acting() -> Actor:
    """Return whose request this is."""
    who: Actor = g.get("acting") or STRANGER
    return who


def _turn_away() -> NoReturn:
    how = WWWAuthenticate("bearer", {"realm": "api", **({"error": "invalid_token"} if secret() else {})})
    abort(401, www_authenticate=how)


def _acting(
    token: ApiToken, permissions: frozenset[Any] = frozenset(), company_id: int | None = None
) -> Actor:
    """Return the token as who acts for the staff: traced with its own name (T87)."""
    brand = db.session.get(Branding, 1)
    return Actor(
        kind="staff",
        name=f"{brand.name if brand else 'Gatehouse'} API {token.name}"[:100],
        company_id=company_id,
        staff_id=token.made_by_id,
        permissions=permissions,
        scope=Scope.CLIENT,
        token_id=token.id,
    )


def _company_id(args: dict[str, Any]) -> int | None:
    """Return the company that the address speaks of, None where it is about all. Raises 404."""
    if not args.keys() & {"company_id", "contact_id", "property_id"}:
        return None
    company_id = feed.company_id_of(args)
    if company_id is None:
        abort(404)
    if request.method not in guards.SAFE_METHODS:
        invariants.watch(db.session(), company_id)
        company = db.session.get_one(Company, company_id)
        if company.exited_at is not None:
            raise NotNow(f"{company.name} was marked as exited. Nothing of it changes any more.")
    return company_id


def _touch(token: ApiToken) -> None:
    """Note that a token is in use, once a minute at most; a reading request does it apart and never waits."""
    last = token.last_used_at
    if last is not None and (now() - last).total_seconds() < guards.TOUCH_SECONDS:
        return
    if writing.get():
        token.last_used_at = now()
        return
    unless_busy(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now()))
