"""Whether the right people can sign in: an administrator, every company's admins, nobody of the demo."""

import json
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from portal import passwords
from portal.doctor.finding import Finding, fail, grave, ok, warn
from portal.extensions import db
from portal.models import PortalUser
from portal.models.keys import email_key
from portal.queries import standing

SHOWN = 5


def demo() -> Finding:
    """Whether the demo's people, whose password is known, are kept out of production (T90)."""
    if not current_app.config["PRODUCTION"]:
        return ok("demo data", "Development may have it.")
    cure = "Begin with an empty database; demo data cannot be taken out of a used one."
    if _demo_password_opens():
        return fail("demo data", "The password in demo.json opens a login here.", cure)
    found = standing.nobodys_logins()
    if found:
        return fail("demo data", f"{found} logins have an address that cannot exist, as the demo's.", cure)
    if _demo_file().exists():
        return warn("demo data", f"{_demo_file()} is there.", "Remove the file.")
    return ok("demo data", "There is none.")


def _demo_file() -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "demo.json"


def _demo_password_opens() -> bool:
    try:
        town = json.loads(_demo_file().read_text())
        addresses = [email_key(each["email"]) for each in town["people"][:SHOWN] if each["email"]]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    query = select(PortalUser.password_hash).where(PortalUser.email_key.in_(addresses))
    return any(passwords.fits(known, str(town["password"])) for known in db.session.scalars(query) if known)


def administrator() -> Finding:
    """Whether the vendor's staff has an administrator."""
    if not standing.staff_administrators():
        cure = "Run: flask --app wsgi create-staff you@example.com"
        return grave("administrator", "The vendor's staff has no administrator.", cure)
    return ok("administrator", "The vendor's staff has one.")


def admins() -> Finding:
    """Whether every company that uses the portal has an admin who can sign in (P8)."""
    found = standing.without_admin()
    if found:
        shown = ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
        cure = "Invite somebody there as admin, or mark the company as exited."
        return warn("companies", f"No admin can sign in at {shown}.", cure)
    return ok("companies", "Each has an admin who can sign in.")


CHECKS = (demo, administrator, admins)
