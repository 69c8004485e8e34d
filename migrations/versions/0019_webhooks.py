"""keep webhooks and what was delivered to them"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _webhook()
    _delivery()


def _webhook() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("sealed_former", sa.Text()),
        sa.Column("former_until", moment),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("resting_until", moment),
        sa.Column("paused_at", moment),
        sa.Column("paused_why", sa.String(200), nullable=False),
        sa.Column("removed_at", moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sqlite_autoincrement=True,
    )


def _delivery() -> None:
    moment, unsent = sa.DateTime(timezone=True), sa.text("state IN ('waiting', 'sending')")
    op.create_table(
        "hook_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer()),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("leased_until", moment),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("delivered_at", moment),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.String(200), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'failed')", name=op.f("ck_hook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_hook_delivery_webhook_id_webhook")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_hook_delivery_activity_id_activity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint(
            "webhook_id", "activity_id", name=op.f("uq_hook_delivery_webhook_id_activity_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_hook_delivery_unsent", "hook_delivery", ["due_at"], sqlite_where=unsent, postgresql_where=unsent
    )
    op.create_index("ix_hook_delivery_of_hook", "hook_delivery", ["webhook_id", "id"])


def downgrade() -> None:
    op.drop_table("hook_delivery")
    op.drop_table("webhook")
