"""Reports: people and access, work orders, spend by month; cut to the scope (C42, C44, P2, P10)."""

import csv
import html
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from portal import charts
from portal.clock import now
from portal.extensions import db
from portal.models import CompanyArea, Contact, WorkOrder
from tests.statements import counted
from tests.town_billing import allow, build, invoice, today

PAGES = ("people", "work-orders", "spend")
NAMES = re.compile(r'<tr[^>]* id="person-(\d+)"')


def table(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def view_counts(answer) -> dict[str, int]:
    assert answer.status_code == 200
    return {name: int(number) for name, number in re.findall(r'id="count-(\w+)">(\d+)<', answer.text)}


@pytest.fixture
def pam(town, writing):
    """Pam, who sees Alpha only, with reports."""
    with writing():
        allow(town.pam, town.acme.id, "reports")
    return town.pam


@pytest.fixture
def orders(town, writing):
    """At Alpha two done and one requested, at Beta one done, one about no property, one at Globex."""
    facts = [
        (town.acme, town.alpha.id, "done"),
        (town.acme, town.alpha.id, "done"),
        (town.acme, town.alpha.id, "requested"),
        (town.acme, town.beta.id, "done"),
        (town.acme, None, "cancelled"),
        (town.globex, town.delta.id, "done"),
    ]
    with writing():
        for number, (company, place, status) in enumerate(facts, start=1):
            db.session.add(
                WorkOrder(company_id=company.id, number=number, property_id=place, title="x", status=status)
            )


class TestWho:
    """P2, P11: reports opens the reports and nothing else does but admin."""

    @pytest.mark.parametrize("name", ["bill", "wes", "ed", "vic", "pam", "nora"])
    def test_without_reports_nothing_of_them(self, browser, town, name):
        person = browser(getattr(town, name))
        for page in ("", *(f"/{each}" for each in PAGES), *(f"/{each}.csv" for each in PAGES)):
            assert person.get(f"/acme/reports{page}").status_code == 403, page
        assert "/acme/reports" not in person.get("/acme/").text

    @pytest.mark.parametrize("name", ["mia", "max", "rita"])
    def test_with_reports_or_admin(self, browser, town, name):
        person = browser(getattr(town, name))
        for page in ("", *(f"/{each}" for each in PAGES), *(f"/{each}.csv" for each in PAGES)):
            assert person.get(f"/acme/reports{page}").status_code == 200, page

    def test_an_area_that_is_off_is_not_there(self, browser, town, writing):
        with writing():
            db.session.add(CompanyArea(company_id=town.acme.id, area="reports", hidden_by_admin=True))
        for page in ("", *(f"/{each}" for each in PAGES), *(f"/{each}.csv" for each in PAGES)):
            assert browser(town.mia).get(f"/acme/reports{page}").status_code == 404

    def test_names_lead_to_contacts_only_for_those_who_may_open_them(self, browser, town):
        assert "/acme/contacts/" not in browser(town.rita).get("/acme/reports/people").text
        assert (
            f"/acme/contacts/{town.mia.id}" in browser(town.mia).get("/acme/reports/people?group=recent").text
        )


class TestPeople:
    def test_each_person_stands_in_the_group_of_the_last_sign_in(self, browser, town, writing):
        last = {"wes": 89, "ed": 91, "vic": 400}
        with writing():
            for name, days in last.items():
                user = db.session.get(Contact, getattr(town, name).id).user
                user.last_sign_in_at = now() - timedelta(days=days)
        person = browser(town.rita)
        found = {
            group: set(map(int, NAMES.findall(person.get(f"/acme/reports/people?group={group}").text)))
            for group in ("recent", "silent", "never", "unable", "no_property")
        }
        assert found["recent"] == {town.rita.id, town.wes.id}
        assert found["silent"] == {town.ed.id, town.vic.id}
        assert {town.bill.id, town.ann.id} <= found["never"]
        assert found["unable"] == {
            town.abe.id,
            town.ava.id,
            town.eva.id,
            town.oda.id,
            town.ola.id,
            town.ian.id,
        }
        assert found["no_property"] == set()

    def test_who_has_what(self, browser, town):
        rows = {row["Name"]: row for row in table(browser(town.rita).get("/acme/reports/people.csv"))}
        assert rows["Mia Stone"]["Permissions"] == "Admin Access"
        assert rows["Pam Propp"] == {
            "Name": "Pam Propp",
            "Job title": "",
            "Contact type": "Secondary",
            "Authorized user": "Yes",
            "Roles": "Property Manager",
            "Permissions": "View Client",
            "Properties": "1 property",
            "Active": "Yes",
            "Last sign-in": "",
        }
        assert rows["Eva Mail"]["Authorized user"] == "E-mail only"
        assert rows["Ian Idle"]["Active"] == "No"
        assert not {"Stan Ley", "Gus Globe"} & set(rows)

    def test_without_property_is_property_level_with_no_link(self, browser, town, writing):
        with writing():
            db.session.get(Contact, town.nora.id).scope = "property"
            db.session.get(Contact, town.max.id).scope = "property"  # An admin sees everything all the same.
        page = browser(town.rita).get("/acme/reports/people?group=no_property").text
        assert list(map(int, NAMES.findall(page))) == [town.nora.id]

    def test_cut_to_the_scope(self, browser, town, pam):
        """P10: those sharing a property, and client-level ones; Oda at Beta is not known to Pam."""
        names = {row["Name"] for row in table(browser(pam).get("/acme/reports/people.csv"))}
        assert {"Mia Stone", "Ola Alpha", "Una Units", "Pam Propp", "Bill Ing"} <= names
        assert "Oda Beta" not in names
        page = browser(pam).get("/acme/reports/people")
        assert "Oda Beta" not in page.text
        assert view_counts(page)["all"] == len(names)
        assert "You see 1 of 3 properties." in page.text

    def test_only_people_added_in_the_period(self, browser, town, writing):
        with writing():
            db.session.get(Contact, town.abe.id).created_at = datetime(2020, 5, 31, 23, 59, tzinfo=UTC)
            db.session.get(Contact, town.ava.id).created_at = datetime(2020, 6, 1, tzinfo=UTC)
        rows = table(browser(town.rita).get("/acme/reports/people.csv?from=2020-05-01&to=2020-05-31"))
        assert [row["Name"] for row in rows] == ["Abe Book"]

    def test_pages_hold_everybody_once_in_few_statements(self, app, browser, town, writing):
        with writing():
            model = db.session.get(Contact, town.abe.id)
            for number in range(60):
                db.session.add(
                    Contact(
                        company_id=town.acme.id,
                        first_name="Same",
                        last_name="Name",
                        name_key="same name",
                        search_key="",
                        contact_type_id=model.contact_type_id,
                        form_key=f"k{number}",
                    )
                )
        person, seen, address = browser(town.rita), [], "/acme/reports/people"
        while address:
            with counted(app) as statements:
                answer = person.get(address)
            assert len(statements) <= 8, statements
            seen += NAMES.findall(answer.text)
            found = re.search(r'href="([^"]*[?&;]after=[^"]+)"', answer.text)
            address = html.unescape(found[1]) if found else None
        assert len(seen) == len(set(seen)) == view_counts(answer)["all"]
        for bad in ("after=x", "before=W10", "group=nobody", "group=%00"):
            assert person.get(f"/acme/reports/people?{bad}").status_code == 200


class TestWorkOrders:
    def test_by_property_and_status(self, browser, town, orders):
        rows = table(browser(town.rita).get("/acme/reports/work-orders.csv"))
        assert [
            (row["Property"], row["Requested"], row["Done"], row["Cancelled"], row["All"]) for row in rows
        ] == [
            ("Alpha", "1", "2", "0", "3"),
            ("Beta", "0", "1", "0", "1"),
            ("No property", "0", "0", "1", "1"),
        ]
        assert "5 work orders, 3 of them done." in browser(town.rita).get("/acme/reports/work-orders").text

    def test_cut_to_the_scope(self, browser, pam, orders):
        rows = table(browser(pam).get("/acme/reports/work-orders.csv"))
        assert [(row["Property"], row["All"]) for row in rows] == [("Alpha", "3")]
        page = browser(pam).get("/acme/reports/work-orders").text
        assert "3 work orders" in page
        assert "Beta" not in page

    def test_only_what_was_asked_in_the_period(self, browser, town, orders):
        gone = today() - timedelta(days=10)
        assert table(browser(town.rita).get(f"/acme/reports/work-orders.csv?to={gone}")) == []
        assert "No work orders." in browser(town.rita).get(f"/acme/reports/work-orders?to={gone}").text


class TestSpend:
    @pytest.fixture
    def billed(self, town, writing):
        """January to March 2026 at Acme with January 2025; drafts and void ones that count nowhere."""
        facts = [
            (town.acme.id, "S-1", date(2026, 1, 1), town.alpha.id, 10_000, 2_000, "paid"),
            (town.acme.id, "S-2", date(2026, 1, 31), town.beta.id, 20_000, 4_000, "open"),
            (town.acme.id, "S-3", date(2026, 3, 15), None, 5_000, 1_000, "open"),
            (town.acme.id, "S-4", date(2025, 1, 20), town.alpha.id, 7_000, 1_400, "paid"),
            (town.acme.id, "S-5", date(2026, 2, 1), town.alpha.id, 99_900, 0, "void"),
            (town.acme.id, "S-6", date(2026, 2, 1), town.alpha.id, 88_800, 0, "draft"),
            (town.globex.id, "S-7", date(2026, 2, 1), town.delta.id, 77_700, 0, "open"),
        ]
        with writing():
            for company, number, day, place, net, tax, status in facts:
                age = (today() - day).days
                invoice(company, number, "s", age=age, property_id=place, net=net, tax=tax, status=status)

    def read(self, person, **more) -> list[tuple[str, ...]]:
        query = {"from": "2026-01-01", "to": "2026-03-31", **more}
        rows = table(person.get("/acme/reports/spend.csv", query_string=query))
        return [
            (row["Month"], row["Invoices"], row["Net"], row["Tax"], row["Total"], row["Year before"])
            for row in rows
        ]

    def test_month_by_month_beside_the_year_before(self, browser, town, billed):
        assert self.read(browser(town.rita)) == [
            ("2026-01", "2", "300.00", "60.00", "360.00", "84.00"),
            ("2026-02", "0", "0.00", "0.00", "0.00", "0.00"),
            ("2026-03", "1", "50.00", "10.00", "60.00", "0.00"),
        ]
        page = browser(town.rita).get("/acme/reports/spend?from=2026-01-01&to=2026-03-31").text
        assert "£420.00 in all, most of it in January 2026 with £360.00." in page
        assert "Show as table" in page

    def test_of_one_property(self, browser, town, billed):
        found = self.read(browser(town.rita), property=str(town.beta.id))
        assert [row[4] for row in found] == ["240.00", "0.00", "0.00"]
        found = self.read(browser(town.rita), property="none")
        assert [row[4] for row in found] == ["0.00", "0.00", "60.00"]

    def test_cut_to_the_scope(self, browser, town, pam, billed):
        assert [row[4] for row in self.read(browser(pam))] == ["120.00", "0.00", "0.00"]
        hidden = f"/acme/reports/spend.csv?from=2026-01-01&to=2026-03-31&property={town.beta.id}"
        assert browser(pam).get(hidden).status_code == 404  # P11
        assert [row[4] for row in self.read(browser(pam), property="none")] == ["0.00"] * 3
        page = browser(pam).get("/acme/reports/spend?from=2026-01-01&to=2026-03-31").text
        assert "£360.00" not in page
        assert "Beta" not in page

    def test_leap_days(self, browser, town, billed):
        found = self.read(browser(town.rita), **{"from": "2024-02-29", "to": "2024-02-29"})
        assert [row[0] for row in found] == ["2024-02"]

    def test_agrees_with_billing(self, browser, town, writing):
        """The same invoices, the same sums: what was billed in the statement is what was spent."""
        with writing():
            build(town)
        span = f"from={today() - timedelta(days=300)}&to={today()}"
        person = browser(town.mia)
        billed = re.search(
            r">Billed</th><td[^>]*>([^<]+)<", person.get(f"/acme/billing/statement?{span}").text
        )
        assert billed
        assert f"{billed[1]} in all" in person.get(f"/acme/reports/spend?{span}").text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("from=2026-13-01", "is not a day"),
        ("from=2026-05-02&to=2026-05-01", "ends before it begins"),
        ("to=1999-01-01", "is not a day"),
    ],
)
def test_a_period_that_is_none_is_said(browser, town, page, asked, words):
    person = browser(town.rita)
    answer = person.get(f"/acme/reports/{page}?{asked}")
    assert answer.status_code == 422
    assert words in answer.text
    assert "<svg role" not in answer.text
    part = person.get(f"/acme/reports/{page}?{asked}", htmx=True)
    assert (part.status_code, words in part.text) == (422, True)
    sent = person.get(f"/acme/reports/{page}.csv?{asked}")
    assert sent.status_code == 303
    assert person.get(sent.location).status_code == 422


@pytest.mark.parametrize("page", PAGES)
def test_few_statements_however_many_rows(app, browser, town, pam, orders, writing, page):
    person = browser(pam)
    person.get(f"/acme/reports/{page}")
    with counted(app) as few:
        person.get(f"/acme/reports/{page}")
    with writing():
        for number in range(30):
            place = town.alpha.id
            invoice(town.acme.id, f"M-{number}", "m", age=number * 9, property_id=place)
            db.session.add(
                WorkOrder(company_id=town.acme.id, number=100 + number, property_id=place, title="y")
            )
    with counted(app) as many:
        person.get(f"/acme/reports/{page}")
    assert len(few) == len(many) <= 8


class TestChart:
    def test_bars_are_as_high_as_their_share_of_the_scale(self):
        drawn = charts.chart("x", [("a", "A"), ("b", "B")], [("s", [40, 10])], str)
        assert drawn.steps == ["40", "30", "20", "10", "0"]
        assert [bar.height for bar in drawn.bars] == [160, 40]
        assert drawn.rows == [("A", "40"), ("B", "10")]

    @pytest.mark.parametrize(
        ("most", "top"), [(0, 4), (4, 4), (5, 8), (9, 20), (41, 80), (100, 100), (101, 200), (401, 800)]
    )
    def test_the_scale_is_whole_and_reaches_the_highest(self, most, top):
        assert charts.chart("x", [("a", "A")], [("s", [most])], str).steps[0] == str(top)

    def test_nothing_lies_outside(self):
        values = [0, 7, 123_456, -5]
        drawn = charts.chart(
            "x", [(str(n), str(n)) for n in values], [("s", values), ("t", values)], str, least=100
        )
        for bar in drawn.bars:
            assert 0 <= bar.x <= drawn.width - drawn.bar
            assert 0 <= bar.y <= drawn.height
            assert bar.y + bar.height == pytest.approx(drawn.height)

    def test_never_more_than_twelve_names(self):
        drawn = charts.chart("x", [(str(n), str(n)) for n in range(37)], [("s", list(range(37)))], str)
        assert len([name for name in drawn.names if name]) <= 12
        assert len(drawn.rows) == 37
