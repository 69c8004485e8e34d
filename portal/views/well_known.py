"""Addresses that are no page: the brand's colour and logo, the icon, robots.txt, security.txt, health."""

from datetime import timedelta

from flask import Blueprint, Response, abort, current_app, redirect, request
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from portal.clock import now
from portal.extensions import db, limiter
from portal.guards import public
from portal.queries import settings
from portal.templating import branding

blueprint = Blueprint("well_known", __name__)
YEAR = "public, max-age=31536000, immutable"
# After that long nobody shall rely on it any more (RFC 9116 asks for less than a year).
SECURITY_DAYS = timedelta(days=90)


@blueprint.get("/brand.css")
@public
def brand() -> Response:
    """Answer with the one line that colours everything."""
    answer = Response(f":root{{--h:{branding().hue}}}\n", mimetype="text/css")
    answer.headers["Cache-Control"] = YEAR if "v" in request.args else "no-cache"
    return answer


@blueprint.get("/logo.png")
@public
def logo() -> Response:
    """Answer with the vendor's logo, which can do nothing but be looked at; 404 where there is none."""
    held = settings.logo()
    if held is None:
        abort(404)
    answer = Response(held.content, mimetype="image/png")
    fresh = request.args.get("v") == branding().logo_hash
    answer.headers["Cache-Control"] = YEAR if fresh else "no-cache"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@blueprint.get("/favicon.ico")
@public
def favicon() -> BaseResponse:
    """Lead browsers that ask without being told to the icon."""
    return redirect(current_app.jinja_env.globals["asset"]("favicon.svg"))  # type: ignore[operator]


@blueprint.get("/robots.txt")
@public
def robots() -> Response:
    """Keep search engines out."""
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@blueprint.get("/.well-known/security.txt")
@public
def security() -> Response:
    """Say whom to tell of a hole (RFC 9116); 404 where SECURITY_CONTACT names nobody."""
    contact, url = current_app.config["SECURITY_CONTACT"], current_app.config["PUBLIC_URL"]
    if not contact:
        abort(404)
    ends = (now() + SECURITY_DAYS).replace(hour=0, minute=0, second=0)
    lines = (
        f"Contact: {contact}",
        f"Expires: {ends:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {url}/.well-known/security.txt",
    )
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/health")
@public
@limiter.exempt
def health() -> Response:
    """Say whether the web process and its database answer."""
    db.session.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")
