"""let staff find who writes or calls by address, number or mail domain, over all companies"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("email_domain", sa.String(254)))
    place = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"
    contact = sa.table("contact", sa.column("email_key"), sa.column("email_domain"))
    at = getattr(sa.func, place)(contact.c.email_key, "@")
    op.execute(contact.update().values(email_domain=sa.func.substr(contact.c.email_key, at + 1)))
    op.drop_index("ix_contact_by_email", "contact")
    op.create_index("ix_contact_by_email", "contact", ["email_key"])
    op.create_index("ix_contact_by_phone", "contact", ["phone"])
    op.create_index("ix_contact_by_mobile", "contact", ["mobile"])
    op.create_index("ix_contact_by_domain", "contact", ["email_domain", "company_id"])


def downgrade() -> None:
    live = sa.text("deleted_at IS NULL")
    for name in ("email", "phone", "mobile", "domain"):
        op.drop_index(f"ix_contact_by_{name}", "contact")
    op.create_index("ix_contact_by_email", "contact", ["email_key"], sqlite_where=live, postgresql_where=live)
    op.drop_column("contact", "email_domain")
