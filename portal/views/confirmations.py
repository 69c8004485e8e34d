"""What the link that proves an address opens."""

from flask import Blueprint, Response, request

from portal import htmx
from portal.actions.passwords import confirm_address
from portal.extensions import limiter
from portal.guards import public
from portal.limits import per_address
from portal.models import Purpose
from portal.views.links import dead_login_link
from portal.views.resets import find

blueprint = Blueprint("confirmations", __name__)


@blueprint.route("/confirm/<token>", methods=["GET", "POST"])
@public
@limiter.limit(per_address, methods=["POST"])
def confirm(token: str) -> Response:
    """Ask for one click, because mail scanners open links; a POST proves the address."""
    link = find(token, Purpose.CONFIRM_EMAIL, Purpose.CONFIRM_RECOVERY)
    if link.ended_at is not None or link.expired or link.user.closed_at is not None:
        return dead_login_link(link)
    if request.method == "GET":
        return htmx.page("confirmations/show.html", email=link.email)
    confirm_address(link)
    return htmx.page("confirmations/done.html", email=link.email)
