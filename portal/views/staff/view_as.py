"""View as: behind this door stand the pages of one contact, to look at and nothing else (T87)."""

import re
from html import unescape
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from portal import htmx
from portal.actions.staff import view_as as actions
from portal.forms.staff import WhyForm
from portal.guards import SAFE_METHODS, actor, load
from portal.lifecycle import Move
from portal.models import Contact
from portal.staff_gate import demand, makes_a_file, person
from portal.staff_policy import Deed
from portal.templating import say
from portal.views import dashboard, reviews
from portal.views.staff import clients
from portal.views.within import company_blueprint

blueprint = Blueprint("view_as", __name__, url_prefix="/as/<id:seen_as>")
# Not the door itself: it stands in the client, and beside it the way out.
starting = company_blueprint("starting", __name__, "/contacts")
stopping = Blueprint("stopping", __name__)

for part in (dashboard, reviews, *clients.OF_CUSTOMERS):
    blueprint.register_blueprint(part.blueprint)
clients.blueprint.register_blueprint(starting)


# What stands in a form that would send something, but for what only works within the page.
_CONTROLS = re.compile(r"<(/?form|button|input|select|textarea)\b[^>]*>")
_WORKS = ('type="button"', 'type="hidden"', " disabled")
_LINKS = re.compile(r'<a\b([^>]*) href="([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)


@blueprint.after_request
def switch_off(answer: Response) -> Response:
    """Switch off, on every page behind this door, what could only be refused; the rest is as it is seen."""
    if answer.mimetype == "text/html" and not answer.is_streamed:
        answer.set_data(_LINKS.sub(_without_file, _switched_off(answer.get_data(as_text=True))))
    return answer


def _without_file(link: re.Match[str]) -> str:
    """Return a link as it is, or as a button that does not work where it leads to a file to take along."""
    head, place, tail, label = link.groups()
    adapter = request_ctx.url_adapter
    assert adapter is not None, "there is one in every request"
    try:
        endpoint, _parts = adapter.match(unescape(place).partition("?")[0], "GET")
    except HTTPException:
        return link[0]
    if not makes_a_file(endpoint):
        return link[0]
    return f'<button type="button" disabled{head}{tail.replace(" download", "")}>{label}</button>'


def _switched_off(page: str) -> str:
    way_out, sends = f'action="{url_for("staff.stopping.stop")}"', False

    def part(found: re.Match[str]) -> str:
        nonlocal sends
        tag, name = found[0], found[1]
        if name.endswith("form"):
            sends = 'method="post"' in tag and way_out not in tag
            return tag
        works = not sends or any(each in tag for each in _WORKS)
        return tag if works else f"<{name} disabled{tag.removeprefix('<' + name)}"

    return _CONTROLS.sub(part, page)


@blueprint.url_value_preprocessor
def take_contact(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Keep through whose eyes is looked; views do not take it."""
    g.seen_as = (values or {}).pop("seen_as", None)


@starting.route("/<id:contact_id>/view-as", methods=["GET", "POST"])
def start(contact_id: int) -> Response:
    """Ask why, and lead on to what the contact sees first."""
    demand(Deed.VIEW_AS)
    contact = load(Contact, contact_id, to=Move.VIEW)
    form = WhyForm()
    if request.method in SAFE_METHODS or not form.validate():
        return _question(contact, form)
    actions.start(contact, person().person, form.reason.data, actor())
    home = "staff.view_as.dashboard.show"
    return htmx.go(url_for(home, company=contact.company.slug, seen_as=contact.id))


def _question(contact: Contact, form: WhyForm) -> Response:
    return htmx.page(
        "staff/clients/view_as.html",
        block="dialog",
        status=422 if form.errors else 200,
        contact=contact,
        form=form,
        back=url_for("contacts.show", contact_id=contact.id),
    )


@stopping.post("/stop-view-as")
def stop() -> Response:
    """End the look and lead back to the contact."""
    who = person()
    contact = actions.stop(who.person, who.actor())
    if contact is None:
        return htmx.go(url_for("staff.clients.index"))
    say(f"You no longer see what {contact.name} sees.")
    there = "staff.clients.contacts.show"
    return htmx.go(url_for(there, company=contact.company.slug, contact_id=contact.id))
