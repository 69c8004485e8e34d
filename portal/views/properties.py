"""The properties of a company: list, page, add, edit, archive, and their documents (behaviour C40)."""

from functools import partial
from typing import Any

from flask import Response, request, url_for

from portal import htmx, policy, staff_policy
from portal.actions import places as changes
from portal.clock import today
from portal.forms.records import AttachForm, PropertyForm
from portal.guards import SAFE_METHODS, actor, enter_area, find, takes_files
from portal.models import Area, Property
from portal.queries import documents, properties
from portal.queries.agreements import standing
from portal.queries.reach import reach
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.views.asked import Listing
from portal.views.documents import attached
from portal.views.within import company_blueprint

blueprint = company_blueprint("properties", __name__, "/properties")
LIST = Listing(properties.VIEWS, tuple(properties.ORDERS))
NEW = dict.fromkeys(changes.DETAILS, "")


@blueprint.get("")
def index() -> Response:
    """Show the list; search, view and paging stand in the address."""
    enter_area(Area.PROPERTIES)
    return htmx.page("properties/index.html", block="list", **listing())


def listing() -> dict[str, Any]:
    """Return what the list of properties shows for this request."""
    who, asked = actor(), LIST.wish()
    return {
        **LIST.context(asked),
        "page": properties.page(who, asked),
        "counts": properties.counts(who, asked),
        "can_change": who.is_admin,
        "shows_work": policy.opens(who, Area.WORK_ORDERS),
        "reach": None if htmx.wants_part() else reach(who),
    }


@blueprint.get("/<id:property_id>")
def show(property_id: int) -> Response:
    """Show one property with its people, work orders, contracts and documents."""
    return _page(find(Property, property_id, area=Area.PROPERTIES))


def _page(place: Property, *, attach_form: AttachForm | None = None, status: int = 200) -> Response:
    who = actor()
    return htmx.page(
        "properties/show.html",
        status=status,
        place=place,
        around=properties.around(who, place),
        standing=lambda contract: standing(contract, today()),
        documents=documents.of(who, place),
        removes=partial(staff_policy.removes, who),
        can_change=who.is_admin,
        attach_form=attach_form or AttachForm(formdata=None),
        attach_action=url_for(".attach", property_id=place.id),
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Show the empty form, or add the property it describes."""
    enter_area(Area.PROPERTIES)
    policy.demand_admin(actor())
    form = PropertyForm.over(NEW)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(form, None)
    # A second click on the same form leads to what the first one made (T80).
    made = properties.same_as(actor(), form.values())
    if made is None:
        try:
            made = changes.add_property(form.values(), actor())
        except FieldRefusal as refusal:
            return _refused(form, None, refusal)
        say(f"{made.name} was added.")
    return htmx.go(url_for(".show", property_id=made.id))


@blueprint.route("/<id:property_id>/edit", methods=["GET", "POST"])
def edit(property_id: int) -> Response:
    """Show the form with what is known, or save it; a stale save shows both versions instead (C15)."""
    place = find(Property, property_id, area=Area.PROPERTIES)
    policy.demand_admin(actor())
    known = {name: getattr(place, name) for name in changes.DETAILS}
    form = PropertyForm.over(known)
    if request.method in SAFE_METHODS or not form.validate():
        return _form(form, place)
    if form.stale(known):
        return _form(form, place, conflict=form.differences(known))
    try:
        changed = changes.edit_property(place, form.values(), actor())
    except FieldRefusal as refusal:
        return _refused(form, place, refusal)
    say(f"{place.name} was saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show", property_id=place.id))


def _refused(form: PropertyForm, place: Property | None, refusal: FieldRefusal) -> Response:
    form[refusal.field].errors = [refusal.sentence]
    return _form(form, place)


def _form(
    form: PropertyForm, place: Property | None, *, conflict: list[dict[str, str]] | None = None
) -> Response:
    status = 409 if conflict is not None else 422 if form.errors else 200
    return htmx.page(
        "properties/form.html",
        block="form",
        status=status,
        form=form,
        place=place,
        conflict=conflict,
        cancel_href=url_for(".show", property_id=place.id) if place else url_for(".index"),
    )


@blueprint.post("/<id:property_id>/archive")
def archive(property_id: int) -> Response:
    """Take a property out of the lists; the notice can take that back."""
    place = find(Property, property_id, area=Area.PROPERTIES)
    changes.archive(place, actor())
    say(f"{place.name} was archived.", undo=url_for(".restore", property_id=place.id))
    return htmx.go(url_for(".show", property_id=place.id))


@blueprint.post("/<id:property_id>/restore")
def restore(property_id: int) -> Response:
    """Bring an archived property back."""
    place = find(Property, property_id, area=Area.PROPERTIES)
    changes.restore(place, actor())
    say(f"{place.name} is in use again.", undo=url_for(".archive", property_id=place.id))
    return htmx.go(url_for(".show", property_id=place.id))


@blueprint.post("/<id:property_id>/documents")
@takes_files
def attach(property_id: int) -> Response:
    """Attach a document to a property."""
    return attached(find(Property, property_id, area=Area.PROPERTIES), _page)
