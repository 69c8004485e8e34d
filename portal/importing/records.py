"""Rows that become records, one at a time: looked at and written by the form and the action of the page.

Looking at a row writes it and takes that back, so that nothing is found out only when all are written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from json import dumps
from typing import Any, Protocol

from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal import invariants
from portal.extensions import db
from portal.forms.contact_row import meaning
from portal.forms.fields import clean
from portal.forms.rows import in_row
from portal.importing.columns import CLIENT, Field, quoted
from portal.importing.kind import SHOWN, Kind
from portal.importing.whose import client_called, demand_own, still_here
from portal.models import Company, Import, ImportRow, Outcome
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import FieldRefusal, Overtaken, Refusal
from portal.transaction import part

LONGEST_KEY = 254


@dataclass
class Row:
    """One row as it is being understood: its cells by field, whose it is, and what is wrong with it.

    `by` acts inside the row's client.
    """

    number: int
    cells: dict[str, str]
    by: Actor
    labels: Mapping[str, str]
    company: Company | None = None
    problems: list[list[str]] = field(default_factory=list)
    shown: list[list[str]] = field(default_factory=list)  # what it will be, by label
    sums: dict[str, int] = field(default_factory=dict)  # its amounts, to be added up before the start
    given: frozenset[str] = frozenset()  # the fields that it fills itself

    def said(self, name: str) -> str:
        """Return what stands in the cell of this field, without blanks around it."""
        return clean(self.cells.get(name, ""))

    def wrong(self, name: str, sentence: str) -> None:
        """Note what is wrong with the cell of this field, or with the row."""
        self.problems.append([self.labels.get(name, ""), sentence])

    def meant(self, name: str, words: Mapping[str, tuple[str, ...]]) -> str:
        """Return which of `words` the cell of this field means, empty for none; notes what is none."""
        text = self.said(name)
        found = meaning(text, words)
        if text and found is None:
            self.wrong(name, f"Use one of: {', '.join(each[0] for each in words.values())}.")
        return found or ""

    def checked(self, form: type[FlaskForm], **cells: Any) -> Any:
        """Return `form` filled with this row, with other `cells` where said; notes what is wrong."""
        filled = in_row(form, {**self.cells, **cells})
        if not filled.validate():
            for name, sentences in filled.errors.items():
                self.wrong(name or "", str(sentences[0]))
        return filled


class _TakenBack(Exception):
    """What was tried has worked, and is taken back."""


class Records(Protocol):
    """What a kind says of its records, so that rows can become such."""

    fields: tuple[Field, ...]
    key: str  # the field that a row is called by

    def identity(self, row: Row) -> str:
        """Return what tells the row from the others of its client in one file, empty for nothing."""

    def there(self, row: Row) -> Any:
        """Return the record that the row means, None where it is to be a new one."""

    def known(self, record: Any) -> dict[str, str]:
        """Return a record as the cells of a row, so that import(export(x)) = x."""

    def wanted(self, row: Row, record: Any) -> Any:
        """Return what the row asks for, checked by the form of the page; notes in the row what is wrong."""

    def write(self, row: Row, record: Any, wanted: Any) -> bool:
        """Add or change a record by the action of the page; return whether anything changed."""

    def listed(self, reader: Actor, after: int) -> Iterable[tuple[Any, Company]]:
        """Return the next records after an id that `reader` may know of, each with its client."""


class RecordRows:
    """Looks at the rows of one import and writes them."""

    def __init__(self, records: Records, imported: Import, by: Actor) -> None:
        self._records, self._imported, self._by = records, imported, by
        self._labels = {each.name: each.label for each in (CLIENT, *records.fields)}
        self._clients: dict[str, Company] = {}
        self._left_to_show = SHOWN

    def look(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[ImportRow]:
        """Return what becomes of each of `rows`."""
        self._clients.clear()
        read = [self._read(number, cells) for number, cells in rows]
        before = imports.seen_before(self._imported.id, {key for row in read if (key := self._key(row))})
        return [self._judged(row, before) for row in read]

    def write(self) -> None:
        """Write all that the rows were checked for; raises Overtaken where one comes out differently now."""
        rows = imports.to_write(self._imported)
        for company_id in sorted({row.ready["mark"][0] for row in rows if row.ready["mark"][0]}):
            invariants.watch(db.session(), company_id)
        for row in rows:
            self._write(row)

    def _read(self, number: int, cells: Mapping[str, str]) -> Row:
        given = frozenset(name for name, cell in cells.items() if clean(cell))
        row = Row(number, dict(cells), self._by, self._labels, given=given)
        if "client" in cells or self._imported.company_id is not None:
            row.company = self._client(row)
        if row.company is not None:
            row.by = replace(self._by, company_id=row.company.id)
        return row

    def _client(self, row: Row) -> Company | None:
        """Return whose the row is; notes in it why that cannot be said, or that nothing happens to them."""
        try:
            if self._imported.company_id is not None:
                company = still_here(db.session.get_one(Company, self._imported.company_id))
                demand_own(company, row.said("client"))
                return company
            words = row.said("client")
            if words not in self._clients:
                self._clients[words] = client_called(self._by, words)
            return self._clients[words]
        except FieldRefusal as refusal:
            row.wrong(refusal.field, refusal.sentence)
            return None

    def _key(self, row: Row) -> str:
        identity = "" if row.problems else fold(self._records.identity(row))
        whose = row.company.id if row.company else ""
        return f"{whose} {identity}"[:LONGEST_KEY] if identity else ""

    def _judged(self, row: Row, before: dict[str, int]) -> ImportRow:
        key = self._key(row)
        twin = before.setdefault(key, row.number) if key else row.number
        if twin != row.number:
            row.wrong(
                self._records.key, f"Row {twin} has the same {self._labels[self._records.key].lower()}."
            )
        judged = ImportRow(import_id=self._imported.id, number=row.number, match_key=key or None)
        judged.name, cells = row.said(self._records.key)[:200], dict(row.cells)
        record = None if row.problems else self._records.there(row)
        mark = _mark(row, self._records, record)
        judged.outcome = self._outcome(row, record)
        judged.problems = quoted(row.problems, self._labels, cells)
        judged.ready = {"cells": cells, "mark": mark, "shown": row.shown, "sums": row.sums}
        return judged

    def _outcome(self, row: Row, record: Any) -> Outcome:
        """Return what becomes of the row, having tried it; notes in the row why nothing does."""
        if row.problems:
            return Outcome.ERROR
        if record is not None and self._imported.choices.get("twins") == "skip":
            row.wrong("", "It is there already.")
            return Outcome.SKIP
        changed = self._tried(row, record)
        if row.problems:
            return Outcome.ERROR
        if not changed:
            row.wrong("", "It is so already.")
            return Outcome.SKIP
        return Outcome.ADD if record is None else Outcome.UPDATE

    def _tried(self, row: Row, record: Any) -> bool:
        """Write the row and take that back; return whether it changed anything."""
        changed = False
        try:
            with part():
                changed = self._done(row, record)
                if changed and self._left_to_show:
                    row.shown = self._outlook(row)
                raise _TakenBack
        except _TakenBack:
            pass
        except FieldRefusal as refusal:
            row.wrong(refusal.field, refusal.sentence)
        except Refusal as refusal:
            row.wrong("", refusal.sentence)
        except (IntegrityError, StaleDataError):
            row.wrong("", "Somebody is changing that at this moment. Have the rows checked again.")
        return changed

    def _outlook(self, row: Row) -> list[list[str]]:
        """Return what the row will be, once it is tried: pairs of label and value."""
        self._left_to_show -= 1
        record = self._records.there(replace(row, problems=[]))
        known = self._records.known(record) if record is not None else {}
        values = {each.label: known.get(each.name) or row.said(each.name) for each in self._records.fields}
        return [[label, value] for label, value in values.items() if value]

    def _done(self, row: Row, record: Any) -> bool:
        """Write the row, unless something is wrong with it; return whether that changed anything.

        Of a record that is there already, what the table lacks stays as it is.
        """
        if record is not None:
            said = {name: cell for name, cell in row.cells.items() if clean(cell)}
            row.cells = {**self._records.known(record), **said}
        wanted = self._records.wanted(row, record)
        changed = not row.problems and self._records.write(row, record, wanted)
        db.session.flush()
        return changed

    def _write(self, found: ImportRow) -> None:
        """Write a row that was checked. Raises Overtaken where it does not come out as it did then."""
        row = self._read(found.number, found.ready["cells"])
        record = None if row.problems else self._records.there(row)
        why = "Somebody has changed that meanwhile."
        if not row.problems and _mark(row, self._records, record) == found.ready["mark"]:
            try:
                if self._done(row, record):
                    return
            except Refusal as refusal:
                row.wrong("", refusal.sentence)
        why = row.problems[0][1] if row.problems else why
        raise Overtaken(f"Row {row.number} came out otherwise than checked, so all was checked again. {why}")


def _mark(row: Row, records: Records, record: Any) -> list[Any]:
    """Return what tells whether the row still means the same, in the same state: client, record, cells."""
    whose = row.company.id if row.company else None
    if record is None:
        return [whose, None, ""]
    known = dumps(records.known(record), sort_keys=True)
    return [whose, record.id, sha256(known.encode()).hexdigest()]


def record_kind(records: Records, **facts: Any) -> Kind:
    """Return the kind of table whose rows become `records`; `facts` are the other fields of Kind."""

    def listed(reader: Actor, after: int) -> Iterator[tuple[int, Company, Mapping[str, str]]]:
        for record, company in records.listed(reader, after):
            yield record.id, company, records.known(record)

    return Kind(
        fields=records.fields,
        looker=partial(RecordRows, records),
        write=lambda imported, by: RecordRows(records, imported, by).write(),
        listed=listed,
        **facts,
    )
