"""Properties over the API: the list, one of them, adding, changing, archiving and restoring."""

from flask import url_for

from portal.actions import places
from portal.extensions import db
from portal.guards import actor, find
from portal.models import ApiScope, Area, Property
from portal.queries import feed
from portal.shapes.company import ListAsked
from portal.shapes.property import NewProperty, PropertyChange, PropertyPage, PropertyShape
from portal.views.api import shown
from portal.views.api.operations import Operation, Reply, demand_version, next_page, once

_MOVES = {"archive": places.archive, "restore": places.restore}


@Operation(
    "GET", "/companies/<id:company_id>/properties", ApiScope.PROPERTIES_READ, PropertyPage, asked=ListAsked
)
def list_properties(company_id: int, asked: ListAsked) -> Reply:
    """List the properties of a company, archived ones too."""
    rows = feed.properties(actor(), asked.after, asked.limit, asked.q)
    kept, onwards = next_page(rows, asked.limit, asked.model_dump())
    return Reply(PropertyPage(items=[shown.place(each) for each in kept], next=onwards))


@Operation(
    "POST",
    "/companies/<id:company_id>/properties",
    ApiScope.PROPERTIES_WRITE,
    PropertyShape,
    body=NewProperty,
    once=True,
    refusals=(409,),
)
def add_property(company_id: int, wanted: NewProperty) -> Reply:
    """Add a property to a company."""
    values = {**dict.fromkeys(places.DETAILS, ""), **wanted.given()}
    use = once(wanted)
    made = db.session.get(Property, use.made_id) if use and use.made_id else None
    place = made or places.add_property(values, actor())
    db.session.flush()
    if use is not None:
        use.made_id = place.id
    where = url_for("api.show_property", property_id=place.id)
    return _shown(place, status=200 if made else 201, place=where)


@Operation("GET", "/properties/<id:property_id>", ApiScope.PROPERTIES_READ, PropertyShape, shows_version=True)
def show_property(property_id: int) -> Reply:
    """Show a property."""
    return _shown(_find(property_id))


@Operation(
    "PATCH",
    "/properties/<id:property_id>",
    ApiScope.PROPERTIES_WRITE,
    PropertyShape,
    body=PropertyChange,
    versioned=True,
    refusals=(409,),
)
def change_property(property_id: int, wanted: PropertyChange) -> Reply:
    """Change details of a property."""
    place = _find(property_id)
    demand_version(shown.place_version(place))
    known = {name: getattr(place, name) for name in places.DETAILS}
    places.edit_property(place, {**known, **wanted.given()}, actor())
    return _shown(place)


@Operation(
    "POST",
    "/properties/<id:property_id>/moves/<any(archive, restore):move>",
    ApiScope.PROPERTIES_WRITE,
    PropertyShape,
    shows_version=True,
    refusals=(409,),
)
def move_property(property_id: int, move: str) -> Reply:
    """Take a property out of the lists, or bring it back."""
    place = _find(property_id)
    _MOVES[move](place, actor())
    return _shown(place)


def _find(property_id: int) -> Property:
    return find(Property, property_id, area=Area.PROPERTIES)


def _shown(found: Property, *, status: int = 200, place: str = "") -> Reply:
    db.session.flush()
    return Reply(shown.place(found), status, shown.place_version(found), place)
