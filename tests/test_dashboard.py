"""The first page: only what this reader may use, cut to the scope, in few statements (C33, C44, P11)."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.clock import now, today
from portal.extensions import db
from portal.models import CompanyArea, Contact, ContactPermission, ContactRole, Invoice, WorkOrder
from portal.templating import day_greeting
from tests.statements import counted

HOME = "/acme/"
TILE = re.compile(
    r'class="card tile" href="([^"]+)".*?<span>([^<]+)</span></span>\s*'
    r'<span class="big-number">([^<]+)</span><span class="sub">([^<]+)</span>',
    re.DOTALL,
)


def tiles(page: str) -> dict[str, tuple[str, str]]:
    return {label: (number, line) for _, label, number, line in TILE.findall(page)}


def invoice(company_id: int, number: str, owed: int, due: date, **facts) -> None:
    facts = {"issued_on": due - timedelta(days=30), "status": "open", "net": owed} | facts
    db.session.add(Invoice(company_id=company_id, number=number, title="Work", due_on=due, **facts))


def order(company_id: int, number: int, **facts) -> None:
    db.session.add(WorkOrder(company_id=company_id, number=number, title="Work", **facts))


@pytest.fixture
def business(town, writing):
    """Invoices and work orders of Acme at Alpha, at Beta and at none, and of Globex."""
    with writing():
        day, acme = today(), town.acme.id
        invoice(acme, "A1", 10_000, day + timedelta(days=9), property_id=town.alpha.id)
        invoice(acme, "A2", 2_500, day - timedelta(days=1), property_id=town.beta.id)
        invoice(acme, "A3", 400, day + timedelta(days=20), paid=150)
        invoice(acme, "A4", 77_700, day, status="draft")
        invoice(acme, "A5", 88_800, day, status="void")
        invoice(acme, "A6", 99_900, day, status="paid", paid=99_900)
        invoice(town.globex.id, "G1", 5_000_000, day)
        order(acme, 1, property_id=town.alpha.id, status="scheduled", visit_on=day)
        order(acme, 2, property_id=town.beta.id)
        order(acme, 3)
        order(acme, 4, status="done")
        order(acme, 5, status="cancelled")
        order(town.globex.id, 1)


class TestTiles:
    """Each tile is there for whom the right opens it, and for nobody else."""

    @pytest.mark.parametrize(
        ("person", "expected"),
        [
            (
                "mia",
                {
                    "Open work orders",
                    "Amount due",
                    "Contacts",
                    "Pending invitations",
                    "Properties",
                    "Spend this month",
                },
            ),
            ("bill", {"Amount due"}),
            ("rita", {"Spend this month"}),
            ("wes", {"Open work orders"}),
            ("ed", {"Contacts"}),
            ("vic", {"Contacts", "Properties"}),
            ("nora", set()),
        ],
    )
    def test_follow_the_rights(self, browser, town, business, person, expected):
        someone = browser(getattr(town, person))
        page = someone.get(HOME)
        assert page.status_code == 200
        assert set(tiles(page.text)) == expected
        for href, *_ in TILE.findall(page.text):
            assert someone.get(href.replace("&amp;", "&")).status_code == 200

    def test_say_what_there_is(self, browser, town, business):
        found = tiles(browser(town.mia).get(HOME).text)
        assert found["Open work orders"] == ("3", "1 visit today")
        assert found["Amount due"] == ("£127.50", "£25.00 is overdue")
        assert found["Contacts"][0] == "22"
        assert found["Pending invitations"] == ("2", "1 needs attention")
        assert found["Properties"] == ("3", "1 without an active contact")

    def test_say_when_the_next_is_due(self, browser, town, business, writing):
        with writing():
            db.session.execute(db.delete(Invoice).where(Invoice.number == "A2"))
        day = today_in(browser) + timedelta(days=9)
        found = tiles(browser(town.bill).get(HOME).text)
        assert found["Amount due"] == ("£102.50", f"next due {day.day} {day:%b %Y}")

    def test_are_cut_to_the_scope(self, browser, town, business, writing):
        with writing():
            for box in ("billing", "work_orders", "reports"):
                grant(town.pam.id, town.acme.id, box)
        page = browser(town.pam).get(HOME).text
        found = tiles(page)
        assert found["Open work orders"] == ("1", "1 visit today")
        assert found["Amount due"][0] == "£100.00"
        assert found["Properties"] == ("1", "each has an active contact")
        assert "You see 1 of 3 properties." in page

    def test_go_with_an_area_that_is_off(self, browser, town, business, writing):
        with writing():
            db.session.add(CompanyArea(company_id=town.acme.id, area="billing", off_by_staff=True))
            db.session.add(CompanyArea(company_id=town.acme.id, area="properties", hidden_by_admin=True))
        assert not {"Amount due", "Properties"} & set(tiles(browser(town.mia).get(HOME).text))


def today_in(browser) -> date:
    with browser().client.application.app_context():
        return today()


def grant(contact_id: int, company_id: int, permission: str) -> None:
    db.session.add(ContactPermission(company_id=company_id, contact_id=contact_id, permission=permission))


class TestWhatNeedsAttention:
    def test_expired_and_failed_invitations_with_a_way_out(self, browser, town, writing):
        page = browser(town.mia).get(HOME).text
        assert "Invitations that need attention" in page
        assert f"/acme/contacts/{town.exa.id}/resend" in page
        assert f"/acme/contacts/{town.ann.id}/resend" not in page

    def test_sent_again_from_here_it_is_gone(self, browser, town):
        mia = browser(town.mia)
        answer = mia.post(f"/acme/contacts/{town.exa.id}/resend", {"back": HOME})
        assert (answer.status_code, answer.location) == (303, HOME)
        assert "Invitations that need attention" not in mia.get(HOME).text

    @pytest.mark.parametrize("person", ["ed", "vic", "bill"])
    def test_is_for_admins(self, browser, town, person):
        page = browser(getattr(town, person)).get(HOME).text
        assert "need attention" not in page
        assert town.exa.name not in page

    def test_authorized_users_lead_to_edit(self, browser, town):
        page = browser(town.mia).get(HOME).text
        assert f'href="/acme/contacts/{town.bill.id}/edit"' in page
        assert "Add Authorized User" in page
        assert "Add Authorized User" not in browser(town.vic).get(HOME).text


class TestSettingUp:
    def test_a_new_company_is_told_how_to_begin(self, browser, town, writing):
        with writing():
            db.session.get_one(Contact, town.duo_globex.id).deactivated_at = now()
        page = browser(town.stan).get("/globex/").text
        assert "Set up your portal" in page
        assert page.count('class="visually-hidden">Done: ') == 4
        assert re.search(r'<a class="link" href="/globex/contacts">Make a second person an admin</a>', page)

    def test_not_once_it_is_done(self, browser, town):
        assert "Set up your portal" not in browser(town.stan).get("/globex/").text

    def test_is_for_admins(self, browser, town, writing):
        with writing():
            db.session.get_one(Contact, town.duo_globex.id).deactivated_at = now()
            db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == town.stan.id))
            grant(town.stan.id, town.globex.id, "view_client")
        assert "Set up your portal" not in browser(town.stan).get("/globex/").text

    def test_nor_for_a_company_with_many_people(self, browser, town):
        assert "Set up your portal" not in browser(town.mia).get(HOME).text


class TestStatements:
    @pytest.mark.parametrize("person", ["mia", "vic", "pam", "bill", "nora"])
    def test_at_most_eight_however_much_there_is(self, app, browser, town, writing, person):
        someone = browser(getattr(town, person))
        someone.get(HOME)
        with counted(app) as few:
            someone.get(HOME)
        with writing():
            for number in range(30):
                invoice(town.acme.id, f"N{number}", 100, today(), property_id=town.alpha.id)
                order(town.acme.id, 100 + number, property_id=town.alpha.id)
        with counted(app) as full:
            someone.get(HOME)
        assert len(few) == len(full) <= 8


@pytest.mark.parametrize(
    ("hour", "words"),
    [(hour, "morning") for hour in (4, 11)]
    + [(hour, "afternoon") for hour in (12, 17)]
    + [(hour, "evening") for hour in (0, 3, 18, 23)],
)
def test_the_greeting_fits_the_hour(app, hour, words):
    with app.app_context():
        assert day_greeting(datetime(2026, 11, 22, hour, tzinfo=UTC)) == f"Good {words}"


def test_the_menu_as_a_page_is_one_place_alone(browser, town):
    bar = browser(town.mia).get("/acme/more").text.partition('class="tabbar"')[2].partition("</nav>")[0]
    assert bar.count('aria-current="page"') == 1
