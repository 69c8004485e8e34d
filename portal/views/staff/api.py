"""The API's page of the staff, for administrators: its tokens, made and revoked here (S1)."""

from flask import Blueprint, Response, abort, current_app, url_for

from portal import htmx
from portal.actions.staff import api_tokens as actions
from portal.clock import now
from portal.forms.staff_api import SCOPES, TokenForm
from portal.models import ApiScope, ApiToken
from portal.queries import api_tokens
from portal.queries.staff import webhooks
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import day_month, say
from portal.views.staff import webhooks as webhook_pages

blueprint = Blueprint("api", __name__, url_prefix="/api")
blueprint.register_blueprint(webhook_pages.blueprint)


@blueprint.get("")
def index() -> Response:
    """Show the tokens, and where the document of the API is."""
    demand(Deed.KEEP_API)
    return htmx.page(
        "staff/api/index.html",
        webhooks=webhooks.kept(acting()),
        tokens=[_row(token) for token in api_tokens.newest(acting())],
        address=f"{current_app.config['PUBLIC_URL']}/api/v1",
        document=url_for("api.document"),
    )


def _row(token: ApiToken) -> dict[str, object]:
    may = [choice.label[:1].lower() + choice.label[1:] for choice in SCOPES if choice.value in token.scopes]
    state = "Revoked" if token.revoked_at else "Active" if token.works(now()) else "Expired"
    return {"token": token, "state": state, "may": may}


@blueprint.route("/tokens/new", methods=["GET", "POST"])
def new_token() -> Response:
    """Show the form, or make the token it describes and show its secret this once."""
    demand(Deed.KEEP_API)
    form = TokenForm()
    if not form.validate_on_submit():
        return htmx.page("staff/api/new_token.html", form=form, status=422 if form.errors else 200)
    scopes = [ApiScope(scope) for scope in form.scopes.data or []]
    token, secret = actions.make(form.name.data or "", scopes, int(form.days.data), acting())
    return htmx.page(
        "staff/api/secret.html",
        heading="Keep this token",
        words=f"{token.name} uses it until {day_month(token.expires_at)}.",
        secret=secret,
        onwards=url_for(".index"),
    )


@blueprint.post("/tokens/<id:token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """Revoke a token; its next request is refused."""
    demand(Deed.KEEP_API)
    token = api_tokens.found(acting(), token_id) or abort(404)
    actions.revoke(token, acting())
    say(f"The token {token.name} was revoked. Its next request is refused.")
    return htmx.go(url_for(".index"))
