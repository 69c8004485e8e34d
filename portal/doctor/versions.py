"""Whether Python and the database are versions that are still mended."""

import sqlite3
import sys
from datetime import date

from portal.clock import now
from portal.doctor.finding import Finding, fail, ok, warn
from portal.extensions import db

LEAST_PYTHON = (3, 11)
LEAST_SQLITE = (3, 35)
LEAST_POSTGRESQL = 14
# The last day on which holes are mended, by minor version of Python and major version of PostgreSQL.
PYTHON_ENDS = {
    11: date(2027, 10, 31),
    12: date(2028, 10, 31),
    13: date(2029, 10, 31),
    14: date(2030, 10, 31),
}
POSTGRESQL_ENDS = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}


def python() -> Finding:
    """Whether this Python is new enough and still mended."""
    version = sys.version_info[:2]
    name = f"Python {version[0]}.{version[1]}"
    if version < LEAST_PYTHON:
        return fail("Python", f"{name} is too old.", "Use Python 3.13.")
    if PYTHON_ENDS.get(version[1], date.max) < now().date():
        return warn("Python", f"Holes in {name} are no longer mended.", "Use a newer Python.")
    return ok("Python", f"{name} is mended still.")


def engine() -> Finding:
    """Whether the database is new enough and still mended."""
    name, cure = "database version", "Move to a newer one."
    if db.engine.dialect.name == "sqlite":
        too_old = sqlite3.sqlite_version_info < LEAST_SQLITE
        words = f"SQLite {sqlite3.sqlite_version} {'is too old' if too_old else 'will do'}."
        return fail(name, words, cure) if too_old else ok(name, words)
    major = int((db.session.connection().dialect.server_version_info or (0,))[0])
    if major < LEAST_POSTGRESQL:
        return fail(name, f"PostgreSQL {major} is too old.", cure)
    if POSTGRESQL_ENDS.get(major, date.max) < now().date():
        return warn(name, f"Holes in PostgreSQL {major} are no longer mended.", cure)
    return ok(name, f"PostgreSQL {major} is mended still.")


CHECKS = (python,)
WITH_DATABASE = (engine,)
