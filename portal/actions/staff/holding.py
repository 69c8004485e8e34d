"""Handing out what is held about a person, which is written down as any other deed (S8, T87)."""

from portal import audit, staff_policy
from portal.policy import Actor
from portal.queries.staff.privacy import Person
from portal.staff_policy import Deed


def hand_out(person: Person, by: Actor) -> None:
    """Write down that what is held about the person was downloaded, at each client that knows them."""
    staff_policy.demand(by.staff_role, Deed.SEE_HELD)
    for contact in person.contacts:
        audit.record("downloaded what is held about", by=by, contact=contact)
    if not person.contacts:
        audit.record("downloaded what is held about", by=by, user=person.user)
