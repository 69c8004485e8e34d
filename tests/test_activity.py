"""The activity of a company: complete, in words, filtered, paged, as CSV, and never rewritten (C32, L10)."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal import audit, demo
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, CompanyArea, Contact
from portal.models.keys import refresh
from portal.policy import SYSTEM, Actor
from portal.transaction import transaction
from tests.statements import counted

PAGE = "/acme/activity"
EVENT = re.compile(r'id="event-(\d+)"')


def events(page: str) -> list[int]:
    return [int(each) for each in EVENT.findall(page)]


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def note(company_id: int, what: str = "edited", **facts) -> Activity:
    by = facts.pop("by", SYSTEM)
    at = facts.pop("at", None)
    row = audit.record(what, by=by, company_id=company_id, **facts)
    if at is not None:
        row.at = at
    db.session.flush()
    return row


class TestWhoMay:
    """C32: admins of the company; nobody else, and nobody of another company."""

    @pytest.mark.parametrize("person", ["bill", "rita", "wes", "ed", "vic", "pam", "nora"])
    @pytest.mark.parametrize("path", [PAGE, f"{PAGE}/export"])
    def test_others_are_told_whom_to_ask(self, browser, town, person, path):
        assert browser(getattr(town, person)).get(path).status_code == 403

    @pytest.mark.parametrize("path", [PAGE, f"{PAGE}/export"])
    def test_foreign_admins_find_nothing(self, browser, town, path):
        assert browser(town.stan).get(path).status_code == 404

    def test_a_stranger_signs_in_first(self, browser, town):
        assert "/sign-in" in browser().get(PAGE).location

    def test_the_menu_leads_there_for_admins_only(self, browser, town):
        assert f'href="{PAGE}"' in browser(town.max).get("/acme/").text
        assert f'href="{PAGE}"' not in browser(town.vic).get("/acme/").text


def test_of_an_area_that_is_off_nothing_is_read(browser, on_duty, town, writing):
    """S6, C44: neither on the page nor as CSV, whether done or refused; the staff read it all the same."""
    told = {
        "billing": ("issued", "recorded a payment for", "attached a PDF to", "record a payment"),
        "contracts": ("changed the contract", "attached a document to"),
        "work_orders": ("asked for", "cancelled", "cancel a work order"),
    }
    with writing():
        for area, deeds in told.items():
            for what in deeds:
                note(town.acme.id, what, about=f"zq{area}")
        note(town.acme.id, "linked the properties of", about="zqstays")
    mia, sue, off = browser(town.mia), on_duty(town.sue), set()
    for area in (None, *told):
        if area:
            off.add(area)
            with writing():
                db.session.add(CompanyArea(company_id=town.acme.id, area=area, off_by_staff=True))
        for address in (PAGE, f"{PAGE}/export"):
            read, all_of_it = mia.get(address).text, sue.get(f"/staff/clients{address}").text
            assert {each for each in told if f"zq{each}" in read} == set(told) - off, address
            assert {each for each in told if f"zq{each}" in all_of_it} == set(told), address
            assert "zqstays" in read


class TestWhatItSays:
    def test_a_change_stands_there_with_before_and_after_in_words(self, browser, town):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.ola.id}/properties", {"scope": "client"})
        page = mia.get(PAGE).text
        assert "Mia Stone authorized Ava Address" in page
        assert re.search(r"<b>Portal access</b>\s+No\s.*?Yes\s", page, re.DOTALL)
        assert re.search(r"<b>Level</b>\s+Property Level\s.*?Client Level\s", page, re.DOTALL)
        assert page.index("linked the properties of Ola Alpha") < page.index("authorized Ava Address")

    def test_permissions_are_called_as_on_their_switches(self, browser, town, writing):
        with writing():
            note(town.acme.id, changes={"Permissions": ("", "billing, work_orders")})
        page = browser(town.mia).get(PAGE).text
        assert "Access Billing, Create Work Order" in page
        # What there was nothing of before is said alone.
        assert re.search(r"<b>Permissions</b>\s+Access Billing, Create Work Order\s+</li>", page)

    def test_a_refusal_stands_there_with_its_reason(self, browser, town):
        browser(town.ed).post(f"/acme/contacts/{town.ava.id}/delete")
        page = browser(town.mia).get(f"{PAGE}?kind=refused").text
        assert "Ed Itor was refused: delete Ava Address" in page
        assert "Your role does not include this." in page

    def test_what_was_refused_is_said_in_words(self, browser, town):
        """C32: also where it was no move of a contact."""
        browser(town.wes).post("/acme/roles/new", {"name": "Keepers"})
        page = browser(town.mia).get(f"{PAGE}?kind=refused").text
        assert "Wes Order was refused: add a role" in page

    def test_what_staff_did_is_marked(self, browser, town, writing):
        with writing():
            note(town.acme.id, by=Actor(kind="staff", name="Sue Marsh", company_id=town.acme.id))
        page = browser(town.mia).get(f"{PAGE}?kind=staff").text
        assert "Sue Marsh edited" in page
        assert ">Staff<" in page

    def test_names_are_no_markup(self, browser, town, writing):
        with writing():
            note(town.acme.id, changes={"Notes": ("<i>a</i>", "<b>b</b>")}, reason="<u>why</u>")
        page = browser(town.mia).get(PAGE).text
        assert "&lt;i&gt;a&lt;/i&gt;" in page
        assert "<u>why</u>" not in page

    def test_days_are_those_of_the_vendor(self, app, browser, town, writing):
        app.config["TIME_ZONE"] = "Pacific/Auckland"
        with writing():
            note(town.acme.id, at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
        page = browser(town.mia).get(f"{PAGE}?from=2026-03-02&to=2026-03-02").text
        assert "Monday 2 March 2026" in page
        assert ">01:30<" in page
        assert events(browser(town.mia).get(f"{PAGE}?to=2026-03-01").text) == []

    def test_nothing_of_another_company(self, browser, town, writing):
        with writing():
            theirs = note(town.globex.id, "marked-globex").id
        for path in (PAGE, f"{PAGE}/export", f"{PAGE}?person=marked", f"{PAGE}?contact={town.stan.id}"):
            page = browser(town.mia).get(path).text
            assert "marked-globex" not in page
            assert theirs not in events(page)
            assert town.stan.name not in page

    def test_the_page_of_a_contact_leads_to_its_own_part(self, browser, town):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.ola.id}/deactivate")
        path = f"{PAGE}?contact={town.ava.id}"
        assert f'href="{path}"' in mia.get(f"/acme/contacts/{town.ava.id}").text
        page = mia.get(path).text
        assert "authorized Ava Address" in page
        assert "Ola Alpha" not in page
        assert path not in browser(town.ed).get(f"/acme/contacts/{town.ava.id}").text


class TestFilters:
    @pytest.fixture
    def done(self, app, town, browser):
        """Mia works on Ava and Ola, Max on Oda."""
        mia, max_ = browser(town.mia), browser(town.max)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.ola.id}/properties", {"scope": "client"})
        max_.post(f"/acme/contacts/{town.oda.id}/deactivate")
        return mia

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("person=ava", {"Ava"}),
            ("person=AVA%20addr", {"Ava"}),
            ("person=max", {"Oda"}),
            ("person=stone", {"Ava", "Ola"}),
            ("person=%25", set()),
            ("person=_", set()),
            ("kind=access", {"Ava", "Oda"}),
            ("kind=properties", {"Ola"}),
            ("kind=rights", set()),
            ("kind=no-such-kind", {"Ava", "Ola", "Oda"}),
            ("kind=access&person=mia", {"Ava"}),
            ("from=2020-01-01", {"Ava", "Ola", "Oda"}),
            ("to=2020-01-01", set()),
            ("before=-3", {"Ava", "Ola", "Oda"}),
            ("before=99999999999999999999", {"Ava", "Ola", "Oda"}),
            ("contact=x", {"Ava", "Ola", "Oda"}),
        ],
    )
    def test_leave_what_fits(self, done, query, expected):
        page = done.get(f"{PAGE}?{query}", htmx=True).text
        sentences = re.findall(r"<p>((?:Mia|Max) [^<]+)</p>", page)
        assert {name for name in ("Ava", "Ola", "Oda") if any(f"{name} " in each for each in sentences)} == (
            expected
        )

    def test_a_person_is_found_by_the_name_of_today_too(self, done, town, writing):
        with writing():
            contact = db.session.get_one(Contact, town.ava.id)
            contact.last_name = "Żółw"
            refresh(contact)
        assert "authorized Ava Address" in done.get(f"{PAGE}?person=zołw").text

    @pytest.mark.parametrize("days", ["from=yesterday", "to=2026-02-30", "from=2026-05-02&to=2026-05-01"])
    def test_days_that_make_no_sense_are_answered_with_a_sentence(self, done, days):
        answer = done.get(f"{PAGE}?{days}")
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text
        assert events(answer.text) == []
        assert done.get(f"{PAGE}/export?{days}").status_code == 422

    def test_today_is_inside_its_own_day(self, done):
        day = now().date().isoformat()
        assert len(events(done.get(f"{PAGE}?from={day}&to={day}&person=mia").text)) == 2

    def test_htmx_gets_the_list_alone(self, done):
        part = done.get(PAGE, htmx=True).text
        assert part.lstrip().startswith('<div id="list"')
        assert "<html" not in part


class TestPaging:
    MANY = 120

    @pytest.fixture
    def many(self, town, writing):
        with writing():
            for number in range(self.MANY):
                note(town.acme.id, "counted", by=Actor("system", f"Robot {number}"))

    def test_every_row_stands_on_one_page(self, browser, town, many):
        mia, path, seen = browser(town.mia), f"{PAGE}?person=robot", []
        while path:
            page = mia.get(path).text
            seen.append(events(page))
            path = link(page, "next")
        assert [len(each) for each in seen] == [50, 50, 20]
        flat = [each for page in seen for each in page]
        assert flat == sorted(set(flat), reverse=True)

    def test_the_way_back_is_the_same(self, browser, town, many):
        mia = browser(town.mia)
        first = mia.get(f"{PAGE}?person=robot").text
        second = mia.get(link(first, "next")).text
        assert events(mia.get(link(second, "prev")).text) == events(first)
        assert link(first, "prev") is None

    def test_a_page_beyond_the_end_says_so(self, browser, town):
        assert "Nothing on this page" in browser(town.mia).get(f"{PAGE}?before=1").text

    def test_at_most_eight_statements_however_many_rows(self, app, browser, town, many):
        mia = browser(town.mia)
        mia.get(PAGE)
        with counted(app) as few:
            mia.get(f"{PAGE}?person=nobody")
        with counted(app) as full:
            mia.get(f"{PAGE}?person=robot")
        assert len(full) == len(few) <= 8


class TestCsv:
    def test_holds_what_the_filters_leave_in_words(self, browser, town):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.ola.id}/deactivate")
        answer = mia.get(f"{PAGE}/export?person=ava")
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=acme-activity-")
        header, *rows = rows_of(answer)
        assert header[:4] == ["When", "Who", "What", "Whom"]
        assert [row[1:4] + row[6:7] for row in rows] == [
            ["Mia Stone", "authorized", "Ava Address", "Portal access: No → Yes"]
        ]

    def test_no_cell_is_a_formula(self, browser, town, writing):
        with writing():
            note(town.acme.id, "counted", by=Actor("system", "=1+1"), reason="@SUM(A1)")
        row = rows_of(browser(town.mia).get(f"{PAGE}/export?person=1%2B1"))[1]
        assert (row[1], row[5]) == ("'=1+1", "'@SUM(A1)")

    def test_leads_from_the_page_with_the_same_filters(self, browser, town):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        page = mia.get(f"{PAGE}?person=ava&kind=access").text
        assert f'href="{PAGE}/export?person=ava&amp;kind=access"' in page

    def test_a_reader_changes_nothing_by_it(self, browser, town, reading):
        mia = browser(town.mia)
        with reading():
            before = db.session.scalar(db.select(db.func.max(Activity.id)))
        mia.get(f"{PAGE}/export")
        with reading():
            assert db.session.scalar(db.select(db.func.max(Activity.id))) == before


class TestOnlyAddedTo:
    """T92: what is written stays, whoever asks the database."""

    CHANGES = (
        "UPDATE activity SET actor_name = 'Nobody'",
        "UPDATE activity SET result = 'done' WHERE result = 'refused'",
        "DELETE FROM activity",
    )

    @pytest.fixture
    def written(self, town, writing):
        with writing():
            note(town.acme.id, result="refused", reason="before the demo")

    @staticmethod
    def refused(app, statement: str) -> bool:
        with app.app_context():
            try:
                with transaction(write=True):
                    db.session.execute(text(statement))
            except DBAPIError as error:
                return "only ever added to" in str(error)
        return False

    @pytest.mark.parametrize("statement", CHANGES)
    def test_rows_are_neither_changed_nor_removed(self, app, written, statement):
        assert self.refused(app, statement)

    @pytest.mark.postgresql_only
    def test_nor_all_at_once(self, app, written):
        assert self.refused(app, "TRUNCATE activity CASCADE")

    def test_a_row_that_was_read_cannot_be_rewritten(self, app, written):
        with app.app_context(), pytest.raises(DBAPIError), transaction(write=True):
            self.rewrite()

    @staticmethod
    def rewrite() -> None:
        row = db.session.scalars(db.select(Activity).order_by(Activity.id.desc()).limit(1)).one()
        row.actor_name = "Nobody"

    def test_the_demo_begins_anew_and_locks_it_again(self, app, written):
        with app.app_context(), transaction(write=True):
            demo.make()
            audit.record("began anew", by=SYSTEM)
        with app.app_context(), transaction(write=False):
            assert "before the demo" not in set(db.session.scalars(db.select(Activity.reason)))
        for statement in ("UPDATE activity SET actor_name = 'Nobody'", "DELETE FROM activity"):
            assert self.refused(app, statement)
