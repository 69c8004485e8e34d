"""The other door: flask commands for the demo data and for the staff's first and last way in."""

import json

import click
from flask import Flask, current_app

from portal import audit, demo, mail
from portal.actions import retention
from portal.actions.staff import people
from portal.actions.staff.passwords import new_link
from portal.forms.fields import clean
from portal.mail import address_of
from portal.models import StaffRole
from portal.policy import SYSTEM
from portal.queries.staff.people import any_administrator
from portal.queries.staff.sign_in import person_with
from portal.transaction import transaction


def register(app: Flask) -> None:
    """Add the commands to `app`; the demo data exists in development only."""
    app.cli.add_command(create_staff)
    app.cli.add_command(staff_link)
    app.cli.add_command(make_demo)
    app.cli.add_command(forget_the_old)
    if not app.config["PRODUCTION"]:
        app.extensions["try_as"] = demo.try_as
        app.extensions["staff_codes"] = demo.staff_codes


@click.command("create-staff")
@click.argument("email")
@click.option("--name", default="", help="The person's name; the address if left out.")
def create_staff(email: str, name: str) -> None:
    """Make the first administrator of the vendor's staff; print a link to set up how they sign in."""
    email = clean(email)
    if "@" not in email.strip("@"):
        raise click.ClickException(f"{email} is no e-mail address.")
    with transaction(write=True):
        if any_administrator():
            raise click.ClickException("There is an administrator already. Ask them to add you.")
        person = people.enter(clean(name) or email, email, StaffRole.ADMINISTRATOR)
        audit.record("made the first administrator", by=SYSTEM, changes={"E-mail": ("", email)})
        link = address_of(new_link(person))
    _tell(f"{email} is the first administrator.", link)


@click.command("staff-link")
@click.argument("email")
def staff_link(email: str) -> None:
    """Take password and second factor from one of the staff; print a link to set up both anew."""
    with transaction(write=True):
        person = person_with(clean(email))
        if person is None:
            raise click.ClickException(f"Nobody of the staff has the address {email}.")
        if person.disabled_at is not None:
            raise click.ClickException(
                f"{person.name} is deactivated. Another administrator can change that."
            )
        link = address_of(people.forget_secrets(person))
        audit.record("reset the second factor and password of", by=SYSTEM, about=person.name)
        mail.staff_changed(person, "password and second factor were reset from the command line")
    _tell(f"{person.name} was signed out everywhere.", link)


def _tell(sentence: str, link: str) -> None:
    """Print the one link; nothing keeps it."""
    hours = current_app.config["STAFF_LINK_LIFE"].total_seconds() / 3600
    click.echo(f"{sentence} Open this link within {hours:g} hours; it works once:\n{link}")


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


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Say what would go, and keep it.")
def forget_the_old(dry_run: bool) -> None:
    """Forget what has been kept long enough, as the clock does once a day."""
    with transaction(write=not dry_run):
        kept = {rule.name: rule.kept.days for rule in retention.rules()}
        gone = {rule.name: rule.number() for rule in retention.rules()} if dry_run else retention.forget()
    for name, number in gone.items():
        print(f"{name}: {number} {'would go' if dry_run else 'went'}, kept for {kept[name]} days")
