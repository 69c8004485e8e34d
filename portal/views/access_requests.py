"""Who asked for access to the company: an admin lets them in or says no (behaviour 7)."""

from flask import Response, abort, url_for

from portal import htmx, policy
from portal.actions.access_requests import approve, decline
from portal.guards import actor, membership
from portal.models import AccessRequest
from portal.queries import access_requests
from portal.templating import say
from portal.views.within import company_blueprint

blueprint = company_blueprint("access_requests", __name__, "/access-requests")


@blueprint.get("")
def index() -> Response:
    """Show the requests that wait for an answer."""
    policy.demand_admin(actor())
    return htmx.page("access_requests/index.html", waiting=access_requests.waiting(actor()))


@blueprint.post("/<id:request_id>/approve")
def let_in(request_id: int) -> Response:
    """Make the one who asked a contact and send the invitation."""
    asked = _find(request_id)
    contact = approve(asked, membership().company, actor())
    say(f"Invitation sent to {contact.email}. {contact.name} has no roles yet.")
    return htmx.go(url_for("contacts.show", contact_id=contact.id))


@blueprint.post("/<id:request_id>/decline")
def turn_away(request_id: int) -> Response:
    """Say no; nobody is told."""
    asked = _find(request_id)
    decline(asked, actor())
    say(f"The request of {asked.name} was declined.")
    return htmx.go(url_for(".index"))


def _find(request_id: int) -> AccessRequest:
    policy.demand_admin(actor())
    found = access_requests.one(actor(), request_id)
    return found if found is not None else abort(404)
