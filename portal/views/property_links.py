"""Link to Specific Properties: a dialog, or a page without JavaScript (behaviour C20, C21)."""

from typing import Any

from flask import Response, abort, request, url_for

from portal import htmx, words
from portal.actions.properties import link_properties
from portal.forms.fields import options
from portal.forms.properties import PropertiesForm
from portal.guards import SAFE_METHODS, actor, load
from portal.lifecycle import Move
from portal.models import Contact, Property, Scope
from portal.queries import contacts as listing
from portal.queries.rights import choosable
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.views import back
from portal.views.within import company_blueprint

blueprint = company_blueprint("property_links", __name__, "/contacts")


@blueprint.route("/<id:contact_id>/properties", methods=["GET", "POST"])
def link(contact_id: int) -> Response:
    """Show Client Level and Property Level with the boxes, or save what was chosen."""
    contact = load(Contact, contact_id, to=Move.LINK)
    offered = choosable(actor())
    linked = [each.property_id for each in contact.property_links]
    form = PropertiesForm(data={"scope": contact.scope, "properties": linked})
    form.properties.choices = options(*((place.id, place.name) for place in offered))
    if request.method in SAFE_METHODS:
        return _dialog(form, contact, offered)
    _refuse_foreign(offered)
    if not form.validate():
        form.scope.errors = ["Choose Client Level or Property Level."]
        return _dialog(form, contact, offered, status=422)
    if request.form.get("was", _now(contact)) != _now(contact):
        so = words.how_far(contact.scope == Scope.CLIENT, len(linked)).lower()
        return _dialog(form, contact, offered, status=409, stale=so)
    chosen = [place for place in offered if place.id in set(form.properties.data or [])]
    if form.scope.data == Scope.PROPERTY and not chosen and not form.confirm_empty.data:
        return _dialog(form, contact, offered, status=422, ask_empty=True)
    try:
        changed = link_properties(contact, form.scope.data, chosen, actor())
    except FieldRefusal as refusal:
        form.scope.errors = [refusal.sentence]
        return _dialog(form, contact, offered, status=422)
    return _done(contact, _notice(contact, len(chosen), changed))


def _now(contact: Contact) -> str:
    """Return how it stands, as the dialog carries it along: what changed since is not overwritten (C15)."""
    return " ".join([contact.scope, *sorted(str(each.property_id) for each in contact.property_links)])


def _refuse_foreign(offered: list[Property]) -> None:
    """A property that is not the reader's to give is as good as not there (404, T20)."""
    known = {str(place.id) for place in offered}
    if not set(request.form.getlist("properties")) <= known:
        abort(404)


def _notice(contact: Contact, count: int, changed: bool) -> str:
    if not changed:
        return f"Nothing changed for {contact.name}."
    if contact.scope == Scope.CLIENT:
        return f"{contact.name} sees the entire client."
    return f"{contact.name} is linked to {words.how_far(False, count).lower()}."


def _done(contact: Contact, notice: str) -> Response:
    if htmx.wants_part() and request.form.get("from") != "view":
        row = listing.row_of(contact)
        answer = htmx.page(
            "contacts/_moved.html", row=row, contact_id=contact.id, notice=notice, undo=None, counts=None
        )
        return htmx.into(answer, f"#contact-{contact.id}")
    say(notice)
    viewed = request.form.get("from") == "view"
    return htmx.go(url_for("contacts.show", contact_id=contact.id) if viewed else back.to_list())


def _dialog(
    form: PropertiesForm, contact: Contact, offered: list[Property], *, status: int = 200, **more: Any
) -> Response:
    chosen = set(form.properties.data or [])
    options = [
        {"id": place.id, "name": place.name, "address": place.address, "checked": place.id in chosen}
        for place in offered
    ]
    context: dict[str, Any] = {"contact": contact, "form": form, "options": options, "ask_empty": False}
    context |= {"was": _now(contact), "stale": ""}
    context["from_"] = "view" if request.values.get("from") == "view" else "list"
    viewed = context["from_"] == "view"
    context["back"] = url_for("contacts.show", contact_id=contact.id) if viewed else back.to_list()
    return htmx.page("contacts/properties.html", block="dialog", status=status, **{**context, **more})
