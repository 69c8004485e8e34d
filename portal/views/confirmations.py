"""What the link that proves an address opens, also the one that changes a login's address (L7)."""

from flask import Blueprint, Response, request

from portal import htmx
from portal.actions.email_change import confirm_email_change, taken
from portal.actions.passwords import confirm_address
from portal.extensions import limiter
from portal.guards import public, signed_in
from portal.limits import per_address
from portal.models import LoginLink, Purpose
from portal.views.links import dead_login_link
from portal.views.resets import find
from portal.views.sign_in import enter

blueprint = Blueprint("confirmations", __name__)


@blueprint.route("/confirm/<token>", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
def confirm(token: str) -> Response:
    """Ask for one click, because mail scanners open links; a POST proves the address."""
    link = find(token, Purpose.CONFIRM_EMAIL, Purpose.CONFIRM_RECOVERY, Purpose.CHANGE_EMAIL)
    if not link.open or link.user.closed_at is not None or link.user.disabled_at is not None:
        return dead_login_link(link)
    change = link.purpose == Purpose.CHANGE_EMAIL
    if change and taken(link):
        return htmx.page("confirmations/taken.html", status=409, email=link.email)
    if request.method != "POST":
        return htmx.page("confirmations/show.html", email=link.email, change=change)
    if change:
        return _change(link)
    confirm_address(link)
    return htmx.page("confirmations/done.html", email=link.email, change=False)


def _change(link: LoginLink) -> Response:
    """Give the login its new address; the browser it is signed in with here goes on with a new session."""
    person = signed_in()
    moved = confirm_email_change(link)
    here = person is not None and person.user.id == moved.user.id
    if person is not None and here:
        enter(moved.user, remembered=person.session.remembered, renewed=True)
    # Where its login belongs is only for who is signed in: the link alone proves no more than an address.
    return htmx.page(
        "confirmations/done.html",
        email=link.email,
        change=True,
        here=here,
        followed=[contact.company.name for contact in moved.followed] if here else [],
        stayed=[contact.company.name for contact in moved.stayed] if here else [],
    )
