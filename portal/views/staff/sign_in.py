"""The staff's signing in: password, then second factor, which is set up here the first time (S1)."""

from flask import Blueprint, Response, current_app, g, make_response, request, session, url_for

from portal import htmx, second_factor
from portal.actions.staff.sign_in import begin, check_password, end_session, finish, give_code, set_up_factor
from portal.extensions import limiter
from portal.forms.staff import CodeForm, SetUpForm, StaffSignInForm
from portal.guards import SAFE_METHODS, public, reads_first
from portal.limits import per_account, per_address, refused
from portal.models import StaffUser
from portal.staff_gate import on_duty_now, person, safe_next
from portal.templating import branding, say

blueprint = Blueprint("sign_in", __name__)
WRONG = "That code is not right. Wait for the next one and try again."


def _account_key() -> str:
    return f"staff {request.remote_addr} {request.form.get('email', '')[:254].strip().casefold()}"


def _whose_code() -> str:
    """Return whose codes are counted, from wherever they come: whoever guesses has the password already."""
    return f"staff code {session.get('who', '')}"


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@reads_first
@limiter.limit(per_address, methods=["POST"], deduct_when=refused)
@limiter.limit(per_account, methods=["POST"], key_func=_account_key, deduct_when=refused)
def show() -> Response:
    """Show the sign-in page, or check what was typed; every failure looks the same."""
    form = StaffSignInForm()
    if request.method in SAFE_METHODS:
        form.next.data = request.args.get("next", "")
        if on_duty_now() is not None:
            return htmx.go(safe_next(form.next.data) or url_for("staff.home"))
        return _page(form)
    found = check_password(form.email.data or "", form.password.data or "") if form.validate() else None
    if found is None:
        return _page(form, failed=not form.errors, status=422)
    enter_halfway(found)
    return htmx.go(url_for(".code", next=safe_next(form.next.data)))


def _page(form: StaffSignInForm, *, failed: bool = False, status: int = 200) -> Response:
    town = current_app.extensions.get("try_as", dict)()
    ended = bool(request.args.get("next")) and not failed
    context = {"form": form, "failed": failed, "ended": ended, "demo_password": town.get("password", "")}
    return htmx.page("staff/sign_in.html", status=status, try_as=town.get("staff", []), **context)


def enter_halfway(who: StaffUser) -> None:
    """Let `who`, whose password was right, on to the second factor in this browser."""
    before = on_duty_now()
    if before is not None:
        end_session(before.session, before.actor())
    _keep(who, begin(who, address=request.remote_addr or "", browser=request.user_agent.string))


def enter() -> None:
    """Sign in whoever has just given the second factor: a new session, a new CSRF token."""
    who = person()
    _keep(who.person, finish(who, address=request.remote_addr or "", browser=request.user_agent.string))


def _keep(who: StaffUser, key: str) -> None:
    session.clear()
    session["key"], session["who"] = key, who.id
    g.pop("on_duty", None)


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit(per_address, methods=["POST"], deduct_when=refused)
@limiter.limit(per_account, methods=["POST"], key_func=_whose_code, deduct_when=refused)
def code() -> Response:
    """Ask for a code of the authenticator app or a recovery code, and sign in."""
    form, recovery = CodeForm(), request.args.get("with") == "recovery"
    if request.method in SAFE_METHODS:
        form.next.data = request.args.get("next", "")
    elif form.validate() and give_code(person(), form.code.data, recovery=recovery):
        enter()
        return htmx.go(safe_next(form.next.data) or url_for("staff.home"))
    elif not form.errors:
        form.code.errors = [WRONG]
    hint = current_app.extensions.get("staff_codes", dict)().get(person().person.email)
    status = 422 if form.errors else 200
    return htmx.page("staff/code.html", status=status, form=form, recovery=recovery, demo_hint=hint)


@blueprint.route("/second-factor", methods=["GET", "POST"])
@limiter.limit(per_address, methods=["POST"], deduct_when=refused)
@limiter.limit(per_account, methods=["POST"], key_func=_whose_code, deduct_when=refused)
def set_up() -> Response:
    """Set up the second factor, which everybody needs; then show the recovery codes, once."""
    form, who = SetUpForm(), person()
    secret = second_factor.unseal(form.sealed.data or "", who.person, within=second_factor.SETUP_LIFE)
    if request.method == "POST" and form.validate() and secret is not None:
        codes = set_up_factor(who, secret, form.code.data)
        if codes is not None:
            enter()
            onwards = safe_next(form.next.data) or url_for("staff.home")
            return htmx.page("staff/recovery_codes.html", codes=codes, onwards=onwards)
        form.code.errors = [WRONG]
    elif request.method == "POST" and not form.errors:
        form.code.errors = ["This page was open for too long. Scan the new picture."]
    return _set_up_page(form, secret or second_factor.new_secret())


def _set_up_page(form: SetUpForm, secret: str) -> Response:
    who = person().person
    form.sealed.data, form.sealed.raw_data = second_factor.seal(secret, who), None
    form.next.data = form.next.data or request.args.get("next", "")
    uri = second_factor.provisioning_uri(secret, who.email, f"{branding().name} staff")
    picture = second_factor.picture(uri, "Picture to scan with an authenticator app")
    spelt = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    status = 422 if form.errors else 200
    return htmx.page("staff/second_factor.html", status=status, form=form, picture=picture, spelt=spelt)


@blueprint.post("/sign-out")
@public
def sign_out() -> Response:
    """End this browser's session of the staff and lead to the sign-in page; a customer's session stays."""
    who = on_duty_now()
    if who is not None:
        end_session(who.session, who.actor())
    session.clear()
    g.pop("on_duty", None)
    say("You are signed out.")
    answer = make_response(htmx.go(url_for(".show")))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
