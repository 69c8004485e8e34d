"""The life of an import: handed in, columns chosen, checked, started or cancelled, written (S9)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, update

from portal import audit, files, invariants, tables
from portal.actions.flood import spare_mailboxes
from portal.clock import now
from portal.doorbell import doorbell
from portal.extensions import db
from portal.models import Company, Import, ImportRow, ImportState, Outcome
from portal.policy import Actor
from portal.queries import imports
from portal.refusals import FieldRefusal, NotNow
from portal.transaction import after_commit

# Renewed with every stretch of rows; what a killed worker left lying is taken up after it.
LEASE = timedelta(seconds=30)
KEPT = timedelta(days=7)
# Tables of one person that wait for a next step; each takes room.
OPEN = 5
OVERTAKEN = "Something changed since this was checked, so it was checked again. Look at it and start it then."
NO_PRIMARY = (
    "The row of the Primary contact has an error, and a company cannot be without one. Correct it first."
)
MAY_NOT = "Whoever began this may not import any more."
_COUNTS = {Outcome.ADD: "adds", Outcome.UPDATE: "updates", Outcome.SKIP: "skips", Outcome.ERROR: "errors"}


def begin(
    kind: str,
    company: Company | None,
    file: tuple[str, str, str],
    header: Sequence[str],
    mapping: Sequence[str],
    total: int,
    by: Actor,
) -> Import:
    """Return a new import of a table that was handed in; its columns are still to be agreed to.

    `file` is its name, what it is kept as, and what the reader should know about it. Older tables of the
    person that still lack their columns make room for it. Raises FieldRefusal at "file" where too many others
    are open.
    """
    name, stored_as, note = file
    _make_room(by)
    imported = Import(
        kind=kind,
        company_id=company.id if company else None,
        file_name=name,
        stored_as=stored_as,
        note=note,
        header=list(header),
        mapping=list(mapping),
        total=total,
        **_whose(by),
    )
    db.session.add(imported)
    db.session.flush()
    return imported


def _make_room(by: Actor) -> None:
    waiting = imports.open_of(by)
    too_many = max(0, len(waiting) - OPEN + 1)
    lacking = [each for each in waiting if each.state == ImportState.MAPPING]
    if too_many > len(lacking):
        sentence = f"{OPEN} of your imports are still open. Start or cancel one of them first."
        raise FieldRefusal("file", sentence)
    for imported in lacking[:too_many]:
        forget(imported)


def _whose(by: Actor) -> dict[str, str | int | None]:
    return {"by_name": by.signed, "by_contact_id": by.contact_id, "by_staff_id": by.staff_id}


def check(imported: Import, mapping: Sequence[str], choices: Mapping[str, str]) -> None:
    """Have every row looked at with these columns and choices. Raises NotNow once it was started."""
    _demand(imported, ImportState.MAPPING, ImportState.CHECKED)
    demand_here(imported)
    imported.mapping, imported.choices = list(mapping), dict(choices)
    again(imported)


def again(imported: Import, reason: str = "") -> None:
    """Have every row looked at anew, for `reason`."""
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == imported.id))
    imported.state, imported.position, imported.reason = ImportState.CHECKING, 0, reason
    imported.adds = imported.updates = imported.skips = imported.errors = 0
    imported.leased_until, imported.stamp = None, ""
    _wake(imported)


def change_columns(imported: Import) -> None:
    """Go back to choosing columns. Raises NotNow once it was started."""
    _demand(imported, ImportState.CHECKED, ImportState.CHECKING)
    imported.state, imported.reason = ImportState.MAPPING, ""


def start(imported: Import, by: Actor, *, without: int = 0) -> None:
    """Have what was checked written, as `by`: all of it or nothing. Raises NotNow where it cannot be,
    TooMany where it would invite more people than its company may.

    `without` is how many rows with errors are left out, as whoever starts it has seen and agreed to.
    """
    _demand(imported, ImportState.CHECKED)
    demand_here(imported)
    if imported.errors != without:
        raise NotNow("Some rows have errors. Correct the file and hand it in again, or leave them out.")
    if not imported.adds + imported.updates:
        raise NotNow("There is nothing to import in this file.")
    if without and imports.lacks_primary(imported):
        raise NotNow(NO_PRIMARY)
    spare_mailboxes(imported)
    imported.state, imported.reason, imported.leased_until = ImportState.IMPORTING, "", None
    for name, value in _whose(by).items():
        setattr(imported, name, value)
    _wake(imported)


def demand_here(imported: Import) -> None:
    """Raise NotNow where the client of the table has left: nothing happens to it (T31, S8)."""
    if imported.company_id is None:  # then its rows say whose they are, and each is asked
        return
    company = db.session.get_one(Company, imported.company_id, populate_existing=True)
    if company.exited_at is not None:
        raise NotNow(f"{company.name} is marked as exited. Take that back first.")


def held(import_id: int) -> Import:
    """Return the import as it is now; nobody else moves it on until this transaction ends."""
    return db.session.get_one(Import, import_id, populate_existing=True, with_for_update=True)


def cancel(imported: Import) -> None:
    """Forget the table; nothing of it was written. Raises NotNow once it was."""
    if imported.over:
        raise NotNow("This import is over already.")
    _end(imported, ImportState.CANCELLED)


def fail(imported: Import, reason: str) -> None:
    """End the import without having written anything, for the reason in words."""
    imported.reason = reason
    _end(imported, ImportState.FAILED)


def _end(imported: Import, state: ImportState) -> None:
    imported.state, imported.finished_at, imported.leased_until = state, now(), None
    tables.remove(imported.stored_as)


def _demand(imported: Import, *states: ImportState) -> None:
    if imported.state not in states:
        raise NotNow("This import has gone on meanwhile. Look at it again.")


def _wake(imported: Import) -> None:
    bell, import_id = doorbell(), imported.id
    if bell is not None:
        after_commit(lambda: bell.ring("run_import", import_id))


def lease(import_id: int) -> Import | None:
    """Return the import for whoever works at it now, None where nothing is to do or somebody is at it."""
    free = Import.leased_until.is_(None) | (Import.leased_until <= now())
    taking = update(Import).where(Import.id == import_id, Import.state.in_(imports.AT_WORK), free)
    taken = taking.values(leased_until=now() + LEASE).returning(Import.id)
    if db.session.scalar(taken.execution_options(synchronize_session=False)) is None:
        return None
    return db.session.get_one(Import, import_id, populate_existing=True)


def keep_rows(imported: Import, position: int, rows: Sequence[ImportRow], taken: int) -> bool:
    """Keep what was found out about the `taken` rows after `position`; return False if somebody else went on.

    Whoever leased the import holds it for another while.
    """
    mine = (Import.id == imported.id, Import.state == ImportState.CHECKING, Import.position == position)
    counts = {name: getattr(Import, name) + _count(rows, outcome) for outcome, name in _COUNTS.items()}
    values = {"position": position + taken, "leased_until": now() + LEASE, **counts}
    moved = update(Import).where(*mine).values(**values).execution_options(synchronize_session=False)
    if not db.session.execute(moved).rowcount:  # type: ignore[attr-defined]
        return False
    db.session.add_all(rows)
    return True


def _count(rows: Sequence[ImportRow], outcome: Outcome) -> int:
    return sum(row.outcome == outcome for row in rows)


def write(import_id: int, writer: Callable[[Import, Actor], None]) -> Import:
    """Have `writer` write everything the import was checked for, within the caller's one transaction.

    Returns the import. Raises what the writer does where the world has moved on since the check: then nothing
    is written, and the rows are to be checked again.
    """
    company_id = db.session.get_one(Import, import_id).company_id
    if company_id is not None:  # before the import, as whoever sends a form inside the client does
        invariants.watch(db.session(), company_id)
    imported = held(import_id)
    if imported.state != ImportState.IMPORTING:
        return imported
    by = may_go_on(imported)
    if by is None:
        return imported
    spare_mailboxes(imported)  # another one may have been started at the same moment
    writer(imported, by)
    done = {"Added": ("", str(imported.adds)), "Changed": ("", str(imported.updates))}
    if imported.errors:
        done["Left out"] = ("", str(imported.errors))
    what = f"imported {imported.kind.replace('_', ' ')}"
    audit.record(what, by=by, about=imported.file_name, changes=done)
    _end(imported, ImportState.DONE)
    return imported


def may_go_on(imported: Import) -> Actor | None:
    """Return who acts for the import; None, and it has failed, where nobody may or its client has left."""
    try:
        demand_here(imported)
    except NotNow as refusal:
        fail(imported, refusal.sentence)
        return None
    by = imports.actor_of(imported)
    if by is None:
        fail(imported, MAY_NOT)
    return by


def forget_old() -> None:
    """Forget imports of long ago with their rows and files; what they did stays in the activity (T28)."""
    for imported in imports.old_ids(KEPT):
        forget(imported)


def forget(imported: Import) -> None:
    """Forget one import with its rows and its file."""
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == imported.id))
    after_commit(lambda: files.drop(imported.stored_as))
    db.session.delete(imported)
