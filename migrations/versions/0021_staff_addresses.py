"""let the staff change the address they sign in with"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

LIVE = sa.text("ended_at IS NULL")
KNOWN = "purpose IN ('password', 'change_email')"


def upgrade() -> None:
    op.drop_index("uq_staff_link_live", "staff_link")
    # In one statement with its check, which both databases know; letters refer to the table, so it stays.
    column = (
        f"purpose VARCHAR(40) DEFAULT 'password' NOT NULL CONSTRAINT ck_staff_link_purpose CHECK ({KNOWN})"
    )
    op.execute(f"ALTER TABLE staff_link ADD COLUMN {column}")
    _one_live(["staff_user_id", "purpose"])


def downgrade() -> None:
    op.drop_index("uq_staff_link_live", "staff_link")
    op.execute(
        "DELETE FROM letter WHERE staff_link_id IN (SELECT id FROM staff_link WHERE purpose <> 'password')"
    )
    op.execute("DELETE FROM staff_link WHERE purpose <> 'password'")
    op.drop_column("staff_link", "purpose")
    _one_live(["staff_user_id"])


def _one_live(columns: list[str]) -> None:
    op.create_index(
        "uq_staff_link_live", "staff_link", columns, unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
