"""let people change the address, user name and recovery e-mail of their login, and use an initial password once"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BEFORE = "purpose IN ('reset', 'confirm_email', 'confirm_recovery')"
AFTER = "purpose IN ('reset', 'confirm_email', 'confirm_recovery', 'change_email')"
ENDED = "ended_as IS NULL OR ended_as IN ('used', 'replaced', 'cancelled')"


def upgrade() -> None:
    op.add_column(
        "portal_user", sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("portal_user", sa.Column("initial_password_used_at", sa.DateTime(timezone=True)))
    op.add_column("portal_user", sa.Column("recovery_key", sa.String(254)))
    op.create_index(op.f("ix_portal_user_recovery_key"), "portal_user", ["recovery_key"])
    user = sa.table("portal_user", sa.column("recovery_email"), sa.column("recovery_key"))
    op.execute(user.update().values(recovery_key=sa.func.lower(user.c.recovery_email)))
    op.add_column("login_link", _follow())
    _allow(AFTER, _login_link(BEFORE))


def downgrade() -> None:
    gone = sa.table("login_link", sa.column("id"), sa.column("purpose"))
    letter = sa.table("letter", sa.column("login_link_id"))
    changes = sa.select(gone.c.id).where(gone.c.purpose == "change_email")
    op.execute(letter.update().where(letter.c.login_link_id.in_(changes)).values(login_link_id=None))
    op.execute(gone.delete().where(gone.c.purpose == "change_email"))
    _allow(BEFORE, _login_link(AFTER))
    op.drop_column("login_link", "contacts_follow")
    op.drop_index(op.f("ix_portal_user_recovery_key"), "portal_user")
    op.drop_column("portal_user", "recovery_key")
    op.drop_column("portal_user", "initial_password_used_at")
    op.drop_column("portal_user", "shortcuts")


def _allow(purposes: str, as_it_is: sa.Table) -> None:
    """Change which purposes a link may have.

    SQLite makes the table anew for that and lets no letter point at it meanwhile; so the letters let go first.
    """
    connection = op.get_bind()
    letter = sa.table("letter", sa.column("id"), sa.column("login_link_id"))
    pairs = connection.execute(sa.select(letter).where(letter.c.login_link_id.is_not(None))).all()
    connection.execute(letter.update().values(login_link_id=None))
    with op.batch_alter_table("login_link", copy_from=as_it_is) as batch:
        batch.drop_constraint(op.f("ck_login_link_purpose"), type_="check")
        batch.create_check_constraint(op.f("ck_login_link_purpose"), purposes)
    for letter_id, link_id in pairs:
        connection.execute(letter.update().where(letter.c.id == letter_id).values(login_link_id=link_id))


def _follow() -> sa.Column:
    return sa.Column("contacts_follow", sa.Boolean(), nullable=False, server_default=sa.false())


def _login_link(purposes: str) -> sa.Table:
    live = sa.text("ended_at IS NULL")
    moment = sa.DateTime(timezone=True)
    return sa.Table(
        "login_link",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("portal_user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.Column("ended_as", sa.String(40)),
        _follow(),
        sa.CheckConstraint(ENDED, name=op.f("ck_login_link_ended_as")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name=op.f("ck_login_link_ended")),
        sa.CheckConstraint(purposes, name=op.f("ck_login_link_purpose")),
        sa.ForeignKeyConstraint(
            ["portal_user_id"], ["portal_user.id"], name=op.f("fk_login_link_portal_user_id_portal_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_link")),
        sa.UniqueConstraint(
            "portal_user_id",
            "purpose",
            "generation",
            name=op.f("uq_login_link_portal_user_id_purpose_generation"),
        ),
        sa.Index(
            "uq_login_link_live",
            "portal_user_id",
            "purpose",
            unique=True,
            sqlite_where=live,
            postgresql_where=live,
        ),
        sqlite_autoincrement=True,
    )
