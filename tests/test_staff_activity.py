"""The activity over all clients: who may see it, what the filters leave, paged, as CSV (behaviour S7)."""

import csv
import io
import re

import pytest
from sqlalchemy import text

from portal import audit
from portal.extensions import db
from portal.models import Activity
from portal.policy import SYSTEM, Actor
from portal.queries.staff import activity as listing
from tests.statements import counted

PAGE = "/staff/activity"


def sentences(page: str) -> list[str]:
    return [" ".join(re.sub("<[^>]+>", " ", each).split()) for each in re.findall(r"<div><p>(.*?)</p>", page)]


@pytest.fixture
def done(town, browser, on_duty, writing):
    """Something by everybody: at Acme, at Globex, by staff in both, of the vendor's own, and refused."""
    browser(town.mia).post(f"/acme/contacts/{town.ava.id}/authorize")
    browser(town.stan).post(f"/globex/contacts/{town.gus.id}/deactivate")
    browser(town.ed).post(f"/acme/contacts/{town.ava.id}/delete")
    tom, sue = on_duty(town.tom), on_duty(town.sue)
    sue.post("/staff/people/new", {"name": "Neo Lin", "email": "neo@alder.example", "role": "support"})
    with writing():
        user_id = db.session.execute(text("SELECT portal_user_id FROM contact WHERE first_name = 'Bill'"))
        user_id = user_id.scalar_one()
    tom.post(f"/staff/portal-users/{user_id}/sign-out")
    return sue


class TestFilters:
    """S7: who, what, at which client and when; each narrows, and nothing of a client is left out."""

    AVA = "Mia Stone authorized Ava Address"
    GUS = "Stan Ley deactivated Gus Globe"
    NEO = "Sue Marsh of Alder Services added Neo Lin to the staff Staff"
    BILL = "Tom Reyes of Alder Services signed Bill Ing out everywhere Staff"
    DELETE = "Ed Itor was refused: delete Ava Address"
    ALL = frozenset((AVA, GUS, NEO, BILL, DELETE))

    def test_leave_what_fits(self, town, done):
        tables = {
            "": self.ALL,
            "client=globex": {self.GUS},
            "client=GLOB": {self.GUS},
            "client=Acme+Estates": {self.AVA, self.BILL, self.DELETE},
            "client=nobody": set(),
            "kind=vendor": {self.NEO},
            "kind=access": {self.AVA, self.GUS},
            "kind=refused": {self.DELETE},
            "kind=staff": {self.NEO, self.BILL},
            "kind=rights": set(),
            "who=clients": {self.AVA, self.GUS, self.DELETE},
            "who=staff": {self.NEO, self.BILL},
            f"who=staff-{town.tom.id}": {self.BILL},
            "who=staff-99": self.ALL,
            "person=ava": {self.AVA, self.DELETE},
            "person=authorized+ava": {self.AVA},
            "person=%25": set(),
            "person=mia&client=globex": set(),
            "from=2020-01-01": self.ALL,
            "to=2020-01-01": set(),
        }
        for htmx in (False, True):
            for query, expected in tables.items():
                page = done.get(f"{PAGE}?{query}", htmx=htmx).text
                assert {each for each in sentences(page) if each in self.ALL} == expected, query

    def test_says_where_it_was_and_from_where(self, done):
        page = done.get(f"{PAGE}?client=globex&kind=access").text
        assert re.search(
            r'href="/staff/activity\?client=globex">Globex</a>, from 127.0.0.1, request \w+', page
        )
        vendor = done.get(f"{PAGE}?kind=vendor").text
        assert "The vendor, from 127.0.0.1" in vendor

    def test_says_once_who_did_something_about_oneself(self, done):
        assert "Sue Marsh of Alder Services signed in Staff" in sentences(done.get(PAGE).text)

    def test_every_kind_shows_every_row_once(self, done, reading):
        """What belongs to no kind is found under "Everything else"."""
        with reading():
            every = set(db.session.scalars(db.select(Activity.id).where(Activity.result == "done")))
        kinds = ("contacts", "access", "rights", "properties", "work_orders", "invoices", "company", "other")
        found = [
            int(each)
            for kind in kinds
            for each in re.findall(r'id="event-(\d+)"', done.get(f"{PAGE}?kind={kind}").text)
        ]
        assert sorted(found) == sorted(every)

    def test_csv_is_what_the_page_shows(self, done):
        answer = done.get(f"{PAGE}/export?client=globex&kind=access")
        header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))
        assert header[:5] == ["Client", "When", "Who", "What", "Whom"]
        assert [[row[0], *row[2:5]] for row in rows if row[2] == "Stan Ley" and row[4]] == [
            ["Globex", "Stan Ley", "deactivated", "Gus Globe"]
        ]
        assert done.get(f"{PAGE}/export?from=tomorrow").status_code == 422
        assert 'role="alert"' in done.get(f"{PAGE}?from=tomorrow").text


class TestMany:
    """Keyset paging, in a bounded number of statements, by the index."""

    def test_every_row_stands_on_one_page(self, app, town, on_duty, writing):
        words = ("authorized", "deactivated", "activated")
        with writing():
            for number in range(120):
                by = Actor("system", f"Robot {number}")
                audit.record(words[number % 3], by=by, company_id=(town.acme, town.globex)[number % 2].id)
        tom = on_duty(town.tom)
        for query in ("?who=system", "?kind=access&person=robot"):
            path, seen = PAGE + query, []
            while path:
                with counted(app) as statements:
                    page = tom.get(path).text
                assert len(statements) <= 9
                seen.append([int(each) for each in re.findall(r'id="event-(\d+)"', page)])
                onwards = re.search(r'rel="next" href="([^"]+)"', page)
                path = onwards[1].replace("&amp;", "&") if onwards else ""
            assert [len(each) for each in seen] == [50, 50, 20]
            flat = [each for page in seen for each in page]
            assert flat == sorted(set(flat), reverse=True)
            back = re.search(
                r'rel="prev" href="([^"]+)"', tom.get(f"{PAGE}{query}&before={seen[1][-1]}").text
            )
            again = re.findall(r'id="event-(\d+)"', tom.get(back[1].replace("&amp;", "&")).text)
            assert [int(each) for each in again] == seen[1]

    @pytest.mark.sqlite_only
    def test_no_page_reads_the_whole_table(self, reading, town):
        staff = Actor("staff", "Sue", staff_id=town.sue.id, staff_role="administrator")
        wishes = [
            listing.Narrower(listing.Wish(older=7)),
            listing.Narrower(listing.Wish(), who="system"),
            listing.Narrower(listing.Wish(), staff_id=town.sue.id),
            listing.Narrower(listing.Wish(), client="globex"),
            listing.Narrower(listing.Wish(kind="refused")),
        ]
        with reading():
            for wish in wishes:
                query = listing._matching(staff, wish).order_by(Activity.id.desc()).limit(51)
                sql = query.compile(db.engine, compile_kwargs={"literal_binds": True})
                plan = [row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
                assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_system_is_nobody_of_a_client(town, on_duty, writing):
    with writing():
        audit.record("cleaned up", by=SYSTEM)
    page = on_duty(town.tom).get(f"{PAGE}?who=system").text
    assert sentences(page) == ["Gatehouse cleaned up"]
