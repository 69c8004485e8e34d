"""Whether files lie where only the portal reads them, and whether there is room for more."""

import shutil
import stat
from pathlib import Path

from flask import current_app
from sqlalchemy import make_url

from portal.config import ROOT
from portal.doctor.finding import Finding, fail, grave, ok, warn

LEAST_FREE = 500_000_000
LITTLE_FREE = 2_000_000_000
# Where settings with secrets are kept.
SETTINGS_FILES = (ROOT / ".env", ROOT / "deploy" / ".env", Path("/etc/gatehouse.env"))


def instance_folder() -> Finding:
    """Whether others on this machine stay out of what the portal keeps."""
    folder = Path(current_app.config["INSTANCE_DIR"])
    if folder.stat().st_mode & stat.S_IRWXO:
        cure = f"Run: chmod 700 {folder}"
        return grave("instance folder", f"Everybody on this machine may look into {folder}.", cure)
    return ok("instance folder", "Others on this machine stay out.")


def database_file() -> Finding:
    """Whether others on this machine cannot read the SQLite file."""
    url = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return ok("database file", "There is none.")
    file = Path(url.database)
    if open_to_others(file):
        return grave("database file", f"Everybody on this machine may read {file}.", f"Run: chmod 600 {file}")
    return ok("database file", "Others on this machine cannot read it.")


def settings_files() -> Finding:
    """Whether others on this machine cannot read the key and the passwords."""
    open_ones = [str(file) for file in SETTINGS_FILES if file.exists() and open_to_others(file)]
    if open_ones:
        cure = f"Run: chmod 600 {' '.join(open_ones)}"
        return fail("settings files", f"Everybody on this machine may read {', '.join(open_ones)}.", cure)
    return ok("settings files", "Others on this machine cannot read them.")


def open_to_others(file: Path) -> bool:
    """Return whether others may read `file` and enter the folder it lies in."""
    there = file.exists() and file.stat().st_mode & stat.S_IROTH
    return bool(there and file.parent.stat().st_mode & stat.S_IXOTH)


def uploads() -> Finding:
    """Whether what people hand in lies outside what the web server gives away."""
    folder = (Path(current_app.config["INSTANCE_DIR"]) / "files").resolve()
    if folder.is_relative_to(ROOT / "static"):
        return fail("uploads", f"{folder} is served to everybody.", "Set INSTANCE_DIR outside of static/.")
    return ok("uploads", "What people hand in is given out by the portal alone.")


def space() -> Finding:
    """Whether the disk has room for what comes."""
    free = shutil.disk_usage(current_app.config["INSTANCE_DIR"]).free
    words, cure = f"{free / 1e9:.1f} GB are free.", "Make room, or move INSTANCE_DIR to a larger disk."
    if free < LEAST_FREE:
        return fail("disk", words, cure)
    return warn("disk", words, cure) if free < LITTLE_FREE else ok("disk", words)


CHECKS = (instance_folder, database_file, settings_files, uploads, space)
