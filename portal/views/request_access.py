"""Asking for access without an invitation, where the vendor switched that on (behaviour 7)."""

from flask import Blueprint, Response, abort, current_app, request

from portal import htmx, tokens
from portal.actions.access_requests import Asked, ask_for_access, prove
from portal.extensions import db, limiter
from portal.forms.people import AccessRequestForm
from portal.guards import public
from portal.limits import per_account, per_address
from portal.models import AccessRequest

blueprint = Blueprint("request_access", __name__, url_prefix="/request-access")


@blueprint.before_request
def only_where_it_is_on() -> None:
    """Be not there at all unless SELF_SIGN_UP is on (404)."""
    if not current_app.config["SELF_SIGN_UP"]:
        abort(404)


@blueprint.route("", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
@limiter.limit(
    per_account,
    methods=["POST"],
    key_func=lambda: f"{request.remote_addr} {request.form.get('email', '')[:254].strip().casefold()}",
)
def ask() -> Response:
    """Take a request and answer the same words whatever is known of the address and the company."""
    form = AccessRequestForm()
    if not form.validate_on_submit():
        return htmx.page("request_access/form.html", form=form, status=422 if form.errors else 200)
    values = {name: getattr(form, name).data or "" for name in Asked.__dataclass_fields__}
    ask_for_access(Asked(**values))
    return htmx.page("request_access/sent.html", email=form.email.data)


@blueprint.route("/<token>", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
def confirm(token: str) -> Response:
    """Ask for one click, because mail scanners open links; a POST proves the address (L3)."""
    asked = _find(token)
    replaced = not tokens.fits(asked, token)
    if replaced or not asked.confirmable:
        proved = asked.confirmed_at is not None
        return htmx.page("request_access/dead.html", status=410, proved=proved, replaced=replaced)
    if request.method != "POST":
        return htmx.page("request_access/confirm.html", asked=asked)
    prove(asked)
    return htmx.page("request_access/done.html")


def _find(token: str) -> AccessRequest:
    row_id = tokens.row_id(token)
    found = db.session.get(AccessRequest, row_id) if row_id else None
    if found is None or not (tokens.fits(found, token) or tokens.once_fitted(found, token)):
        abort(404)
    return found
