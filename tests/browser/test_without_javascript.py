"""The main flows in a browser that runs no script: the same pages, forms and addresses do it all (UI 5.8)."""

import re
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from portal.extensions import db
from portal.models import Contact
from tests.town import PASSWORD

pytestmark = pytest.mark.browser

LIST = "/acme/contacts"
NEW = "harbour velvet ninety owls"


@pytest.fixture
def plain(window, town) -> Page:
    """A page in Mia's window, without scripts."""
    return window(town.mia, javascript=False).page


def choose(page: Page, person, entry: str) -> None:
    """Open somebody's row menu, which needs no script, and take an entry."""
    page.click(f"#contact-{person.id} .icon-btn")
    page.click(f":popover-open >> text={entry}")


def test_sign_in_and_out(window, town):
    page = window(javascript=False).page
    page.goto(LIST)
    page.fill("[name=identity]", town.mia.email)
    page.fill("[name=password]", PASSWORD)
    page.click(".btn.pri")
    expect(page).to_have_url(re.compile("/acme/contacts$"))
    page.click(".user")
    page.click(":popover-open >> text=Sign out")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto(LIST)
    expect(page.locator("[name=identity]")).to_be_visible()


def test_search_and_filters_need_their_button(plain):
    """C2, C3."""
    plain.goto(LIST)
    plain.fill("#q", "ing")
    plain.select_option("#role", label="Billing")
    plain.click("[aria-label='Search contacts']")
    expect(plain.locator("tbody tr")).to_have_count(1)
    assert re.search(r"\?q=ing&type=&role=\d+", plain.url)
    plain.click("#view-pending")
    expect(plain.locator("tbody tr")).to_have_count(0)
    plain.click("text=Clear filters")
    expect(plain.locator("tbody tr")).to_have_count(22)


def test_search_page(plain):
    """C4: by Enter."""
    plain.goto(f"{LIST}/search")
    plain.fill("#q", "stone")
    plain.keyboard.press("Enter")
    expect(plain.locator("#found")).to_contain_text("1 contact")
    expect(plain.locator("tbody .name")).to_have_text("Mia Stone")


def test_filters_of_a_phone_are_the_search_page(window, town):
    page = window(town.mia, javascript=False, phone=True).page
    page.goto(LIST)
    page.click("text=Filters")
    expect(page.locator("h1")).to_have_text("Search contacts")


def test_add(plain, mailbox):
    """C11: three sections of one page; an error keeps what was typed."""
    plain.goto(f"{LIST}/new")
    for part in ("details", "login", "additional"):
        expect(plain.locator(f"#{part}")).to_be_visible()
    plain.fill("[name=first_name]", "Kim")
    plain.fill("[name=email]", "kim@acme.example")
    plain.click(".savebar .btn.pri")
    expect(plain.locator("#last_name-error")).to_be_visible()
    assert plain.input_value("[name=first_name]") == "Kim"
    plain.fill("[name=last_name]", "Fresh")
    plain.click("label:has-text('Billing') >> nth=0")
    plain.click(".savebar .btn.pri")
    expect(plain.locator("h1")).to_contain_text("Kim Fresh")
    expect(plain.locator(".toast")).to_contain_text("Kim Fresh was added")
    assert len(mailbox.letters("kim@acme.example")) == 1


def test_preview_is_a_button(plain, town):
    """C13."""
    plain.goto(f"{LIST}/{town.nora.id}/edit")
    plain.fill("[name=job_title]", "Typed")
    plain.click("text=Access reports")
    plain.click("text=Show what this would allow")
    expect(plain.locator("#can-do li:not(.no)")).to_have_count(1)
    assert plain.input_value("[name=job_title]") == "Typed"


def test_edit_with_an_error_and_then_well(plain, town, reading):
    plain.goto(f"{LIST}/{town.bill.id}/edit")
    plain.fill("[name=email]", town.eva.email)
    plain.fill("[name=job_title]", "Bookkeeper")
    plain.click(".savebar .btn.pri")
    expect(plain.locator("#email-error")).to_contain_text("Eva Mail")
    plain.fill("[name=email]", town.bill.email)
    plain.click(".savebar .btn.pri")
    expect(plain.locator("main")).to_contain_text("Bookkeeper")
    with reading():
        assert db.session.get_one(Contact, town.bill.id).job_title == "Bookkeeper"


def test_user_details_keep_what_was_typed(plain, town, mailbox):
    """L5."""
    plain.goto(f"{LIST}/{town.bill.id}/edit")
    plain.fill("[name=job_title]", "Typed and not saved")
    plain.click("text=Send Password Reset")
    expect(plain.locator("#user-details")).to_contain_text("Sent just now")
    assert plain.input_value("[name=job_title]") == "Typed and not saved"
    assert len(mailbox.letters(town.bill.email, "password_reset")) == 1


def test_delete_asks_on_a_page(plain, town):
    """C17."""
    plain.goto(LIST)
    choose(plain, town.bill, "Delete")
    expect(plain).to_have_url(re.compile(f"/contacts/{town.bill.id}/delete"))
    plain.click(".frame-foot >> text=No")
    expect(plain.locator(f"#contact-{town.bill.id}")).to_be_visible()
    choose(plain, town.bill, "Delete")
    plain.click("main >> text=Yes")
    expect(plain.locator(f"#contact-{town.bill.id}")).to_have_count(0)
    expect(plain.locator(".toast")).to_contain_text("Bill Ing was deleted")


def test_link_properties_on_a_page(plain, town):
    """C20, C21."""
    plain.goto(LIST)
    choose(plain, town.ola, "Link to specific properties")
    plain.click(".dropdown-list >> text=Beta")
    plain.click("main .btn.pri")
    expect(plain.locator(f"#contact-{town.ola.id} .roles")).to_contain_text("2 properties")
    choose(plain, town.ola, "Link to specific properties")
    plain.click(".dropdown-list >> text=Alpha")
    plain.click(".dropdown-list >> text=Beta")
    plain.click("main .btn.pri")
    expect(plain.locator("main [role=alert]")).to_contain_text("No property is ticked")
    plain.click("text=Link anyway")
    expect(plain.locator(f"#contact-{town.ola.id} .roles")).to_contain_text("No property")


def test_resend(plain, town, mailbox):
    plain.goto(LIST)
    choose(plain, town.ann, "Resend")
    expect(plain.locator(".toast")).to_contain_text(town.ann.email)
    assert len(mailbox.letters(town.ann.email)) == 2


def test_deactivate_and_undo(plain, town):
    plain.goto(LIST)
    choose(plain, town.bill, "Deactivate")
    expect(plain.locator(f"#contact-{town.bill.id} .badge").first).to_have_text("Inactive")
    plain.click(".toast >> text=Undo")
    expect(plain.locator(f"#contact-{town.bill.id} .badge").first).to_have_text("Active")


def test_invitation_accepted(window, town, mailbox):
    """Behaviour 4: from the link to the portal; a mistake keeps the link alive."""
    page = window(javascript=False).page
    page.goto(mailbox.link(town.ann.email))
    page.fill("[name=password]", NEW)
    page.click(".btn.pri")
    expect(page.locator("#f-accept_terms .error")).to_be_visible()
    page.fill("[name=password]", NEW)
    page.check("[name=accept_terms]")
    page.click(".btn.pri")
    expect(page).to_have_url(re.compile("/acme/$"))
    expect(page.locator("h1")).to_contain_text("Ann")
    expect(page.locator(".toast")).to_contain_text("Welcome to Acme Estates")


def test_password_reset(window, town, mailbox):
    page = window(javascript=False).page
    page.goto("/sign-in")
    page.click("text=Forgot password?")
    page.fill("[name=email]", town.mia.email)
    page.click("text=Send the link")
    mailbox.answer_requests()
    page.goto(mailbox.link(town.mia.email))
    page.fill("[name=new_password]", NEW)
    page.click(".btn.pri")
    expect(page.locator(".toast")).to_contain_text("Your new password is set")


def test_second_factor(window, town):
    """C34: set up with the picture or the text, recovery codes kept as a file, then asked for at sign-in."""
    page = window(town.vic, javascript=False, phone=True).page
    page.goto("/profile")
    page.click("a[href='/profile/second-factor/set-up']")
    page.fill("#current_password", PASSWORD)
    page.click(".btn.pri")
    expect(page.locator("svg.qr")).to_be_visible()
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.fill("#code", app.now())
    page.click(".btn.pri")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as file:
        page.click("text=Download as text")
    assert set(codes) <= set(Path(file.value.path()).read_text().split())
    page.click("text=I have kept them")
    expect(page).to_have_url(re.compile("/profile$"))
    other = window(javascript=False, phone=True).page
    other.goto("/acme/contacts")
    other.fill("[name=identity]", town.vic.email)
    other.fill("[name=password]", PASSWORD)
    other.click(".btn.pri")
    expect(other.locator("#code")).to_have_attribute("autocomplete", "one-time-code")
    other.click("text=Use a recovery code")
    other.fill("#code", codes[0])
    other.click(".btn.pri")
    expect(other).to_have_url(re.compile("/acme/contacts$"))


CLIENT = "/acme/client/contacts?q=a"
BACK = re.compile(r"/acme/client/contacts\?q=a$")


def test_moves_of_a_list_lead_back_to_it(plain, town):
    """C30: from the client page, as it was searched, not to another list."""
    plain.goto(CLIENT)
    choose(plain, town.pam, "Deactivate")
    expect(plain).to_have_url(BACK)
    plain.click(".toast >> text=Undo")
    expect(plain).to_have_url(BACK)
    choose(plain, town.ola, "Link to specific properties")
    plain.click(".dropdown-list >> text=Beta")
    plain.click("main .btn.pri")
    expect(plain).to_have_url(BACK)
    choose(plain, town.ava, "Delete")
    plain.click(".frame-foot >> text=No")
    expect(plain).to_have_url(BACK)
    choose(plain, town.ava, "Delete")
    plain.click("main >> text=Yes")
    expect(plain).to_have_url(BACK)
    expect(plain.locator(".toast")).to_contain_text("Ava Address was deleted")


def test_several_at_once_and_back(plain, town):
    """Issue 3.2: tick, choose, look at what it does, agree; the way back is the list one came from."""
    plain.goto(CLIENT)
    for person in (town.pam, town.ola):
        plain.check(f"[aria-label='Tick {person.name}']")
    plain.click("text=Change the ticked")
    plain.check("[name=roles_how][value=add]")
    plain.click(".split label:has-text('Billing') >> nth=0")
    plain.click("text=Show what changes")
    plain.click("text=Change 2 people")
    plain.click("text=Back to the contacts")
    expect(plain).to_have_url(BACK)
    expect(plain.locator(f"#contact-{town.pam.id} .roles")).to_contain_text("Billing")


def test_copy_access(plain, town):
    """Issue 3.2."""
    plain.goto(f"{LIST}/{town.nora.id}/edit")
    plain.select_option("[name=copy_from]", str(town.pam.id))
    plain.click("button:has-text('Copy access')")
    expect(plain.locator("main")).to_contain_text("Copied from Pam Propp")
    plain.click(".savebar .btn.pri")
    expect(plain.locator("main")).to_contain_text("Property Manager")


def test_filters_of_work_orders_on_a_phone(window, town):
    """UI 5.8: where no dialog can open they stand on the page, with a button."""
    page = window(town.wes, javascript=False, phone=True).page
    page.goto("/acme/work-orders")
    expect(page.locator("[data-opens=filters]")).to_be_hidden()
    page.select_option("#priority", label="Urgent")
    page.click("[aria-label='Search work orders']")
    expect(page).to_have_url(re.compile("priority=urgent"))
