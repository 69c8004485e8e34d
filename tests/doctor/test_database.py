"""The doctor on the database: migrations, schema, roles, the lock on the activity, SQLite's safety."""

import psycopg
import pytest
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from portal.config import ROOT
from portal.doctor import database, examine
from portal.extensions import db
from portal.transaction import transaction


@pytest.fixture
def after(app):
    """What a check says once `statements` were run; all of it is rolled back."""

    def ask(check, *statements):
        with app.app_context():
            for statement in statements:
                db.session.execute(text(statement))
            try:
                return check()
            finally:
                db.session.rollback()

    return ask


class TestAsItIs:
    @pytest.mark.parametrize("check", [*database.CHECKS, *database.INSIDE, *database.MIGRATED])
    def test_nothing_must_change(self, asked, check):
        """In development even for the tests' own role, which is PostgreSQL's superuser."""
        assert asked(check).result in ("ok", "warn")


class TestAmiss:
    def test_away(self, app, asked, monkeypatch):
        broken = create_engine("postgresql+psycopg://nobody@/nothing?host=/nowhere")
        with app.app_context():
            monkeypatch.setitem(db._app_engines[app], None, broken)
            found = database.answers()
        assert (found.result, "does not answer" in found.words) == ("fail", True)

    def test_pending_migrations(self, after):
        found = after(database.migrations, "UPDATE alembic_version SET version_num = '0001'")
        assert (found.result, "db upgrade" in found.cure) == ("fail", True)

    @pytest.mark.sqlite_only  # each check looks in a transaction of its own, so the table is gone for good
    def test_pending_migrations_and_nothing_besides(self, app, writing):
        """Whoever has only to upgrade is not told to restore the backup, or to look for an intruder."""
        with writing():
            db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            db.session.execute(text("DROP TABLE pulse"))
        with app.app_context():
            failed = {each.name for each in examine() if each.result == "fail"}
        assert "migrations" in failed
        assert not {"schema", "activity"} & failed

    def test_an_empty_database(self, after):
        assert after(database.migrations, "DELETE FROM alembic_version").result == "fail"

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE property ADD COLUMN extra INTEGER",
            "DROP INDEX uq_invitation_live",
            "CREATE TABLE extra (id INTEGER PRIMARY KEY)",
            "DROP TABLE pulse",
        ],
    )
    def test_a_changed_schema(self, after, statement):
        """T95."""
        assert after(database.drift, statement).result == "fail"

    @pytest.mark.sqlite_only
    @pytest.mark.parametrize("event", ["update", "delete"])
    def test_an_unlocked_activity(self, after, event):
        """T92."""
        assert after(database.activity_stays, f"DROP TRIGGER activity_no_{event}").result == "fail"

    @pytest.mark.postgresql_only
    @pytest.mark.parametrize(
        "how", ["DROP TRIGGER activity_stays ON activity", "ALTER TABLE activity DISABLE TRIGGER ALL"]
    )
    def test_an_unlocked_activity_of_postgresql(self, after, how):
        """T92."""
        assert after(database.activity_stays, how).result == "fail"

    @pytest.mark.sqlite_only
    @pytest.mark.parametrize("pragma", ["synchronous=OFF", "foreign_keys=OFF", "journal_mode=DELETE"])
    def test_an_unsafe_sqlite(self, app, asked, pragma):
        assert asked(database.sqlite_safety).result == "ok"

        def spoil(connection, _record):
            connection.execute(f"PRAGMA {pragma}")

        with app.app_context():
            db.engine.dispose()
        event.listen(Engine, "connect", spoil)
        try:
            found = asked(database.sqlite_safety)
        finally:
            event.remove(Engine, "connect", spoil)
            with app.app_context():
                db.engine.dispose()
        assert (found.result, pragma.split("=")[0] in found.words) == ("fail", True)


def test_on_another_machine(app):
    """ASVS 12.3.1: encrypted, and the right one; nobody is asked for this machine's own."""
    wanted = {
        "db.example/gatehouse": "warn",
        "db.example/gatehouse?sslmode=require": "warn",
        "db.example/gatehouse?sslmode=verify-full": "ok",
        "/gatehouse?host=10.0.0.5": "warn",
        "/gatehouse?host=/var/run/postgresql": "ok",
        "/gatehouse": "ok",
        "127.0.0.1:5432/gatehouse": "ok",
    }
    found = {}
    with app.app_context():
        kept = db._app_engines[app][None]
        for place in wanted:
            db._app_engines[app][None] = create_engine(f"postgresql+psycopg://gatehouse@{place}")
            found[place] = database.encrypted().result
        db._app_engines[app][None] = kept
        assert database.encrypted().result == "ok"
    assert found == wanted


@pytest.mark.postgresql_only
class TestRoles:
    """T29, T92: what the portal's role may, with the roles of deploy/roles.sql on a real server."""

    @pytest.fixture
    def as_role(self, app, built):
        """Asks a check signed in as another role; the roles are those of deploy/roles.sql."""
        url = make_url(built.config["SQLALCHEMY_DATABASE_URI"])
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as line:
            line.execute((ROOT / "deploy" / "roles.sql").read_bytes())

        def ask(role, check):
            with app.app_context():
                kept = db._app_engines[app][None]
                db._app_engines[app][None] = create_engine(url.set(username=role))
                try:
                    with transaction(write=False):
                        return check()
                finally:
                    db._app_engines[app][None].dispose()
                    db._app_engines[app][None] = kept

        yield ask
        with psycopg.connect(plain, autocommit=True) as line:
            line.execute(b"REASSIGN OWNED BY gatehouse_owner TO postgres; DROP OWNED BY gatehouse_owner")
            line.execute(b"DROP OWNED BY gatehouse; DROP ROLE gatehouse; DROP ROLE gatehouse_owner")

    def test_a_superuser(self, asked):
        assert asked(database.strength, PRODUCTION=True).result == "fail"

    def test_the_roles_of_deploy(self, as_role):
        assert as_role("gatehouse", database.strength).result == "ok"
        assert as_role("gatehouse", database.activity_stays).result == "ok"
        assert as_role("gatehouse", database.drift).result == "ok"
        assert as_role("gatehouse_owner", database.strength).result == "warn"
        assert as_role("gatehouse_owner", database.activity_stays).result == "warn"

    def test_what_the_role_can_do(self, app, as_role):
        def may(statement):
            def tried():
                try:
                    with db.session.begin_nested():
                        db.session.execute(text(statement))
                except DBAPIError as refusal:
                    return "permission denied" not in str(refusal) and "must be owner" not in str(refusal)
                return True

            return as_role("gatehouse", tried)

        assert may("UPDATE contact SET notes = notes WHERE id = 1")
        assert may("INSERT INTO pulse (name, at) VALUES ('x', now())")
        assert not may("UPDATE activity SET what = 'nothing'")
        assert not may("DELETE FROM activity")
        assert not may("TRUNCATE activity")
        assert not may("ALTER TABLE activity DISABLE TRIGGER ALL")
        assert not may("DROP TABLE contact")
        assert not may("UPDATE alembic_version SET version_num = '0001'")


def test_the_owner_is_named_where_migrations_run():
    """deploy/: migrations run as the owner where there is one."""
    unit = (ROOT / "deploy" / "systemd" / "gatehouse-web.service").read_text()
    assert "DATABASE_OWNER_URL" in unit
    assert "gatehouse_owner:" in (ROOT / "deploy" / "compose.yml").read_text()
