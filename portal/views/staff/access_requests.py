"""Who asked for access, over all clients; where the typed company is none, staff answer (behaviour 7)."""

from flask import Blueprint, Response, abort, url_for

from portal import htmx, staff_policy
from portal.actions.access_requests import approve, assign, decline
from portal.forms.staff import ClientNameForm
from portal.models import AccessRequest
from portal.queries import access_requests
from portal.queries.staff.look_up import look_up
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say

blueprint = Blueprint("access_requests", __name__, url_prefix="/access-requests")
UNKNOWN = "No client, or more than one, has this name. Write it as it stands in the list of clients."


@blueprint.get("")
def index() -> Response:
    """Show every request that waits for an answer, at which client it waits, if at any."""
    return htmx.page("staff/access_requests/index.html", waiting=access_requests.waiting(acting()))


@blueprint.get("/<id:request_id>")
def show(request_id: int) -> Response:
    """Show one request, and for administrators the answers."""
    asked = _find(request_id)
    name = asked.company.name if asked.company else asked.company_name
    return _page(asked, ClientNameForm(formdata=None, data={"client": name}))


@blueprint.post("/<id:request_id>/<any('approve', 'pass-on'):answer>")
def answer(request_id: int, answer: str) -> Response:
    """Let the person in at the client that was named, or pass the question on to that client's admins."""
    demand(Deed.ANSWER_REQUESTS)
    asked, form = _find(request_id), ClientNameForm()
    company = access_requests.company_called(form.client.data) if form.validate() else None
    if company is None:
        form.client.errors = form.client.errors or [UNKNOWN]
        return _page(asked, form)
    if answer == "approve":
        contact = approve(asked, company, acting())
        say(f"Invitation sent to {contact.email}. {contact.name} has no roles yet.")
        return htmx.go(url_for("staff.clients.contacts.show", company=company.slug, contact_id=contact.id))
    assign(asked, company, acting())
    say(f"The admins of {company.name} were asked to answer.")
    return htmx.go(url_for(".index"))


@blueprint.post("/<id:request_id>/decline")
def turn_away(request_id: int) -> Response:
    """Say no; nobody is told."""
    demand(Deed.ANSWER_REQUESTS)
    asked = _find(request_id)
    decline(asked, acting())
    say(f"The request of {asked.name} was declined.")
    return htmx.go(url_for(".index"))


def _page(asked: AccessRequest, form: ClientNameForm) -> Response:
    found = look_up(acting(), address=asked.email)
    return htmx.page(
        "staff/access_requests/show.html",
        status=422 if form.errors else 200,
        asked=asked,
        form=form,
        same=[each for person in found.people for each in person.standings],
        near=[each.company.name for each in found.near],
        can_answer=staff_policy.may(acting().staff_role, Deed.ANSWER_REQUESTS),
    )


def _find(request_id: int) -> AccessRequest:
    return access_requests.one(acting(), request_id) or abort(404)
