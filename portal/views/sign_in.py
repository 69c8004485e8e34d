"""Signing in and out, and the address / that leads on to the company."""

from flask import Blueprint, Response, current_app, make_response, redirect, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from portal import htmx
from portal.actions.profile import sign_out_everywhere
from portal.actions.sign_in import check_password, end_session, replace_session, start_session
from portal.extensions import limiter
from portal.forms.people import SignInForm
from portal.guards import SAFE_METHODS, public, reads_first, safe_next, signed_in
from portal.limits import per_account, per_address, refused
from portal.models import PortalUser
from portal.queries.sign_in import signed_in as behind
from portal.views import code_due

blueprint = Blueprint("sign_in", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@reads_first
@limiter.limit(per_address, methods=["POST"], deduct_when=refused)
@limiter.limit(per_account, methods=["POST"], key_func=lambda: _account_key(), deduct_when=refused)
def sign_in() -> Response | BaseResponse:
    """Show the sign-in page, or check what was typed; every failure looks the same."""
    form = SignInForm()
    if request.method in SAFE_METHODS:
        form.next.data = request.args.get("next", "")
        person = signed_in()
        return redirect(safe_next(form.next.data) or url_for(".home")) if person else _page(form)
    user = check_password(form.identity.data, form.password.data or "") if form.validate() else None
    if user is None:
        return _page(form, failed=not form.errors, status=422)
    return enter_or_ask(user, remembered=form.remember.data, next=safe_next(form.next.data) or "")


def _account_key() -> str:
    identity = request.form.get("identity", "")[:254].strip().casefold()
    return f"{request.remote_addr} {identity}"


def _page(form: SignInForm, *, failed: bool = False, status: int = 200) -> Response:
    town = current_app.extensions.get("try_as", dict)()
    return htmx.page(
        "sign_in/sign_in.html",
        status=status,
        form=form,
        failed=failed,
        ended=bool(request.args.get("next")) and not failed,
        try_as=town.get("people", []),
        demo_password=town.get("password", ""),
    )


def enter_or_ask(user: PortalUser, *, remembered: bool = False, next: str = "") -> Response:
    """Sign in whoever has proved the password and lead on to `next`, or ask for the code first."""
    if user.has_second_factor:
        return code_due.ask(user, remembered=remembered, next=next)
    enter(user, remembered=remembered)
    return htmx.go(next or url_for("sign_in.home"))


def enter(user: PortalUser, *, remembered: bool = False, renewed: bool = False) -> None:
    """Sign `user` in in this browser, with a new session and a new CSRF token; its old session ends.

    `renewed` says that the same person goes on.
    """
    replace_session(session.get("_user_id"))
    session.clear()
    key = start_session(
        user,
        remembered=remembered,
        address=request.remote_addr or "",
        browser=request.user_agent.string,
        renewed=renewed,
    )
    session.permanent = remembered
    person = behind(key)
    if person is not None:
        login_user(person)


@blueprint.post("/sign-out")
@public
def sign_out() -> Response | BaseResponse:
    """End this browser's session, or with `everywhere` those of all, clear what the browser kept, and lead to
    the sign-in page."""
    person = signed_in()
    if person is not None and request.form.get("everywhere"):
        sign_out_everywhere(person.user, person.actor())
    elif person is not None:
        end_session(person.session, person.actor())
    logout_user()
    session.clear()
    answer = make_response(htmx.go(safe_next(request.form.get("next")) or url_for(".sign_in")))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.get("/")
def home() -> BaseResponse:
    """Lead on to the company: the only one, the one this browser or this person chose, or the choice."""
    person = signed_in()
    assert person is not None
    place = person.place()
    if place is None:
        return redirect(url_for("companies.choose"))
    return redirect(url_for("dashboard.show", company=place.company.slug))
