"""let people with several companies say which one opens after signing in"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("portal_user") as table:
        table.add_column(sa.Column("default_company_id", sa.Integer()))
        table.create_foreign_key(
            op.f("fk_portal_user_default_company_id_company"), "company", ["default_company_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("portal_user") as table:
        table.drop_constraint(op.f("fk_portal_user_default_company_id_company"), type_="foreignkey")
        table.drop_column("default_company_id")
