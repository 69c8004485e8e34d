"""let properties, contracts and RFPs be sorted and searched whatever their case and accents"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What each table's rows are sorted by, and what else they are found by.
TABLES = {
    "property": ("name", ("street", "city", "postcode")),
    "contract": ("title", ("reference",)),
    "rfp": ("title", ("reference",)),
}


def upgrade() -> None:
    for table, (name, others) in TABLES.items():
        op.add_column(table, sa.Column("name_key", sa.String(220), nullable=False, server_default=""))
        op.add_column(table, sa.Column("search_key", sa.Text(), nullable=False, server_default=""))
        _fill(table, name, others)
        op.create_index(f"ix_{table}_by_name", table, ["company_id", "name_key", "id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_by_name", table)
        op.drop_column(table, "search_key")
        op.drop_column(table, "name_key")


def _fill(table: str, name: str, others: tuple[str, ...]) -> None:
    rows = sa.table(table, *(sa.column(each) for each in ("id", name, *others, "name_key", "search_key")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows)).mappings().all():
        keys = {
            "name_key": _fold(row[name])[:220],
            "search_key": _fold(" ".join(row[each] or "" for each in (name, *others))),
        }
        connection.execute(rows.update().where(rows.c.id == row["id"]).values(**keys))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())
