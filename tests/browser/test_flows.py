"""What people do with mouse, keyboard and the Back button, in a real browser with htmx and portal.js."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func

from portal.clock import now
from portal.extensions import db
from portal.models import Access, Contact, SignInSession
from portal.models.keys import refresh
from tests.town import PASSWORD

pytestmark = pytest.mark.browser

LIST = "/acme/contacts"
MENU = ".menu:is(:popover-open, :modal)"


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("tbody .name").all_inner_texts()]


def row(page: Page, person) -> str:
    """The selector of somebody's row."""
    return f"#contact-{person.id}"


def choose(page: Page, person, entry: str) -> None:
    """Open somebody's row menu and take an entry."""
    page.click(f"{row(page, person)} .icon-btn")
    page.click(f"{MENU} >> text={entry}")


def focused(page: Page) -> str:
    """The words of what has the focus, or its name."""
    return page.evaluate(
        "() => document.activeElement.ariaLabel || document.activeElement.innerText.trim() || "
        "document.activeElement.name || document.activeElement.tagName"
    )


@pytest.fixture
def crowd(town, writing):
    """Sixty more people at Acme Estates, in the order of their names."""
    with writing():
        first = db.session.get_one(Contact, town.ava.id)
        for number in range(60):
            person = Contact(
                company_id=town.acme.id, first_name=f"P{number:02}", last_name="Zed", access=Access.NONE
            )
            person.contact_type_id = first.contact_type_id
            refresh(person)
            db.session.add(person)
            db.session.flush()
            setattr(town, person.first_name.lower(), SimpleNamespace(id=person.id, name=person.name))


class TestSearch:
    """C2, T: as you type, in the address bar, back and fresh."""

    def test_as_you_type(self, page):
        page.goto(LIST)
        before = page.locator("h1").element_handle()
        page.locator("#q").press_sequentially("bill", delay=20)
        expect(page.locator("tbody tr")).to_have_count(1)
        assert names(page) == ["Bill Ing"]
        assert page.url.endswith("/acme/contacts?q=bill")
        expect(page.locator("#q")).to_be_focused()
        expect(page.locator("#live")).to_have_text("1 contact")
        assert before is not None
        assert before.evaluate("(head) => head.isConnected"), "the page was loaded again"

    def test_the_address_opened_fresh_shows_the_same(self, page, window, town):
        page.goto(LIST)
        page.fill("#q", "an")
        expect(page).to_have_url(re.compile(r"\?q=an$"))
        expect(page.locator("tbody tr")).not_to_have_count(22)
        fresh = window(town.mia).page
        fresh.goto(page.url)
        assert names(fresh) == names(page)
        assert fresh.input_value("#q") == "an"

    def test_back_shows_what_was_before(self, page):
        page.goto(LIST)
        page.click("text=Pending")
        expect(page).to_have_url(re.compile("status=pending"))
        expect(page.locator("tbody tr")).to_have_count(2)
        page.click("a.name >> text=Ann Invited")
        expect(page.locator("h1")).to_contain_text("Ann Invited")
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(2)
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(22)

    def test_enter_and_the_button_search_too(self, page):
        page.goto(LIST)
        page.fill("#q", "stone")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        assert "q=stone" in page.url

    def test_nobody_found_leads_back_to_everybody(self, page):
        page.goto(LIST)
        page.fill("#q", "nobody at all")
        expect(page.locator(".empty h2")).to_have_text("Nobody matches these filters")
        page.click("text=Clear filters")
        expect(page.locator("tbody tr")).to_have_count(22)

    def test_slash_and_escape(self, page):
        page.goto(LIST)
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("wes")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator("tbody tr")).to_have_count(22)
        assert page.input_value("#q") == ""


class TestFiltersAndPages:
    """C3, C5."""

    def test_filters_apply_at_once_and_combine(self, page):
        page.goto(LIST)
        page.select_option("#role", label="Billing")
        expect(page.locator("tbody tr")).to_have_count(3)
        page.click("#view-pending")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.fill("#q", "ann")
        expect(page).to_have_url(re.compile("q=ann"))
        assert "status=pending" in page.url
        assert "role=" in page.url
        page.click(".chip >> text=Billing")
        expect(page.locator(".chip >> text=Billing")).to_have_count(0)

    def test_filters_of_a_phone(self, window, town):
        page = window(town.mia, phone=True).page
        page.goto(LIST)
        page.click("text=Filters")
        expect(page.locator("#filters")).to_be_visible()
        page.select_option("#sheet-role", label="Billing")
        page.click("text=Show contacts")
        expect(page.locator("tbody tr")).to_have_count(3)

    def test_next_and_previous(self, crowd, page):
        page.goto(LIST)
        first = names(page)
        page.click("text=Next")
        expect(page).to_have_url(re.compile("after="))
        expect(page.locator("#title")).to_be_focused()
        second = names(page)
        assert len(first) == len(second) == 25
        assert not set(first) & set(second)
        page.click("text=Previous")
        expect(page.locator("tbody .name").first).to_have_text(first[0])

    def test_show_more_on_a_phone(self, crowd, window, town):
        page = window(town.mia, phone=True).page
        page.goto(LIST)
        page.click("text=Show 25 more")
        expect(page.locator("tbody tr")).to_have_count(50)
        expect(page.locator("#shown")).to_have_text("50 of 82")
        page.click("text=Show 25 more")
        expect(page.locator("tbody tr")).to_have_count(75)
        page.click("text=Show 25 more")
        expect(page.locator("tbody tr")).to_have_count(82)
        expect(page.locator("text=Show 25 more")).to_have_count(0)
        assert len(set(names(page))) == 82


class TestMoves:
    """UI 5.3: the row is replaced, the counts follow, the focus stays with the row."""

    def test_deactivate_and_undo(self, town, page):
        page.goto(LIST)
        choose(page, town.bill, "Deactivate")
        expect(page.locator(f"{row(page, town.bill)} .badge").first).to_have_text("Inactive")
        expect(page.locator("#count-inactive")).to_have_text("2")
        expect(page.locator(f"{row(page, town.bill)} .icon-btn")).to_be_focused()
        page.click(".toast >> text=Undo")
        expect(page.locator(f"{row(page, town.bill)} .badge").first).to_have_text("Active")
        expect(page.locator("#count-inactive")).to_have_text("1")
        expect(page.locator(".toast")).to_contain_text("active again")

    def test_on_a_phone_the_page_behind_the_menu_is_out_of_reach(self, town, window):
        """UI 11.13."""
        page = window(town.mia, phone=True).page
        page.goto(LIST)
        page.click(f"{row(page, town.bill)} .icon-btn")
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('.menu')"
            )
        page.keyboard.press("Escape")
        expect(page.locator(MENU)).to_have_count(0)
        expect(page.locator(f"{row(page, town.bill)} .icon-btn")).to_be_focused()
        choose(page, town.bill, "Deactivate")
        expect(page.locator(f"{row(page, town.bill)} .badge").first).to_have_text("Inactive")
        expect(page.locator(MENU)).to_have_count(0)

    def test_resend_says_where_it_went(self, town, page):
        page.goto(LIST)
        choose(page, town.ann, "Resend")
        expect(page.locator(".toast")).to_contain_text(town.ann.email)

    def test_delete_asks_with_no_first(self, town, page):
        """C17, UI 4.6: No has the focus, Esc keeps the contact, Yes goes on with the next row."""
        page.goto(LIST)
        choose(page, town.bill, "Delete")
        expect(page.locator("#dialog")).to_contain_text("Confirm delete: Bill Ing")
        assert focused(page) == "No"
        page.keyboard.press("Escape")
        expect(page.locator("#dialog")).to_be_hidden()
        expect(page.locator(f"{row(page, town.bill)} .icon-btn")).to_be_focused()
        choose(page, town.bill, "Delete")
        page.click("#dialog >> text=Yes")
        expect(page.locator(row(page, town.bill))).to_have_count(0)
        expect(page.locator("#dialog")).to_be_hidden()
        expect(page.locator(f"{row(page, town.dan)} .icon-btn")).to_be_focused()
        expect(page.locator("#count-all")).to_have_text("21")
        expect(page.locator(".toast")).to_contain_text("Bill Ing was deleted")

    def test_the_foot_and_the_views_are_counted_again(self, crowd, town, page):
        """C5: also where the list is narrowed."""
        page.goto(LIST)
        expect(page.locator("#shown")).to_have_text("25 of 82")
        choose(page, town.bill, "Delete")
        page.click("#dialog >> text=Yes")
        expect(page.locator("#shown")).to_have_text("24 of 81")
        page.goto(f"{LIST}?q=zed")
        choose(page, town.p00, "Delete")
        page.click("#dialog >> text=Yes")
        expect(page.locator("#shown")).to_have_text("24 of 59")
        expect(page.locator("#count-all")).to_have_text("80")

    def test_the_last_row_deleted_leaves_no_empty_table(self, town, page):
        page.goto(f"{LIST}?q=bill")
        choose(page, town.bill, "Delete")
        page.click("#dialog >> text=Yes")
        expect(page.locator(".empty h2")).to_have_text("Nobody matches these filters")
        expect(page.locator(".toast")).to_contain_text("Bill Ing was deleted")

    def test_delete_from_the_view_leads_to_the_list(self, town, page):
        page.goto(f"{LIST}/{town.bill.id}")
        page.click("[aria-label='More actions for Bill Ing']")
        page.click(f"{MENU} >> text=Delete")
        page.click("#dialog >> text=Yes")
        expect(page).to_have_url(re.compile("/acme/contacts$"))
        expect(page.locator(".toast")).to_contain_text("Bill Ing was deleted")

    def test_link_properties(self, town, page):
        """C20, C21: what is ticked is linked; nothing ticked is asked once more."""
        page.goto(LIST)
        choose(page, town.ola, "Link to specific properties")
        expect(page.locator("#dialog [value=property]")).to_be_focused()
        page.click("#dialog >> text=Beta")
        expect(page.locator("#dialog [data-tally]")).to_have_text("2 of 3 selected")
        page.click("#dialog .btn.pri")
        expect(page.locator(f"{row(page, town.ola)} .roles")).to_contain_text("2 properties")
        expect(page.locator("#dialog")).to_be_hidden()
        expect(page.locator(".toast")).to_contain_text("linked to 2 properties")
        choose(page, town.ola, "Link to specific properties")
        page.click("#dialog [data-tick=none]")
        page.click("#dialog .btn.pri")
        expect(page.locator("#dialog [role=alert]")).to_contain_text("No property is ticked")
        page.click("#dialog >> text=Link anyway")
        expect(page.locator(f"{row(page, town.ola)} .roles")).to_contain_text("No property")

    def test_property_level_opens_the_boxes(self, town, page):
        """C20: whoever chooses it sees at once what there is to choose."""
        page.goto(LIST)
        choose(page, town.bill, "Link to specific properties")
        page.click("#dialog >> text=Property Level")
        expect(page.locator("#dialog .dropdown-list")).to_be_visible()

    def test_client_level_hides_the_boxes(self, town, page):
        page.goto(LIST)
        choose(page, town.ola, "Link to specific properties")
        page.click("#dialog >> text=Client Level")
        expect(page.locator("#dialog .dropdown")).to_be_hidden()
        page.click("#dialog .btn.pri")
        expect(page.locator(f"{row(page, town.ola)} .roles")).to_contain_text("All properties")
        choose(page, town.ola, "Link to specific properties")
        expect(page.locator("#dialog [value=client]")).to_be_focused()
        expect(page.locator("#dialog .dropdown")).to_be_hidden()


class TestForm:
    """C11 to C16."""

    def test_an_error_keeps_what_was_typed_and_has_the_focus(self, town, page):
        page.goto(f"{LIST}/{town.bill.id}/edit")
        page.fill("[name=job_title]", "Bookkeeper")
        page.fill("[name=email]", "not an address")
        page.click(".savebar .btn.pri")
        expect(page.locator("[name=email]")).to_be_focused()
        expect(page.locator("#email-error")).to_be_visible()
        assert page.input_value("[name=email]") == "not an address"
        assert page.input_value("[name=job_title]") == "Bookkeeper"
        page.fill("[name=email]", town.bill.email)
        page.click(".savebar .btn.pri")
        expect(page.locator(".toast")).to_contain_text("Bill Ing was saved")
        expect(page.locator("main")).to_contain_text("Bookkeeper")

    def test_an_error_in_another_tab_opens_it(self, page):
        page.goto(f"{LIST}/new?tab=login")
        expect(page.locator("#login")).to_be_visible()
        page.click(".savebar .btn.pri")
        expect(page.locator("#details")).to_be_visible()
        expect(page.locator("#tab-details")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#tab-details .count")).to_be_visible()

    def test_tabs_by_keyboard(self, town, page):
        """UI 4.7: arrows, Home and End; the address follows without a request."""
        page.goto(f"{LIST}/{town.bill.id}/edit")
        page.focus("#tab-details")
        for key, tab in (("ArrowRight", "login"), ("End", "additional"), ("ArrowRight", "details")):
            page.keyboard.press(key)
            expect(page.locator(f"#tab-{tab}")).to_be_focused()
            expect(page.locator(f"#{tab}")).to_be_visible()
            assert page.url.endswith(f"?tab={tab}")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Home")
        expect(page.locator("#tab-details")).to_be_focused()
        expect(page.locator("[role=tabpanel]:visible")).to_have_count(1)

    def test_preview_before_saving(self, town, page, reading):
        """C13."""
        page.goto(f"{LIST}/{town.ava.id}/edit?tab=login")
        allowed = page.locator("#can-do li:not(.no)")
        expect(allowed).to_have_count(0)
        page.click("text=E-mail only")
        page.click("text=Access billing")
        expect(allowed).to_have_count(1)
        expect(page.locator("#can-do h2")).to_contain_text("may ask for by e-mail")
        with reading():
            assert db.session.get_one(Contact, town.ava.id).access == Access.NONE

    def test_a_role_sets_switches_and_admin_includes_all(self, town, page):
        page.goto(f"{LIST}/{town.nora.id}/edit?tab=login")
        page.click("label:has-text('Requester')")
        expect(page.locator("#permissions-work_orders")).to_be_checked()
        expect(page.locator("#permissions-work_orders")).to_be_disabled()
        page.click("text=Admin access")
        expect(page.locator("#permissions-billing")).to_be_checked()
        page.click("text=Admin access")
        expect(page.locator("#permissions-billing")).not_to_be_checked()

    def test_an_exception_is_called_so_as_long_as_it_is_one(self, town, page):
        """Bill has the role Billing: a switch that is on beside it is an exception, until it is off again."""
        page.goto(f"{LIST}/{town.bill.id}/edit?tab=login")
        reports = page.locator(".switch-row", has=page.locator("#permissions-reports"))
        billing = page.locator(".switch-row", has=page.locator("#permissions-billing"))
        expect(reports.get_by_text("Exception")).to_be_hidden()
        reports.click()
        expect(reports.get_by_text("Exception")).to_be_visible()
        expect(billing.get_by_text("Exception")).to_be_hidden()
        reports.click()
        expect(reports.get_by_text("Exception")).to_be_hidden()

    def test_user_details_keep_what_was_typed(self, town, page, mailbox):
        """L5: the buttons act at once, on the saved address."""
        page.goto(f"{LIST}/{town.bill.id}/edit")
        page.fill("[name=job_title]", "Typed and not saved")
        page.click("#tab-login")
        page.click("text=Send Password Reset")
        expect(page.locator("#user-details")).to_contain_text("Sent just now")
        assert page.input_value("[name=job_title]") == "Typed and not saved"
        assert len(mailbox.letters(town.bill.email, "password_reset")) == 1
        page.click(".savebar .btn.pri")
        expect(page.locator("main")).to_contain_text("Typed and not saved")

    def test_unsaved_changes_are_counted_and_asked_about(self, town, page):
        page.goto(f"{LIST}/{town.bill.id}/edit")
        page.fill("[name=job_title]", "One")
        expect(page.locator("[data-changes]")).to_have_text("1 unsaved change")
        page.fill("[name=last_name]", "Two")
        expect(page.locator("[data-changes]")).to_have_text("2 unsaved changes")
        asked = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.click("text=Cancel", no_wait_after=True)
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        assert page.input_value("[name=job_title]") == "One"
        page.fill("[name=job_title]", "")
        page.fill("[name=last_name]", "Ing")
        expect(page.locator("[data-changes]")).to_have_text("")

    def test_saved_meanwhile_by_somebody_else(self, town, page, window):
        """C15, B71: both versions, and the second Save is a choice."""
        page.goto(f"{LIST}/{town.bill.id}/edit")
        other = window(town.max).page
        other.goto(f"{LIST}/{town.bill.id}/edit")
        other.fill("[name=job_title]", "Theirs")
        other.click(".savebar .btn.pri")
        expect(other.locator(".toast")).to_be_visible()
        page.fill("[name=job_title]", "Mine")
        page.click(".savebar .btn.pri")
        expect(page.locator(".compare tbody")).to_contain_text("Theirs")
        expect(page.locator("#what-is-wrong")).to_contain_text("Max Reed saved this contact")
        expect(page.locator(".compare tbody tr")).to_have_count(1)
        page.click(".savebar .btn.pri")
        expect(page.locator("main")).to_contain_text("Mine")


class TestSessions:
    """B27, and what an htmx click meets when the session has ended."""

    def test_ended_in_the_middle_of_a_click(self, town, page, writing):
        """T65: the whole sign-in page, never a row of it; then back to where one was."""
        page.goto(f"{LIST}?status=active")
        with writing():
            db.session.execute(db.update(SignInSession).values(ended_at=now()))
        page.click(f"{row(page, town.bill)} .icon-btn")
        page.click(f"{MENU} >> text=Delete")
        expect(page).to_have_url(re.compile("/sign-in"))
        page.fill("[name=identity]", town.mia.email)
        page.fill("[name=password]", PASSWORD)
        page.click(".btn.pri")
        expect(page).to_have_url(re.compile(r"/acme/contacts\?status=active$"))
        expect(page.locator(row(page, town.bill))).to_be_visible()

    def test_nothing_is_left_after_signing_out(self, town, page):
        """T53."""
        page.goto(LIST)
        page.click("#view-active")
        page.goto(f"{LIST}/{town.bill.id}")
        page.click(".user")
        page.click(f"{MENU} >> text=Sign out")
        expect(page).to_have_url(re.compile("/sign-in"))
        for _ in range(2):
            page.go_back()
            expect(page.locator("[name=identity]")).to_be_visible()
            assert "Bill" not in page.content()
        # htmx notes in which path it was last; of what stood there nothing is kept.
        kept = page.evaluate("() => ({...localStorage, ...sessionStorage})")
        assert set(kept) <= {"htmx-current-path-for-history"}

    def test_two_tabs_in_two_companies(self, town, window):
        """C35: what is sent from a tab stays in the company of its address."""
        opened = window(town.duo)
        here, there = opened.page, opened.context.new_page()
        here.goto("/acme/")
        there.goto("/globex/contacts")
        assert "Gus Globe" in names(there)
        choose(there, town.gus, "Deactivate")
        expect(there.locator(f"{row(there, town.gus)} .badge").first).to_have_text("Inactive")
        here.reload()
        expect(here.locator("button.switcher")).to_contain_text("Acme Estates")
        assert "Gus" not in here.content()
        here.click("button.switcher")
        here.click(f"{MENU} >> text=Globex")
        expect(here).to_have_url(re.compile("/globex/"))


class TestKeyboardOnly:
    """UI 10.3.5: search, menu, edit, delete, undo and link without a mouse."""

    def tab_to(self, page: Page, name: str, key: str = "Tab") -> None:
        """Go on with Tab until something of this name has the focus."""
        for _ in range(60):
            if focused(page) == name:
                return
            page.keyboard.press(key)
        raise AssertionError(f"{name} was not reached, but {focused(page)}")

    def test_script(self, town, page, reading):
        page.goto(LIST)
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content"
        page.keyboard.press("/")
        page.keyboard.type("bill")
        expect(page.locator("tbody tr")).to_have_count(1)
        self.tab_to(page, "Actions for Bill Ing")
        page.keyboard.press("Enter")
        self.tab_to(page, "Deactivate")
        page.keyboard.press("Enter")
        expect(page.locator(f"{row(page, town.bill)} .badge").first).to_have_text("Inactive")
        self.tab_to(page, "Undo", "Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator(f"{row(page, town.bill)} .badge").first).to_have_text("Active")

        self.tab_to(page, "Actions for Bill Ing")
        page.keyboard.press("Enter")
        self.tab_to(page, "Link to specific properties")
        page.keyboard.press("Enter")
        expect(page.locator("#dialog :focus")).to_have_attribute("value", "client")
        page.keyboard.press("ArrowDown")
        self.tab_to(page, "0 of 3 selected")
        self.tab_to(page, "properties")
        page.keyboard.press("Space")
        self.tab_to(page, "Link")
        page.keyboard.press("Enter")
        expect(page.locator(f"{row(page, town.bill)} .roles")).to_contain_text("1 property")

        self.tab_to(page, "Actions for Bill Ing")
        page.keyboard.press("Enter")
        self.tab_to(page, "Edit")
        page.keyboard.press("Enter")
        expect(page.locator("#contact-form")).to_be_visible()
        self.tab_to(page, "first_name")
        page.keyboard.type("William")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("William Ing")

        page.goto(f"{LIST}?q=william")
        self.tab_to(page, "Actions for William Ing")
        page.keyboard.press("Enter")
        self.tab_to(page, "Delete")
        page.keyboard.press("Enter")
        expect(page.locator("#dialog")).to_be_visible()
        self.tab_to(page, "Yes")
        page.keyboard.press("Enter")
        expect(page.locator(".empty")).to_be_visible()
        with reading():
            query = db.select(func.count()).where(Contact.id == town.bill.id, Contact.deleted_at.is_(None))
            assert db.session.scalar(query) == 0


def test_a_password_can_be_looked_at(window):
    """UI 4.8: the button changes its picture with what it will do."""
    page = window().page
    page.goto("/sign-in")
    page.fill("[name=password]", "visible")
    page.click("[data-reveal=password]")
    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    expect(page.locator("[data-reveal=password]")).to_have_attribute("aria-pressed", "true")
    drawn = page.locator("[data-reveal=password] use")
    assert str(drawn.get_attribute("href")).endswith("#eye-off")
    assert drawn.evaluate("(use) => use.getBBox().width") > 0
    page.click("[data-reveal=password]")
    expect(page.locator("[name=password]")).to_have_attribute("type", "password")


def test_too_many_tries_are_counted_down(app, window, town):
    """UI 8.6."""
    app.config["SIGN_IN_LIMIT"] = "1 per 1 minute"
    page = window().page
    page.goto("/sign-in")
    for _ in range(2):
        page.fill("[name=identity]", town.mia.email)
        page.fill("[name=password]", "not the password")
        page.click(".btn.pri")
        page.wait_for_load_state()
    left = page.locator("[data-wait]")
    expect(left).to_have_text(re.compile(r"^\d+ seconds left$"))
    first = left.inner_text()
    expect(left).not_to_have_text(first)
