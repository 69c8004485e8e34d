"""An import step by step: short transactions over a stretch of rows each, so that killing it loses little."""

import logging
import time
from itertools import islice

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from portal import tables
from portal.actions import imports as actions
from portal.extensions import db
from portal.importing.columns import named
from portal.importing.kind import Kind, Looker
from portal.importing.registry import KINDS
from portal.models import Import, ImportState
from portal.refusals import Refusal
from portal.transaction import go_on_writing, transaction

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
            broken = actions.held(import_id)
            if broken.at_work:
                actions.fail(broken, BROKEN)
        return False


def _check(imported: Import) -> bool:
    """Look at rows until the time is up; return whether some are left."""
    begun, position, kind = time.monotonic(), imported.position, KINDS[imported.kind]
    with transaction(write=True):
        looker = _looker(imported.id, kind)
    waiting = tables.read(imported.stored_as, after=position)
    while looker and (stretch := list(islice(waiting, min(STRETCH, kind.stretch)))):
        with transaction(write=kind.tries):
            rows = looker.look([(number, named(imported.mapping, cells)) for number, cells in stretch])
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
        imported = actions.held(import_id)
        if imported.at_work:
            imported.leased_until = None
            if imported.state == ImportState.CHECKING and imported.position >= imported.total:
                imported.state = ImportState.CHECKED
        return imported.at_work


def _looker(import_id: int, kind: Kind) -> Looker | None:
    """Return what looks at the rows; None where it was moved on meanwhile or, failed now, nobody may."""
    imported = actions.held(import_id)
    by = actions.may_go_on(imported) if imported.state == ImportState.CHECKING else None
    return kind.looker(imported, by) if by else None


def _write(import_id: int) -> bool:
    """Write all of it; return whether there is more to do: where things moved on, a check of the rows."""
    try:
        with transaction(write=False):
            kind = KINDS[db.session.get_one(Import, import_id).kind]
            if kind.lay_out:
                kind.lay_out(import_id)
            go_on_writing()
            return actions.write(import_id, kind.write).at_work
    except Refusal as refusal:
        reason = refusal.sentence
    except (IntegrityError, StaleDataError):
        reason = actions.OVERTAKEN
    with transaction(write=True):
        imported = actions.held(import_id)
        if imported.state == ImportState.IMPORTING:
            actions.again(imported, reason[:200])
    return True
