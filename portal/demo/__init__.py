"""The demo data: vendor Alder Services and four companies of very different size (development only)."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import pyotp
from flask import current_app
from sqlalchemy import delete

from portal import files, passwords
from portal.demo import agreements, crowd, history, invoices, people, places, staff, work_orders
from portal.demo.erasing import erasable
from portal.extensions import db
from portal.models import PRESET, Activity, Branding, ContactType, Document, Role, RolePermission

_WORDS = [
    "amber",
    "anchor",
    "basil",
    "birch",
    "candle",
    "cedar",
    "copper",
    "cotton",
    "ember",
    "falcon",
    "fern",
    "garnet",
    "harbour",
    "hazel",
    "heron",
    "indigo",
    "ivory",
    "juniper",
    "lantern",
    "linen",
    "maple",
    "marble",
    "meadow",
    "olive",
    "orchard",
    "pebble",
    "pepper",
    "quartz",
    "saffron",
    "thistle",
    "timber",
    "walnut",
    "willow",
]
_KEPT = {ContactType.__tablename__, "alembic_version"}


def make() -> dict[str, Any]:
    """Replace everything in the database by the demo data; return the password, companies and people."""
    _clear()
    password = "-".join(secrets.choice(_WORDS) for _ in range(4))
    db.session.add(
        Branding(
            id=1,
            name="Alder Services",
            hue=195,
            support_email="support@alder.example",
            support_phone="+441614960100",
        )
    )
    companies = places.make()
    known = people.make(companies, passwords.hashed(password))
    history.make(companies["northgate"])
    crowd.fill(companies)
    invoices.fill(companies)
    work_orders.fill(companies)
    agreements.fill(companies)
    return {
        "password": password,
        "companies": [{"slug": each.slug, "name": each.name} for each in companies.values()],
        "people": known.people,
        "staff": staff.make(passwords.hashed(password)),
    }


def _clear() -> None:
    for document in db.session.scalars(db.select(Document)):
        files.remove(document)
    presets = db.select(Role.id).where(Role.owner == PRESET)
    for table in reversed(db.metadata.sorted_tables):
        if table.name == Role.__tablename__:
            db.session.execute(delete(Role).where(Role.owner != PRESET))
        elif table.name == RolePermission.__tablename__:
            db.session.execute(delete(RolePermission).where(RolePermission.role_id.not_in(presets)))
        elif table.name == Activity.__tablename__:
            with erasable():
                db.session.execute(delete(table))
        elif table.name not in _KEPT:
            db.session.execute(delete(table))
    db.session.expire_all()


def keep(town: dict[str, Any]) -> None:
    """Write down who can sign in, readable by the owner of the instance folder only."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(town, out, ensure_ascii=False, indent=1)


def try_as() -> dict[str, Any]:
    """Return what the sign-in page offers in development: people who can sign in, and their password."""
    try:
        town = json.loads(_file().read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    able = [each for each in town["people"] if each["status"] == "active" and each["company"] == "northgate"]
    offered = [{"name": each["name"], "what": each["what"], "identity": each["email"]} for each in able]
    return {
        "password": town["password"],
        "people": offered,
        "staff": [each for each in town["staff"] if "secret" in each],
    }


def staff_codes() -> dict[str, dict[str, str]]:
    """Return for each of the demo's staff the secret of the second factor and its code of this moment."""
    try:
        people = json.loads(_file().read_text())["staff"]
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {
        each["email"]: {"secret": each["secret"], "code": pyotp.TOTP(each["secret"]).now()}
        for each in people
        if "secret" in each
    }


def _file() -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "demo.json"
