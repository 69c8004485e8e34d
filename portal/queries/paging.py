"""Lists of things: what a reader asks for, and paging by position, which stays fast on the last page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    func,
    literal,
    or_,
    select,
)

from portal.extensions import db
from portal.models.folding import fold
from portal.queries import places

PAGE = 25
COUNTED = 1_000
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Wish:
    """What the reader asks a list for; every value is already known to be sensible."""

    q: str = ""
    view: str = ""
    sort: str = ""
    dir: str = "asc"
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class Order:
    """What a list is sorted by, and of which kind its values are."""

    key: SQLColumnExpression[Any]
    kind: type[Any] = str


@dataclass
class Page:
    """The rows of one page and the way to its neighbours."""

    rows: list[Any]
    after: str = ""
    before: str = ""
    cursor_broken: bool = False


def searched(query: Select[Any], q: str, column: SQLColumnExpression[str]) -> Select[Any]:
    """Return `query` cut to rows whose folded `column` holds every word of `q`, wildcards taken literally."""
    for word in fold(q[:LONGEST_SEARCH]).split():
        query = query.where(column.contains(word, autoescape=True))
    return query


def page(query: Select[Any], wish: Wish, order: Order, ident: SQLColumnExpression[int]) -> Page:
    """Return the page of `query` that `wish` asks for; a row is what the query selects, key, id."""
    cursor = wish.before or wish.after
    position = _position(cursor, wish.sort, order) if cursor else None
    backwards = bool(wish.before) and position is not None
    descending = (wish.dir == "desc") != backwards
    if position is not None:
        query = query.where(_beyond(order.key, ident, position, descending))
    turned = (order.key.desc(), ident.desc()) if descending else (order.key.asc(), ident.asc())
    found = list(db.session.execute(query.add_columns(order.key, ident).order_by(*turned).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    answer = Page(found, cursor_broken=bool(cursor) and position is None)
    if found:
        onwards, back = (True, more) if backwards else (more, position is not None)
        answer.after = _cursor(wish.sort, found[-1]) if onwards else ""
        answer.before = _cursor(wish.sort, found[0]) if back else ""
    return answer


def counts(wanted: Mapping[str, Select[Any]]) -> dict[str, int]:
    """Return how many rows each of the queries has, exact up to COUNTED, in one statement."""
    columns = [_capped(query).label(name) for name, query in wanted.items()]
    return dict(db.session.execute(select(*columns)).one()._asdict()) if columns else {}


def _capped(query: Select[Any]) -> ColumnElement[int]:
    some = query.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _beyond(
    key: SQLColumnExpression[Any],
    ident: SQLColumnExpression[int],
    position: tuple[Any, int],
    descending: bool,
) -> ColumnElement[bool]:
    value, row_id = position
    if descending:
        return or_(key < value, and_(key == value, ident < row_id))
    return or_(key > value, and_(key == value, ident > row_id))


def _cursor(sort: str, row: Any) -> str:
    """Return the place of a row in the order, as it stands in an address."""
    return places.write(sort, row[-2], row[-1])


def _position(cursor: str, sort: str, order: Order) -> tuple[Any, int] | None:
    """Return the place that `cursor` means, or None where it is none of ours or of another order."""
    found = places.read(cursor, str, order.kind, int)
    return (found[1], found[2]) if found is not None and found[0] == sort and found[2] > 0 else None
