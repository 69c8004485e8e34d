"""let staff see what a contact sees, for a while and with a reason"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "view_as",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_view_as")),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_user.id"], name=op.f("fk_view_as_staff_user_id_staff_user")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["contact.company_id", "contact.id"],
            name=op.f("fk_view_as_company_id_contact_id_contact"),
        ),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_view_as_live", "view_as", ["staff_user_id"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_index("ix_view_as_by_contact", "view_as", ["contact_id"])


def downgrade() -> None:
    op.drop_table("view_as")
