"""let no two numbers of invoices differ in case alone"""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEX = "uq_invoice_number_without_case"


def upgrade() -> None:
    if twins := _twins():
        # Which of them is the wrong one only people know; until then files and tables go by the exact number.
        logging.getLogger("alembic.runtime.migration").warning(
            "These numbers of invoices are there more than once, but for capitals: %s", ", ".join(twins)
        )
        return
    op.create_index(_INDEX, "invoice", [sa.text("lower(number)")], unique=True)


def _twins() -> list[str]:
    invoice = sa.table("invoice", sa.column("number"))
    lower = sa.func.lower(invoice.c.number)
    query = sa.select(lower).group_by(lower).having(sa.func.count() > 1).order_by(lower)
    return list(op.get_bind().scalars(query))


def downgrade() -> None:
    op.drop_index(_INDEX, "invoice", if_exists=True)
