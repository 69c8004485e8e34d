"""Whether the database answers, is as the program expects it, and lets the portal do no more than it must."""

import warnings

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.config import ROOT
from portal.doctor.finding import Finding, fail, grave, ok, warn
from portal.doctor.redis_server import is_local
from portal.extensions import db

_UPGRADE = "Run: flask --app wsgi db upgrade"
_ROLES = "Give the portal the role that deploy/roles.sql makes; the owner is for `flask db upgrade` alone."
_ABOUT_ME = "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_MINE = """
    SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname = current_schema() AND pg_has_role(current_user, relowner, 'MEMBER')
"""
_OVER_ACTIVITY = "SELECT bool_or(has_table_privilege('activity', p)) FROM unnest(ARRAY{}) AS p"
_LOCKED = """
    SELECT count(*) FROM pg_trigger
    WHERE tgname IN ('activity_stays', 'activity_erased') AND tgenabled IN ('O', 'A')
"""
_TRIGGERS = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'activity'"


def answers() -> Finding:
    """Whether it answers at all."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as problem:
        db.session.rollback()
        words = f"It does not answer: {type(problem).__name__}: {str(problem).splitlines()[0]}"
        return fail("database", words, "Start it, and check DATABASE_URL.")
    return ok("database", f"{db.engine.dialect.name} answers.")


def encrypted() -> Finding:
    """Whether what goes to a PostgreSQL on another machine is encrypted, and it is the right one."""
    url = db.engine.url
    named = url.query.get("host") or url.host or ""
    hosts = [host for each in ([named] if isinstance(named, str) else named) for host in each.split(",")]
    elsewhere = [host for host in hosts if host and not host.startswith("/") and not is_local(host)]
    if elsewhere and url.query.get("sslmode") != "verify-full":
        words = f"Nothing proves that {elsewhere[0]} is the right machine, or that nobody reads along."
        cure = "Add ?sslmode=verify-full to DATABASE_URL, unless the network between is yours alone."
        return warn("database encryption", words, cure)
    return ok("database encryption", "Nobody on the way can read along.")


def migrations() -> Finding:
    """Whether every migration was run."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    wanted = set(ScriptDirectory.from_config(config).get_heads())
    found = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    if found != wanted:
        words = f"The database is at {', '.join(found) or 'nothing'}, the program at {', '.join(wanted)}."
        return fail("migrations", words, _UPGRADE)
    return ok("migrations", "All were run.")


def drift() -> Finding:
    """Whether the tables are what the program says they are (T95)."""
    connection = db.session.connection()
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    with warnings.catch_warnings():
        # SQLite cannot tell what an index over an expression is made of; it and Alembic say so.
        warnings.filterwarnings("ignore", ".*expression-based index")
        found = compare_metadata(context, db.metadata)
    if found:
        cure = "Somebody changed the schema by hand. Undo it, or restore the backup."
        return fail("schema", f"It differs from the program's in {len(found)} places: {_said(found)}.", cure)
    return ok("schema", "It is what the program expects.")


def _said(found: list[object]) -> str:
    kinds = [str(each[0] if isinstance(each, tuple) else each[0][0]) for each in found[:3]]  # type: ignore[index]
    return ", ".join(kind.replace("_", " ") for kind in kinds)


def strength() -> Finding:
    """Whether the portal's role is neither superuser nor owner of the tables (T29)."""
    if db.engine.dialect.name != "postgresql":
        return ok("database role", "SQLite has no roles; the file's rights count.")
    about_me = db.session.execute(text(_ABOUT_ME)).one()
    names = ("a superuser", "allowed to make roles", "past row-level security")
    if any(about_me):
        too_much = ", ".join(name for name, has in zip(names, about_me, strict=True) if has)
        return grave("database role", f"The portal's role is {too_much}.", _ROLES)
    if db.session.scalar(text(_MINE)):
        return warn("database role", "The portal's role owns the tables, so it could unlock them.", _ROLES)
    return ok("database role", "The portal's role reads and writes rows, and no more.")


def activity_stays() -> Finding:
    """Whether what was done stays written: nobody may change or remove activity (T92)."""
    postgresql = db.engine.dialect.name == "postgresql"
    locks = db.session.scalar(text(_LOCKED if postgresql else _TRIGGERS)) or 0
    if locks < 2:
        cure = "Restore the triggers that the migrations 0004 and 0023 make, and find out who removed them."
        return fail("activity", "The lock on the activity is gone: rows can be changed.", cure)
    allowed = _OVER_ACTIVITY.format("['UPDATE', 'DELETE', 'TRUNCATE']")
    if postgresql and db.session.scalar(text(allowed)):
        words = "A trigger keeps the activity as it was written, but the portal's role might change it."
        return warn("activity", words, _ROLES)
    return ok("activity", "Nothing of it can be changed or removed.")


def sqlite_safety() -> Finding:
    """Whether SQLite writes so that a power cut loses nothing and readers do not wait."""
    if db.engine.dialect.name != "sqlite":
        return ok("SQLite", "It is not used.")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    found = {name: db.session.scalar(text(f"PRAGMA {name}")) for name in wanted}
    wrong = [f"{name} is {found[name]}" for name in wanted if found[name] != wanted[name]]
    if wrong:
        cure = "Keep the database file on a local disk; network folders cannot keep it safe."
        return fail("SQLite", f"{', '.join(wrong)}.", cure)
    if current_app.config["PRODUCTION"]:
        return ok("SQLite", "It writes safely. For more than one machine use PostgreSQL.")
    return ok("SQLite", "It writes safely.")


CHECKS = (answers, encrypted)
# Asked only where it answers.
INSIDE = (migrations, strength, sqlite_safety)
# Asked only once every migration was run: before that both are amiss, and not for the reason they give.
MIGRATED = (drift, activity_stays)
