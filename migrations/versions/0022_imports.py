"""keep tables on their way in"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _imports()
    _rows()


def _imports() -> None:
    moment, name = sa.DateTime(timezone=True), "file_import"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer()),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("stored_as", sa.String(40), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("stamp", sa.String(64), nullable=False),
        *(
            sa.Column(each, sa.Integer(), nullable=False)
            for each in ("total", "position", "adds", "updates", "skips", "errors")
        ),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by_name", sa.String(100), nullable=False),
        sa.Column("by_contact_id", sa.Integer()),
        sa.Column("by_staff_id", sa.Integer()),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        sa.Column("leased_until", moment),
        sa.CheckConstraint(
            "state IN ('mapping', 'checking', 'checked', 'importing', 'done', 'failed', 'cancelled')",
            name=op.f("ck_file_import_state"),
        ),
        sa.CheckConstraint(
            "(by_contact_id IS NULL) <> (by_staff_id IS NULL)", name=op.f("ck_file_import_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_file_import_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["by_staff_id"], ["staff_user.id"], name=op.f("fk_file_import_by_staff_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_import")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_file_import_company_id"), name, ["company_id"])


def _rows() -> None:
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("match_key", sa.String(254)),
        sa.Column("contact_id", sa.Integer()),
        sa.Column("version", sa.Integer()),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("ready", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('add', 'update', 'skip', 'error')", name=op.f("ck_import_row_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["file_import.id"], name=op.f("fk_import_row_import_id_file_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
    )
    op.create_index("ix_import_row_by_outcome", "import_row", ["import_id", "outcome", "number"])
    op.create_index("ix_import_row_by_match", "import_row", ["import_id", "match_key"])


def downgrade() -> None:
    op.drop_table("import_row")
    op.drop_table("file_import")
