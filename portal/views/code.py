"""The second page of signing in: a code of the authenticator app, or a recovery code."""

from flask import Blueprint, Response, current_app, request, url_for

from portal import htmx
from portal.actions import accepting
from portal.actions.factors import prove
from portal.extensions import db, limiter
from portal.forms.second_factor import CodeForm
from portal.guards import public, safe_next
from portal.limits import per_account, per_address, refused
from portal.models import Invitation, PortalUser
from portal.queries.sign_in import companies_of
from portal.refusals import NotNow
from portal.templating import branding, say
from portal.views import code_due
from portal.views.code_due import CodeDue
from portal.views.invitations import welcome
from portal.views.sign_in import enter

blueprint = Blueprint("code", __name__)
# The same words whether a code was wrong, too old, or used before.
WRONG = "That code does not work. Wait for the next one, or use a recovery code."


def _login() -> str:
    due = code_due.noted()
    return f"code {due.user_id if due else 0}"


def _from_a_known_place() -> bool:
    """Whoever guesses from elsewhere must not lock the owner out of the places they sign in from."""
    due = code_due.noted()
    return due is None or (due.known and due.address == (request.remote_addr or ""))


def _per_login() -> str:
    return str(current_app.config["CODE_LIMIT"])


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"], deduct_when=refused)
@limiter.limit(
    per_account,
    methods=["POST"],
    key_func=lambda: f"{request.remote_addr} {_login()}",
    deduct_when=refused,
)
@limiter.limit(
    _per_login, methods=["POST"], key_func=_login, deduct_when=refused, exempt_when=_from_a_known_place
)
def show() -> Response:
    """Ask for the code; the right one signs in, with what the password page was told."""
    due = code_due.noted()
    user = code_due.user_of(due) if due else None
    if due is None or user is None or not (due.invitation or companies_of(user)):
        code_due.forget()
        return htmx.go(url_for("sign_in.sign_in", next=safe_next(due.next) if due else None))
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(form, user)
    told = prove(user, form.code.data)
    if told is None:
        form.code.errors = [WRONG]
        return _page(form, user)
    answer = _in(user, due)
    if told:
        say(told)
    return answer


def _page(form: CodeForm, user: PortalUser) -> Response:
    return htmx.page(
        "sign_in/code.html",
        form=form,
        by_recovery=request.values.get("by") == "recovery",
        # Only the vendor's staff may reset the second factor of a login that serves several companies.
        ask=branding().name if user.companies_linked > 1 else "your company's client admin",
        status=422 if form.errors else 200,
    )


def _in(user: PortalUser, due: CodeDue) -> Response:
    """Sign in and lead on: to the page that was wanted, or into the company whose invitation is accepted."""
    if due.invitation:
        invitation = db.session.get_one(Invitation, due.invitation)
        accepting.lock(invitation)
        if not accepting.stands(invitation):
            raise NotNow("This link was used or replaced a moment ago. Open it again to see what to do.")
        accepting.accept_with_login(invitation, user, request.remote_addr or "")
        return welcome(invitation, user)
    enter(user, remembered=due.remembered)
    return htmx.go(safe_next(due.next) or url_for("sign_in.home"))
