"""What staff do to a client itself: the areas it has, marking it as exited, and taking that back (S2, S6)."""

from flask import Response, request, url_for

from portal import htmx
from portal.actions.staff import clients as actions
from portal.forms.roles import AreasForm
from portal.guards import SAFE_METHODS, actor, membership
from portal.models import Area
from portal.staff_gate import demand, person
from portal.staff_policy import Deed
from portal.templating import say
from portal.views.within import company_blueprint

blueprint = company_blueprint("keeping", __name__)


@blueprint.get("")
def overview() -> Response:
    """Lead on to the first page of the client."""
    return htmx.go(url_for("client.show"))


@blueprint.post("/areas")
def areas() -> Response:
    """Switch areas of the portal on or off for the client."""
    demand(Deed.KEEP_CLIENTS)
    form, known = AreasForm(), set(Area)
    on = [Area(value) for value in form.areas.data or [] if value in known]
    changed = actions.switch_areas(membership().company, on, actor())
    say("The areas were saved." if changed else "Nothing changed.")
    return htmx.go(url_for("client.show"))


@blueprint.route("/exit", methods=["GET", "POST"])
def leave() -> Response:
    """Ask before a client is marked as exited, as a dialog or a page; a POST does it."""
    demand(Deed.EXIT)
    company, back = membership().company, url_for("client.show")
    if request.method in SAFE_METHODS:
        return htmx.page("staff/clients/exit.html", block="dialog", client=company, back=back)
    actions.exit_client(company, person().actor(company.id))
    say(f"{company.name} is marked as exited. Nobody of it can sign in.")
    return htmx.go(back)


@blueprint.post("/take-back")
def take_back() -> Response:
    """Let a client that was marked as exited in again."""
    demand(Deed.EXIT)
    company = membership().company
    actions.take_back(company, person().actor(company.id))
    say(f"{company.name} is a client again.")
    return htmx.go(url_for("client.show"))
