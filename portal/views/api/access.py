"""Who may ask for what, over the API: by the sender's address or number, and for one contact (S5)."""

from portal.actions.properties import link_properties
from portal.extensions import db
from portal.guards import actor, load
from portal.lifecycle import Move
from portal.models import ApiScope, Contact, Property
from portal.queries.rights import choosable
from portal.queries.staff import look_up as queries
from portal.refusals import FieldRefusal
from portal.shapes.access import AccessPage, AccessShape, Sender
from portal.shapes.contact import Links
from portal.shapes.problem import Fault, Refused
from portal.views.api import shown
from portal.views.api.operations import Operation, Reply


@Operation("POST", "/access", ApiScope.ACCESS_READ, AccessPage, body=Sender, only_reads=True)
def look_up(wanted: Sender) -> Reply:
    """Look up a sender over all companies: who it is, whether authorized, for what, at which properties."""
    if bool(wanted.email) == bool(wanted.phone):
        raise Refused(422, "Send either email or phone.", [Fault(detail="Say one.", pointer="#/email")])
    found = queries.look_up(actor(), address=wanted.email, number=wanted.phone)
    known = [standing.contact for person in found.people for standing in person.standings]
    return Reply(AccessPage(items=[shown.access(each) for each in known], more=found.more))


@Operation("GET", "/contacts/<id:contact_id>/access", ApiScope.ACCESS_READ, AccessShape)
def show_access(contact_id: int) -> Reply:
    """Show what a contact may ask for, and from where it has each right."""
    return Reply(shown.access(load(Contact, contact_id, to=Move.VIEW)))


@Operation(
    "PUT",
    "/contacts/<id:contact_id>/properties",
    ApiScope.ACCESS_WRITE,
    AccessShape,
    body=Links,
    refusals=(409,),
)
def link(contact_id: int, wanted: Links) -> Reply:
    """Link a contact to the entire client, or to these properties and no others (C20)."""
    contact = load(Contact, contact_id, to=Move.LINK)
    link_properties(contact, wanted.scope, _places(wanted.properties), actor())
    db.session.flush()
    db.session.expire(contact)
    return Reply(shown.access(contact))


def _places(ids: list[int]) -> list[Property]:
    offered = {place.id: place for place in choosable(actor())}
    unknown = set(ids) - offered.keys()
    if unknown:
        raise FieldRefusal("properties", f"There is no property {min(unknown)} in use at this company.")
    return [offered[place_id] for place_id in dict.fromkeys(ids)]
