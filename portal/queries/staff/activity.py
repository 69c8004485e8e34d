"""The activity over all clients and of the vendor itself, quick however long it has become (behaviour S7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    func,
    literal,
    not_,
    select,
    union_all,
)

from portal.extensions import db
from portal.models import Activity, Company, StaffUser
from portal.policy import Actor
from portal.queries import activity
from portal.queries.activity import KINDS, LONGEST_SEARCH, PAGE, Page, Wish
from portal.visibility import over_all, visible

# Rows get their ids in the order of their moments, but for transactions that overlap.
SLACK = timedelta(hours=1)
# The largest id that a column can hold.
_BEYOND = 2**31 - 1
# Who did it, by what kind of actor that is.
WHO: dict[str, ColumnElement[bool]] = {
    "clients": not_(Activity.actor_kind.in_(("staff", "system", "stranger"))),
    "staff": Activity.actor_kind == "staff",
    "system": Activity.actor_kind == "system",
    "strangers": Activity.actor_kind == "stranger",
}
# What is searched: in one piece, because it is looked through row by row. No word reaches over a blank.
_TEXT = Activity.actor_name + " " + Activity.target_name + " " + Activity.what + " " + Activity.reason
# As a kind: what belongs to no client, such as the vendor's settings and staff.
OWN = "vendor"
_MOST_CLIENTS = 50


@dataclass(frozen=True)
class Narrower:
    """What staff ask for beyond what a customer can: who did it, which of the staff, and at which client."""

    wish: Wish
    who: str = ""
    staff_id: int = 0
    client: str = ""


def page(reader: Actor, asked: Narrower) -> Page:
    """Return the page of what `asked` asks for, the newest first."""
    words = _words(asked.wish.kind)
    query = _matching(reader, asked)
    if words is not None:
        query = _newest_of_each(query, words, asked.wish)
    return activity.cut(query, asked.wish)


def everything(reader: Actor, asked: Narrower) -> Sequence[Activity]:
    """Return all that `asked` asks for, the newest first; one row more than MOST where there is more."""
    words = _words(asked.wish.kind)
    query = _matching(reader, asked)
    return activity.newest(query if words is None else query.where(Activity.what.in_(words)))


def names_of(reader: Actor, rows: Sequence[Activity]) -> dict[int, Company]:
    """Return the clients that the rows belong to, by id."""
    ids = {row.company_id for row in rows if row.company_id is not None}
    found = db.session.scalars(over_all(reader, Company).where(Company.id.in_(ids)))
    return {company.id: company for company in found}


def colleagues(reader: Actor) -> dict[int, str]:
    """Return the names of the staff by id, former ones too, as they are chosen from."""
    query = over_all(reader, StaffUser).order_by(StaffUser.name, StaffUser.id)
    return {person.id: person.name for person in db.session.scalars(query)}


def _matching(reader: Actor, asked: Narrower) -> Select[Any]:
    """Return what `asked` asks for, but for kinds that are told by their words."""
    wish, query = asked.wish, visible(reader, Activity)
    for word in wish.person[:LONGEST_SEARCH].split():
        query = query.where(_TEXT.icontains(word, autoescape=True))
    if wish.kind == OWN:
        query = query.where(Activity.company_id.is_(None))
    elif wish.kind in ("refused", "staff"):
        query = query.where(activity.of_kind(wish.kind))
    elif wish.kind:
        query = query.where(Activity.result == "done")
    if asked.who:
        query = query.where(WHO[asked.who])
    if asked.staff_id:
        query = query.where(Activity.actor_staff_id == asked.staff_id)
    if asked.client:
        query = query.where(_at(asked.client))
    return query.where(*_between(wish))


def _at(client: str) -> ColumnElement[bool]:
    """Return the condition that it happened at the client with this slug, else at one with such a name."""
    exact = list(db.session.scalars(select(Company.id).where(Company.slug == client.casefold())))
    named = select(Company.id).where(Company.name.icontains(client, autoescape=True)).order_by(Company.name)
    ids = exact or list(db.session.scalars(named.limit(_MOST_CLIENTS)))
    return Activity.company_id == ids[0] if len(ids) == 1 else Activity.company_id.in_(ids)


def _between(wish: Wish) -> list[ColumnElement[bool]]:
    """Return the conditions for the days asked for, also on the ids, so that only those are looked at."""
    found: list[ColumnElement[bool]] = []
    if wish.first is not None:
        before = select(Activity.id).where(Activity.at < wish.first - SLACK)
        before = before.order_by(Activity.at.desc()).limit(1)
        found += [Activity.at >= wish.first, Activity.id > func.coalesce(before.scalar_subquery(), 0)]
    if wish.end is not None:
        after = select(Activity.id).where(Activity.at >= wish.end + SLACK).order_by(Activity.at).limit(1)
        found += [Activity.at < wish.end, Activity.id < func.coalesce(after.scalar_subquery(), _BEYOND)]
    return found


def _words(kind: str) -> list[str] | None:
    """Return the words in `what` that are of this kind; None for a kind that is not told by them."""
    if not kind or kind in (OWN, "refused", "staff"):
        return None
    patterns = KINDS.get(kind) or [each for of_one in KINDS.values() for each in of_one]
    fits = re.compile("|".join(".*".join(map(re.escape, each.split("%"))) for each in patterns), re.I | re.S)
    return [word for word in _every_word() if bool(fits.fullmatch(word)) == (kind in KINDS)]


def _every_word() -> list[str]:
    """Return every word that ever stood in `what`: one look into the index for each, however many rows."""
    word = Activity.__table__.c.what
    first = select(cast(func.min(word), String).label("word")).cte("word", recursive=True)
    beyond = select(func.min(word)).where(word > first.c.word).scalar_subquery()
    every = first.union_all(select(beyond).where(first.c.word.is_not(None)))
    return [each for each in db.session.scalars(select(every.c.word)) if each is not None]


def _newest_of_each(query: Select[Any], words: list[str], wish: Wish) -> Select[Any]:
    """Return a query for the rows of `query` with one of `words`, as far as one page of them needs.

    The newest of each word are found by the index and put together: quick for kinds of which hardly anything
    happens as well as for those of which nearly everything is.
    """
    if not words:
        return query.where(literal(False))
    ids = query.with_only_columns(Activity.id).limit(PAGE + 1)
    if wish.newer:
        ids = ids.where(Activity.id > wish.newer).order_by(Activity.id)
    else:
        ids = ids.where(Activity.id < (wish.older or _BEYOND)).order_by(Activity.id.desc())
    each = [select(ids.where(Activity.what == word).subquery().c.id) for word in words]
    return select(Activity).where(Activity.id.in_(union_all(*each)))
