"""let invoices be searched whatever their case and accents"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoice", sa.Column("search_key", sa.Text(), nullable=False, server_default=""))
    sources = ("number", "title", "purchase_order")
    rows = sa.table("invoice", *(sa.column(each) for each in ("id", *sources, "search_key")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows)).mappings().all():
        words = _fold(" ".join(row[each] or "" for each in sources))
        connection.execute(rows.update().where(rows.c.id == row["id"]).values(search_key=words))


def downgrade() -> None:
    op.drop_column("invoice", "search_key")


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())
