"""Where the looks at pages are taken: the town, what can be changed in it, and windows on it."""

import re
from types import SimpleNamespace

from playwright.sync_api import Page, expect

from portal.extensions import db
from portal.models import Invitation, LoginLink


class Stage:
    """The town, what can be changed in it, and windows on it."""

    def __init__(self, app, town, mailbox, writing, window) -> None:
        self.app, self.town, self.mailbox, self.writing, self.window = app, town, mailbox, writing, window

    def open(self, who: str | None, path: str, status: int = 200, **facts) -> Page:
        """Open a page, as a person of the town or as a stranger."""
        person: SimpleNamespace | None = getattr(self.town, who) if who else None
        page = self.window(person, **facts).page
        answer = page.goto(self.address(path))
        assert answer is not None
        assert answer.status == status
        return page

    def address(self, path: str) -> str:
        """Return the path with the ids of the people and things that it names."""
        return path.format(**{name: fact.id for name, fact in vars(self.town).items()})

    def invite(self, email: str) -> str:
        """Have Mia invite an address; gives the path of the link."""
        page = self.open("mia", "/acme/contacts/new")
        for name, value in (("first_name", "Sam"), ("last_name", "Guest"), ("email", email)):
            page.fill(f"[name={name}]", value)
        page.click(".savebar .btn.pri")
        page.wait_for_url(re.compile(r"/contacts/\d+$"))
        return self.mailbox.link(email)

    def ask_reset(self) -> str:
        """Have Mia ask for a new password; gives the path of the link."""
        page = self.open(None, "/forgot")
        page.fill("[name=email]", self.town.mia.email)
        page.click("text=Send the link")
        expect(page.locator("h1")).to_have_text("Check your e-mail")
        self.mailbox.answer_requests()
        return self.mailbox.link(self.town.mia.email)

    def end_links(self, **facts) -> None:
        """End the live links of everybody in one way."""
        with self.writing():
            for model in (Invitation, LoginLink):
                db.session.execute(db.update(model).where(model.ended_at.is_(None)).values(**facts))
