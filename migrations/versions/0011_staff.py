"""the vendor's staff: their sessions and one-time links; and logins found by name over all companies"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    moments = ("password_set_at", "last_sign_in_at")
    with op.batch_alter_table("staff_user", schema=None) as batch_op:
        for moment in moments:
            batch_op.add_column(sa.Column(moment, sa.DateTime(timezone=True), nullable=True))
    _sessions()
    _links()
    op.create_index("ix_activity_by_user", "activity", ["user_id", "id"])
    op.add_column("portal_user", sa.Column("name_key", sa.String(220), nullable=False, server_default=""))
    op.add_column("portal_user", sa.Column("search_key", sa.Text(), nullable=False, server_default=""))
    _fill()
    op.create_index("ix_portal_user_by_name", "portal_user", ["name_key", "id"])


def _sessions() -> None:
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=40), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_user.id"], name=op.f("fk_staff_session_staff_user_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_staff_session_key_hash")),
    )
    op.create_index(op.f("ix_staff_session_staff_user_id"), "staff_session", ["staff_user_id"])


def _links() -> None:
    op.create_table(
        "staff_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_user_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_as", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "ended_as IS NULL OR ended_as IN ('used', 'replaced', 'cancelled')",
            name=op.f("ck_staff_link_ended_as"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name=op.f("ck_staff_link_ended")),
        sa.ForeignKeyConstraint(
            ["staff_user_id"], ["staff_user.id"], name=op.f("fk_staff_link_staff_user_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_link")),
        sa.UniqueConstraint(
            "staff_user_id", "generation", name=op.f("uq_staff_link_staff_user_id_generation")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_staff_link_live",
        "staff_link",
        ["staff_user_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("staff_link_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_letter_staff_link_id_staff_link"), "staff_link", ["staff_link_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_letter_staff_link_id"), ["staff_link_id"])


def _fill() -> None:
    names = ("id", "first_name", "last_name", "email", "username", "name_key", "search_key")
    rows = sa.table("portal_user", *(sa.column(each) for each in names))
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows)).mappings().all():
        words = [row[each] or "" for each in ("first_name", "last_name", "email", "username")]
        keys = {"name_key": _fold(" ".join(words[:2]))[:220], "search_key": _fold(" ".join(words))}
        connection.execute(rows.update().where(rows.c.id == row["id"]).values(**keys))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def downgrade() -> None:
    op.drop_index("ix_portal_user_by_name", "portal_user")
    op.drop_column("portal_user", "search_key")
    op.drop_column("portal_user", "name_key")
    op.drop_index("ix_activity_by_user", "activity")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_letter_staff_link_id"))
        batch_op.drop_constraint(op.f("fk_letter_staff_link_id_staff_link"), type_="foreignkey")
        batch_op.drop_column("staff_link_id")
    op.drop_table("staff_link")
    op.drop_table("staff_session")
    with op.batch_alter_table("staff_user", schema=None) as batch_op:
        batch_op.drop_column("last_sign_in_at")
        batch_op.drop_column("password_set_at")
