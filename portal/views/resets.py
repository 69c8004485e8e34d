"""Forgotten passwords: asking for a link, and setting a new password with it."""

from flask import Blueprint, Response, request

from portal import htmx, passwords, tokens
from portal.actions.passwords import ask_for_reset, reset_password, reset_stands
from portal.extensions import db, limiter
from portal.forms.people import ForgotForm, NewPasswordForm
from portal.guards import public, reads_first
from portal.limits import per_account, per_address
from portal.models import LoginLink, Purpose
from portal.queries.sign_in import companies_of
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views.links import dead_login_link, no_such_link
from portal.views.sign_in import enter_or_ask

blueprint = Blueprint("resets", __name__)


@blueprint.route("/forgot", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
@limiter.limit(
    per_account,
    methods=["POST"],
    key_func=lambda: f"{request.remote_addr} {request.form.get('email', '')[:254]}",
)
def forgot() -> Response:
    """Take an address and answer the same words whatever is known of it."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return htmx.page("resets/forgot.html", form=form, status=422 if form.errors else 200)
    ask_for_reset(form.email.data, request.remote_addr or "")
    return htmx.page("resets/sent.html", email=form.email.data, form=form)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
@public
@reads_first
@limiter.limit(per_address, methods=["POST"])
def reset(token: str) -> Response:
    """Show the form behind a reset link; a POST sets the password and signs in."""
    link = find(token, Purpose.RESET)
    if not reset_stands(link):
        return dead_login_link(link)
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _form(form, link)
    companies = [contact.company.name for contact in companies_of(link.user)]
    names = [link.user.name, link.email, branding().name, *companies]
    reason = passwords.objection(form.new_password.data, names)
    if reason:
        form.new_password.errors = [reason]
        return _form(form, link)
    password_hash = passwords.hashed(form.new_password.data)
    start_writing()
    answer = enter_or_ask(reset_password(link, password_hash))
    say("Your new password is set.")
    return answer


def _form(form: NewPasswordForm, link: LoginLink) -> Response:
    return htmx.page("resets/show.html", form=form, email=link.user.email, status=422 if form.errors else 200)


def find(token: str, *purposes: Purpose) -> LoginLink:
    """Return the row behind a link of one of `purposes`. Raises 404 for whatever no mail of ours held."""
    row_id = tokens.row_id(token)
    link = db.session.get(LoginLink, row_id) if row_id else None
    if link is None or link.purpose not in purposes or not tokens.fits(link, token):
        no_such_link()
    return link
