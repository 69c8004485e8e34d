"""Adding, changing and archiving a property (behaviour C40)."""

from collections.abc import Mapping

from portal import audit, policy
from portal.clock import now
from portal.extensions import db
from portal.models import Property
from portal.policy import Actor
from portal.queries.properties import called
from portal.refusals import FieldRefusal, NotNow

DETAILS = {"name": "Name", "street": "Street", "city": "City", "postcode": "Postcode"}


def add_property(wanted: Mapping[str, str], by: Actor) -> Property:
    """Return a new property of the company of `by`.

    Raises NotAllowed unless `by` is an admin, FieldRefusal for a name that another property has.
    """
    policy.demand_admin(by)
    _check_name(wanted["name"], by)
    place = Property(company_id=by.company_id, **{name: wanted[name] for name in DETAILS})
    db.session.add(place)
    db.session.flush()
    given = {label: ("", wanted[name]) for name, label in DETAILS.items() if wanted[name]}
    audit.record("added the property", by=by, about=place.name, changes=given)
    return place


def edit_property(place: Property, wanted: Mapping[str, str], by: Actor) -> bool:
    """Bring `place` to what is `wanted`; return whether anything changed. Raises as add_property does."""
    policy.demand_admin(by)
    was = place.name
    _check_name(wanted["name"], by, place)
    changes = {}
    for name, label in DETAILS.items():
        before, after = getattr(place, name), wanted[name]
        if before != after:
            setattr(place, name, after)
            changes[label] = (before, after)
    if changes:
        audit.record("changed the property", by=by, about=was, changes=changes)
    return bool(changes)


def _check_name(name: str, by: Actor, place: Property | None = None) -> None:
    with db.session.no_autoflush:
        other = called(by, name, except_id=place.id if place else None)
    if other is not None:
        hint = " It is archived; restore it or choose another name." if other.archived_at else ""
        raise FieldRefusal("name", f"{other.name} is already one of your properties.{hint}")


def archive(place: Property, by: Actor) -> None:
    """Take `place` out of the lists; what belongs to it stays. Raises NotNow where it is archived already."""
    policy.demand_admin(by)
    if place.archived_at is not None:
        raise NotNow(f"{place.name} is archived already.")
    place.archived_at = now()
    audit.record("archived the property", by=by, about=place.name)


def restore(place: Property, by: Actor) -> None:
    """Bring an archived property back. Raises NotNow where it is not archived."""
    policy.demand_admin(by)
    if place.archived_at is None:
        raise NotNow(f"{place.name} is not archived.")
    place.archived_at = None
    audit.record("restored the property", by=by, about=place.name)
