"""Changing the address one signs in with on the staff: the form, the way back, and the link (L7, B70)."""

from flask import Blueprint, Response, abort, current_app, request, session, url_for

from portal import htmx, passwords, tokens
from portal.actions.staff.email_change import (
    ask_email_change,
    cancel_email_change,
    confirm_email_change,
    taken,
)
from portal.actions.staff.passwords import link_stands
from portal.extensions import limiter
from portal.forms.staff import NewAddressForm
from portal.guards import public, reads_first
from portal.limits import per_account, per_address, refused
from portal.models import StaffLink, StaffPurpose
from portal.queries.staff.sign_in import link_with_id, waiting_change
from portal.refusals import FieldRefusal
from portal.staff_gate import person
from portal.templating import say
from portal.transaction import part, start_writing

blueprint = Blueprint("own_address", __name__)


def _key() -> str:
    return f"staff password {request.remote_addr} {session.get('who', '')}"


def _links() -> str:
    return str(current_app.config["RESEND_LIMIT"])


@blueprint.route("/account/email", methods=["GET", "POST"])
@reads_first
@limiter.limit(per_account, methods=["POST"], key_func=_key, deduct_when=refused)
@limiter.limit(_links, methods=["POST"], key_func=_key, deduct_when=lambda answer: answer.status_code < 400)
def change() -> Response:
    """Show the form, or send the link that makes the new address one's own; the old one is told."""
    form = NewAddressForm()
    if not form.validate_on_submit():
        return _page(form)
    if not passwords.fits(person().person.password_hash, form.current_password.data):
        form.current_password.errors = ["That is not your current password."]
        return _page(form)
    start_writing()
    who = person()
    try:
        with part():
            ask_email_change(who.person, form.email.data, who.actor())
    except FieldRefusal as refusal:
        form.email.errors = [refusal.sentence]
        return _page(form)
    say(f"A link was sent to {form.email.data}. Your address changes once it is used there.")
    return htmx.go(url_for("staff.account.show"))


def _page(form: NewAddressForm) -> Response:
    who = person().person
    status = 422 if form.errors else 200
    return htmx.page("staff/email.html", form=form, person=who, waiting=waiting_change(who), status=status)


@blueprint.post("/account/email/cancel")
def cancel() -> Response:
    """Let the link that waits at the new address die."""
    cancel_email_change(person().person, person().actor())
    say("Your address stays as it is. The link no longer works.")
    return htmx.go(url_for("staff.account.show"))


@blueprint.route("/confirm/<token>", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
def confirm(token: str) -> Response:
    """Ask for one click, because mail scanners open links; a POST changes the address (L3)."""
    link = _find(token)
    if not link_stands(link):
        return htmx.page("staff/dead_link.html", status=410)
    if taken(link):
        return htmx.page("staff/address.html", email=link.email, what="taken", status=409)
    if request.method != "POST":
        return htmx.page("staff/address.html", email=link.email, what="asked")
    confirm_email_change(link)
    return htmx.page("staff/address.html", email=link.email, what="changed")


def _find(token: str) -> StaffLink:
    link_id = tokens.row_id(token)
    link = link_with_id(link_id) if link_id else None
    good = link is not None and link.purpose == StaffPurpose.CHANGE_EMAIL and tokens.fits(link, token)
    return link if link is not None and good else abort(404)
