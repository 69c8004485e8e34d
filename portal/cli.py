"""The other door: flask commands for the demo data and the first administrator."""

import json
import secrets

import click
from flask import Flask, current_app
from sqlalchemy import func, select

from portal import audit, demo, passwords
from portal.extensions import db
from portal.forms.fields import clean
from portal.models import StaffUser
from portal.models.keys import email_key
from portal.policy import SYSTEM
from portal.transaction import transaction


def register(app: Flask) -> None:
    """Add the commands to `app`; the demo data exists in development only."""
    app.cli.add_command(create_staff)
    app.cli.add_command(make_demo)
    if not app.config["PRODUCTION"]:
        app.extensions["try_as"] = demo.try_as


@click.command("create-staff")
@click.argument("email")
@click.option("--name", default="", help="The person's name; the address if left out.")
def create_staff(email: str, name: str) -> None:
    """Make the first administrator of the vendor's staff; the password is shown once."""
    email = clean(email)
    if "@" not in email.strip("@"):
        raise click.ClickException(f"{email} is no e-mail address.")
    password = secrets.token_urlsafe(15)
    with transaction(write=True):
        if db.session.scalar(select(func.count(StaffUser.id)).where(StaffUser.role == "administrator")):
            raise click.ClickException("There is an administrator already. Ask them to add you.")
        person = StaffUser(
            email=email,
            email_key=email_key(email),
            name=clean(name) or email,
            role="administrator",
            password_hash=passwords.hashed(password),
        )
        db.session.add(person)
        audit.record("made the first administrator", by=SYSTEM, changes={"E-mail": ("", email)})
    click.echo(f"{email} is the first administrator. The password, shown only now: {password}")


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print who can sign in as JSON.")
def make_demo(as_json: bool) -> None:
    """Make the demo data anew; everything that is in the database now is removed."""
    if current_app.config["PRODUCTION"]:
        raise click.ClickException("Demo data is for development only; nothing was changed.")
    with transaction(write=True):
        town = demo.make()
    demo.keep(town)
    if as_json:
        click.echo(json.dumps(town))
    else:
        click.echo(f"The demo data is made. The password of everybody is {town['password']}")
