"""keep the activity as it was written, and let an access review stay open until it is finished"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SENTENCE = "the activity is only ever added to"


def upgrade() -> None:
    with op.batch_alter_table("access_review", schema=None) as batch_op:
        batch_op.add_column(sa.Column("everybody", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_access_review_open",
        "access_review",
        ["company_id"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    lock = _lock_postgresql if op.get_bind().dialect.name == "postgresql" else _lock_sqlite
    lock()


def _lock_sqlite() -> None:
    for event in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER activity_no_{event} BEFORE {event} ON activity "
            f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )


def _lock_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION activity_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER activity_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON activity "
        "FOR EACH STATEMENT EXECUTE FUNCTION activity_stays()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER activity_stays ON activity")
        op.execute("DROP FUNCTION activity_stays()")
    else:
        op.execute("DROP TRIGGER activity_no_update")
        op.execute("DROP TRIGGER activity_no_delete")
    op.drop_index("uq_access_review_open", table_name="access_review")
    with op.batch_alter_table("access_review", schema=None) as batch_op:
        batch_op.drop_column("finished_at")
        batch_op.drop_column("everybody")
