"""know of a document whether the vendor's staff attached it"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.Column("added_by_staff", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("document", no)
    # SQLite would make the table anew for that.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("document", "added_by_staff", server_default=None)


def downgrade() -> None:
    op.drop_column("document", "added_by_staff")
