"""let the tombstone of a running erasure into the activity, and nothing else"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SENTENCE = "the activity is only ever added to"
# What never changes, whoever is erased.
FIXED = (
    *("id", "at", "company_id", "actor_kind", "actor_contact_id", "actor_user_id", "actor_staff_id"),
    *("what", "contact_id", "user_id", "result", "request_id"),
)
RUNNING = "SELECT tombstone FROM erasure WHERE ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("tombstone", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'company')", name=op.f("ck_erasure_kind")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"], name=op.f("fk_erasure_staff_id_staff_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("tombstone", name=op.f("uq_erasure_tombstone")),
    )
    still = sa.text("ended_at IS NULL")
    op.create_index("ix_erasure_open", "erasure", ["ended_at"], sqlite_where=still, postgresql_where=still)
    for table in ("contact", "portal_user", "company"):
        op.add_column(table, sa.Column("erased_as", sa.String(length=40), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    op.execute("DROP TRIGGER activity_no_update")
    same = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
    names = " OR ".join(
        f"(NEW.{name} IS NOT OLD.{name} AND NEW.{name} NOT IN ({RUNNING}))"
        for name in ("actor_name", "target_name")
    )
    gone = " OR ".join(
        f"(NEW.{name} IS NOT OLD.{name} AND NEW.{name} <> '')" for name in ("reason", "address")
    )
    # Every value of what was changed is what it was, or the tombstone; no label goes or comes.
    values = (
        "EXISTS (SELECT 1 FROM json_tree(NEW.changes) AS n LEFT JOIN json_tree(OLD.changes) AS o "
        "ON o.fullkey = n.fullkey WHERE o.fullkey IS NULL OR "
        "(n.atom IS NOT o.atom AND n.atom NOT IN (RUNNING))) OR "
        "(SELECT count(*) FROM json_tree(NEW.changes)) <> (SELECT count(*) FROM json_tree(OLD.changes))"
    ).replace("RUNNING", RUNNING)
    op.execute(
        "CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity "
        f"WHEN NOT EXISTS ({RUNNING}) OR {same} OR {names} OR {gone} OR {values} "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )


def _guard_postgresql() -> None:
    same = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FIXED)
    function = """
        CREATE FUNCTION activity_erased() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE running text[] := ARRAY(RUNNING);
        BEGIN
          IF cardinality(running) = 0 OR SAME
            OR (NEW.actor_name <> OLD.actor_name AND NEW.actor_name <> ALL (running))
            OR (NEW.target_name <> OLD.target_name AND NEW.target_name <> ALL (running))
            OR (NEW.reason <> OLD.reason AND NEW.reason <> '')
            OR (NEW.address <> OLD.address AND NEW.address <> '')
            OR ARRAY(SELECT jsonb_object_keys(NEW.changes::jsonb))
              <> ARRAY(SELECT jsonb_object_keys(OLD.changes::jsonb))
            OR EXISTS (
              SELECT 1 FROM jsonb_each(OLD.changes::jsonb) AS o
              JOIN jsonb_each(NEW.changes::jsonb) AS n ON n.key = o.key
              WHERE jsonb_array_length(o.value) <> jsonb_array_length(n.value) OR EXISTS (
                SELECT 1 FROM generate_series(0, jsonb_array_length(o.value) - 1) AS place
                WHERE n.value -> place <> o.value -> place
                AND coalesce(n.value ->> place <> ALL (running), true)))
          THEN RAISE EXCEPTION 'SENTENCE' USING ERRCODE = 'integrity_constraint_violation';
          END IF;
          RETURN NEW;
        END $$
        """
    for word, meaning in (("RUNNING", RUNNING), ("SAME", same), ("SENTENCE", SENTENCE)):
        function = function.replace(word, meaning)
    op.execute(function)
    op.execute("DROP TRIGGER activity_stays ON activity")
    op.execute(
        "CREATE TRIGGER activity_stays BEFORE DELETE OR TRUNCATE ON activity "
        "FOR EACH STATEMENT EXECUTE FUNCTION activity_stays()"
    )
    op.execute(
        "CREATE TRIGGER activity_erased BEFORE UPDATE ON activity "
        "FOR EACH ROW EXECUTE FUNCTION activity_erased()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER activity_erased ON activity")
        op.execute("DROP FUNCTION activity_erased()")
        op.execute("DROP TRIGGER activity_stays ON activity")
        op.execute(
            "CREATE TRIGGER activity_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON activity "
            "FOR EACH STATEMENT EXECUTE FUNCTION activity_stays()"
        )
    else:
        op.execute("DROP TRIGGER activity_no_update")
        op.execute(
            "CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity "
            f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )
    for table in ("contact", "portal_user", "company"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("erased_as")
    op.drop_table("erasure")
