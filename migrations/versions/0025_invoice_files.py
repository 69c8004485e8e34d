"""let an invoice have the vendor's own PDF, and say why it is void"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_BEFORE = ("property_id", "contract_id", "rfp_id", "work_order_id")
_RULE = "ck_document_one_owner"


def _one_of(owners: tuple[str, ...]) -> str:
    return " + ".join(f"(CASE WHEN {owner} IS NULL THEN 0 ELSE 1 END)" for owner in owners) + " = 1"


def upgrade() -> None:
    op.add_column("invoice", sa.Column("void_reason", sa.String(200), nullable=False, server_default=""))
    # SQLite would make the table anew for that, and cannot where lines and payments hang on its rows.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("invoice", "void_reason", server_default=None)
    with op.batch_alter_table("document") as table:
        table.add_column(sa.Column("invoice_id", sa.Integer()))
        table.create_unique_constraint(op.f("uq_document_invoice_id"), ["invoice_id"])
        table.create_foreign_key(
            op.f("fk_document_company_id_invoice_id_invoice"),
            "invoice",
            ["company_id", "invoice_id"],
            ["company_id", "id"],
        )
        table.drop_constraint(op.f(_RULE), type_="check")
        table.create_check_constraint(op.f(_RULE), _one_of((*_BEFORE, "invoice_id")))


def downgrade() -> None:
    op.execute("DELETE FROM document WHERE invoice_id IS NOT NULL")
    with op.batch_alter_table("document") as table:
        table.drop_constraint(op.f(_RULE), type_="check")
        table.drop_constraint(op.f("fk_document_company_id_invoice_id_invoice"), type_="foreignkey")
        table.drop_constraint(op.f("uq_document_invoice_id"), type_="unique")
        table.drop_column("invoice_id")
        table.create_check_constraint(op.f(_RULE), _one_of(_BEFORE))
    op.drop_column("invoice", "void_reason")
