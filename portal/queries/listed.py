"""Whole lists to be taken out as a table, stretch by stretch, over all clients or of one (S9)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement

from portal.extensions import db
from portal.models import Company
from portal.policy import Actor
from portal.visibility import over_all, visible

STRETCH = 500


def stretch(
    reader: Actor, model: type[Any], after: int, *conditions: ColumnElement[bool], load: Any = None
) -> Iterable[tuple[Any, Company]]:
    """Return the next rows of `model` after an id that `reader` may know of, each with its client.

    What belongs to clients that have left is not among them. `load` says what is loaded along.
    """
    query = visible(reader, model).join(Company, Company.id == model.company_id).add_columns(Company)
    query = query.where(model.id > after, Company.exited_at.is_(None), *conditions)
    query = query.options(load) if load is not None else query
    found = db.session.execute(query.order_by(model.id).limit(STRETCH)).unique()
    return [(row[0], row[1]) for row in found]


def clients(reader: Actor, after: int) -> Iterable[Company]:
    """Return the next clients after an id that `reader` may know of, but those that have left."""
    query = over_all(reader, Company).where(Company.id > after, Company.exited_at.is_(None))
    return list(db.session.scalars(query.order_by(Company.id).limit(STRETCH)))
