"""write down when the clock was last at work, and let nobody but the owner touch what is in the activity"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The role that the portal signs in with, where another one owns the tables (deploy/roles.sql).
OTHERS = """
DO $$
DECLARE other record;
BEGIN
  FOR other IN
    SELECT DISTINCT grantee FROM information_schema.role_table_grants
    WHERE table_schema = current_schema() AND table_name = 'activity' AND grantee <> current_user
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON activity FROM %s',
      CASE other.grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(other.grantee) END);
  END LOOP;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pulse")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(OTHERS)


def downgrade() -> None:
    op.drop_table("pulse")
