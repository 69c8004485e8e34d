"""The Flask extensions, created bare here and bound to the application in create_app()."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flask_compress import Compress
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class _DeclarativeBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=_DeclarativeBase, session_options={"expire_on_commit": False})
login_manager = LoginManager()
mailer = Mail()
csrf = CSRFProtect()
migrate = Migrate()
limiter = Limiter(key_func=get_remote_address)
compress = Compress()
htmx_requests = Htmx()

if TYPE_CHECKING:

    class Base(DeclarativeBase):
        """Every table's parent, as the type checker sees it."""

else:
    Base = db.Model

# How long SQLite waits for whoever is writing.
PATIENCE_MS = 15_000
# True while the running request or job means to write: SQLite then takes its write lock at once, because a
# read that turns into a write in the middle of a transaction fails without waiting.
writing: ContextVar[bool] = ContextVar("writing", default=False)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")


@contextmanager
def patience(connection: Connection, milliseconds: int) -> Iterator[None]:
    """Let a transaction of SQLite that begins within the block wait this long at most for the write lock."""
    line = connection.connection.driver_connection
    if not isinstance(line, sqlite3.Connection):
        yield
        return
    line.execute(f"PRAGMA busy_timeout={milliseconds}")
    try:
        yield
    finally:
        line.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")
