"""How Alembic reaches the database and the tables: both come from the running application."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import text
from sqlalchemy.engine import Connection

from portal.extensions import writing
from portal.models.columns import UTCDateTime


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our moments into a migration as what they are in the database."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


@contextmanager
def tables_made_anew(connection: Connection) -> Iterator[None]:
    """Let SQLite make a table anew, with one more column or rule, while rows of other tables point at its own.

    It would refuse to drop the old one; what points nowhere is looked for afterwards, before the commit.
    """
    line = connection.connection.driver_connection
    if not isinstance(line, sqlite3.Connection):
        yield
        return
    line.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        line.execute("PRAGMA foreign_keys=ON")


def demand_that_nothing_points_nowhere(connection: Connection) -> None:
    """Raise RuntimeError, so that nothing is committed, where SQLite finds a row that points at none."""
    lost = connection.execute(text("PRAGMA foreign_key_check")).all()
    if lost:
        raise RuntimeError(f"{len(lost)} rows would point nowhere, the first of {lost[0][0]}.")


def run() -> None:
    """Run the migrations over the application's own engine."""
    database = current_app.extensions["migrate"].db
    mode = writing.set(True)
    try:
        with database.engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=database.metadata,
                render_item=render_item,
                **current_app.extensions["migrate"].configure_args,
            )
            with tables_made_anew(connection), context.begin_transaction():
                if connection.dialect.name == "postgresql":  # a large table takes its time to change
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                context.run_migrations()
                if connection.dialect.name == "sqlite":
                    demand_that_nothing_points_nowhere(connection)
    finally:
        writing.reset(mode)


run()
