"""What every test can ask for: an application on a fresh town, and browsers signed in as its people."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from portal import create_app
from portal.extensions import db, limiter
from portal.models import Contact, SecondFactor
from portal.transaction import transaction
from tests import town as town_module
from tests.machinery import postgres
from tests.mailbox import Mailbox
from tests.surfing import Browser, StaffBrowser, app_code

SETTINGS = {
    "TESTING": True,
    "SECRET_KEY": "a secret only of the tests, quite long enough",
    "ARGON2_COST": "cheap",
    "PUBLIC_URL": "http://localhost",
    "SIGN_IN_LIMIT": "1000 per 1 minute",
    "ADDRESS_LIMIT": "10000 per 1 minute",
    "EXPORT_LIMIT": "10000 per 1 minute",
    "IMPORT_LIMIT": "10000 per 1 minute",
    "INVITE_LIMIT": "100000 per day",
    "REDIS_URL": "",
    "RATELIMIT_STORAGE_URI": "memory://",
    "PROPAGATE_EXCEPTIONS": False,
}


_LIMITS = ("_storage", "_limiter", "_storage_dead", "_in_memory_fallback_enabled")


@pytest.fixture(scope="session")
def database_url(request, tmp_path_factory) -> Iterator[str]:
    """The address of the database under test; --database says which kind."""
    if request.config.getoption("database") == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'gatehouse.db'}"
        return
    with postgres.running() as server, server.database() as url:
        yield url


@pytest.fixture(scope="session")
def built(database_url, tmp_path_factory) -> Flask:
    """The application, its database migrated and settled; tests use `app`."""
    folder = tmp_path_factory.mktemp("instance")
    url = make_url(database_url)
    app = create_app({**SETTINGS, "INSTANCE_DIR": str(folder), "SQLALCHEMY_DATABASE_URI": url})
    with app.app_context():
        upgrade()
        with transaction(write=True):
            town_module.build()
        db.engine.dispose()
    app.extensions["town template"] = _set_aside(app)
    app.extensions["limits"] = {name: getattr(limiter, name) for name in _LIMITS}
    return app


def _set_aside(app: Flask) -> Callable[[], None]:
    """Keep the database as it is now and return what brings it back."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if url.get_backend_name() == "sqlite":
        return _keep_file(Path(url.database))
    return _keep_postgresql(url)


def _keep_file(file: Path) -> Callable[[], None]:
    kept = file.with_suffix(".kept")
    shutil.copyfile(file, kept)

    def restore() -> None:
        for leftover in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copyfile(kept, file)

    return restore


def _keep_postgresql(url: URL) -> Callable[[], None]:
    """Copy every table into a schema beside it; putting rows back is quicker than a new database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        tables = [table.name for table in db.metadata.sorted_tables]
        sequences = connection.execute(text(_SEQUENCES)).all()
        kept = [f'CREATE TABLE kept."{name}" AS TABLE public."{name}"' for name in tables]
        connection.exec_driver_sql("; ".join(["CREATE SCHEMA kept", *kept]))
    back = [f'INSERT INTO public."{name}" SELECT * FROM kept."{name}"' for name in tables]
    counted = [f"SELECT setval('{name}', {last or 1}, {last is not None})" for name, last in sequences]
    everything = ", ".join(f'public."{name}"' for name in tables)
    # Without it the order of the tables, and triggers that guard them, would stand in the way.
    quietly = "SET lock_timeout = '20s'; SET session_replication_role = replica"
    script = "; ".join([quietly, f"TRUNCATE {everything}", *back, *counted, "RESET session_replication_role"])

    def restore() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(script)

    return restore


_SEQUENCES = "SELECT quote_ident(sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"


@pytest.fixture
def database(built) -> Iterator[None]:
    """A fresh copy of the town. Asking for this makes a test run on both databases."""
    with built.app_context():
        db.engine.dispose()
    built.extensions["town template"]()
    # Tests that make applications of their own bind the one limiter to their Redis, which is gone by now.
    for name, value in built.extensions["limits"].items():
        setattr(limiter, name, value)
    limiter.reset()
    yield
    with built.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(built, database) -> Iterator[Flask]:
    """The application on a fresh copy of the town; settings a test changes are put back."""
    before = dict(built.config)
    yield built
    built.config.clear()
    built.config.update(before)


@pytest.fixture
def town(app) -> SimpleNamespace:
    """The ids and addresses of the town's people, companies and properties."""
    with app.app_context():
        return town_module.find()


@pytest.fixture
def browser(app) -> Callable[..., Browser]:
    """Makes browsers: `browser()` is a stranger, `browser(town.mia)` is signed in."""

    def open_browser(person: SimpleNamespace | None = None, **facts: str) -> Browser:
        opened = Browser(app, **facts)
        if person is not None:
            answer = opened.sign_in(person.email)
            assert answer.status_code == 303, f"{person.email} could not sign in"
        return opened

    return open_browser


@pytest.fixture
def on_duty(app, writing) -> Callable[..., StaffBrowser]:
    """Makes browsers of the vendor's staff: `on_duty()` is a stranger, `on_duty(town.sue)` is signed in."""

    def open_browser(person: SimpleNamespace | None = None, **facts: str) -> StaffBrowser:
        opened = StaffBrowser(app, **facts)
        if person is not None:
            with writing():  # half a minute passes between two sign-ins of a person
                db.session.execute(db.update(SecondFactor).values(last_step=0))
            assert opened.give_password(person.email).status_code == 303
            assert opened.give_code(app_code()).status_code == 303, f"{person.email} could not sign in"
        return opened

    return open_browser


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns so often that what they can do to each other happens."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def mailbox(app) -> Mailbox:
    """The mail everybody got so far."""
    return Mailbox(app)


@pytest.fixture
def pending(reading) -> Callable[[SimpleNamespace], bool]:
    """Tells whether somebody is still pending: access, and no login."""

    def check(person: SimpleNamespace) -> bool:
        with reading():
            contact = db.session.get_one(Contact, person.id)
            return contact.access == "portal" and contact.portal_user_id is None

    return check


@pytest.fixture
def reading(app) -> Callable[[], AbstractContextManager[None]]:
    """A short look into the database: `with reading(): ...`."""

    @contextmanager
    def look() -> Iterator[None]:
        with app.app_context(), transaction(write=False):
            yield

    return look


@pytest.fixture
def writing(app) -> Callable[[], AbstractContextManager[None]]:
    """A change behind the portal's back: `with writing(): ...`."""

    @contextmanager
    def change() -> Iterator[None]:
        with app.app_context(), transaction(write=True):
            yield

    return change
