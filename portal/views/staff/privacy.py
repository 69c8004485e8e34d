"""Privacy: what is held about a person as one download, and erasing a person or a client that left (S8)."""

from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for

from portal import htmx
from portal.actions import retention
from portal.actions.staff import erasing, holding
from portal.actions.staff.obstacles import Obstacle, in_the_way, why_not
from portal.csv_out import attached
from portal.forms.privacy import EraseForm, WhoForm
from portal.guards import reads_first
from portal.models.folding import spelt
from portal.paper import held as paper
from portal.queries.staff import privacy
from portal.queries.staff.privacy import Person
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say
from portal.views.staff import sought
from portal.views.staff.held import readable

blueprint = Blueprint("privacy", __name__, url_prefix="/privacy")


@blueprint.route("", methods=["GET", "POST"])
@reads_first
def index() -> Response:
    """Look for a person, and show how long what is kept.

    As in the look-up, a POST leads on to an address with the words sealed in it: as they are, they would
    stay in histories and logs.
    """
    demand(Deed.SEE_HELD)
    form = WhoForm()
    if form.validate_on_submit():
        return htmx.go(url_for(".index", asked=sought.seal(form.who.data)))
    asked = sought.read(WhoForm, "who")
    facts: dict[str, Any] = {
        "form": asked or form,
        "found": privacy.search(acting(), asked.who.data) if asked else None,
        "lost": asked is None and "asked" in request.args,
        "rules": [(rule.name, rule.kept.days, rule.number()) for rule in retention.rules()],
    }
    return htmx.page("staff/privacy/index.html", status=422 if form.errors else 200, **facts)


@blueprint.get("/<any('contact', 'login'):kind>/<id:person_id>")
def show(kind: str, person_id: int) -> Response:
    """Show how much is held about a person, at one client or over all of them."""
    person = _person(kind, person_id)
    context: dict[str, Any] = {
        "person": person,
        "kind": kind,
        "person_id": person_id,
        "counts": privacy.counted(person),
    }
    return htmx.page("staff/privacy/show.html", **context)


@blueprint.post("/<any('contact', 'login'):kind>/<id:person_id>/download")
def download(kind: str, person_id: int) -> Response:
    """Send what is held about a person: JSON, a page to read, and their own files."""
    person = _person(kind, person_id)
    held = privacy.held(person)
    page = render_template("staff/privacy/held.html", person=person, parts=readable(held), style=paper.STYLE)
    packed = paper.archive(held, page, privacy.files_of(person))
    holding.hand_out(person, acting())
    answer = make_response(packed)
    answer.mimetype = "application/zip"
    return attached(answer, f"Held about {person.name}.zip")


@blueprint.route("/<any('contact', 'login'):kind>/<id:person_id>/erase", methods=["GET", "POST"])
def erase(kind: str, person_id: int) -> Response:
    """Ask before a person is erased, and do it once the name was typed."""
    person, form = _person(kind, person_id, Deed.ERASE), EraseForm()
    back, obstacles = url_for("staff.privacy.show", kind=kind, person_id=person_id), in_the_way(person)
    if form.is_submitted() and (obstacles or _typed(form, person.name)):
        say(erasing.erase_person(person, acting()))
        return htmx.go(url_for("staff.privacy.index"))
    places = [contact.company.name for contact in person.contacts]
    facts = {"places": places, "login": person.user is not None, "obstacles": _with_links(obstacles)}
    return _question(form, person.name, back, **facts)


@blueprint.route("/company/<id:company_id>/erase", methods=["GET", "POST"])
def erase_company(company_id: int) -> Response:
    """Ask before a client that has left is erased, and do it once the name was typed."""
    demand(Deed.ERASE)
    company = privacy.client(acting(), company_id) or abort(404)
    form, back = EraseForm(), url_for("staff.clients.index")
    obstacles = why_not(company)
    if form.is_submitted() and (obstacles or _typed(form, company.name)):
        say(erasing.erase_company(company, acting()))  # refuses where something stands in the way
        return htmx.go(back)
    return _question(form, company.name, back, company=company, obstacles=_with_links(obstacles))


# Where each obstacle can be cleared away: the label of the way there, and the page.
_WAYS = {
    "client": ("Go to the client", "staff.clients.client.show"),
    "contacts": ("Go to its contacts", "staff.clients.contacts.index"),
    "billing": ("Go to its invoices", "staff.clients.billing.index"),
    "work_orders": ("Go to its work orders", "staff.clients.work_orders.index"),
}


def _with_links(obstacles: list[Obstacle]) -> list[tuple[str, str, str]]:
    """Return each obstacle as its sentence, the label of the way to clear it away, and where that leads."""
    found = []
    for each in obstacles:
        label, page = _WAYS.get(each.page, ("", ""))
        found.append((each.sentence, label, url_for(page, company=each.company.slug) if page else ""))
    return found


def _typed(form: EraseForm, name: str) -> bool:
    """Return whether the form was sent with the name in it; another name is an error beside the field."""
    if not form.validate_on_submit():
        return False
    if spelt(form.name.data) != spelt(name):
        form.name.errors = ["This is another name. Type it as it stands above."]
        return False
    return True


def _question(form: EraseForm, name: str, back: str, **facts: Any) -> Response:
    status = 422 if form.errors else 200
    return htmx.page("staff/privacy/erase.html", status=status, form=form, name=name, back=back, **facts)


def _person(kind: str, person_id: int, deed: Deed = Deed.SEE_HELD) -> Person:
    demand(deed)
    find = privacy.at_client if kind == "contact" else privacy.everywhere
    return find(acting(), person_id) or abort(404)
