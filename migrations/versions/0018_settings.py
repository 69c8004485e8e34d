"""keep the vendor's settings"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

AREAS = "area IN ('properties', 'contracts', 'rfps', 'billing', 'reports', 'work_orders')"
FACTOR = "second_factor IN ('optional', 'admins', 'everybody')"


def upgrade() -> None:
    with op.batch_alter_table("branding") as branding:
        branding.add_column(sa.Column("privacy_url", sa.String(200), nullable=False, server_default=""))
        branding.add_column(sa.Column("logo_hash", sa.String(16), nullable=False, server_default=""))
        branding.add_column(sa.Column("logo_width", sa.Integer(), nullable=False, server_default="0"))
        branding.add_column(sa.Column("invitation_hours", sa.Integer()))
        branding.add_column(sa.Column("idle_minutes", sa.Integer()))
        branding.add_column(sa.Column("session_hours", sa.Integer()))
        branding.add_column(
            sa.Column("second_factor", sa.String(40), nullable=False, server_default="optional")
        )
        branding.create_check_constraint(op.f("ck_branding_second_factor"), FACTOR)
    op.create_table(
        "logo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_logo_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logo")),
    )
    op.create_table(
        "vendor_area",
        sa.Column("area", sa.String(40), nullable=False),
        sa.CheckConstraint(AREAS, name=op.f("ck_vendor_area_area")),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_vendor_area")),
    )


def downgrade() -> None:
    op.drop_table("vendor_area")
    op.drop_table("logo")
    with op.batch_alter_table("branding") as branding:
        branding.drop_constraint(op.f("ck_branding_second_factor"), type_="check")
        for name in (
            "second_factor",
            "session_hours",
            "idle_minutes",
            "invitation_hours",
            "logo_width",
            "logo_hash",
            "privacy_url",
        ):
            branding.drop_column(name)
