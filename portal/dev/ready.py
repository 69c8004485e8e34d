"""What has to be there before anybody comes in: the tables, demo data at first, packed static files."""

from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from whitenoise.compress import Compressor

from portal.config import ROOT
from portal.dev.house import CannotRun
from portal.extensions import db

_PACKED = (".br", ".gz")


def make(app: Flask) -> None:
    """Bring database and static files up to date. Raises CannotRun when the database cannot be reached."""
    try:
        with app.app_context():
            _migrate()
            if _is_empty():
                _demo(app)
            # The parts have their own connections; one kept here would only hold the file open.
            db.engine.dispose()
    except OperationalError as error:
        raise CannotRun(f"The database cannot be used: {error.orig}") from error
    pack()


def _migrate() -> None:
    from flask_migrate import upgrade

    upgrade(directory=str(ROOT / "migrations"))


def _is_empty() -> bool:
    from portal.models import Company

    empty = db.session.scalar(select(func.count()).select_from(Company)) == 0
    db.session.remove()
    return empty


def _demo(app: Flask) -> None:
    app.cli.commands["demo"].main([], standalone_mode=False)


def pack(folder: Path = ROOT / "static") -> None:
    """Put a packed copy (.br, .gz) beside every static file whose copy is missing or of another version."""
    compressor = Compressor(quiet=True)
    for file in folder.rglob("*"):
        if file.suffix in _PACKED:
            if not file.with_suffix("").exists():
                file.unlink()
        elif file.is_file() and compressor.should_compress(file.name) and not _is_packed(file):
            compressor.compress(str(file))


def _is_packed(file: Path) -> bool:
    copies = [file.with_name(file.name + suffix) for suffix in _PACKED]
    # The copies carry the time of the version they were made from.
    written = file.stat().st_mtime_ns
    return all(copy.exists() and abs(copy.stat().st_mtime_ns - written) < 1_000_000 for copy in copies)
