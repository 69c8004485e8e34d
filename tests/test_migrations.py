"""A database that people work with goes back a version and forth again, and nothing they need is lost."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import make_url

from portal import create_app, demo
from portal.extensions import db
from portal.transaction import transaction
from tests.conftest import SETTINGS
from tests.machinery import postgres

# What stood in the first version that was handed out, and in every one since.
KEPT = (
    "company",
    "contact",
    "contact_role",
    "property",
    "property_link",
    "contract",
    "invoice",
    "invoice_line",
    "work_order",
    "work_order_event",
    "portal_user",
    "activity",
)
FIRST = "0010"


@pytest.fixture
def lived_in(database, request, tmp_path) -> Iterator[Flask]:
    """An application with a database of its own, of the kind under test, with the demo data in it."""
    if request.config.getoption("database") == "sqlite":
        yield _settled(f"sqlite:///{tmp_path / 'lived-in.db'}", str(tmp_path))
        return
    with postgres.running() as server, server.database() as url:
        app = _settled(url, str(tmp_path))
        yield app
        with app.app_context():
            db.engine.dispose()


def _settled(url: str, folder: str) -> Flask:
    app = create_app({**SETTINGS, "INSTANCE_DIR": folder, "SQLALCHEMY_DATABASE_URI": make_url(url)})
    with app.app_context():
        upgrade()
        with transaction(write=True):
            demo.make()
    return app


def _counts() -> dict[str, int]:
    with transaction(write=False):
        return {name: db.session.scalar(select(func.count()).select_from(text(name))) or 0 for name in KEPT}


def test_back_and_forth_with_rows_in_it(lived_in):
    """Every migration since the first version is one that a database with rows survives, both ways."""
    with lived_in.app_context():
        before = _counts()
        assert min(before.values()) > 0, before
        downgrade(revision=FIRST)
        db.engine.dispose()
        assert "webhook" not in inspect(db.engine).get_table_names()
        upgrade()
        db.engine.dispose()
        assert _counts() == before
