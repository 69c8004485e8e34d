"""The activity of a company: who did what to whom, filtered, the newest first, paged by position (C32)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select

from portal.extensions import db
from portal.models import Activity, Contact
from portal.models.keys import fold
from portal.policy import Actor
from portal.visibility import visible

PAGE = 50
MOST = 50_000
CUT = f"Only the newest {MOST:,} are here. Choose fewer days to get the others."
LONGEST_SEARCH = 100

# Each kind with the words in `what` that belong to it; "%" stands for anything.
KINDS: dict[str, tuple[str, ...]] = {
    "contacts": ("added", "edited", "deleted", "edited the own details"),
    "access": (
        "authorized",
        "%invitation%",
        "asked for a new link",
        "made a login for",
        "deactivated",
        "activated",
        "unlinked%",
        "%password%",
        "%second factor%",
        "%recovery code%",
        "%the access%",
    ),
    "rights": ("changed the rights of", "%role%", "%area%"),
    "properties": ("%propert%",),
    "work_orders": ("asked for", "commented on", "cancelled", "changed the status of"),
    "invoices": ("issued", "made void", "%payment for", "attached a PDF to", "drafted", "%the draft of"),
    "company": ("changed the details of", "%document%"),
}


@dataclass(frozen=True)
class Wish:
    """What the reader asks for; every value is already known to be sensible."""

    person: str = ""
    contact: int = 0
    kind: str = ""
    first: datetime | None = None
    end: datetime | None = None
    older: int = 0
    newer: int = 0


@dataclass
class Page:
    """The rows of one page, and the ids beyond which its neighbours begin; 0 for none."""

    rows: Sequence[Activity] = field(default_factory=list)
    older: int = 0
    newer: int = 0


def page(actor: Actor, wish: Wish) -> Page:
    """Return the page of the activity that `actor` may see and `wish` asks for, the newest first."""
    return cut(matching(actor, wish), wish)


def cut(query: Select[Any], wish: Wish) -> Page:
    """Return the page of `query` that `wish` asks for, the newest first."""
    if wish.newer:
        query = query.where(Activity.id > wish.newer).order_by(Activity.id)
    else:
        older = (Activity.id < wish.older,) if wish.older else ()
        query = query.where(*older).order_by(Activity.id.desc())
    found = list(db.session.scalars(query.limit(PAGE + 1)))
    more, rows = len(found) > PAGE, found[:PAGE]
    if wish.newer:
        rows.reverse()
    if not rows:
        return Page()
    below, above = (True, more) if wish.newer else (more, bool(wish.older))
    return Page(rows, rows[-1].id if below else 0, rows[0].id if above else 0)


def everything(actor: Actor, wish: Wish) -> Sequence[Activity]:
    """Return all that `wish` asks for, the newest first; one row more than MOST where there is more."""
    return newest(matching(actor, wish))


def newest(query: Select[Any]) -> Sequence[Activity]:
    """Return the rows of `query`, the newest first; one row more than MOST where there is more."""
    return db.session.scalars(query.order_by(Activity.id.desc()).limit(MOST + 1)).all()


def name_of(actor: Actor, contact_id: int) -> str:
    """Return the name of a contact of the actor's company, deleted ones too; empty for anybody else's."""
    query = select(Contact.first_name, Contact.last_name).where(
        Contact.id == contact_id, Contact.company_id == actor.company_id
    )
    return " ".join(db.session.execute(query).one_or_none() or ()).strip()


def matching(actor: Actor, wish: Wish) -> Select[Any]:
    """Return all that `actor` may see and `wish` asks for, whatever the page."""
    query = visible(actor, Activity)
    for word in wish.person[:LONGEST_SEARCH].split():
        query = query.where(_about(actor, word))
    if wish.contact:
        query = query.where(
            or_(Activity.contact_id == wish.contact, Activity.actor_contact_id == wish.contact)
        )
    if wish.kind:
        query = query.where(of_kind(wish.kind))
    if wish.first is not None:
        query = query.where(Activity.at >= wish.first)
    if wish.end is not None:
        query = query.where(Activity.at < wish.end)
    return query


def _about(actor: Actor, word: str) -> ColumnElement[bool]:
    """Whoever did it or had it done: by the name as it was written down, or by the contact's name now."""
    named = select(Contact.id).where(
        Contact.company_id == actor.company_id, Contact.search_key.contains(fold(word), autoescape=True)
    )
    return or_(
        Activity.actor_name.icontains(word, autoescape=True),
        Activity.target_name.icontains(word, autoescape=True),
        Activity.contact_id.in_(named),
        Activity.actor_contact_id.in_(named),
    )


def of_kind(kind: str) -> ColumnElement[bool]:
    """Return the condition that a row is of this kind: a key of KINDS, "refused", "staff", or of no other."""
    if kind == "refused":
        return Activity.result == "refused"
    if kind == "staff":
        return Activity.actor_kind == "staff"
    of_one = [Activity.what.like(words) for words in KINDS.get(kind, ())]
    if of_one:
        return and_(or_(*of_one), Activity.result == "done")
    every = [Activity.what.like(words) for patterns in KINDS.values() for words in patterns]
    return and_(not_(or_(*every)), Activity.result == "done")
