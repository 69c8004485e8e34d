"""An import step by step: short transactions over a stretch of rows each, so that killing it loses little."""

import logging
import time
from itertools import islice

from sqlalchemy.exc import IntegrityError, OperationalError

from portal import tables
from portal.actions import imports as actions
from portal.extensions import db
from portal.importing.contacts import ContactRows, first_primary
from portal.models import Company, Import, ImportState
from portal.queries import imports
from portal.transaction import transaction

STRETCH = 250
# Mail waits in the same queue: nobody is at one import for longer than this without a break.
SECONDS = 4.0
BROKEN = "This file could not be read to its end. Hand it in again."
log = logging.getLogger(__name__)


def step(import_id: int) -> bool:
    """Go on with the import for a few seconds; return whether there is more to do.

    Runs its own transactions. Raises OperationalError when the database goes away: it is taken up again then.
    """
    with transaction(write=True):
        imported = actions.lease(import_id)
        state = imported.state if imported else ""
    if imported is None:
        return False
    try:
        return _check(imported) if state == ImportState.CHECKING else _write(import_id)
    except OperationalError:
        raise
    except Exception:
        log.exception("import %s could not go on", import_id)
        with transaction(write=True):
            actions.fail(db.session.get_one(Import, import_id, populate_existing=True), BROKEN)
        return False


def _check(imported: Import) -> bool:
    """Look at rows until the time is up; return whether some are left."""
    begun, position = time.monotonic(), imported.position
    with transaction(write=True):
        looker = _looker(imported.id)
    waiting = tables.read(imported.stored_as, after=position)
    while looker and (stretch := list(islice(waiting, STRETCH))):
        with transaction(write=False):
            rows = looker.look([(number, _named(imported, cells)) for number, cells in stretch])
        with transaction(write=True):
            if not actions.keep_rows(imported, position, rows, len(stretch)):
                return False
        position += len(stretch)
        db.session.expunge_all()
        if time.monotonic() - begun > SECONDS:
            break
    return _rest(imported.id)


def _rest(import_id: int) -> bool:
    """Let go of the import, so that whoever comes next goes on; return whether there is more to do."""
    with transaction(write=True):
        imported = db.session.get_one(Import, import_id, populate_existing=True)
        if imported.at_work:
            imported.leased_until = None
            if imported.state == ImportState.CHECKING and imported.position >= imported.total:
                imported.state = ImportState.CHECKED
        return imported.at_work


def _looker(import_id: int) -> ContactRows | None:
    """Return what looks at the rows; None, and the import has failed, where nobody may import any more."""
    imported = db.session.get_one(Import, import_id, populate_existing=True)
    by, company = imports.actor_of(imported), db.session.get(Company, imported.company_id)
    if by is None or company is None:
        actions.fail(imported, actions.MAY_NOT)
        return None
    words = imports.words_of(company.id)
    if imported.position == 0:
        imported.stamp = words.stamp()
        kinds = ((number, _named(imported, cells)) for number, cells in tables.read(imported.stored_as))
        first = first_primary([(number, cells.get("contact_type", "")) for number, cells in kinds])
        imported.choices = {**imported.choices, "first": str(first)}
    return ContactRows(imported, company, by, words)


def _named(imported: Import, cells: list[str]) -> dict[str, str]:
    return {name: cell for name, cell in zip(imported.mapping, cells, strict=False) if name}


def _write(import_id: int) -> bool:
    """Write all of it; return whether there is more to do: where things moved on, a check of the rows."""
    try:
        with transaction(write=True):
            return actions.write(import_id).at_work
    except IntegrityError:
        with transaction(write=True):
            actions.again(db.session.get_one(Import, import_id, populate_existing=True), actions.OVERTAKEN)
        return True
