"""Whether rows that a request names by their ids are there at all for its reader (P11)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Contact
from portal.policy import Actor
from portal.visibility import own, visible


def all_there(actor: Actor, model: type[Any], ids: Collection[int]) -> bool:
    """Return whether every one of `ids` is a row of `model` of the actor's company.

    Whether they are in scope is for the view. A contact that was deleted meanwhile counts: its page says so.
    """
    everybody = select(Contact).where(Contact.company_id == (actor.company_id or 0))
    query = everybody if model is Contact else own(actor, model)
    found = query.where(model.id.in_(ids)).with_only_columns(func.count(model.id))
    return db.session.scalar(found) == len(ids)


def in_sight(actor: Actor, model: type[Any], ident: int) -> bool:
    """Return whether `ident` is a row of `model` that the actor may see."""
    query = visible(actor, model).where(model.id == ident).with_only_columns(model.id)
    return db.session.scalar(query) is not None
