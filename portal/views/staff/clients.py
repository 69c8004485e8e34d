"""The clients: the list, a new one, and behind this door the customers' own pages, as staff use them (S2)."""

import secrets

from flask import Blueprint, Response, request, url_for

from portal import htmx, staff_policy
from portal.actions.staff.clients import Newcomer, take_on
from portal.extensions import db
from portal.forms.staff import ClientForm
from portal.guards import SAFE_METHODS
from portal.models import Company
from portal.models.keys import email_key
from portal.queries.staff import by_name
from portal.queries.staff import clients as listing
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say
from portal.views import (
    access,
    access_requests,
    activity,
    billing,
    bulk,
    client,
    contacts,
    contracts,
    documents,
    exports,
    imports,
    properties,
    property_links,
    reports,
    rfps,
    roles,
    work_orders,
)
from portal.views.asked import Listing
from portal.views.staff import contracts as contract_forms
from portal.views.staff import invoices, keeping, payments, progress
from portal.views.staff import rfps as rfp_forms

blueprint = Blueprint("clients", __name__, url_prefix="/clients")
LIST = Listing(listing.VIEWS, tuple(listing.ORDERS))
VIEW_WORDS = {
    "": "All",
    "active": "Active",
    "portal_on": "Portal on",
    "portal_off": "Portal off",
    "exited": "Exited",
}
OF_CUSTOMERS = (
    contacts,
    bulk,
    imports,
    exports,
    access,
    access_requests,
    property_links,
    client,
    properties,
    contracts,
    rfps,
    documents,
    billing,
    reports,
    work_orders,
    activity,
    roles,
)
# What no customer has a page for at all.
OF_STAFF = (keeping, contract_forms, rfp_forms, invoices, payments, progress)
for part in (*OF_STAFF, *OF_CUSTOMERS):
    blueprint.register_blueprint(part.blueprint)


@blueprint.get("")
def index() -> Response:
    """Show the list; search, view and paging stand in the address."""
    who, asked = acting(), LIST.wish()
    page = listing.page(who, asked)
    return htmx.page(
        "staff/clients/index.html",
        block="list",
        **LIST.context(asked),
        page=page,
        counts=listing.counts(who, asked),
        named=by_name.counts(who, asked.q) if asked.q else {},
        around=listing.around([row.Company.id for row in page.rows]),
        unknown=listing.Around(),
        view_words=VIEW_WORDS,
        can_add=staff_policy.may(who.staff_role, Deed.KEEP_CLIENTS),
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or take on the client it describes with its first contact, who is invited."""
    demand(Deed.KEEP_CLIENTS)
    form = ClientForm(data={"form_key": secrets.token_urlsafe(12)})
    if request.method in SAFE_METHODS or not form.validate():
        return _form(form)
    # A second click on the same form leads to what the first one made (T80).
    made = (
        listing.made_by_form(email_key(form.email.data), form.form_key.data) if form.form_key.data else None
    )
    answer = made or _save(form)
    return htmx.go(url_for("client.show", company=answer.slug)) if isinstance(answer, Company) else answer


def _save(form: ClientForm) -> Company | Response:
    names = ("first_name", "last_name", "email", "phone")
    contact = {name: form[name].data for name in names}
    wanted = Newcomer(form.name.data, form.slug.data, contact, form.form_key.data or None)
    try:
        with db.session.begin_nested():
            made = take_on(wanted, acting())
    except FieldRefusal as refusal:
        form[refusal.field].errors = [refusal.sentence]
        return _form(form)
    say(f"{made.name} was added. Invitation sent to {form.email.data}.")
    return made


def _form(form: ClientForm) -> Response:
    return htmx.page("staff/clients/new.html", form=form, status=422 if form.errors else 200)
