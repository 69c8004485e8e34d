"""Lists of things: what a reader asks for, and paging by position, which stays fast on the last page."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

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


class Asked(Protocol):
    """What of a list's wish says which page it is about."""

    @property
    def sort(self) -> str: ...
    @property
    def dir(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def before(self) -> str: ...


@dataclass(frozen=True)
class Order:
    """What a list is sorted by, of which kind its values are, whether they go down, and by what then."""

    key: SQLColumnExpression[Any]
    kind: type[Any] = str
    down: bool = False
    then: "Order | None" = None

    @property
    def keys(self) -> list["Order"]:
        """This key and those that follow it."""
        return [self, *(self.then.keys if self.then else [])]


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


def page(query: Select[Any], wish: Asked, order: Order, ident: SQLColumnExpression[int]) -> Page:
    """Return the page of `query` that `wish` asks for; a row is what the query selects, keys, id."""
    cursor = wish.before or wish.after
    position = _position(cursor, wish.sort, order) if cursor else None
    backwards = bool(wish.before) and position is not None
    keys = _directed(order, ident, (wish.dir == "desc") != backwards)
    if position is not None:
        query = query.where(_beyond(keys, position))
    turned = [key.desc() if down else key.asc() for key, down in keys]
    columns = (key for key, _down in keys)
    found = list(db.session.execute(query.add_columns(*columns).order_by(*turned).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    answer = Page(found, cursor_broken=bool(cursor) and position is None)
    if found:
        onwards, back = (True, more) if backwards else (more, position is not None)
        answer.after = _cursor(wish.sort, found[-1][-len(keys) :]) if onwards else ""
        answer.before = _cursor(wish.sort, found[0][-len(keys) :]) if back else ""
    return answer


def counts(wanted: Mapping[str, Select[Any]]) -> dict[str, int]:
    """Return how many rows each of the queries has, exact up to COUNTED, in one statement."""
    columns = [_capped(query).label(name) for name, query in wanted.items()]
    return dict(db.session.execute(select(*columns)).one()._asdict()) if columns else {}


def _capped(query: Select[Any]) -> ColumnElement[int]:
    some = query.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _directed(
    order: Order, ident: SQLColumnExpression[int], turned: bool
) -> list[tuple[SQLColumnExpression[Any], bool]]:
    """Return the keys of the order and the id, each with whether it goes down; the id goes like the last."""
    keys = [(key.key, key.down != turned) for key in order.keys]
    return [*keys, (ident, keys[-1][1])]


def _beyond(
    keys: list[tuple[SQLColumnExpression[Any], bool]], position: Sequence[Any]
) -> ColumnElement[bool]:
    condition: ColumnElement[bool] | None = None
    for (key, down), value in reversed(list(zip(keys, position, strict=True))):
        further = key < value if down else key > value
        condition = further if condition is None else or_(further, and_(key == value, condition))
    assert condition is not None
    return condition


def _cursor(sort: str, values: Sequence[Any]) -> str:
    """Return the place of a row in the order, as it stands in an address."""
    plain = [value.isoformat() if isinstance(value, date) else value for value in (sort, *values)]
    text = json.dumps(plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str, sort: str, order: Order) -> list[Any] | None:
    """Return the place that `cursor` means, or None where it is none of ours or of another order."""
    kinds = (*(key.kind for key in order.keys), int)
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        of_sort, *values = json.loads(text)
        found = [_of_kind(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError, UnicodeError, RecursionError):
        return None
    return found if of_sort == sort and found[-1] > 0 else None


def _of_kind(value: Any, kind: type[Any]) -> Any:
    """Return `value` as a `kind`; ValueError where it is none, or nothing a database could compare with."""
    if kind is date:
        return date.fromisoformat(value)
    if type(value) is not kind or (kind is int and not 0 <= value < 2**31):
        raise ValueError("not of this kind")
    if kind is str:
        value.encode()
        if "\0" in value:
            raise ValueError("not a text to compare with")
    return value
