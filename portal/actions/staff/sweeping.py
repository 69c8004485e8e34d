"""Taking a person's name, address and numbers out of whatever else mentions them (behaviour S8).

Every text column of every table is looked at, so that a table made later is swept too. What was swept once is
not found again, which makes a second sweep an empty one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.models.folding import fold

# Guarded by itself, or about nothing but the erasing.
_LEFT_OUT = {"activity", "erasure"}
# What the portal chose or made, in which nobody's name stands.
NO_TEXT = {
    *("password_hash", "key_hash", "code_hash", "sealed_secret", "stored_as", "media_type", "message_id"),
    *("kind", "state", "status", "priority", "slug", "erased_as", "form_key", "what", "code"),
}
SHORTEST = 4
# More conditions than these are not asked of the database, which takes only so many (SQLite: 1,000).
MOST_ASKED = 60


class Sweeper:
    """Finds identifiers of a person in texts and puts the tombstone in their place."""

    def __init__(self, identifiers: set[str], tombstone: str) -> None:
        found = {each for each in identifiers if len(each) >= SHORTEST}
        self.words = sorted(found, key=len, reverse=True)
        self.tombstone = tombstone
        self.folded = sorted({fold(each) for each in self.words} - {""}, key=len, reverse=True)
        self._plain = re.compile("|".join(map(re.escape, self.words)) or r"(?!)", re.IGNORECASE)
        self._keys = re.compile("|".join(map(re.escape, self.folded)) or r"(?!)")
        self._spoken = {" ".join(_spoken(each)) for each in self.words}
        self._lengths = {each.count(" ") + 1 for each in self._spoken}

    def finds(self, text: str) -> bool:
        """Return whether an identifier stands in `text`."""
        return self._plain.search(text) is not None

    def names(self, text: str) -> bool:
        """Return whether an identifier stands in `text` as whole words, whatever is between them."""
        said = _spoken(text)
        return any(
            " ".join(said[start : start + length]) in self._spoken
            for length in self._lengths
            for start in range(len(said) - length + 1)
        )

    def may_be_asked(self, times: int) -> bool:
        """Return whether the database can be asked for every word, each in so many ways."""
        return len(self.words) * times <= MOST_ASKED

    def cleaned(self, value: Any) -> Any:
        """Return `value` with every identifier in it replaced: a text, or what JSON holds."""
        if isinstance(value, str):
            return self._plain.sub(self.tombstone, value)
        if isinstance(value, list):
            return [self.cleaned(each) for each in value]
        if isinstance(value, dict):
            return {self.cleaned(key): self.cleaned(each) for key, each in value.items()}
        return value

    def sweep(self, company_ids: list[int]) -> None:
        """Sweep every row of these companies, and of what belongs to such a row."""
        if not self.words:
            return
        db.session.flush()
        for table in db.metadata.sorted_tables:
            columns = [each for each in table.columns if _is_text(each)]
            within = _within(table, company_ids)
            if columns and within is not None and table.name not in _LEFT_OUT:
                self._sweep_table(table, columns, within)
        db.session.expire_all()

    def _sweep_table(
        self, table: sa.Table, columns: list[sa.Column[Any]], within: sa.ColumnElement[bool]
    ) -> None:
        keys = list(table.primary_key)
        query = sa.select(*keys, *(column.label(f"text_{column.name}") for column in columns)).where(within)
        if self.may_be_asked(3 * len(columns)):
            mentions = (condition for column in columns for condition in self._mentions(column))
            query = query.where(sa.or_(*mentions))
        for row in db.session.execute(query).all():
            before = {column: getattr(row, f"text_{column.name}") for column in columns}
            swept = {column.name: self._new(column, value) for column, value in before.items()}
            if swept != {column.name: value for column, value in before.items()}:
                mine = (key == value for key, value in zip(keys, row, strict=False))
                db.session.execute(sa.update(table).where(*mine).values(**swept))

    def _mentions(self, column: sa.Column[Any]) -> Iterator[sa.ColumnElement[bool]]:
        """Yield what finds the words in a column, also as JSON writes them and as keys fold them."""
        text = sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
        written = (
            {json.dumps(each)[1:-1] for each in self.words} if isinstance(column.type, sa.JSON) else set()
        )
        for each in {*self.words, *written, *(self.folded if column.name.endswith("_key") else ())}:
            yield text.icontains(each, autoescape=True)

    def _new(self, column: sa.Column[Any], value: Any) -> Any:
        if isinstance(value, str) and column.name.endswith("_key"):
            return " ".join(self._keys.sub(" ", value).split())
        swept = self.cleaned(value)
        longest = getattr(column.type, "length", None)
        return swept[:longest] if isinstance(swept, str) else swept


def _spoken(text: str) -> list[str]:
    """Return the words of `text`, folded: letters and digits, whatever stands between them."""
    return re.findall(r"[^\W_]+", fold(text))


def _is_text(column: sa.Column[Any]) -> bool:
    kind = isinstance(column.type, sa.String | sa.JSON) and not column.primary_key
    return kind and column.name not in NO_TEXT


def _within(table: sa.Table, company_ids: list[int]) -> sa.ColumnElement[bool] | None:
    """Return the condition that a row is of these companies; None for what belongs to none."""
    if table.name == "company":
        return table.c.id.in_(company_ids)
    if "company_id" in table.c:
        return table.c.company_id.in_(company_ids)
    for key in table.foreign_keys:
        parent = key.column.table
        if "company_id" in parent.c and key.column.name == "id" and len(key.constraint.columns) == 1:  # type: ignore[union-attr]
            return key.parent.in_(sa.select(parent.c.id).where(parent.c.company_id.in_(company_ids)))
    return None
