"""The case that only a real browser can tell: what it still shows after signing out (B27)."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
MENU = "[popover]:popover-open"


def test_B27_back_shows_sign_in_and_nothing_is_kept(town, page):
    page.goto(f"/acme/contacts/{town.bill.id}")
    assert "Bill Ing" in page.content()
    page.click(".user")
    page.click(f"{MENU} >> text=Sign out")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.go_back()
    expect(page.locator("[name=identity]")).to_be_visible()
    assert "Bill" not in page.content()
    kept = page.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})")
    assert "Bill" not in kept
    assert "<" not in kept
