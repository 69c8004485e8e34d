"""The vendor's pages, held to the same: axe, both themes, phones, no JavaScript (UI 10.3)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.clock import now
from portal.extensions import db
from portal.models import AccessRequest, ApiToken, Contact, HookDelivery, HookState, PortalUser, Webhook
from tests import town_billing, work
from tests.browser.looking import faults, looked_at
from tests.surfing import app_code
from tests.town import PASSWORD

WIDTHS = (1280, 390)
pytestmark = pytest.mark.browser

# name: who, path, status
PAGES = {
    "sign in": (None, "/staff/sign-in", 200),
    "sign in again": (None, "/staff/sign-in?next=/staff/people", 200),
    "dead link": (None, "/staff/password/1.x", 404),
    "access requests, none": ("tom", "/staff/access-requests", 200),
    "look up": ("tom", "/staff/look-up", 200),
    "portal users": ("sue", "/staff/portal-users", 200),
    "portal users, none": ("sue", "/staff/portal-users?q=nobody+here", 200),
    "user details": ("sue", "/staff/portal-users/{duo}", 200),
    "user details for support": ("tom", "/staff/portal-users/{dan}", 200),
    "disable": ("sue", "/staff/portal-users/{duo}/disable", 200),
    "clients": ("sue", "/staff/clients", 200),
    "clients, people too": ("tom", "/staff/clients?q=alpha", 200),
    "clients, none": ("tom", "/staff/clients?q=nobody+here", 200),
    "add client": ("sue", "/staff/clients/new", 200),
    "a client": ("sue", "/staff/clients/acme/client", 200),
    "a client's contacts for support": ("tom", "/staff/clients/acme/contacts", 200),
    "a client's contact": ("sue", "/staff/clients/acme/contacts/{mia}", 200),
    "add a contract": ("sue", "/staff/clients/acme/contracts/new", 200),
    "add an RFP": ("sue", "/staff/clients/acme/rfps/new", 200),
    "require a second factor": ("sue", "/staff/clients/acme/client/second-factor", 200),
    "mark as exited": ("sue", "/staff/clients/acme/exit", 200),
    "view as": ("tom", "/staff/clients/acme/contacts/{mia}/view-as", 200),
    "a form seen as an admin": ("tom", "/staff/as/{mia}/acme/contacts/new", 200),
    "seen as an admin": ("tom", "/staff/as/{mia}/acme/", 200),
    "imports": ("sue", "/staff/imports", 200),
    "import properties": ("sue", "/staff/imports/new/properties", 200),
    "import into a client": ("sue", "/staff/clients/acme/contacts/import", 200),
    "invoice PDFs": ("sue", "/staff/imports/invoice-pdfs", 200),
    "a client's invoices": ("sue", "/staff/clients/acme/billing", 200),
    "add an invoice": ("sue", "/staff/clients/acme/billing/new", 200),
    "a draft": ("sue", "/staff/clients/acme/billing/{draft}", 200),
    "issue a draft": ("sue", "/staff/clients/acme/billing/{draft}/issue", 200),
    "an invoice of a client": ("sue", "/staff/clients/acme/billing/{part}", 200),
    "record a payment": ("sue", "/staff/clients/acme/billing/{part}/payment", 200),
    "make an invoice void": ("sue", "/staff/clients/acme/billing/{late}/void", 200),
    "set the status of an order": ("sue", "/staff/clients/acme/work-orders/{order}/status", 200),
    "staff": ("sue", "/staff/people", 200),
    "somebody on the staff": ("sue", "/staff/people/{tom}", 200),
    "oneself on the staff": ("sue", "/staff/people/{sue}", 200),
    "add to the staff": ("sue", "/staff/people/new", 200),
    "API": ("sue", "/staff/api", 200),
    "make an API token": ("sue", "/staff/api/tokens/new", 200),
    "account": ("sue", "/staff/account", 200),
    "staff e-mail": ("sue", "/staff/account/email", 200),
    "staff password": ("sue", "/staff/account/password", 200),
    "staff recovery codes": ("sue", "/staff/account/recovery-codes", 200),
    "activity over all": ("sue", "/staff/activity", 200),
    "activity, none": ("tom", "/staff/activity?client=nobody", 200),
    "activity, wrong days": ("tom", "/staff/activity?from=tomorrow", 200),
    "mail": ("sue", "/staff/mail", 200),
    "mail, none": ("tom", "/staff/mail?q=nobody+here", 200),
    "one mail": ("sue", "/staff/mail/1", 200),
    "failing addresses": ("tom", "/staff/mail/failing", 200),
    "does mail go out": ("tom", "/staff/mail/health", 200),
    "staff more": ("sue", "/staff/more", 200),
    "settings": ("sue", "/staff/settings", 200),
    "contact types": ("sue", "/staff/settings/contact-types", 200),
    "archive a category": ("sue", "/staff/settings/categories/1/archive", 200),
    "a version of the terms": ("sue", "/staff/settings/terms/1", 200),
    "branding": ("sue", "/staff/settings/branding", 200),
    "areas": ("sue", "/staff/settings/areas", 200),
    "rules of signing in": ("sue", "/staff/settings/sign-in", 200),
    "privacy": ("sue", "/staff/privacy", 200),
    "what is held": ("sue", "/staff/privacy/login/{duo}", 200),
    "erase somebody": ("sue", "/staff/privacy/login/{duo}/erase", 200),
    "erase a client that stays": ("sue", "/staff/privacy/company/1/erase", 200),
    "staff 403": ("tom", "/staff/people", 403),
    "staff 404": ("sue", "/staff/portal-users/999999", 404),
}


@pytest.fixture
def open_page(town, reading, writing, window, on_duty, served) -> Callable[..., Page]:
    """Opens a page of the vendor's side as one of the staff, or as a stranger."""
    with writing():
        things = {**vars(town_billing.build(town)), "order": work.ordered(town.wes, "Leak", town.alpha).id}

    def open_as(who: str | None, path: str, status: int = 200, *, page: Page | None = None, **facts) -> Page:
        with reading():
            ids = {
                name: db.session.get_one(Contact, getattr(town, name).id).portal_user_id
                for name in ("duo", "dan")
            }
        page = page or sign_in(who, **facts)
        answer = page.goto(path.format(sue=town.sue.id, tom=town.tom.id, mia=town.mia.id, **ids, **things))
        assert answer is not None
        assert answer.status == status
        return page

    def sign_in(who: str | None, **facts) -> Page:
        opened = window(**facts)
        if who is not None:
            person = on_duty(getattr(town, who))
            if who == "tom":  # who sees, besides, what Mia sees
                person.post(f"/staff/clients/acme/contacts/{town.mia.id}/view-as", {"reason": "To help"})
            cookie = person.cookie()
            opened.context.add_cookies([{"name": "gatehouse-staff", "value": cookie, "url": served}])
        return opened.page

    return open_as


@pytest.mark.parametrize("who", sorted({str(who) for who, _, _ in PAGES.values()}))
def test_pages(open_page, who):
    """Pages that are only opened, in one window per person."""
    page, found = None, []
    for name, (reader, path, status) in PAGES.items():
        if str(reader) == who:
            page = open_page(reader, path, status, page=page)
            found += looked_at(page, name)
    assert found == []


def test_the_disable_dialog(open_page):
    page = open_page("sue", "/staff/portal-users/{duo}")
    page.click("text=Disable")
    expect(page.locator("#dialog")).to_be_visible()
    assert faults(page, "disable dialog", (1280, 390)) == []
    page.fill("#dialog [name=reason]", "Left the company")
    page.click("#dialog .btn.bad")
    expect(page.locator(".page-head .badge")).to_have_text("Disabled")


def test_access_requests(open_page, writing):
    """Behaviour 7: the list, one request, and a client's name that is none."""
    with writing():
        asked = AccessRequest(first_name="Rob", last_name="Asker", company_name="The lift people")
        asked.email = asked.email_key = "rob.with.a.long.name@acme.example"
        asked.confirmed_at = asked.expires_at = now()
        db.session.add(asked)
    page = open_page("sue", "/staff/access-requests")
    assert faults(page, "access requests", WIDTHS) == []
    page.click("text=Rob Asker")
    page.click("text=Approve and invite")
    expect(page.locator(".error")).to_be_visible()
    assert faults(page, "an access request", WIDTHS) == []


def test_the_look_up(open_page, town):
    """S5: by Enter, on a phone; for one, for somebody and a property, for many, for somebody nobody knows."""
    page = open_page("tom", "/staff/look-up")
    asked = {town.pam.email: "Pam Propp, Acme Estates", "new@acme.example": "Nobody is known here"}
    for sender, heading in (asked | {"alpha": "Ola Alpha, Acme Estates", "acme": "Clients"}).items():
        page.fill("#sender", sender)
        page.press("#sender", "Enter")
        expect(page.locator("h2").first).to_have_text(heading)
        assert "/staff/look-up?asked=" in page.url
        assert faults(page, f"look up, {heading}", WIDTHS) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_the_first_time(open_page, town, mailbox, javascript):
    """S1: a link, a password, a second factor, recovery codes, and in; on a phone too."""
    sue = open_page("sue", "/staff/people/new")
    sue.fill("[name=name]", "Neo Lin")
    sue.fill("[name=email]", "neo.lin@alder.example")
    sue.click("text=Add and send the link")
    expect(sue.locator("tbody")).to_contain_text("Neo Lin")
    neo = open_page(None, mailbox.link("neo.lin@alder.example"), javascript=javascript, phone=True)
    neo.fill("[name=new_password]", "seven purple otters dancing")
    assert not javascript or faults(neo, "staff first password", (390,)) == []
    neo.click("text=Set password and continue")
    expect(neo.locator("h1")).to_have_text("Set up your second factor")
    expect(neo.locator("svg.qr")).to_be_visible()
    assert not javascript or faults(neo, "staff second factor", WIDTHS) == []
    secret = neo.locator("p code").inner_text().replace(" ", "")
    neo.fill("[name=code]", "123")
    neo.click("text=Continue")
    expect(neo.locator(".error")).to_be_visible()
    assert neo.locator("p code").inner_text().replace(" ", "") == secret
    neo.fill("[name=code]", app_code(secret))
    neo.click("text=Continue")
    expect(neo.locator("h1")).to_have_text("Keep these recovery codes")
    assert not javascript or faults(neo, "staff codes shown", WIDTHS) == []
    neo.click("text=I have kept them")
    expect(neo.locator("h1")).to_have_text("Clients")


def test_the_code_page(open_page, town):
    page = open_page(None, "/staff/sign-in")
    page.fill("[name=email]", town.sue.email)
    page.fill("[name=password]", PASSWORD)
    page.click("text=Continue")
    expect(page.locator("h1")).to_have_text("Second factor")
    assert faults(page, "staff code", WIDTHS) == []
    page.click("text=Use a recovery code")
    expect(page.locator("label[for=code]")).to_have_text("Recovery code")
    page.click("text=Use the authenticator app")
    page.fill("[name=code]", " ".join(app_code()))
    page.click(".btn.pri")
    expect(page.locator("h1")).to_have_text("Clients")


def test_user_details_of_a_long_address(open_page, town, writing):
    """UI 10.3: once on the page, never cut off, and never the reason to scroll sideways."""
    address = "tomasz.a.very.long.address.indeed.wisniewski@northgate-property-management.example"
    with writing():
        dan = db.session.get_one(PortalUser, db.session.get_one(Contact, town.dan.id).portal_user_id)
        dan.email = dan.email_key = address
    page = open_page("sue", "/staff/portal-users/{dan}")
    expect(page.locator(".page-head p")).to_have_text(address)
    expect(page.locator("main").get_by_text(address)).to_have_count(1)
    assert faults(page, "user details, long address", WIDTHS, ("light",)) == []


def test_a_webhook(open_page, town, writing):
    """S1: on a phone too, with an address of any length, and what it was answered."""
    with writing():
        hook = Webhook(
            url="https://crm.example.com/" + "x" * 200, events=["test"], sealed_secret="", made_by="Sue"
        )
        db.session.add(hook)
        token = {"key_hash": "0" * 64, "hint": "abcd", "scopes": ["access:read"], "made_by": "Sue Marsh"}
        db.session.add(ApiToken(name="CRM", made_by_id=town.sue.id, expires_at=now(), **token))
        db.session.flush()
        for state in HookState:
            told = HookDelivery(webhook_id=hook.id, event="test", state=state, status=500, answer="Oops")
            db.session.add(told)
        hook_id = hook.id
    page, found = None, []
    for path in (f"/webhooks/{hook_id}", f"/webhooks/{hook_id}/edit", "/webhooks/new", ""):
        page = open_page("sue", f"/staff/api{path}", page=page)
        found += looked_at(page, f"API {path}")
    assert found == []
