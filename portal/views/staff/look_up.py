"""Who may ask for what: support enters who writes or calls, and is answered at once (behaviour S5)."""

from flask import Blueprint, Response

from portal import htmx
from portal.forms.sender import LookUpForm
from portal.guards import reads_first
from portal.queries.staff import by_name
from portal.queries.staff.look_up import look_up
from portal.staff_gate import acting
from portal.staff_menus import moves_at

blueprint = Blueprint("look_up", __name__, url_prefix="/look-up")


@blueprint.route("", methods=["GET", "POST"])
@reads_first
def index() -> Response:
    """Show the field, and below it who that is, or what the words in it name.

    It is a POST although nothing changes: an address or number in the query would stay in the history of the
    browser and in the log of every proxy on the way. Nothing is written, so no lock is taken either.
    """
    form, template = LookUpForm(), "staff/look_up/index.html"
    if not form.validate_on_submit():
        return htmx.page(template, form=form, status=422 if form.errors else 200)
    sender, who = form.sender, acting()
    if sender.words:
        found = by_name.find(who, sender.words)
        return htmx.page(template, form=form, answer=found.answer, found=found, moves_at=moves_at)
    answer = look_up(who, address=sender.address, number=sender.number, elsewhere=sender.elsewhere)
    return htmx.page(template, form=form, answer=answer, moves_at=moves_at)
