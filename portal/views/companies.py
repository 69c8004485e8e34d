"""Choosing among the companies of one login (behaviour C35)."""

from flask import Blueprint, Response, abort, url_for

from portal import htmx
from portal.actions.sign_in import choose_company
from portal.guards import signed_in
from portal.menus import role_line

blueprint = Blueprint("companies", __name__, url_prefix="/companies")


@blueprint.get("")
def choose() -> Response:
    """Show the companies this login can work in."""
    person = signed_in()
    assert person is not None
    memberships = [{"company": each.company, "role_line": role_line(each)} for each in person.memberships]
    return htmx.page("companies/choose.html", memberships=memberships)


@blueprint.post("/<slug:slug>")
def enter(slug: str) -> Response:
    """Work in this company from now on, in this browser."""
    person = signed_in()
    found = person.membership(slug) if person else None
    if person is None or found is None:
        abort(404)
    choose_company(person.session, found.company)
    return htmx.go(url_for("dashboard.show", company=slug))
