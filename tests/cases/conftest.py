"""What the cases can ask for besides the town: links from real mails, and who can sign in with what."""

import pytest

from tests import ledger


@pytest.fixture
def ask(browser, mailbox):
    """Submits "forgot password?" for an address, has the worker answer it, and gives the page."""

    def forgot(email: str):
        answer = browser().post("/forgot", {"email": email})
        mailbox.answer_requests()
        return answer

    return forgot


@pytest.fixture
def reset_link(ask, mailbox, town) -> str:
    """The path in a reset mail of Mia's that nobody has used."""
    ask(town.mia.email)
    return mailbox.link(town.mia.email)


@pytest.fixture
def link(mailbox, town) -> str:
    """The path in the invitation that Ann got."""
    return mailbox.link(town.ann.email)


@pytest.fixture
def opens(browser):
    """Tells whether a password opens the portal for somebody."""
    return lambda person, password: browser().sign_in(person.email, password).status_code == 303


@pytest.fixture
def save(town, browser, reading):
    """Has an admin save a contact's edit form with some values changed; gives the answer."""

    def edit(person, *, by=None, htmx: bool = False, **changes):
        with reading():
            form = ledger.edit_form(person.id, **changes)
        return browser(by or town.mia).post(f"/acme/contacts/{person.id}/edit", form, htmx=htmx)

    return edit
