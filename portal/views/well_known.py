"""Addresses that are no page: the brand's colour, the favicon, robots.txt and a sign of life."""

from flask import Blueprint, Response, current_app, redirect, request
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from portal.extensions import db, limiter
from portal.guards import public
from portal.templating import branding

blueprint = Blueprint("well_known", __name__)
YEAR = "public, max-age=31536000, immutable"


@blueprint.get("/brand.css")
@public
def brand() -> Response:
    """Answer with the one line that colours everything."""
    answer = Response(f":root{{--h:{branding().hue}}}\n", mimetype="text/css")
    answer.headers["Cache-Control"] = YEAR if "v" in request.args else "no-cache"
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


@blueprint.get("/health")
@public
@limiter.exempt
def health() -> Response:
    """Say whether the web process and its database answer."""
    db.session.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")
