"""Every page of the areas and its states, like the other pages: accessible, within the policy, on the screen.

`make test` takes each at one width in one theme, by turns; GATEHOUSE_LONG=1 takes all four of each.
"""

import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from portal.clock import now
from portal.extensions import db
from portal.models import Permission, Property, Role, RolePermission
from tests import area_routes, places, town_billing, work
from tests.browser.looking import WIDTHS, looked_at
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

# Who opens which page, and the status it must have; one window per person.
OPENED = {
    "mia": {
        "client": "/client",
        "client, contacts": "/client/contacts",
        "client, nobody found": "/client/contacts?q=nobody+at+all",
        "client, properties": "/client/properties",
        "client, contracts": "/client/contracts",
        "client, RFPs": "/client/rfps",
        "client, edit": "/client/edit",
        "properties": "/properties",
        "properties, none found": "/properties?q=nowhere+at+all",
        "properties, archived": "/properties?status=archived",
        "property": "/properties/{property}",
        "property, nothing there": "/properties/{bare}",
        "property, add": "/properties/new",
        "contracts": "/contracts",
        "contracts, none found": "/contracts?q=nothing+at+all",
        "contracts, none": "/contracts?status=upcoming",
        "contract": "/contracts/{contract}",
        "RFPs": "/rfps",
        "RFPs, none found": "/rfps?q=nothing+at+all",
        "RFP": "/rfps/{rfp}",
        "document, delete": "/documents/{document}/delete",
        "billing": "/billing",
        "billing, none found": "/billing?q=nothing+at+all",
        "invoice": "/billing/{invoice}",
        "invoice, paid": "/billing/{paid}",
        "statement": "/billing/statement",
        "statement, no such day": "/billing/statement?from=2026-02-31 422",
        "reports": "/reports",
        "report, people": "/reports/people",
        "report, nobody": "/reports/people?from=2001-01-01&to=2001-01-02",
        "report, work orders": "/reports/work-orders",
        "report, spend": "/reports/spend",
        "report, the wrong way round": "/reports/spend?from=2026-05-01&to=2026-01-01 422",
        "work orders": "/work-orders",
        "work orders, none found": "/work-orders?q=nothing+at+all",
        "work order": "/work-orders/{order}",
        "work order, new": "/work-orders/new",
        "work order, cancel": "/work-orders/{order}/cancel",
        "roles": "/roles",
        "role": "/roles/{role}",
        "role, add": "/roles/new",
        "role, edit": "/roles/{role}/edit",
        "role, archive": "/roles/{held_role}/archive",
        "activity": "/activity",
        "activity, nothing found": "/activity?person=nobody+at+all",
        "review": "/access-review",
        "review, nobody found": "/access-review?q=nobody+at+all",
        "bulk": "/contacts/bulk?contacts={bill}&contacts={wes}",
    },
    "pam": {
        "some properties, home": "/",
        "some properties, client": "/client",
        "some properties, properties": "/properties",
        "some properties, contracts": "/contracts",
        "some properties, property": "/properties/{property}",
    },
    "bill": {
        "billing only, home": "/",
        "billing only, more": "/more",
        "billing only, billing": "/billing",
        "billing only, refused": "/reports 403",
    },
    "rita": {"reports only, home": "/", "reports only, people": "/reports/people"},
    "wes": {"work orders only, home": "/", "work orders only, work orders": "/work-orders"},
}
# The same pages where there is nothing yet.
EMPTY = (
    "",
    "/client",
    "/properties",
    "/contracts",
    "/rfps",
    "/billing",
    "/billing/statement",
    "/reports/people",
)
EMPTY += ("/reports/work-orders", "/reports/spend", "/work-orders", "/activity", "/access-review")
STEPS: dict[str, tuple[Callable[[Stage], Page], tuple[int, ...]]] = {}


def state(name: str, *widths: int):
    """Note a state that takes steps to reach; `widths` where it exists at one only."""

    def note(steps: Callable[[Stage], Page]) -> Callable[[Stage], Page]:
        STEPS[name] = steps, widths or WIDTHS
        return steps

    return note


@pytest.fixture
def estate(stage) -> SimpleNamespace:
    """Something of everything at Acme Estates; gives the ids by name."""
    with stage.writing():
        town, acme = stage.town, stage.town.acme.id
        ours, _ = area_routes.things(town, db.session)
        ours["paid"] = town_billing.build(town).paid
        bare = Property(company_id=acme, name="Emerald Lane", street="1 Emerald Lane", city="York")
        db.session.add(bare)
        db.session.flush()
        places.contract(acme, "Grounds and gardens of everything", town.alpha.id, town.beta.id)
        places.rfp(acme, "Repainting", town.beta.id, answers=("We can start in May.",), status="answered")
        for number in range(3):
            work.ordered(town.wes, f"Door {number} does not close", town.beta, priority="urgent")
        held = Role(company_id=acme, owner=acme, name="Held by some", name_key="held by some")
        held.grants = [RolePermission(permission=Permission.BILLING)]
        db.session.add(held)
        db.session.flush()
        ours |= {"bare": bare.id, "held_role": held.id}
    for name, number in ours.items():
        setattr(stage.town, name, SimpleNamespace(id=number))
    return stage.town


@pytest.mark.parametrize("who", OPENED)
def test_pages(stage, estate, who):
    """UI 10.3: pages that are only opened."""
    window, found = stage.window(getattr(estate, who)), []
    ids = {name: fact.id for name, fact in vars(estate).items()}
    for name, path in OPENED[who].items():
        path, _, status = path.partition(" ")
        answer = window.page.goto(f"/acme{path.format(**ids)}")
        assert answer.status == int(status or 200), name
        found += looked_at(window.page, name)
    assert found == []


def test_pages_with_nothing_on_them(stage):
    """UI 4.11: a company that has only just come."""
    window, found = stage.window(stage.town.stan), []
    with stage.writing():
        db.session.execute(
            db.text("DELETE FROM property_link WHERE company_id = :c"), {"c": stage.town.globex.id}
        )
        db.session.execute(db.text("DELETE FROM property WHERE company_id = :c"), {"c": stage.town.globex.id})
    for path in EMPTY:
        window.page.goto(f"/globex{path}")
        found += looked_at(window.page, f"empty {path.replace('/', ' ')}")
    assert found == []


def menu(page: Page, name: str, entry: str = "") -> Page:
    """Open a row menu and, if one is named, take an entry."""
    page.click(f"[aria-label='Actions for {name}']")
    expect(page.locator(".menu:is(:popover-open, :modal)")).to_be_visible()
    if entry:
        page.click(f".menu:is(:popover-open, :modal) >> text={entry}")
    return page


@state("client, row menu", 1280)
def _(stage):
    return menu(stage.open("mia", "/acme/client/contacts"), "Bill Ing")


@state("client, delete")
def _(stage):
    page = menu(stage.open("mia", "/acme/client/contacts"), "Bill Ing", "Delete")
    expect(page.locator("#dialog")).to_be_visible()
    return page


@state("contacts, ticked")
def _(stage):
    page = stage.open("mia", "/acme/contacts")
    for name in ("Ava Address", "Bill Ing"):
        page.check(f"[aria-label='Tick {name}']")
    return page


@state("contacts, ticked on a phone", 390)
def _(stage):
    page = stage.open("mia", "/acme/contacts", phone=True)
    page.check("[aria-label='Tick Bill Ing']")
    return page


@state("bulk, boxes open")
def _(stage):
    page = stage.open("mia", "/acme/contacts/bulk?contacts={bill}&contacts={wes}")
    for name in ("roles_how", "permissions_how", "places_how"):
        page.check(f"[name={name}][value=add]")
    return page


@state("bulk, nothing chosen")
def _(stage):
    page = stage.open("mia", "/acme/contacts/bulk?contacts={bill}&contacts={wes}")
    page.check("[name=roles_how][value=add]")
    page.click(".savebar .btn.pri")
    expect(page.locator("[role=alert]").first).to_be_visible()
    return page


@state("bulk, preview")
def _(stage):
    page = stage.open("mia", "/acme/contacts/bulk?contacts={bill}&contacts={wes}&contacts={ian}")
    page.check("[name=move][value=deactivate]")
    page.click(".savebar .btn.pri")
    expect(page.locator("h1")).not_to_have_text("Change several contacts")
    return page


@state("copy access")
def _(stage):
    page = stage.open("mia", "/acme/contacts/{nora}/edit?tab=login")
    page.select_option("[name=copy_from]", str(stage.town.pam.id))
    page.click("text=Copy access >> nth=-1")
    expect(page.locator("text=Copied from Pam Propp")).to_be_visible()
    return page


@state("copy access, nobody chosen")
def _(stage):
    page = stage.open("mia", "/acme/contacts/{nora}/edit?tab=login")
    page.click("button:has-text('Copy access')")
    expect(page.locator("text=Choose whose access to copy first")).to_be_visible()
    return page


@state("client, errors")
def _(stage):
    page = stage.open("mia", "/acme/client/edit")
    for name in ("name", "website"):
        page.fill(f"[name={name}]", "" if name == "name" else "no website")
    page.click(".savebar .btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


@state("property, no name")
def _(stage):
    page = stage.open("mia", "/acme/properties/new")
    page.click(".savebar .btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


@state("property, changed meanwhile")
def _(stage):
    page = stage.open("mia", "/acme/properties/{property}/edit")
    with stage.writing():
        db.session.get_one(Property, stage.town.property.id).street = "14 A Very Long Street in the North"
    page.fill("[name=street]", "12 Alpha Street")
    page.click(".savebar .btn.pri")
    expect(page.locator(".compare")).to_be_visible()
    return page


@state("document, refused")
def _(stage):
    page = stage.open("mia", "/acme/properties/{property}")
    page.set_input_files("[type=file]", {"name": "game.exe", "mimeType": "text/plain", "buffer": b"MZ\x90"})
    page.click("text=Attach >> nth=-1")
    expect(page.locator("#documents .error")).to_be_visible()
    return page


@state("document, delete dialog")
def _(stage):
    page = stage.open("mia", "/acme/properties/{property}")
    page.click("[aria-label='Delete plan.pdf']")
    expect(page.locator("#dialog")).to_be_visible()
    return page


@state("report, chart as a table")
def _(stage):
    page = stage.open("mia", "/acme/reports/spend")
    page.click("text=Show as table")
    return page


@state("work orders, filters", 390)
def _(stage):
    page = stage.open("wes", "/acme/work-orders", phone=True)
    page.click("[data-opens=filters]")
    expect(page.locator("#filters")).to_be_visible()
    return page


@state("work order, errors")
def _(stage):
    page = stage.open("wes", "/acme/work-orders/new")
    page.check("[name=priority][value=emergency]")
    page.click(".savebar .btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


def photo() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (400, 300), "#446688").save(kept, "JPEG")
    return kept.getvalue()


@state("work order, photos and a comment")
def _(stage):
    page = stage.open("wes", "/acme/work-orders/new")
    page.fill("[name=title]", "Water drips from the ceiling of the longest corridor")
    sent = {"name": "leak.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    page.set_input_files("[type=file][multiple]", [sent, sent])
    page.click(".savebar .btn.pri")
    expect(page.locator("h1")).to_contain_text("Water drips")
    page.fill("[name=text]", "A bucket stands below.")
    page.click("text=Send comment")
    expect(page.locator("main")).to_contain_text("A bucket stands below.")
    return page


@state("role, menu", 1280)
def _(stage):
    return menu(stage.open("mia", "/acme/roles"), "Held by some")


@state("role, no name")
def _(stage):
    page = stage.open("mia", "/acme/roles/new")
    page.click(".savebar .btn.pri")
    expect(page.locator(".error").first).to_be_visible()
    return page


@state("review, decided")
def _(stage):
    page = stage.open("mia", "/acme/access-review")
    row = page.locator(f"#contact-{stage.town.bill.id}")
    row.locator("button:has-text('Keep')").click()
    expect(row.locator(".decision")).to_have_text("Kept")
    return page


@state("topics, saved")
def _(stage):
    page = stage.open("mia", "/profile")
    page.click("label:has-text('Billing') >> nth=0")
    page.click("text=Save the topics")
    expect(page.locator(".toast")).to_be_visible()
    return page


@state("role, archived meanwhile")
def _(stage):
    with stage.writing():
        db.session.get_one(Role, stage.town.held_role.id).archived_at = now()
    return stage.open("mia", "/acme/roles/{held_role}/edit", 409)


@pytest.mark.parametrize("name", STEPS)
def test_states(stage, estate, name):
    """UI 10.3: states of pages that take some steps."""
    steps, widths = STEPS[name]
    assert looked_at(steps(stage), name, widths) == []


def test_the_bar_over_ticked_contacts_covers_no_box_and_no_menu(stage):
    """UI 10.3.3: on a phone, wherever the list is scrolled to."""
    page = stage.open("mia", "/acme/contacts", phone=True)
    page.check("[aria-label='Tick Bill Ing']")
    shown = page.locator(".ticked .btn:visible")
    expect(shown).to_have_count(1)
    bar = shown.bounding_box()
    box = page.locator("label.tick").last.bounding_box()
    dots = page.locator(".menu-cell .icon-btn").last.bounding_box()
    assert box["x"] + box["width"] <= bar["x"]
    assert bar["x"] + bar["width"] <= dots["x"]


def test_what_a_new_contact_could_do_stands_above_the_save_bar(stage):
    """C13: on a phone one reads it before saving."""
    page = stage.open("mia", "/acme/contacts/new?tab=login", phone=True)
    preview, save = page.locator("#can-do").bounding_box(), page.locator(".savebar").bounding_box()
    assert preview["y"] + preview["height"] <= save["y"]


def test_the_save_bar_is_as_wide_as_the_form(stage):
    """The picture of the edit page: the bar belongs to the form, not to the card at its side."""
    page = stage.open("mia", "/acme/contacts/{bill}/edit")
    for width in (1100, 1280, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        card, bar = (
            page.locator("#details .card").first.bounding_box(),
            page.locator(".savebar").bounding_box(),
        )
        assert abs(card["width"] - bar["width"]) <= 1, width


def test_names_and_badges_of_a_phone_stand_under_each_other(stage):
    """UI 4.3: one edge for all rows, with or without a box, short or long."""
    page = stage.open("mia", "/acme/contacts", phone=True)
    for part in (".badges > :first-child", ".name"):
        edges = page.locator(f"tbody {part}").evaluate_all(
            "(parts) => parts.map((part) => Math.round(part.getBoundingClientRect().left))"
        )
        assert max(edges) - min(edges) <= 2, part


def test_amounts_of_a_phone_stand_beside_the_number(stage, estate):
    """UI 4.3: the amount on top at the right, the badge beneath it."""
    page = stage.open("mia", "/acme/billing", phone=True)
    row = page.locator("tbody tr").first
    name, amount = row.locator(".name").bounding_box(), row.locator(".amount").bounding_box()
    assert amount["y"] < name["y"] + name["height"]
