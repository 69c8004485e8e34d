"""The work orders of a company: list, search, filters, paging, counts, photos; cut to the reader's scope."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from portal.extensions import db
from portal.models import Document, Property, WorkOrder, WorkStatus
from portal.models.folding import fold
from portal.policy import Actor
from portal.visibility import visible

PAGE = 25
COUNTED = 1_000
LONGEST_SEARCH = 100
# As many properties fit into a plain list; for more of them there is a field to type into.
FEW = 15
MOST_CHOICES = 200
ENDED = (WorkStatus.DONE, WorkStatus.CANCELLED)
# The views of the list; "open" is everything that still goes on.
VIEWS = ("open", "scheduled", "done", "all")


@dataclass(frozen=True)
class Wish:
    """What the reader asks the list for; every value is already known to be sensible. Places are numbers."""

    q: str = ""
    view: str = "open"
    place: str = ""
    priority: str = ""
    after: str = ""
    before: str = ""

    @property
    def narrowed(self) -> bool:
        """True if the view is cut down any further."""
        return any((self.q, self.place, self.priority))


@dataclass
class Page:
    """The orders of one page, the newest first, and the way to its neighbours."""

    rows: list[WorkOrder]
    after: str = ""
    before: str = ""


@dataclass
class Counts:
    """How many the reader may see in each view, and how many match the filters; 1,001 stands for more."""

    open: int = 0
    scheduled: int = 0
    done: int = 0
    all: int = 0
    matching: int = 0


def page(actor: Actor, wish: Wish) -> Page:
    """Return the page of work orders that `actor` may see and `wish` asks for."""
    query, number = _matching(actor, wish), WorkOrder.number
    backwards = bool(wish.before)
    if backwards:
        query = query.where(number > int(wish.before)).order_by(number.asc())
    elif wish.after:
        query = query.where(number < int(wish.after)).order_by(number.desc())
    else:
        query = query.order_by(number.desc())
    found = list(db.session.scalars(query.limit(PAGE + 1)).unique())
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    answer = Page(found)
    if found:
        onwards, back = (True, more) if backwards else (more, bool(wish.after))
        answer.after = str(found[-1].number) if onwards else ""
        answer.before = str(found[0].number) if back else ""
    return answer


def counts(actor: Actor, wish: Wish) -> Counts:
    """Return how many work orders there are for `actor`, each number exact up to 1,000."""
    wanted = {view: visible(actor, WorkOrder).where(*_in_view(view)) for view in VIEWS}
    wanted["matching"] = _matching(actor, wish)
    columns = [_capped(query).label(name) for name, query in wanted.items()]
    return Counts(**db.session.execute(select(*columns)).one()._asdict())


def _matching(actor: Actor, wish: Wish) -> Select[Any]:
    query = visible(actor, WorkOrder).where(*_in_view(wish.view))
    for word in fold(wish.q[:LONGEST_SEARCH]).split():
        query = query.where(WorkOrder.search_key.contains(word, autoescape=True))
    if wish.place:
        query = query.where(WorkOrder.property_id == int(wish.place))
    if wish.priority:
        query = query.where(WorkOrder.priority == wish.priority)
    return query


def _in_view(view: str) -> list[ColumnElement[bool]]:
    if view == "open":
        return [WorkOrder.status.not_in(ENDED)]
    return [] if view == "all" else [WorkOrder.status == view]


def _capped(query: Select[Any]) -> ColumnElement[int]:
    some = query.with_only_columns(WorkOrder.id).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def made_by_form(company_id: int, form_key: str) -> WorkOrder | None:
    """Return the order that the form with `form_key` has already made, so a second click makes none."""
    mine = (WorkOrder.company_id == company_id, WorkOrder.form_key == form_key)
    return db.session.scalar(select(WorkOrder).where(*mine))


def photos(actor: Actor, order: WorkOrder) -> list[Document]:
    """Return the photos of a work order that `actor` may see, as they were handed in."""
    query = visible(actor, Document).where(Document.work_order_id == order.id).order_by(Document.id)
    return list(db.session.scalars(query))


def photo(actor: Actor, order: WorkOrder, document_id: int) -> Document | None:
    """Return one photo of a work order, None where there is no such photo for `actor`."""
    query = visible(actor, Document).where(Document.work_order_id == order.id, Document.id == document_id)
    found: Document | None = db.session.scalar(query)
    return found


def places(actor: Actor, *, limit: int, like: str = "") -> list[Property]:
    """Return up to `limit` properties `actor` may ask for work at, by name; those `like` what was typed."""
    query = visible(actor, Property).where(Property.archived_at.is_(None))
    for word in fold(like[:LONGEST_SEARCH]).split():
        query = query.where(Property.search_key.contains(word, autoescape=True))
    return list(db.session.scalars(query.order_by(Property.name_key, Property.id).limit(limit)))


def numbered(actor: Actor, number: int) -> WorkOrder | None:
    """Return the work order of the actor's company with this number, None where `actor` knows of none."""
    found: WorkOrder | None = db.session.scalar(visible(actor, WorkOrder).where(WorkOrder.number == number))
    return found


def place(actor: Actor, property_id: int) -> Property | None:
    """Return one property that `actor` may ask for work at, None where there is no such property for them."""
    query = visible(actor, Property).where(Property.archived_at.is_(None), Property.id == property_id)
    found: Property | None = db.session.scalar(query)
    return found


def place_named(actor: Actor, name: str) -> Property | None:
    """Return the one property that `name` means, written exactly or but for case and accents; else None."""
    query = visible(actor, Property).where(Property.archived_at.is_(None))
    found = list(db.session.scalars(query.where(Property.name_key == fold(name)[:220]).limit(FEW)))
    exact = [each for each in found if each.name == name]
    return exact[0] if exact else found[0] if len(found) == 1 else None
