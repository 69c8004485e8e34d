"""How much of the company a reader sees: the line "You see 4 of 8 properties." (behaviour C44)."""

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Property
from portal.policy import Actor
from portal.visibility import own, visible


def reach(actor: Actor) -> tuple[int, int] | None:
    """Return how many properties `actor` sees and how many there are; None for the entire client."""
    if actor.sees_everything:
        return None
    seen, there = (
        query.where(Property.archived_at.is_(None))
        .with_only_columns(func.count(Property.id))
        .scalar_subquery()
        for query in (visible(actor, Property), own(actor, Property))
    )
    row = db.session.execute(select(seen, there)).one()
    return row[0], row[1]
