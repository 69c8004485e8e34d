"""The staff's own list, for administrators: add, change the role, deactivate, let somebody in anew (S1)."""

from flask import Blueprint, Response, abort, url_for

from portal import htmx
from portal.actions.staff import people as actions
from portal.extensions import db
from portal.forms.staff import ColleagueForm, RoleForm
from portal.models import StaffRole
from portal.queries.staff.people import Colleague, colleague, everybody
from portal.refusals import FieldRefusal
from portal.staff_gate import demand, person
from portal.staff_policy import Deed
from portal.templating import say

blueprint = Blueprint("people", __name__, url_prefix="/people")
_MOVES = {
    "deactivate": (actions.deactivate, "{name} is deactivated and signed out everywhere."),
    "activate": (actions.activate, "{name} is active again."),
    "start-anew": (actions.start_anew, "A link to set up password and second factor was sent to {email}."),
}


@blueprint.get("")
def index() -> Response:
    """Show everybody on the staff."""
    demand(Deed.KEEP_STAFF)
    return htmx.page(
        "staff/people/index.html", everybody=everybody(), roles=actions.ROLE, me_id=person().person.id
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Add somebody, who gets a link by mail."""
    demand(Deed.KEEP_STAFF)
    form = ColleagueForm()
    if form.validate_on_submit():
        try:
            with db.session.begin_nested():
                actions.add(form.name.data, form.email.data, StaffRole(form.role.data), person().actor())
        except FieldRefusal as refusal:
            form.email.errors = [refusal.sentence]
        else:
            say(f"A link was sent to {form.email.data}.")
            return htmx.go(url_for(".index"))
    return htmx.page("staff/people/new.html", form=form, status=422 if form.errors else 200)


@blueprint.route("/<id:person_id>", methods=["GET", "POST"])
def show(person_id: int) -> Response:
    """Show one of the staff, or change the role."""
    demand(Deed.KEEP_STAFF)
    found = _find(person_id)
    form = RoleForm(data={"role": found.person.role})
    if form.validate_on_submit():
        actions.change_role(found.person, StaffRole(form.role.data), person().actor())
        say(f"{found.person.name} is {actions.ROLE[StaffRole(form.role.data)]}.")
        return htmx.go(url_for(".show", person_id=person_id))
    mine = found.person.id == person().person.id
    status = 422 if form.errors else 200
    return htmx.page(
        "staff/people/show.html", status=status, each=found, form=form, mine=mine, roles=actions.ROLE
    )


@blueprint.post("/<id:person_id>/<any('deactivate', 'activate', 'start-anew'):move>")
def move(person_id: int, move: str) -> Response:
    """Do one of the moves to somebody else on the staff."""
    demand(Deed.KEEP_STAFF)
    found = _find(person_id).person
    action, sentence = _MOVES[move]
    action(found, person().actor())
    say(sentence.format(name=found.name, email=found.email))
    return htmx.go(url_for(".show", person_id=person_id))


def _find(person_id: int) -> Colleague:
    return colleague(person_id) or abort(404)
