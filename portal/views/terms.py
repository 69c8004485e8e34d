"""The terms of use: reading them, and accepting the newest version when it is due."""

from flask import Blueprint, Response, abort, request, url_for

from portal import htmx
from portal.actions.accepting import accept_terms, newest_terms
from portal.forms.people import AcceptForm, JoinForm, TermsForm
from portal.guards import SAFE_METHODS, safe_next, signed_in
from portal.models import TermsVersion

blueprint = Blueprint("terms", __name__)


@blueprint.route("/terms", methods=["GET", "POST"])
def accept() -> Response:
    """Show the newest terms; a POST with the box ticked accepts them."""
    person, terms = signed_in(), newest_terms()
    if terms is None or person is None:
        abort(404)
    form = TermsForm()
    if request.method in SAFE_METHODS:
        form.next.data = request.args.get("next", "")
        return htmx.page("terms/accept.html", terms=terms, form=form, due=person.terms_due)
    form.validate()
    if not_accepted(form, terms, "Tick the box to accept the terms."):
        return htmx.page("terms/accept.html", status=422, terms=terms, form=form, due=person.terms_due)
    accept_terms(person.user, request.remote_addr or "")
    return htmx.go(safe_next(form.next.data) or url_for("sign_in.home"))


def not_accepted(form: TermsForm | AcceptForm | JoinForm, terms: TermsVersion, sentence: str) -> bool:
    """Return whether `form` does not accept `terms`, with the reason beside its box.

    A yes to another version than the newest is none: a newer one was published while the page was open.
    """
    read = form.version.data or str(terms.number)
    if read == str(terms.number) and form.accept_terms.data:
        return False
    if read != str(terms.number):
        form.accept_terms.data = False
        sentence = f"Version {terms.number} was published meanwhile. Read it, then tick the box."
    form.accept_terms.errors = [sentence]
    return True
