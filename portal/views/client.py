"""The company's own page: its details, and its contacts, properties, contracts and RFPs (behaviour C30)."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from portal import htmx, policy, staff_gate, staff_policy
from portal.actions.company import DETAILS, edit_company
from portal.actions.factors import require
from portal.forms.records import CompanyForm
from portal.guards import SAFE_METHODS, actor, enter_area, membership, signed_in
from portal.lifecycle import Situation, situation
from portal.models import Area
from portal.queries import clients
from portal.queries.factors import without_one
from portal.queries.paging import COUNTED
from portal.queries.reach import reach
from portal.queries.roles import areas_of
from portal.queries.staff.clients import has_admin
from portal.refusals import FieldRefusal
from portal.staff_policy import Deed
from portal.templating import say
from portal.views import contacts as contacts_views
from portal.views import contracts as contracts_views
from portal.views import lists
from portal.views import properties as properties_views
from portal.views import rfps as rfps_views
from portal.views.within import company_blueprint

blueprint = company_blueprint("client", __name__, "/client")
_LABELS = {"contacts": "Contacts", "properties": "Properties", "contracts": "Contracts", "rfps": "RFPs"}


@blueprint.get("")
def show() -> Response:
    """Show the company's details."""
    policy.demand_client(actor())
    return htmx.page(
        "client/show.html",
        primary=clients.primary(actor()),
        has_second_factor=_has_second_factor(),
        without_factor=without_one(actor()) if actor().is_admin else 0,
        **(_for_staff() if actor().is_staff else {}),
        **_head("details"),
    )


@blueprint.route("/second-factor", methods=["GET", "POST"])
def second_factor() -> Response:
    """Ask before a second factor is required of everybody who signs in here; a POST requires it, or no longer
    does."""
    policy.demand_admin(actor())
    if request.method in SAFE_METHODS:
        people = without_one(actor())
        return htmx.page("client/require.html", block="dialog", people=people, back=url_for(".show"))
    required = request.form.get("required") == "yes"
    changed = require(membership().company, required, actor(), has_one=_has_second_factor())
    word = "is required now" if required else "is optional now"
    say(f"A second factor {word}." if changed else "Nothing changed.")
    return htmx.go(url_for(".show"))


def _for_staff() -> dict[str, Any]:
    """Return what only the vendor's staff see of a client."""
    company_id = membership().company.id
    able, first = has_admin(company_id), clients.primary(actor())
    pending = first is not None and situation(first) is Situation.PENDING and policy.is_admin(first)
    return {
        "has_admin": able,
        "newcomer": first if pending and not able else None,
        "may_exit": staff_policy.may(staff_gate.person().person.role, Deed.EXIT),
        "areas": areas_of(company_id) if actor().is_admin else [],
    }


def _has_second_factor() -> bool:
    """Return whether the reader has a second factor, which all of the staff do."""
    person = signed_in()
    return person.user.has_second_factor if person else True


def _head(current: str) -> dict[str, Any]:
    """Return what stands above every part of the page."""
    who = actor()
    items = [("Details", url_for(".show"), "", current == "details", "details")]
    numbers = clients.parts(who)
    for name, number in numbers.items():
        shown = f"over {COUNTED:,}" if number > COUNTED else f"{number:,}"
        items.append((_LABELS[name], url_for(f".{name}"), shown, current == name, f"part-{name}"))
    return {"parts": items, "part_numbers": numbers, "can_change": who.is_admin, "reach": reach(who)}


def _part(name: str, listing: Mapping[str, Any]) -> Response:
    """Return one of the lists below the company's name, or only the rows where htmx asks."""
    if htmx.wants_part():
        return htmx.page(f"{name}/index.html", block="list", **listing)
    return htmx.page(f"client/{name}.html", **{**listing, **_head(name)})


@blueprint.get("/contacts")
def contacts() -> Response:
    """Show the company's contacts: the same list and row menus as under Contacts."""
    policy.demand_client(actor())
    return _part("contacts", {**contacts_views.list_of(lists.wish(request.args)), "title": "Contacts"})


@blueprint.get("/properties")
def properties() -> Response:
    """Show the company's properties."""
    policy.demand_client(actor())
    enter_area(Area.PROPERTIES)
    return _part("properties", properties_views.listing())


@blueprint.get("/contracts")
def contracts() -> Response:
    """Show the company's contracts."""
    policy.demand_client(actor())
    enter_area(Area.CONTRACTS)
    return _part("contracts", contracts_views.listing())


@blueprint.get("/rfps")
def rfps() -> Response:
    """Show the company's RFPs."""
    policy.demand_client(actor())
    enter_area(Area.RFPS)
    return _part("rfps", rfps_views.listing())


@blueprint.route("/edit", methods=["GET", "POST"])
def edit() -> Response:
    """Show the form with the company's details, or save it; a stale save shows both versions (C15)."""
    policy.demand_admin(actor())
    company = membership().company
    known = {name: getattr(company, name) for name in DETAILS}
    form = CompanyForm.over(known)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(form, status=422 if form.errors else 200)
    if form.stale(known):
        return _form(form, status=409, conflict=form.differences(known))
    try:
        changed = edit_company(company, form.values(), actor())
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return _form(form, status=422)
    say(f"{company.name} was saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show"))


def _form(form: CompanyForm, *, status: int, conflict: list[dict[str, str]] | None = None) -> Response:
    return htmx.page(
        "client/form.html",
        block="form",
        status=status,
        form=form,
        conflict=conflict,
        cancel_href=url_for(".show"),
    )
