"""One route for every move of a contact: authorize, resend, cancel, reset, unlink, (de)activate, delete."""

from flask import Response, abort, request, url_for

from portal import htmx
from portal.actions.access import ACTIONS
from portal.extensions import db
from portal.guards import actor, load
from portal.lifecycle import Move
from portal.models import Contact
from portal.queries import contacts as listing
from portal.templating import say
from portal.views import back, contact_form, contact_page, lists, user_details
from portal.views.within import company_blueprint

blueprint = company_blueprint("access", __name__, "/contacts")
_UNDO = {Move.DEACTIVATE: Move.ACTIVATE, Move.ACTIVATE: Move.DEACTIVATE}


@blueprint.post("/<id:contact_id>/<move>")
def take(contact_id: int, move: str) -> Response:
    """Do one move to one contact and show what came of it, where it was asked for."""
    if move not in set(ACTIONS):
        abort(404)
    what = Move(move)
    contact = load(Contact, contact_id, to=what)
    notice = ACTIONS[what](contact, actor())
    db.session.flush()
    undo = url_for(".take", contact_id=contact.id, move=_UNDO[what]) if what in _UNDO else None
    if request.form.get("from") == "edit":
        return _beside_the_form(contact, notice)
    if htmx.wants_part():
        return _row(contact, what, notice, undo)
    say(notice, undo=undo)
    return htmx.go(_back(contact, what))


def _row(contact: Contact, move: Move, notice: str, undo: str | None) -> Response:
    """Answer htmx with the row as it is now, the notice and the counts."""
    gone = move is Move.DELETE
    return htmx.page(
        "contacts/_moved.html",
        row=None if gone else listing.row_of(contact),
        contact_id=contact.id,
        notice=notice,
        undo=undo,
        counts=listing.counts(actor(), lists.wish(htmx.current_args())),
        most=listing.COUNTED,
    )


def _beside_the_form(contact: Contact, notice: str) -> Response:
    """Answer a button of User Details: nothing that was typed into the form around it is lost (L5)."""
    if htmx.wants_part():
        return htmx.page(
            "contacts/form.html",
            block="user_details",
            contact=contact,
            user_details=user_details.buttons(contact),
            row=listing.row_of(contact),
            notice=notice,
        )
    say(notice)
    form = contact_form.bind(contact, actor())
    form.version.data, form.version.raw_data = str(contact.version), None
    return contact_page.page(form, contact)


def _back(contact: Contact, move: Move) -> str:
    """Return the page to go on with, without JavaScript."""
    if request.form.get("from") == "view" and move is not Move.DELETE:
        return url_for("contacts.show", contact_id=contact.id)
    return back.to_list()
