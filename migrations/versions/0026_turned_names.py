"""let staff find contacts of all clients by how a name begins, the first name or the last"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STRETCH = 5_000
_INDEXES = {"ix_contact_by_any_name": "name_key", "ix_contact_by_turned_name": "turned_key"}


def fold(text: str) -> str:
    """Return `text` without case and accents, as names were folded when this was written."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def upgrade() -> None:
    op.add_column("contact", sa.Column("turned_key", sa.String(220), nullable=False, server_default=""))
    _turn()
    live = sa.text("deleted_at IS NULL")
    for name, column in _INDEXES.items():
        where = {"sqlite_where": live, "postgresql_where": live}
        op.create_index(name, "contact", [column], postgresql_ops={column: "varchar_pattern_ops"}, **where)


def _turn() -> None:
    """Fill the new column, some thousand contacts at a time."""
    names = ("id", "first_name", "last_name", "turned_key")
    contact = sa.table("contact", *(sa.column(each) for each in names))
    change = contact.update().where(contact.c.id == sa.bindparam("of"))
    change = change.values(turned_key=sa.bindparam("turned"))
    connection, after = op.get_bind(), 0
    while True:
        query = sa.select(contact.c.id, contact.c.first_name, contact.c.last_name).where(contact.c.id > after)
        rows = connection.execute(query.order_by(contact.c.id).limit(_STRETCH)).all()
        if not rows:
            return
        turned = [{"of": row.id, "turned": fold(f"{row.last_name} {row.first_name}")[:220]} for row in rows]
        connection.execute(change, turned)
        after = rows[-1].id


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "contact")
    op.drop_column("contact", "turned_key")
