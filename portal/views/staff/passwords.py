"""The one-time link with which somebody of the staff chooses a password; the only way to one (T87)."""

from flask import Blueprint, Response, abort, url_for

from portal import htmx, passwords, tokens
from portal.actions.staff.passwords import link_stands, set_password
from portal.extensions import limiter
from portal.forms.people import NewPasswordForm
from portal.guards import public, reads_first
from portal.limits import per_address
from portal.models import StaffLink, StaffPurpose
from portal.queries.staff.sign_in import link_with_id
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views.staff.sign_in import enter_halfway

blueprint = Blueprint("passwords", __name__)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@public
@reads_first
@limiter.limit(per_address, methods=["POST"])
def choose(token: str) -> Response:
    """Show the form behind a link; a POST sets the password and leads on to the second factor."""
    link = _find(token)
    if not link_stands(link):
        return htmx.page("staff/dead_link.html", status=410)
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _page(form, link)
    reason = passwords.objection(form.new_password.data, [link.person.name, link.email, branding().name])
    if reason:
        form.new_password.errors = [reason]
        return _page(form, link)
    password_hash = passwords.hashed(form.new_password.data)
    start_writing()
    enter_halfway(set_password(_find(token), password_hash))
    say("Your password is set.")
    return htmx.go(url_for("staff.sign_in.code"))


def _page(form: NewPasswordForm, link: StaffLink) -> Response:
    return htmx.page("staff/password.html", form=form, email=link.email, status=422 if form.errors else 200)


def _find(token: str) -> StaffLink:
    link_id = tokens.row_id(token)
    link = link_with_id(link_id) if link_id else None
    good = link is not None and link.purpose == StaffPurpose.PASSWORD and tokens.fits(link, token)
    return link if link is not None and good else abort(404)
