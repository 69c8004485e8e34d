"""let staff sort and search clients by name"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def fold(text: str) -> str:
    """Return `text` without case and accents, as names were folded when this was written."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def upgrade() -> None:
    op.add_column("company", sa.Column("name_key", sa.String(220), nullable=False, server_default=""))
    company = sa.table("company", sa.column("id"), sa.column("name"), sa.column("name_key"))
    for row in op.get_bind().execute(sa.select(company.c.id, company.c.name)).all():
        op.execute(company.update().where(company.c.id == row.id).values(name_key=fold(row.name)[:220]))
    op.create_index("ix_company_by_name", "company", ["name_key", "id"])


def downgrade() -> None:
    op.drop_index("ix_company_by_name", "company")
    op.drop_column("company", "name_key")
