"""Every page and its states, at two widths in two themes: accessible, within the policy, on the screen.

`make test` takes each at one width in one theme, by turns; GATEHOUSE_LONG=1 takes all four of each.
GATEHOUSE_PICTURES=folder keeps a picture of each look at each.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, PortalUser
from tests.browser.looking import WIDTHS, looked_at
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

NEW = "harbour velvet ninety owls"

# Pages that are just opened: who opens which address, and the status it must have.
OPENED = {
    "list": ("mia", "/acme/contacts", 200),
    "list of a reader": ("vic", "/acme/contacts", 200),
    "list, searched and filtered": ("mia", "/acme/contacts?q=a&type=secondary&authorized=yes", 200),
    "list, nobody found": ("mia", "/acme/contacts?q=nobody+at+all", 200),
    "list, broken paging": ("mia", "/acme/contacts?after=nonsense", 200),
    "search": ("mia", "/acme/contacts/search", 200),
    "search, found": ("mia", "/acme/contacts/search?q=an", 200),
    "search, nobody found": ("mia", "/acme/contacts/search?q=nobody+at+all", 200),
    "view": ("mia", "/acme/contacts/{bill}", 200),
    "view of oneself": ("mia", "/acme/contacts/{mia}", 200),
    "view, invited": ("mia", "/acme/contacts/{ann}", 200),
    "view, invitation expired": ("mia", "/acme/contacts/{exa}", 200),
    "view, inactive": ("mia", "/acme/contacts/{ian}", 200),
    "view, some properties": ("mia", "/acme/contacts/{pam}", 200),
    "view by a reader": ("vic", "/acme/contacts/{bill}", 200),
    "add": ("mia", "/acme/contacts/new", 200),
    "add, authorized user": ("mia", "/acme/contacts/new?access=email_only&tab=login", 200),
    "edit, details": ("mia", "/acme/contacts/{bill}/edit", 200),
    "edit, login": ("mia", "/acme/contacts/{bill}/edit?tab=login", 200),
    "edit, additional": ("mia", "/acme/contacts/{bill}/edit?tab=additional", 200),
    "403 of oneself": ("mia", "/acme/contacts/{mia}/edit", 403),
    "edit by an editor": ("ed", "/acme/contacts/{bill}/edit", 200),
    "delete, page": ("mia", "/acme/contacts/{bill}/delete", 200),
    "link, page": ("mia", "/acme/contacts/{pam}/properties", 200),
    "dashboard": ("mia", "/acme/", 200),
    "dashboard, no rights": ("nora", "/acme/", 200),
    "more": ("mia", "/acme/more", 200),
    "more, two companies": ("duo", "/globex/more", 200),
    "companies": ("duo", "/companies", 200),
    "profile": ("mia", "/profile", 200),
    "profile, two companies": ("duo", "/profile?company=globex", 200),
    "password": ("mia", "/profile/password", 200),
    "second factor": ("mia", "/profile/second-factor/set-up", 200),
    "password must change": ("tess", "/profile/password", 200),
    "terms due": ("ted", "/terms", 200),
    "terms": ("mia", "/terms", 200),
    "sign in": (None, "/sign-in", 200),
    "sign in again": (None, "/sign-in?next=/acme/contacts", 200),
    "forgot": (None, "/forgot", 200),
    "403": ("nora", "/acme/contacts", 403),
    "404": ("mia", "/acme/contacts/999999", 404),
    "404 of a stranger": (None, "/nothing/here/at/all", 404),
    "405": ("mia", "/sign-out", 405),
}


STEPS: dict[str, Callable[[Stage], Page]] = {}
ONLY_AT: dict[str, tuple[int, ...]] = {}


def state(name: str, *widths: int):
    """Note a state that takes steps to reach; `widths` where it exists at one only."""

    def note(steps: Callable[[Stage], Page]) -> Callable[[Stage], Page]:
        STEPS[name] = steps
        ONLY_AT[name] = widths or WIDTHS
        return steps

    return note


def row_menu(stage: Stage, **facts) -> Page:
    page = stage.open("mia", "/acme/contacts", **facts)
    page.click("[aria-label='Actions for Bill Ing']")
    expect(page.locator(".menu:is(:popover-open, :modal)")).to_be_visible()
    return page


@state("row menu", 1280)
def _(stage):
    return row_menu(stage)


@state("row menu, sheet", 390)
def _(stage):
    return row_menu(stage, phone=True)


@state("user menu", 1280)
def _(stage):
    page = stage.open("mia", "/acme/")
    page.click(".user")
    return page


@state("user menu, sheet", 390)
def _(stage):
    page = stage.open("mia", "/acme/", phone=True)
    page.click(".user")
    return page


@state("company menu", 1280)
def _(stage):
    page = stage.open("duo", "/acme/")
    page.click("button.switcher")
    return page


@state("filters, sheet", 390)
def _(stage):
    page = stage.open("mia", "/acme/contacts?role=2", phone=True)
    page.click("[data-opens=filters]")
    return page


@state("keys")
def _(stage):
    page = stage.open("mia", "/acme/contacts")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    return page


@state("delete, dialog")
def _(stage):
    page = row_menu(stage)
    page.click(":popover-open >> text=Delete")
    expect(page.locator("#dialog")).to_be_visible()
    return page


def link_dialog(stage: Stage) -> Page:
    page = stage.open("mia", "/acme/contacts")
    page.click("[aria-label='Actions for Pam Propp']")
    page.click(":popover-open >> text=Link to specific properties")
    expect(page.locator("#dialog")).to_be_visible()
    return page


@state("link, dialog")
def _(stage):
    return link_dialog(stage)


@state("link, dialog asks once more")
def _(stage):
    page = link_dialog(stage)
    page.click("#dialog [data-tick=none]")
    page.click("#dialog .btn.pri")
    expect(page.locator("#dialog [role=alert]")).to_be_visible()
    return page


@state("toast with undo")
def _(stage):
    page = row_menu(stage)
    page.click(":popover-open >> text=Deactivate")
    expect(page.locator(".toast")).to_contain_text("Undo")
    return page


@state("add, with errors")
def _(stage):
    page = stage.open("mia", "/acme/contacts/new")
    page.click(".savebar .btn.pri")
    expect(page.locator("#what-is-wrong")).to_be_focused()
    return page


@state("edit, address taken")
def _(stage):
    page = stage.open("mia", "/acme/contacts/{ava}/edit")
    page.fill("[name=email]", stage.town.eva.email)
    page.click(".savebar .btn.pri")
    expect(page.locator("#email-error")).to_be_visible()
    return page


@state("edit, address of an inactive contact")
def _(stage):
    with stage.writing():
        db.session.get_one(Contact, stage.town.eva.id).deactivated_at = now()
    page = stage.open("mia", "/acme/contacts/{ava}/edit")
    page.fill("[name=email]", stage.town.eva.email)
    page.click(".savebar .btn.pri")
    expect(page.locator("text=Activate Eva instead")).to_be_visible()
    return page


@state("edit, changed meanwhile")
def _(stage):
    page = stage.open("mia", "/acme/contacts/{ava}/edit")
    with stage.writing():
        ava = db.session.get_one(Contact, stage.town.ava.id)
        ava.job_title, ava.phone = (
            "Head of addresses and of everything that is written on letters",
            "+442079460112",
        )
    page.fill("[name=job_title]", "Archivist")
    page.click(".savebar .btn.pri")
    expect(page.locator(".compare")).to_be_visible()
    return page


@state("edit, unsaved and just sent")
def _(stage):
    page = stage.open("mia", "/acme/contacts/{bill}/edit?tab=login")
    page.click("text=Access reports")
    page.click("text=Send Password Reset")
    expect(page.locator("#user-details")).to_contain_text("Sent just now")
    return page


@state("sign in, failed")
def _(stage):
    page = stage.open(None, "/sign-in")
    page.fill("[name=identity]", "mia@nowhere.example")
    page.fill("[name=password]", "not the password")
    page.click(".btn.pri")
    expect(page.locator("[role=alert]")).to_be_visible()
    return page


@state("sign in, empty")
def _(stage):
    page = stage.open(None, "/sign-in")
    page.click(".btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


@state("sent")
def _(stage):
    page = stage.open(None, "/forgot")
    page.fill("[name=email]", "somebody@nowhere.example")
    page.click("text=Send the link")
    expect(page.locator("h1")).to_have_text("Check your e-mail")
    return page


@state("reset")
def _(stage):
    return stage.open(None, stage.ask_reset())


@state("reset, too weak")
def _(stage):
    page = stage.open(None, stage.ask_reset())
    page.fill("[name=new_password]", "password")
    page.click(".btn.pri")
    expect(page.locator(".error")).to_be_visible()
    return page


@state("reset, expired")
def _(stage):
    path = stage.ask_reset()
    stage.end_links(expires_at=now() - timedelta(hours=1))
    return stage.open(None, path, 410)


@state("reset, used")
def _(stage):
    path = stage.ask_reset()
    stage.end_links(ended_at=now(), ended_as="used")
    return stage.open(None, path, 410)


@state("reset, replaced")
def _(stage):
    path = stage.ask_reset()
    stage.ask_reset()
    return stage.open(None, path, 410)


@state("link unknown")
def _(stage):
    return stage.open(None, "/invitations/nonsense", 404)


def ann(stage: Stage) -> str:
    return stage.mailbox.link(stage.town.ann.email)


@state("invitation, new")
def _(stage):
    return stage.open(None, ann(stage))


@state("invitation, new with errors")
def _(stage):
    page = stage.open(None, ann(stage))
    page.fill("[name=password]", "acme")
    page.click(".btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


@state("invitation, join")
def _(stage):
    return stage.open(None, stage.invite(stage.town.stan.email))


@state("invitation, confirm")
def _(stage):
    return stage.open("stan", stage.invite(stage.town.stan.email))


@state("invitation, other")
def _(stage):
    return stage.open("bill", ann(stage))


@state("invitation, expired")
def _(stage):
    return stage.open(None, stage.mailbox.link(stage.town.exa.email), 410)


@state("invitation, asked again")
def _(stage):
    page = stage.open(None, stage.mailbox.link(stage.town.exa.email), 410)
    page.click("text=Send me a new link")
    expect(page.locator("h1")).to_have_text("Check your e-mail")
    return page


@state("invitation, used")
def _(stage):
    stage.end_links(ended_at=now(), ended_as="used")
    return stage.open(None, ann(stage), 410)


@state("invitation, replaced")
def _(stage):
    path = ann(stage)
    page = stage.open("mia", "/acme/contacts/{ann}")
    page.click("[aria-label='More actions for Ann Invited']")
    page.click(":popover-open >> text=Resend")
    expect(page.locator(".toast")).to_be_visible()
    return stage.open(None, path, 410)


@state("invitation, cancelled")
def _(stage):
    stage.end_links(ended_at=now(), ended_as="cancelled")
    return stage.open(None, ann(stage), 410)


def unconfirmed(stage: Stage) -> Page:
    with stage.writing():
        query = db.update(PortalUser).where(PortalUser.email == stage.town.mia.email)
        db.session.execute(query.values(email_confirmed_at=None))
    return stage.open("mia", "/profile")


@state("profile, not confirmed")
def _(stage):
    return unconfirmed(stage)


@state("confirm")
def _(stage):
    unconfirmed(stage).click("text=Send the link")
    return stage.open(None, stage.mailbox.link(stage.town.mia.email))


@state("confirmed")
def _(stage):
    unconfirmed(stage).click("text=Send the link")
    page = stage.open(None, stage.mailbox.link(stage.town.mia.email))
    page.click(".btn.pri")
    expect(page.locator("h1")).to_have_text("Address confirmed")
    return page


@state("confirm, used")
def _(stage):
    unconfirmed(stage).click("text=Send the link")
    stage.end_links(ended_at=now(), ended_as="used")
    return stage.open(None, stage.mailbox.link(stage.town.mia.email), 410)


@state("view, mail failed")
def _(stage):
    with stage.writing():
        invitation = db.session.get_one(Contact, stage.town.ann.id).live_invitation
        invitation.mail_failed_at, invitation.mail_error = now(), "550 5.1.1 No such mailbox here"
    return stage.open("mia", "/acme/contacts/{ann}")


@state("password, wrong")
def _(stage):
    page = stage.open("tess", "/profile/password")
    page.fill("[name=current_password]", "not this")
    page.fill("[name=new_password]", NEW)
    page.click(".btn.pri")
    expect(page.locator(".error")).to_be_visible()
    return page


@state("terms not ticked")
def _(stage):
    page = stage.open("ted", "/terms")
    page.click(".btn.pri")
    expect(page.locator(".error")).to_be_visible()
    return page


@state("409")
def _(stage):
    return stage.open("mia", "/acme/contacts/{ian}/edit", 409)


@state("429")
def _(stage):
    stage.app.config["SIGN_IN_LIMIT"] = "1 per 2 minutes"
    page = stage.open(None, "/sign-in")
    for _ in range(2):
        page.fill("[name=identity]", stage.town.mia.email)
        page.fill("[name=password]", "not the password")
        page.click(".btn.pri")
        page.wait_for_load_state()
    expect(page.locator("h1")).to_have_text("Too many tries.")
    return page


@state("500")
def _(stage):
    view = stage.app.view_functions["dashboard.show"]
    stage.app.view_functions["dashboard.show"] = lambda **_: 1 // 0
    try:
        return stage.open("mia", "/acme/", 500)
    finally:
        stage.app.view_functions["dashboard.show"] = view


@state("503")
def _(stage):
    window = stage.window(stage.town.mia)
    with stage.writing():
        db.session.execute(db.text("ALTER TABLE contact RENAME TO elsewhere"))
    answer = window.page.goto("/acme/")
    assert answer is not None
    assert answer.status == 503
    return window.page


@pytest.mark.parametrize("who", sorted({str(who) for who, _, _ in OPENED.values()}))
def test_pages(stage, who):
    """UI 10.3: pages that are only opened, in one window per person."""
    window, found = stage.window(getattr(stage.town, who, None)), []
    for name, (reader, path, status) in OPENED.items():
        if str(reader) == who:
            answer = window.page.goto(stage.address(path))
            assert answer.status == status, name
            found += looked_at(window.page, name)
    assert found == []


@pytest.mark.parametrize("name", STEPS)
def test_state(stage, name):
    """UI 10.3: a state of a page that takes some steps."""
    assert looked_at(STEPS[name](stage), name, ONLY_AT[name]) == []


def test_addresses_break_before_the_at_and_nowhere_else(stage):
    """UI 11.1: with whatever wide letters this machine has, at the width of a small laptop."""
    with stage.writing():
        contact = db.session.get_one(Contact, stage.town.bill.id)
        contact.honorific, contact.first_name, contact.last_name = (
            "Prof",
            "Krzysztof",
            "Pawełkiewicz-Ostrowski",
        )
        contact.job_title, contact.phone = "Health and safety lead", "+4915223431138"
        contact.email = contact.email_key = "krzysztof.ostrowski11@northgate.example"
        db.session.get_one(Contact, stage.town.dan.id).phone = "+16502530000"
    page = stage.open("mia", "/acme/contacts")
    lines = page.locator("td.email a").evaluate_all(
        "(links) => links.map((link) => link.getClientRects().length)"
    )
    assert set(lines) <= {1, 2}
    heights = page.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
    assert max(heights) < 125
