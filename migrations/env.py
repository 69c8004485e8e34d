"""How Alembic reaches the database and the tables: both come from the running application."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from portal.extensions import writing
from portal.models.columns import UTCDateTime


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our moments into a migration as what they are in the database."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


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
            with context.begin_transaction():
                if connection.dialect.name == "postgresql":  # a large table takes its time to change
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                context.run_migrations()
    finally:
        writing.reset(mode)


run()
