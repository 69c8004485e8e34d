"""find the activity over all clients by day, deed and actor"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BY_STAFF, REFUSED = sa.text("actor_staff_id IS NOT NULL"), sa.text("result = 'refused'")


def upgrade() -> None:
    op.create_index("ix_activity_by_time", "activity", ["at"])
    op.create_index("ix_activity_by_what", "activity", ["what", "id"])
    op.create_index("ix_activity_by_kind_of_actor", "activity", ["actor_kind", "id"])
    op.create_index(
        "ix_activity_by_staff",
        "activity",
        ["actor_staff_id", "id"],
        sqlite_where=BY_STAFF,
        postgresql_where=BY_STAFF,
    )
    op.create_index("ix_activity_refused", "activity", ["id"], sqlite_where=REFUSED, postgresql_where=REFUSED)


def downgrade() -> None:
    for name in ("refused", "by_staff", "by_kind_of_actor", "by_what", "by_time"):
        op.drop_index(f"ix_activity_{name}", table_name="activity")
