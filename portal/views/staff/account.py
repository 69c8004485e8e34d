"""One's own account on the staff: password, recovery codes, signed-in devices."""

from flask import Blueprint, Response, abort, request, session, url_for

from portal import htmx, passwords, second_factor
from portal.actions.staff.passwords import change_password
from portal.actions.staff.sign_in import end_session, give_code, renew_codes
from portal.extensions import limiter
from portal.forms.people import ChangePasswordForm
from portal.forms.staff import PasswordAndCodeForm
from portal.guards import reads_first
from portal.limits import per_account, refused
from portal.queries.staff.sign_in import live_sessions, waiting_change
from portal.staff_gate import person
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views.staff.sign_in import enter

blueprint = Blueprint("account", __name__, url_prefix="/account")
WRONG = "That is not your current password."


def _key() -> str:
    return f"staff password {request.remote_addr} {session.get('who', '')}"


@blueprint.get("")
def show() -> Response:
    """Show one's own account."""
    who = person()
    factor = second_factor.of(who.person)
    return htmx.page(
        "staff/account.html",
        person=who.person,
        sessions=live_sessions(who.person, who.session),
        waiting=waiting_change(who.person),
        codes_left=second_factor.recovery_codes_left(factor) if factor else 0,
    )


@blueprint.route("/password", methods=["GET", "POST"])
@reads_first
@limiter.limit(per_account, methods=["POST"], key_func=_key, deduct_when=refused)
def password() -> Response:
    """Change one's own password; every other browser is signed out and this one gets a new session."""
    form = ChangePasswordForm()
    if not form.validate_on_submit() or not _good(form):
        return htmx.page("staff/change_password.html", form=form, status=422 if form.errors else 200)
    password_hash = passwords.hashed(form.new_password.data)
    start_writing()
    who = person()
    change_password(who.person, password_hash, who.actor())
    enter()
    say("Your password is changed. Every other device was signed out.")
    return htmx.go(url_for(".show"))


def _good(form: ChangePasswordForm) -> bool:
    """Return whether the current password is right and the new one good and another; each says why not."""
    who = person().person
    if not passwords.fits(who.password_hash, form.current_password.data):
        form.current_password.errors = [WRONG]
        return False
    reason = passwords.objection(form.new_password.data, [who.name, who.email, branding().name])
    if reason is None and passwords.fits(who.password_hash, form.new_password.data):
        reason = "Choose a password that is not the current one."
    form.new_password.errors = [reason] if reason else []
    return reason is None


@blueprint.route("/recovery-codes", methods=["GET", "POST"])
@limiter.limit(per_account, methods=["POST"], key_func=_key, deduct_when=refused)
def recovery_codes() -> Response:
    """Make new recovery codes, once password and code were given again, and show them once."""
    form = PasswordAndCodeForm()
    if form.validate_on_submit():
        if not passwords.fits(person().person.password_hash, form.current_password.data):
            form.current_password.errors = [WRONG]
        elif not give_code(person(), form.code.data, recovery=False, what="make new recovery codes"):
            form.code.errors = ["That code does not work. Wait for the next one and type that."]
        else:
            codes = renew_codes(person())
            return htmx.page("staff/recovery_codes.html", codes=codes, onwards=url_for(".show"))
    return htmx.page("staff/renew_codes.html", form=form, status=422 if form.errors else 200)


@blueprint.post("/devices/<id:session_id>/sign-out")
def sign_out_device(session_id: int) -> Response:
    """End one of one's own sessions."""
    who = person()
    own = [each for each in live_sessions(who.person, who.session) if each["id"] == session_id]
    if not own:
        abort(404)
    end_session(own[0]["session"], who.actor())
    if own[0]["current"]:
        session.clear()
        return htmx.go(url_for("staff.sign_in.show"))
    say("That device was signed out.")
    return htmx.go(url_for(".show"))
