"""Several contacts at once: choose what to change, see what that does and what is skipped, confirm."""

from dataclasses import dataclass

from flask import Response, abort, request, url_for

from portal import htmx, policy, staff_gate
from portal.actions.several import MOST, BulkWish, Result, change_several, stamp
from portal.converters import LARGEST_ID
from portal.forms.fields import options
from portal.forms.several import SeveralForm
from portal.forms.staff import NoAdminForm
from portal.guards import actor, membership
from portal.lifecycle import Move
from portal.models import Contact, Permission, Property, Role
from portal.queries import contacts as listing
from portal.queries import rights, vocabulary
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.views import back, lists
from portal.views.within import company_blueprint

blueprint = company_blueprint("bulk", __name__, "/contacts")


@dataclass(frozen=True)
class Offer:
    """What the reader can give."""

    roles: list[Role]
    places: list[Property]


@blueprint.get("/bulk")
def choose() -> Response:
    """Show the form for the ticked contacts, or for everybody whom the filters in the address leave."""
    policy.demand_admin(actor())
    ids = _ticked()
    if request.args.get("all"):
        ids = set(listing.ids(actor(), lists.wish(request.args), MOST + 1))
    people, gone = _people(ids)
    if not people:
        say("Tick the contacts that you want to change first.", tone="wait")
        return htmx.go(url_for("contacts.index"))
    offer = _offer()
    return _form(_bind(offer), offer, people, gone)


@blueprint.post("/bulk")
def change() -> Response:
    """Show what would happen to each contact; once that was seen and agreed to, do it."""
    policy.demand_admin(actor())
    people, gone = _people(_ticked())
    offer = _offer()
    form = _bind(offer)
    if not people or request.form.get("step") == "back":
        return _form(form, offer, people, gone)
    if not form.validate():
        return _form(form, offer, people, gone, status=422)
    confirmed = request.form.get("step") == "confirm"
    agreed = str(form.agreed.data or "") if confirmed else ""
    came = change_several(people, _wish(form, offer), actor(), agreed=agreed)
    return _result(form, came, gone, changed_meanwhile=confirmed and not came.done)


def _ticked() -> set[int]:
    """Return the ids that were ticked; what can be no id at all is as good as an unknown one (404)."""
    values = set(request.values.getlist("contacts"))
    if not all(value.isascii() and value.isdecimal() and len(value) <= 10 for value in values):
        abort(404)
    return {int(value) for value in values}


def _people(ids: set[int]) -> tuple[list[Contact], list[Contact]]:
    """Return the contacts with these ids, and those that were deleted meanwhile; a foreign id is a 404."""
    if len(ids) > MOST:
        raise FieldRefusal("contacts", f"Choose at most {MOST} contacts at once. Narrow the list down first.")
    if any(not 0 < each <= LARGEST_ID for each in ids):
        abort(404)
    people = listing.together(actor(), ids)
    missing = ids - {each.id for each in people}
    gone = listing.deleted(actor(), missing) if missing else []
    if len(gone) != len(missing):
        abort(404)
    return people, gone


def _offer() -> Offer:
    return Offer(vocabulary.roles_of(membership().company.id), rights.choosable(actor()))


def _bind(offer: Offer) -> SeveralForm:
    """Return the form, filled from the request; a property that cannot be given is a 404."""
    form = SeveralForm(formdata=request.form if request.method == "POST" else None)
    form.roles.choices = options(*((role.id, role.name) for role in offer.roles))
    form.properties.choices = options(*((place.id, place.name) for place in offer.places))
    known = {str(place.id) for place in offer.places}
    if not set(request.form.getlist("properties")) <= known:
        abort(404)
    return form


def _wish(form: SeveralForm, offer: Offer) -> BulkWish:
    """Return what the form asks for; what is ticked under "leave as they are" counts for nothing."""
    roles, places = set(form.roles.data or []), set(form.properties.data or [])
    return BulkWish(
        roles_how=form.roles_how.data or "",
        roles=frozenset(role for role in offer.roles if role.id in roles),
        permissions_how=form.permissions_how.data or "",
        permissions=frozenset(Permission(value) for value in form.permissions.data or []),
        places_how=form.places_how.data or "",
        places=tuple(place for place in offer.places if place.id in places),
        move=Move(form.move.data) if form.move.data else None,
    )


def _form(
    form: SeveralForm, offer: Offer, people: list[Contact], gone: list[Contact], *, status: int = 200
) -> Response:
    return htmx.page(
        "contacts/bulk.html",
        status=status,
        form=form,
        people=people,
        gone=gone,
        offer=offer,
        faults=sum(bool(field.errors) for field in form),
        back=back.to_list(),
    )


def _result(form: SeveralForm, came: Result, gone: list[Contact], *, changed_meanwhile: bool) -> Response:
    """Show each contact with what changes or why it is skipped: before it is done, and after.

    Where no admin would be left, staff who may do it all the same are asked why at once (P8).
    """
    kept = ("roles_how", "roles", "permissions_how", "permissions", "places_how", "properties", "move")
    return htmx.page(
        "contacts/bulk_result.html",
        status=409 if changed_meanwhile else 200,
        changed=[each for each in came.outcomes if not each.reason],
        skipped=[each for each in came.outcomes if each.reason],
        gone=gone,
        done=came.done,
        why=NoAdminForm() if came.no_admin and not came.done and staff_gate.overrides() else None,
        changed_meanwhile=changed_meanwhile,
        agreed=stamp(came.outcomes),
        hidden=[(name, value) for name in kept for value in request.form.getlist(name)],
        people=came.outcomes,
        back=back.to_list(),
    )
