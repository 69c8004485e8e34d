"""let people ask for access"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, live = sa.DateTime(timezone=True), sa.text("ended_at IS NULL")
    op.create_table(
        "access_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer()),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("company_name", sa.String(100), nullable=False),
        sa.Column("message", sa.String(1_000), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("confirmed_at", moment),
        sa.Column("ended_at", moment),
        sa.Column("ended_as", sa.String(40)),
        sa.CheckConstraint(
            "ended_as IS NULL OR ended_as IN ('approved', 'declined')",
            name=op.f("ck_access_request_ended_as"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name=op.f("ck_access_request_ended")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_access_request_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_access_request_company_id"), "access_request", ["company_id"])
    op.create_index(
        "uq_access_request_open",
        "access_request",
        ["email_key"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    op.drop_table("access_request")
