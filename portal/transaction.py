"""The one commit: a view or job that returns has happened, one that raises has not."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Executable
from sqlalchemy.exc import OperationalError

from portal import invariants
from portal.extensions import db, patience, writing

_AFTER = "what to do once it is committed"
_UNDO = "what to take back if it is rolled back"
log = logging.getLogger(__name__)


@contextmanager
def transaction(*, write: bool) -> Iterator[None]:
    """Run the block in one database transaction; commit when it returns, roll back when it raises.

    With `write`, SQLite takes its write lock at the start. What was handed to `after_commit` runs last;
    a failure there is logged and never reaches the caller, because the change has already happened.
    """
    mode = writing.set(write)
    try:
        yield
        invariants.hold(db.session())
        db.session.commit()
    except BaseException:
        db.session.rollback()
        _take_waiting(_AFTER)
        _run(_take_waiting(_UNDO))
        raise
    finally:
        invariants.forget(db.session())
        writing.reset(mode)
    _take_waiting(_UNDO)
    _run(_take_waiting(_AFTER))


def _run(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        try:
            step()
        except Exception:
            log.exception("a step after the transaction failed")


def start_writing() -> None:
    """End the reading part of a view that was marked with `guards.reads_first`, and begin the writing one.

    Hashing a password takes a tenth of a second; done before this, it holds no lock. What was read before
    must be read again where the change depends on it.
    """
    db.session.commit()
    writing.set(True)


def go_on_writing() -> None:
    """Let the running transaction, which has only read, write from here on; on SQLite it takes the lock now.

    It stays on its connection and keeps what it laid out there in temporary tables. Whatever it read may have
    changed and is read again.
    """
    connection = db.session.connection()
    db.session.expire_all()
    writing.set(True)
    if connection.dialect.name == "sqlite":
        for statement in ("COMMIT", "BEGIN IMMEDIATE"):
            connection.exec_driver_sql(statement)


@contextmanager
def part() -> Iterator[None]:
    """Run the block as a part of the running transaction that may fail alone.

    Where it raises, what it did is taken back, with what it left to do once the transaction is committed.
    """
    info = db.session().info
    done = {kind: len(info.get(kind, [])) for kind in (_AFTER, _UNDO)}
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        left = {kind: info.get(kind, [])[number:] for kind, number in done.items()}
        for kind, number in done.items():
            del info.get(kind, [])[number:]
        _run(left[_UNDO])
        raise


def unless_busy(statement: Executable) -> None:
    """Execute `statement` in a transaction of its own; leave it out where SQLite would have to wait for it.

    For what is not worth a moment of anybody's time, such as noting that a session is in use.
    """
    mode = writing.set(True)
    try:
        with db.engine.connect() as connection, patience(connection, 0), connection.begin():
            connection.execute(statement)
    except OperationalError:
        log.debug("left out, because somebody else is writing")
    finally:
        writing.reset(mode)


def after_commit(step: Callable[[], None]) -> None:
    """Run `step` once the running transaction is committed; drop it if it is rolled back."""
    db.session().info.setdefault(_AFTER, []).append(step)


def after_rollback(step: Callable[[], None]) -> None:
    """Run `step` if the running transaction is rolled back; it takes back what no database knows of."""
    db.session().info.setdefault(_UNDO, []).append(step)


def _take_waiting(kind: str) -> list[Callable[[], None]]:
    steps: list[Callable[[], None]] = db.session().info.pop(kind, [])
    return steps
