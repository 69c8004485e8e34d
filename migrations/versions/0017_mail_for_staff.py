"""keep each try to send a mail, and find mails by state and address"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_try",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_letter_try_letter_id_letter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", "number", name=op.f("pk_letter_try")),
    )
    op.create_index("ix_letter_by_state", "letter", ["state", "id"])
    op.create_index("ix_letter_by_address", "letter", ["to_email", "id"])


def downgrade() -> None:
    op.drop_index("ix_letter_by_address", table_name="letter")
    op.drop_index("ix_letter_by_state", table_name="letter")
    op.drop_table("letter_try")
