"""The terms of use: reading them, and accepting the newest version when it is due."""

from flask import Blueprint, Response, abort, request, url_for

from portal import htmx
from portal.actions.accepting import accept_terms, newest_terms
from portal.forms.people import TermsForm
from portal.guards import safe_next, signed_in

blueprint = Blueprint("terms", __name__)


@blueprint.route("/terms", methods=["GET", "POST"])
def accept() -> Response:
    """Show the newest terms; a POST with the box ticked accepts them."""
    person, terms = signed_in(), newest_terms()
    if terms is None or person is None:
        abort(404)
    form = TermsForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
        return htmx.page("terms/accept.html", terms=terms, form=form, due=person.terms_due)
    if not form.validate() or not form.accept_terms.data:
        form.accept_terms.errors = ["Tick the box to accept the terms."]
        return htmx.page("terms/accept.html", status=422, terms=terms, form=form, due=person.terms_due)
    accept_terms(person.user, request.remote_addr or "")
    return htmx.go(safe_next(form.next.data) or url_for("sign_in.home"))
