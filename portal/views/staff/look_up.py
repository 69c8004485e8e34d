"""Who may ask for what: support enters who writes or calls, and is answered at once (behaviour S5)."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from portal import htmx
from portal.forms.sender import LookUpForm, SenderField
from portal.guards import reads_first
from portal.queries.staff import by_name
from portal.queries.staff.look_up import look_up
from portal.staff_gate import acting
from portal.staff_menus import moves_at, primary_word
from portal.views.staff import sought

blueprint = Blueprint("look_up", __name__, url_prefix="/look-up")
_PAGE = "staff/look_up/index.html"


@blueprint.route("", methods=["GET", "POST"])
@reads_first
def index() -> Response:
    """Show the field, and below it who that is, or what the words in it name.

    What is typed is sent by a POST, which leads on to an address of its own with the words sealed in it: as
    they are, they would stay in the history of the browser and in the log of every proxy on the way. So Back
    shows the answer again (C2). Nothing is written, so no lock is taken either.
    """
    if request.method == "POST":
        form = LookUpForm()
        if form.validate():
            return htmx.go(url_for(".index", asked=sought.seal(form.sender.data)))
        return htmx.page(_PAGE, form=form, status=422)
    asked = sought.read(LookUpForm, "sender")
    if asked is None:
        return htmx.page(_PAGE, form=LookUpForm(), lost="asked" in request.args)
    return htmx.page(_PAGE, form=asked, moves_at=moves_at, primary_word=primary_word, **_answer(asked.sender))


def _answer(sender: SenderField) -> dict[str, Any]:
    who = acting()
    if sender.words:
        found = by_name.find(who, sender.words)
        return {"answer": found.answer, "found": found}
    return {"answer": look_up(who, address=sender.address, number=sender.number, elsewhere=sender.elsewhere)}
