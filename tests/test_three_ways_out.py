"""Unlink, deactivate and disable are three different things at every door, and sign-in names none (L8)."""

import re

import pytest
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, PortalUser
from tests.town import PASSWORD

TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')
WAYS = ("unlink", "deactivate", "disable")
OUT, GONE = (303, "/sign-in"), (404, "")
# What Duo, who works for two companies, meets at each door once Acme unlinked or deactivated the contact
# there, or the vendor disabled the login.
DOORS = {
    "a page of that company": {"unlink": GONE, "deactivate": GONE, "disable": OUT},
    "a part of it": {"unlink": GONE, "deactivate": GONE, "disable": (401, "/sign-in")},
    "a page of the other company": {"unlink": (200, ""), "deactivate": (200, ""), "disable": OUT},
    "switching to it": {"unlink": GONE, "deactivate": GONE, "disable": OUT},
    "the profile there": {"unlink": GONE, "deactivate": GONE, "disable": OUT},
    "signing in": {"unlink": (303, "/"), "deactivate": (303, "/"), "disable": (422, "")},
    "a reset link of before": {"unlink": (200, ""), "deactivate": (200, ""), "disable": (410, "")},
    "a new address, confirmed": {"unlink": (200, ""), "deactivate": (200, ""), "disable": (410, "")},
}


def user_of(address: str) -> PortalUser:
    return db.session.scalars(select(PortalUser).where(PortalUser.email == address)).one()


@pytest.fixture
def shut(town, browser, writing):
    """Shuts somebody out in one of the three ways: an admin's two, and the vendor's."""

    def close(person, way: str) -> None:
        if way == "disable":
            with writing():
                user_of(person.email).disabled_at = now()
            return
        answer = browser(town.mia).post(f"/acme/contacts/{person.id}/{way}")
        assert answer.status_code == 303

    return close


@pytest.fixture
def asked(browser, mailbox):
    """Has a password reset asked for; gives the letters that went out."""

    def forgot(address: str) -> list[str]:
        before = len(mailbox.letters())
        browser().post("/forgot", {"email": address})
        mailbox.answer_requests()
        return [letter.kind for letter in mailbox.letters()[before:]]

    return forgot


def place(answer) -> tuple[int, str]:
    target = answer.headers.get("HX-Redirect") or answer.headers.get("Location") or ""
    return answer.status_code, target.split("?")[0]


@pytest.mark.parametrize("way", WAYS)
def test_every_door(town, browser, shut, asked, mailbox, way):
    """L8: disable belongs to the login and beats everything; the other two end at one company."""
    duo = browser(town.duo)
    assert asked(town.duo.email) == ["password_reset"]
    form = {"email": "duo@home.example", "current_password": PASSWORD}
    assert duo.post("/profile/email", form).status_code == 303
    shut(town.duo, way)
    met = {
        "a page of that company": duo.get("/acme/"),
        "a part of it": duo.get("/acme/", htmx=True),
        "a page of the other company": duo.get("/globex/"),
        "switching to it": duo.post("/companies/acme"),
        "the profile there": duo.get("/profile?company=acme"),
        "signing in": browser().sign_in(town.duo.email),
        "a reset link of before": browser().get(mailbox.link(town.duo.email)),
        "a new address, confirmed": browser().post(mailbox.link("duo@home.example")),
    }
    assert {door: place(answer) for door, answer in met.items()} == {
        door: wanted[way] for door, wanted in DOORS.items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_who_has_one_company_is_out(town, browser, shut, asked, way):
    """P12, B14: at the next request, and no reset brings them back."""
    nora = browser(town.nora)
    shut(town.nora, way)
    assert place(nora.get("/acme/")) == OUT
    assert place(nora.get("/acme/", htmx=True)) == (401, "/sign-in")
    assert asked(town.nora.email) == []


def test_sign_in_never_says_which(town, browser, shut):
    """L8, B28: the same bytes as for a wrong password."""
    people = dict(zip(WAYS, (town.nora, town.bill, town.rita), strict=True))
    for way, person in people.items():
        shut(person, way)
    pages = set()
    for person, password in [
        *((each, PASSWORD) for each in people.values()),
        (town.max, "wrong wrong wrong"),
    ]:
        answer = browser().sign_in(person.email, password)
        pages.add((answer.status_code, TOKEN.sub("", answer.text).replace(person.email, "ADDRESS")))
    assert len(pages) == 1
    assert not re.search("disabled|inactive|unlinked", pages.pop()[1], re.IGNORECASE)


# What an admin reads on the contact's page in each case, and must not read.
SAID = {
    "unlink": (["No login"], ["disabled by", "is inactive"]),
    "deactivate": (["Nora is inactive at Acme Estates"], ["disabled by"]),
    "disable": (
        ["Disabled by vendor", "disabled by Alder Services", "Ask support: help@alder.example"],
        ["is inactive"],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_contacts_page_says_which_and_whom_to_ask(town, browser, shut, way):
    shut(town.nora, way)
    mia = browser(town.mia)
    mia.get("/acme/")  # the notice of the button is read
    page = mia.get(f"/acme/contacts/{town.nora.id}").text
    there, absent = SAID[way]
    assert [words for words in there if words not in page] == []
    assert [words for words in absent if words in page] == []


class TestDisabledStaysDisabled:
    """L8: a customer never undoes a disable."""

    def test_by_deactivating_and_activating(self, town, browser, shut, reading):
        shut(town.nora, "disable")
        mia = browser(town.mia)
        for move in ("deactivate", "activate"):
            assert mia.post(f"/acme/contacts/{town.nora.id}/{move}").status_code == 303
        assert "the vendor disabled the login" in mia.get("/acme/").text
        assert browser().sign_in(town.nora.email).status_code == 422

    def test_by_unlinking_and_inviting_again(self, town, browser, shut, mailbox, reading):
        shut(town.nora, "disable")
        mia = browser(town.mia)
        for move in ("unlink", "authorize"):
            assert mia.post(f"/acme/contacts/{town.nora.id}/{move}").status_code == 303
        form = {"password": PASSWORD, "username": "nora.n", "accept_terms": "y"}
        assert browser().post(mailbox.link(town.nora.email), form).status_code == 422
        with reading():
            assert db.session.get_one(Contact, town.nora.id).portal_user_id is None
            assert user_of(town.nora.email).disabled_at is not None

    def test_by_sending_a_reset(self, town, browser, shut, mailbox):
        shut(town.nora, "disable")
        before = len(mailbox.letters())
        answer = browser(town.mia).post(f"/acme/contacts/{town.nora.id}/send-reset")
        assert answer.status_code == 409
        assert "disabled by the vendor" in answer.text
        assert len(mailbox.letters()) == before
