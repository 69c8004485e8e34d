"""The vendor's face of the portal, below /staff; one blueprint per file, as for the customers."""

from flask import Blueprint, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from portal import htmx
from portal.sides import STAFF
from portal.views.staff import (
    access_requests,
    account,
    activity,
    api,
    clients,
    imports,
    invoice_files,
    look_up,
    mails,
    own_address,
    passwords,
    people,
    portal_users,
    privacy,
    settings,
    sign_in,
    view_as,
)

blueprint = Blueprint("staff", __name__, url_prefix=STAFF)
for part in (
    sign_in,
    passwords,
    account,
    people,
    portal_users,
    activity,
    look_up,
    mails,
    own_address,
    access_requests,
    clients,
    view_as,
    imports,
    invoice_files,
    api,
    settings,
    privacy,
):
    blueprint.register_blueprint(part.blueprint)
blueprint.register_blueprint(view_as.stopping)


@blueprint.get("/more")
def more() -> Response:
    """Show the whole menu as a page, for phones."""
    return htmx.page("more/show.html")


@blueprint.get("/")
def home() -> Response:
    """Lead on to the first page of the staff."""
    return redirect(url_for("staff.clients.index"))
