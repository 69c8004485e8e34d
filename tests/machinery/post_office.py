"""An application with a database, a mail server and people to write to: what the mail tests share."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

import portal
from portal import create_app, delivery, mail
from portal.clock import now
from portal.config import settings
from portal.dev import processes
from portal.extensions import db
from portal.models import (
    Access,
    Branding,
    Company,
    Contact,
    ContactType,
    Invitation,
    Letter,
    LoginLink,
    PortalUser,
    Purpose,
    keys,
)
from portal.transaction import transaction
from tests.machinery import smtp_sink
from tests.machinery.smtp_sink import Received, Sink

SECRET = "a secret only of these tests, long enough to be one"


class Office:
    """One application, the sink its mail goes to, and the environment in which its other processes run."""

    def __init__(self, app: Flask, sink: Sink, env: Mapping[str, str]) -> None:
        self.app, self.sink, self.env = app, sink, env
        with app.app_context():
            db.create_all()
            with transaction(write=True):
                self._furnish()

    def _furnish(self) -> None:
        db.session.add(Branding(id=1, name="Alder Services", support_email="help@alder.example"))
        company = Company(slug="northgate", name="Northgate Estates")
        kind = ContactType(code="secondary", name="Secondary")
        db.session.add_all([company, kind])
        db.session.flush()
        self.company_id, self.type_id = company.id, kind.id

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A fresh context with one transaction that is committed at the end."""
        with self.app.app_context(), transaction(write=True):
            yield

    def contact(self, email: str, first_name: str = "Robin", access: str = Access.PORTAL) -> Contact:
        """Add a contact inside `writing()`."""
        contact = Contact(
            company_id=self.company_id,
            first_name=first_name,
            last_name="Castellanos",
            email=email,
            contact_type_id=self.type_id,
            access=access,
        )
        keys.refresh(contact)
        db.session.add(contact)
        db.session.flush()
        return contact

    def invite(
        self,
        email: str = "robin@northgate.example",
        *,
        first_name: str = "Robin",
        by: str = "Amelia Hart",
        life: timedelta = timedelta(hours=24),
    ) -> int:
        """Commit a contact, its invitation and the letter of it; returns the letter's id."""
        with self.writing():
            contact = self.contact(email, first_name)
            invitation = Invitation(
                company_id=contact.company_id,
                contact_id=contact.id,
                generation=1,
                email=email,
                invited_by=by,
                created_at=now(),
                expires_at=now() + life,
            )
            db.session.add(invitation)
            db.session.flush()
            letter = mail.invitation(invitation)
        return letter.id

    def login_link(self, purpose: Purpose, email: str = "wei@northgate.example") -> LoginLink:
        """Add a login and a link for it inside `writing()`."""
        user = PortalUser(
            first_name="Wei-Ling", last_name="Chen", email=email, email_key=keys.email_key(email)
        )
        db.session.add(user)
        db.session.flush()
        link = LoginLink(
            portal_user_id=user.id,
            purpose=purpose,
            generation=1,
            email=email,
            created_at=now(),
            expires_at=now() + timedelta(hours=24),
        )
        link.user = user
        db.session.add(link)
        db.session.flush()
        return link

    def send(self, letter_id: int) -> Letter:
        """Send it as the job does; returns the letter as it stands afterwards."""
        with self.app.app_context():
            delivery.send(letter_id, mail.render)
        return self.letter(letter_id)

    def letter(self, letter_id: int) -> Letter:
        """The letter as it stands."""
        with self.app.app_context(), transaction(write=False):
            return db.session.get_one(Letter, letter_id)

    def invitation_of(self, letter_id: int) -> Invitation:
        """The invitation that the letter carries, as it stands."""
        with self.app.app_context(), transaction(write=False):
            letter = db.session.get_one(Letter, letter_id)
            return db.session.get_one(Invitation, letter.invitation_id)

    def states(self) -> dict[str, int]:
        """How many letters there are in each state."""
        with self.app.app_context(), transaction(write=False):
            found = db.session.execute(select(Letter.state, func.count()).group_by(Letter.state))
            return dict(found.all())

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a process of the same application: `start("worker")`, `start("clock")`; gives its leash."""
        flask = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        return processes.start(flask, env=self.env, cwd=Path(portal.__file__).parents[1], grace=2.0)


@contextmanager
def opened(folder: Path, *, database: str = "", redis: str = "", **more: str) -> Iterator[Office]:
    """An office with its own sink, its data in `folder` or in the database of that URL."""
    with smtp_sink.running() as sink:
        env = {**os.environ, "INSTANCE_DIR": str(folder), "SECRET_KEY": SECRET, "MAIL_TIMEOUT": "5", **more}
        env |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(sink.port), "REDIS_URL": redis}
        env["DATABASE_URL"] = database or f"sqlite:///{folder / 'office.db'}"
        office = Office(create_app(settings(env)), sink, env)
        yield office
        with office.app.app_context():
            db.engine.dispose()


def words(mail: Received) -> str:
    """The text of a mail as its reader sees it."""
    text = mail.message.get_body(("plain",))
    return str(text.get_content()) if text else ""


def until(condition: Callable[[], bool], *, within: float) -> float:
    """Wait until `condition` holds; returns how many seconds that took. Raises TimeoutError."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within:
            raise TimeoutError(f"it did not happen within {within} s")
        time.sleep(0.05)
    return time.monotonic() - began
