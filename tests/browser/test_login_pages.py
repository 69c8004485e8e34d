"""The pages around one's own login and around asking for one, held to the same as all others (UI 10.3).

At the width of a phone with an address as long as they come; in `make test-all` at a desktop's too.
"""

import pytest
from playwright.sync_api import Page, expect

from tests import factors
from tests.browser.looking import WIDTHS, faults
from tests.browser.stage import Stage
from tests.machinery.counts import LONG
from tests.town import PASSWORD

pytestmark = pytest.mark.browser

LENGTHY = "tomasz.a.very.long.address.indeed.wisniewski@northgate-property-management.example"
LOOKS = WIDTHS if LONG else (390,)
PROFILE = {
    "own e-mail": ("mia", "/profile/email"),
    "own user name": ("mia", "/profile/user-name"),
    "own recovery e-mail": ("mia", "/profile/recovery"),
}


def looked(page: Page, name: str) -> list[str]:
    return faults(page, name, LOOKS)


def test_own_login(stage: Stage):
    found = [looked(stage.open(who, path), name) for name, (who, path) in PROFILE.items()]
    assert found == [[]] * len(PROFILE)


def test_changing_the_address(stage: Stage):
    """L7, from the form to the page that says it is done; nothing is cut off, the toast neither."""
    page = stage.open("mia", "/profile/email", phone=True)
    page.fill("[name=email]", LENGTHY)
    page.fill("[name=current_password]", PASSWORD)
    page.click(".btn.pri")
    expect(page.locator(".toast")).to_be_visible()
    right = page.locator(".toast").evaluate("(toast) => toast.getBoundingClientRect().right")
    assert right <= 390
    assert looked(page, "profile, address waits") == []
    page = stage.open(None, stage.mailbox.link(LENGTHY))
    assert looked(page, "confirm the new address") == []
    page.click(".btn.pri")
    expect(page.locator("h1")).to_have_text("Address changed")
    assert looked(page, "address changed") == []


def test_a_second_factor(stage: Stage):
    """Set up, shown its recovery codes, and asked for at the next sign-in."""
    page = stage.open("vic", "/profile/second-factor/set-up")
    page.fill("[name=current_password]", PASSWORD)
    page.click(".btn.pri")
    expect(page.locator("svg.qr")).to_be_visible()
    assert looked(page, "second factor, the app") == []
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.fill("[name=code]", factors.App("", secret, []).code())
    page.click(".btn.pri")
    expect(page.locator(".codes li")).to_have_count(10)
    assert looked(page, "recovery codes") == []
    page = stage.open(None, "/sign-in")
    page.fill("[name=identity]", stage.town.vic.email)
    page.fill("[name=password]", PASSWORD)
    page.click(".btn.pri")
    expect(page.locator("h1")).to_have_text("Enter your code")
    assert looked(page, "code") == []


def test_asking_for_access(stage: Stage):
    """From the form of a stranger to the list of the admin, and the banner that leads there."""
    stage.app.config["SELF_SIGN_UP"] = True
    page = stage.open(None, "/request-access")
    assert looked(page, "request access") == []
    page.fill("[name=first_name]", "Nora")
    page.fill("[name=last_name]", "Newman")
    page.fill("[name=email]", LENGTHY)
    page.fill("[name=company_name]", "Acme Estates")
    page.fill("[name=message]", "I look after the boilers.")
    page.click(".btn.pri")
    page = stage.open(None, stage.mailbox.link(LENGTHY))
    assert looked(page, "confirm the request") == []
    page.click(".btn.pri")
    expect(page.locator("h1")).to_have_text("Your request was sent")
    page = stage.open("mia", "/acme/contacts")
    assert looked(page, "list with a request") == []
    page.click("text=Look")
    expect(page.locator("h1")).to_have_text("Access requests")
    assert looked(page, "access requests") == []


def test_the_strength_of_an_initial_password(stage: Stage):
    """C14, UI 8.1: said while it is typed, and again after each change."""
    page = stage.open("mia", "/acme/contacts/new?tab=login")
    page.click("text=Enable Login")
    for typed, word in (("password", "very weak"), ("harbour velvet ninety owls", "strong")):
        page.fill("[name=initial_password]", typed)
        expect(page.locator("#initial_password-strength")).to_contain_text(word)
    assert looked(page, "enable login") == []
