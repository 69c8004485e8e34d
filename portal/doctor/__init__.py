"""The doctor: looks at the set-up and names everything that is amiss, each with its cure; mends nothing."""

import logging
from collections.abc import Iterable, Iterator

from flask import current_app

from portal.doctor import (
    clocks,
    database,
    folders,
    mail_server,
    people,
    redis_server,
    settings,
    versions,
    work,
)
from portal.doctor.finding import Check, Finding, Result, fail, warn
from portal.doctor.patient import REFUSED
from portal.extensions import db
from portal.transaction import transaction

__all__ = ["Finding", "Result", "examine", "sending"]

log = logging.getLogger(__name__)
_ALONE: tuple[Check, ...] = (
    *settings.CHECKS,
    *folders.CHECKS,
    *versions.CHECKS,
    *mail_server.CHECKS,
    *clocks.CHECKS,
)
_WITH_REDIS: tuple[Check, ...] = (*redis_server.INSIDE, *clocks.WITH_REDIS)
_WITH_DATABASE: tuple[Check, ...] = (*database.INSIDE, *versions.WITH_DATABASE, *clocks.WITH_DATABASE)
# These ask for the portal's own tables, so they need every migration.
_WITH_TABLES: tuple[Check, ...] = (*database.MIGRATED, *people.CHECKS, *work.CHECKS)


def examine() -> list[Finding]:
    """Return what is to be said about every part of the running application's set-up."""
    refused = [
        fail("settings", sentence, "See README.md, Run it for real.")
        for sentence in current_app.extensions.get(REFUSED, ())
    ]
    return [*refused, *_looked_at(_ALONE), *_redis(), *_database()]


def sending() -> list[Finding]:
    """Return what is to be said about the way of mail, for a page: asked inside its own transaction."""
    there = list(_looked_at(redis_server.CHECKS))
    lost = current_app.config["REDIS_URL"] and there[0].result is not Result.OK
    return [*there, *_looked_at(work.CHECKS[1:] if lost else work.CHECKS)]


def _redis() -> Iterator[Finding]:
    there = list(_looked_at(redis_server.CHECKS))
    yield from there
    if current_app.config["REDIS_URL"] and there[0].result is Result.OK:
        yield from _looked_at(_WITH_REDIS)


def _database() -> Iterator[Finding]:
    with transaction(write=False):
        there = list(_looked_at(database.CHECKS))
        yield from there
        if there[0].result is Result.OK:
            inside = list(_looked_at(_WITH_DATABASE))
            yield from inside
            if inside[0].result is Result.OK:
                yield from _looked_at(_WITH_TABLES)


def _looked_at(checks: Iterable[Check]) -> Iterator[Finding]:
    """Make each check; one that breaks is a finding of its own and holds up no other."""
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            yield check()
        except Exception as problem:
            log.exception("the doctor could not look at: %s", name)
            db.session.rollback()
            yield warn(name, f"Not looked at: {type(problem).__name__}.", "The log says more.")
