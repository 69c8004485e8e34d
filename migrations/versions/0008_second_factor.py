"""a second factor for those who sign in, with recovery codes; a company can require it"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_user_id", sa.Integer(), nullable=True),
        sa.Column("staff_user_id", sa.Integer(), nullable=True),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(portal_user_id IS NULL) <> (staff_user_id IS NULL)", name=op.f("ck_second_factor_owner")
        ),
        sa.ForeignKeyConstraint(
            ["portal_user_id"], ["portal_user.id"], name=op.f("fk_second_factor_portal_user_id_portal_user")
        ),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_user.id"], name=op.f("fk_second_factor_staff_user_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
        sa.UniqueConstraint("portal_user_id", name=op.f("uq_second_factor_portal_user_id")),
        sa.UniqueConstraint("staff_user_id", name=op.f("uq_second_factor_staff_user_id")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("second_factor_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["second_factor_id"],
            ["second_factor.id"],
            name=op.f("fk_recovery_code_second_factor_id_second_factor"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_second_factor_id"), "recovery_code", ["second_factor_id"])
    op.add_column(
        "company",
        sa.Column("requires_second_factor", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("company", "requires_second_factor")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
