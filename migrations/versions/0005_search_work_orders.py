"""let work orders be searched"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("work_order") as table:
        table.add_column(sa.Column("search_key", sa.Text(), nullable=False, server_default=""))
    order = sa.table(
        "work_order",
        sa.column("number", sa.Integer),
        sa.column("title", sa.String),
        sa.column("description", sa.Text),
        sa.column("search_key", sa.Text),
    )
    words = (
        sa.literal("wo-")
        + sa.cast(order.c.number, sa.String)
        + " "
        + order.c.title
        + " "
        + order.c.description
    )
    op.execute(order.update().values(search_key=sa.func.lower(words)))
    with op.batch_alter_table("work_order") as table:
        table.alter_column("search_key", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("work_order") as table:
        table.drop_column("search_key")
