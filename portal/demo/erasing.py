"""The one way round the lock on the activity: the demo data begins with none. Nothing else may use it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from portal.extensions import db


@contextmanager
def erasable() -> Iterator[None]:
    """Let rows of the activity be removed inside the block; all of it in the running transaction.

    The triggers that the migration made are put back as they were, so nobody else meets the table without.
    """
    if db.session().get_bind().dialect.name == "postgresql":
        db.session.execute(text("ALTER TABLE activity DISABLE TRIGGER activity_stays"))
        yield
        db.session.execute(text("ALTER TABLE activity ENABLE TRIGGER activity_stays"))
        return
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'activity'")
    triggers = db.session.execute(query).all()
    for name, _made in triggers:
        db.session.execute(text(f'DROP TRIGGER "{name}"'))
    yield
    for _name, made in triggers:
        db.session.execute(text(made))
