"""The contacts of a company: list, search, view, add, edit, and the question before deleting."""

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, request, url_for

from portal import htmx, lifecycle, menus, policy
from portal.actions.contacts import add_contact, edit_contact
from portal.extensions import db
from portal.forms.contact import ContactForm
from portal.guards import SAFE_METHODS, actor, load, membership
from portal.lifecycle import Move
from portal.models import Contact
from portal.queries import access_requests, history, rights
from portal.queries import contacts as listing
from portal.queries.people import made_by_form
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.views import back, contact_copy, contact_form, contact_page, lists
from portal.views.within import company_blueprint

blueprint = company_blueprint("contacts", __name__, "/contacts")


@blueprint.get("")
def index() -> Response:
    """Show the list; search, filters, order and paging stand in the address."""
    policy.demand_browsing(actor())
    asked = lists.wish(request.args)
    authorized = asked.authorized == "any"
    title = "Authorized users" if authorized else "Contacts"
    # One more question only where somebody may ask for access at all.
    asks = policy.adds_contacts(actor()) and current_app.config["SELF_SIGN_UP"] and not htmx.wants_part()
    waiting = access_requests.how_many_wait(actor()) if asks else 0
    return _list("contacts/index.html", asked, title=title, requests_waiting=waiting)


@blueprint.get("/search")
def search() -> Response:
    """Show the search form and, once something was asked, what it found."""
    policy.demand_browsing(actor())
    asked = lists.wish(request.args)
    return _list("contacts/search.html", asked, searched=bool(request.args), title="Search contacts")


def _list(template: str, asked: listing.Wish, **context: Any) -> Response:
    return htmx.page(template, block="list", **{**list_of(asked), **context})


def list_of(asked: listing.Wish) -> dict[str, Any]:
    """Return what a list of contacts shows for this request, on whichever page it stands."""
    who = actor()
    # The filters stand outside the part; only the words for active ones are needed in it.
    spare = htmx.wants_part() and not (asked.type or asked.role or asked.at)
    choices = listing.Choices() if spare else listing.choices(who, asked.at)
    authorized = asked.authorized == "any"
    return {
        "page": listing.page(who, asked),
        "counts": listing.counts(who, asked),
        "choices": choices,
        "chips": lists.chips(asked, choices),
        "wish": asked,
        "url": lambda **changes: lists.address(asked, **changes),
        "can_add": policy.adds_contacts(who),
        "add_href": url_for("contacts.add", access="email_only") if authorized else url_for("contacts.add"),
        "add_label": "Add Authorized User" if authorized else "Add Contact",
        "export": lists.export(asked) if policy.adds_contacts(who) else None,
        "most": listing.COUNTED,
        "everybody_href": lists.everybody(asked),
        "searched": True,
    }


@blueprint.get("/<id:contact_id>")
def show(contact_id: int) -> Response:
    """Show everything about one contact, what it can do and why, and its history (C10)."""
    contact = load(Contact, contact_id, to=Move.VIEW)
    who = actor()
    row = listing.row_of(contact)
    edit_reason = lifecycle.objection(contact, Move.EDIT) or policy.objection(who, Move.EDIT, contact) or ""
    past = history.of_contact(contact, who)
    return htmx.page(
        "contacts/show.html",
        row=row,
        entries=[entry for entry in menus.row_menu(row) if entry["move"] != Move.VIEW],
        can_edit=not edit_reason,
        edit_reason=edit_reason,
        rights=rights.why(contact),
        **asdict(rights.places(contact, who)),
        history=past[: history.SHOWN],
        history_more=len(past) > history.SHOWN,
        all_history=url_for("activity.index", contact=contact.id) if who.is_admin or who.is_staff else "",
        primary_reason=lifecycle.objection(contact, Move.DELETE) if contact.is_primary else "",
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or add the contact it describes."""
    policy.demand_admin(actor())
    company = membership().company
    form = contact_form.bind(None, actor())
    if request.method in SAFE_METHODS or "preview" in request.form:
        return contact_page.page(form, None)
    if contact_copy.asked():
        return contact_page.copy(form, None)
    # A second click on the same form leads to what the first one made (T80).
    made = made_by_form(company.id, form.form_key.data) if form.form_key.data else None
    if made is not None and made.deleted_at is not None:
        say(f"{made.name} was deleted meanwhile.", tone="wait")
        return htmx.go(url_for(".index"))
    answer = made or _save_new(form)
    return htmx.go(url_for(".show", contact_id=answer.id)) if isinstance(answer, Contact) else answer


def _save_new(form: ContactForm) -> Contact | Response:
    if not contact_form.valid(form, membership().company.name):
        return contact_page.page(form, None, status=422)
    try:
        with db.session.begin_nested():
            made = add_contact(
                membership().company, contact_form.wanted(form), actor(), form_key=form.form_key.data or None
            )
            contact_copy.save(made)
    except FieldRefusal as refusal:
        return contact_page.refuse(form, None, refusal)
    say(f"{made.name} was added.")
    return made


@blueprint.route("/<id:contact_id>/edit", methods=["GET", "POST"])
def edit(contact_id: int) -> Response:
    """Show the form with what is known, or save it; a stale save shows both versions instead (C15)."""
    contact = load(Contact, contact_id, to=Move.EDIT)
    form = contact_form.bind(contact, actor())
    if request.method in SAFE_METHODS or "preview" in request.form:
        return contact_page.page(form, contact)
    if contact_copy.asked():
        return contact_page.copy(form, contact)
    if form.version.data != str(contact.version):
        return contact_page.conflict(form, contact)
    if not contact_form.valid(form, contact.company.name):
        return contact_page.page(form, contact, status=422)
    try:
        with db.session.begin_nested():
            edit_contact(contact, contact_form.wanted(form), actor())
            contact_copy.save(contact)
    except FieldRefusal as refusal:
        db.session.refresh(contact)
        return contact_page.refuse(form, contact, refusal)
    say(f"{contact.name} was saved.")
    return htmx.go(url_for(".show", contact_id=contact.id))


@blueprint.get("/<id:contact_id>/delete")
def delete(contact_id: int) -> Response:
    """Ask before deleting: a dialog, or a page without JavaScript."""
    contact = load(Contact, contact_id, to=Move.DELETE)
    came_from = "view" if request.args.get("from") == "view" else "list"
    to = url_for(".show", contact_id=contact.id) if came_from == "view" else back.to_list()
    return htmx.page("contacts/delete.html", block="dialog", contact=contact, from_=came_from, back=to)
