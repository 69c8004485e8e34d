"""What has to be there before anybody comes in: the tables, demo data at first, packed static files."""

import sys
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from whitenoise.compress import Compressor

from portal.config import ROOT

_PACKED = (".br", ".gz")


def make() -> None:
    """Bring database and static files up to date; ends the process with a sentence when it cannot."""
    from flask_migrate import upgrade

    from wsgi import app

    pack()
    try:
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            if _is_empty():
                app.cli.commands["demo"].main([], standalone_mode=False)
    except OperationalError as error:
        sys.exit(f"The database cannot be used: {error.orig}")


def _is_empty() -> bool:
    from portal.extensions import db
    from portal.models import Company

    found = db.session.scalar(select(func.count()).select_from(Company))
    db.session.remove()
    return found == 0


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
