"""What the staff hand in for their clients: every import, and which client the next one is for (S9)."""

from flask import Blueprint, Response, url_for

from portal import htmx
from portal.forms.imports import ClientForm
from portal.queries import imports
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed

blueprint = Blueprint("imports", __name__, url_prefix="/imports")


@blueprint.route("", methods=["GET", "POST"])
def index() -> Response:
    """Show what was handed in lately, or lead on to the client whose contacts are imported next."""
    demand(Deed.KEEP_CLIENTS)
    form = ClientForm()
    if form.validate_on_submit():
        company = imports.client_called(acting(), form.client.data)
        if company is not None:
            return htmx.go(url_for("staff.clients.imports.hand_in", company=company.slug))
        form.client.errors = ["There is no client of this name. Type it as it stands under Clients."]
    found = imports.recent(acting())
    status = 422 if form.errors else 200
    return htmx.page("staff/imports/index.html", form=form, imports=found, status=status)
