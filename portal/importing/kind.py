"""What a kind of table is: its fields, how its rows are looked at and written, and how they go out again.

docs/imports.md says how another kind is added.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from portal.extensions import db
from portal.forms.fields import Blank
from portal.forms.imports import RecordChoices
from portal.importing.columns import CLIENT, WHOSE, Field
from portal.models import Company, Import, ImportRow
from portal.policy import Actor

# How many rows are shown as they will be.
SHOWN = 5


class Span(StrEnum):
    """How many clients one file of a kind is about."""

    ONE = "one"
    ANY = "any"  # one of them, or all, and then each row names its own
    NONE = "none"  # its rows belong to no client


class Looker(Protocol):
    """What looks at the rows of one import; made anew for each stretch of work."""

    def look(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[ImportRow]:
        """Return what becomes of each of `rows`: pairs of number and cells by the name of their field."""


@dataclass(frozen=True)
class Kind:
    """A kind of table.

    `looker` is made for an import and whoever acts for it; at the first row it may note in the import what
    all of them are checked against. `write` writes everything that the rows were checked for, within the
    caller's transaction, and raises Overtaken (or whatever an action refuses with) where they could come out
    differently by now. `lay_out` prepares that before anything is locked, where there is much of it; what it
    leaves must be gone with the transaction. `tries` says that looking writes, and takes it back. `listed`
    gives what goes out: the next rows after an id, each with its id, its client and its cells by field, none
    at the end.
    """

    code: str
    label: str
    several: str  # the same within a sentence
    fields: tuple[Field, ...]
    most_on_sqlite: int  # as many as are written in about three seconds, in which nobody else can write
    page: str  # where they are listed in a client
    looker: Callable[[Import, Actor], Looker]
    write: Callable[[Import, Actor], None]
    lay_out: Callable[[int], None] | None = None
    most_elsewhere: int = 5_000
    span: Span = Span.ANY
    tries: bool = True
    stretch: int = 50
    choices: type[Blank] = RecordChoices
    twins: str = ""  # asks what becomes of what is there already
    update_hint: str = "An empty cell takes nothing away."
    adds: bool = True  # False where rows only change what is there
    hint: str = ""  # what a file of this kind can be and do
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # one field that fills several
    listed: Callable[[Actor, int], Iterable[tuple[int, Company, Mapping[str, str]]]] | None = None
    invited: Callable[[Import], int] | None = None
    caution: Callable[[Import], str] = lambda _imported: ""  # what to think of before the start
    summed: tuple[str, ...] = ()  # the amounts that are added up before the start

    @property
    def most(self) -> int:
        """How many rows a file may have."""
        return self.most_on_sqlite if db.engine.dialect.name == "sqlite" else self.most_elsewhere

    @property
    def title(self) -> str:
        """What importing them is called: Import properties."""
        said = self.label if self.label == self.several else self.label[0].lower() + self.label[1:]
        return f"Import {said}"

    def fields_of(self, *, for_one: bool) -> tuple[Field, ...]:
        """Return what a file can fill: in one for all clients, the client comes first.

        In one for a client it comes last, and only tells a row that is another client's.
        """
        if self.span == Span.NONE:
            return self.fields
        return (*self.fields, WHOSE) if for_one or self.span == Span.ONE else (CLIENT, *self.fields)

    def header(self, *, for_one: bool) -> list[str]:
        """Return how we call the columns of a table of this kind."""
        fields = self.fields_of(for_one=for_one)
        return [each.label for each in fields if each.ours and each.name not in self.instead]

    def missing(self, mapping: Sequence[str], *, for_one: bool) -> list[str]:
        """Return the needed fields that no column fills."""
        given = {*mapping, *(name for one in mapping for name in self.instead.get(one, ()))}
        fields = self.fields_of(for_one=for_one)
        return [each.name for each in fields if each.needed and each.name not in given]
