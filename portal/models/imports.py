"""Tables that somebody hands in to be taken over: the file, and what became of each of its rows (S9)."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base
from portal.models.columns import Address, Id, Line, Made, Moment, Name, Word


class ImportState(StrEnum):
    """Where an import stands. Nothing of it is anywhere else before it is done."""

    MAPPING = "mapping"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What becomes of one row."""

    ADD = "add"
    UPDATE = "update"
    SKIP = "skip"
    ERROR = "error"


class Import(Base):
    """One table on its way in: what was handed in, how its columns are read, and how far it has come.

    `mapping` says for each column of `header` which field it fills, empty for none. `stamp` is the state of
    the vocabulary that the rows were checked against.
    """

    __tablename__ = "file_import"

    id: Mapped[Id]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    kind: Mapped[Word]
    state: Mapped[Word] = mapped_column(default=ImportState.MAPPING)
    file_name: Mapped[Line]
    stored_as: Mapped[Word]
    note: Mapped[Line] = mapped_column(default="")
    header: Mapped[list[str]] = mapped_column(JSON)
    mapping: Mapped[list[str]] = mapped_column(JSON)
    choices: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    stamp: Mapped[str] = mapped_column(String(64), default="")
    total: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    adds: Mapped[int] = mapped_column(default=0)
    updates: Mapped[int] = mapped_column(default=0)
    skips: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    reason: Mapped[Line] = mapped_column(default="")
    by_name: Mapped[Name]
    by_contact_id: Mapped[int | None]
    by_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Made]
    finished_at: Mapped[Moment | None]
    leased_until: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('mapping', 'checking', 'checked', 'importing', 'done', 'failed', 'cancelled')",
            name="state",
        ),
        CheckConstraint("(by_contact_id IS NULL) <> (by_staff_id IS NULL)", name="by_somebody"),
        {"sqlite_autoincrement": True},
    )

    @property
    def at_work(self) -> bool:
        """True while a worker is, or should be, at it."""
        return self.state in (ImportState.CHECKING, ImportState.IMPORTING)

    @property
    def over(self) -> bool:
        """True once nothing more can become of it."""
        return self.state in (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)


class ImportRow(Base):
    """One row of the table, by its number in the file: what is wrong with it, or what will be made of it.

    `problems` are pairs of column and sentence, with what stands in the cell third where it is an error;
    `ready` holds the rows to write, as they will be written, and of a few as "shown" what they will be.
    """

    __tablename__ = "import_row"

    import_id: Mapped[int] = mapped_column(ForeignKey("file_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[Word]
    name: Mapped[Line] = mapped_column(default="")
    # What tells two rows of one file apart: of contacts the folded address.
    match_key: Mapped[Address | None]
    contact_id: Mapped[int | None]
    version: Mapped[int | None]
    problems: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    ready: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (
        CheckConstraint("outcome IN ('add', 'update', 'skip', 'error')", name="outcome"),
        Index("ix_import_row_by_outcome", "import_id", "outcome", "number"),
        Index("ix_import_row_by_match", "import_id", "match_key"),
    )
