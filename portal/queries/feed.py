"""What the API reads, over all companies or in one: every list in the order of its ids, paged by the last."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.orm import joinedload, selectinload

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, Property
from portal.policy import Actor
from portal.queries.contacts import having_status
from portal.queries.paging import LONGEST_SEARCH, searched
from portal.visibility import over_all, visible

# How long a row may be on its way into the database after its moment was noted.
ON_ITS_WAY = timedelta(seconds=2)
CLOCKS_APART = timedelta(seconds=10)


def company_id_of(args: Mapping[str, Any]) -> int | None:
    """Return the company that an address speaks of by the id of itself, a contact or a property."""
    if "company_id" in args:
        query = select(Company.id).where(Company.id == args["company_id"])
    elif "contact_id" in args:
        live = (Contact.id == args["contact_id"], Contact.deleted_at.is_(None))
        query = select(Contact.company_id).where(*live)
    else:
        query = select(Property.company_id).where(Property.id == args["property_id"])
    found: int | None = db.session.scalar(query)
    return found


def companies(reader: Actor, after: int, limit: int, q: str) -> list[Company]:
    """Return up to `limit` companies with ids above `after`, one more where there are further ones."""
    query = over_all(reader, Company).where(Company.id > after)
    for word in q[:LONGEST_SEARCH].split():
        query = query.where(Company.name.icontains(word, autoescape=True))
    return list(db.session.scalars(query.order_by(Company.id).limit(limit + 1)))


def contacts(
    reader: Actor,
    after: int,
    limit: int,
    *,
    q: str = "",
    status: str | None = None,
    access: str | None = None,
) -> list[Contact]:
    """Return up to `limit` contacts of the reader's company, one more where there are further ones."""
    query = searched(visible(reader, Contact), q, Contact.search_key).where(Contact.id > after)
    if status is not None:
        query = query.where(having_status(status))
    if access is not None:
        query = query.where(Contact.access == access)
    return _with_everything(query.order_by(Contact.id).limit(limit + 1))


def properties(reader: Actor, after: int, limit: int, q: str) -> list[Property]:
    """Return up to `limit` properties of the reader's company, one more where there are further ones."""
    query = searched(visible(reader, Property), q, Property.search_key).where(Property.id > after)
    return list(db.session.scalars(query.order_by(Property.id).limit(limit + 1)))


def _with_everything(query: Select[Any]) -> list[Contact]:
    everything = (
        joinedload(Contact.live_invitation),
        joinedload(Contact.company),
        joinedload(Contact.category),
        selectinload(Contact.boxes),
        selectinload(Contact.topic_links),
        selectinload(Contact.property_links),
    )
    return list(db.session.scalars(query.options(*everything)).unique())


def activity(reader: Actor, after: int, limit: int) -> Sequence[Activity]:
    """Return up to `limit` things that happened after the one with the id `after`, the oldest first.

    One more where there are further ones. Nothing that is still being written can turn up before one of them
    later: whoever reads on from the last id misses nothing.
    """
    query = visible(reader, Activity).where(Activity.id > after)
    settled = _settled()
    if settled is not None:
        query = query.where(Activity.at < settled)
    return db.session.scalars(query.order_by(Activity.id).limit(limit + 1)).all()


def _settled() -> datetime | None:
    """Return the moment before which every row is there; None on SQLite, where writers stand in line.

    On PostgreSQL ids are given when a row is written, and seen when its transaction ends: a long one, such as
    an import, can have lower ids than what is seen already. So nothing is shown that was noted after the
    oldest transaction began that is still writing.
    """
    if db.engine.dialect.name == "sqlite":
        return None
    oldest: datetime | None = db.session.scalar(text(_OLDEST_WRITER))
    lately = now() - ON_ITS_WAY
    return lately if oldest is None else min(lately, oldest - CLOCKS_APART)


_OLDEST_WRITER = """
SELECT min(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
