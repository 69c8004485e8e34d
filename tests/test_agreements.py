"""Contracts and RFPs: lists by status, search, pages, and how far each reader sees (C40, C44, P10, P11)."""

import re
from datetime import date, timedelta

import pytest

from portal.clock import today
from portal.extensions import db
from portal.models import Area, CompanyArea
from portal.queries.agreements import standing
from tests import places
from tests.statements import counted

ROW = {"contracts": re.compile(r'id="contract-(\d+)"'), "rfps": re.compile(r'id="rfp-(\d+)"')}
DAY = timedelta(days=1)


def listed(person, area: str, query: str = "", *, htmx: bool = False) -> set[int]:
    answer = person.get(f"/acme/{area}?{query}", htmx=htmx)
    assert answer.status_code == 200
    return {int(each) for each in ROW[area].findall(answer.text)}


@pytest.fixture
def made(app, town, writing):
    """Contracts and RFPs: of Alpha, of Beta, of both, of the whole client, and of another company."""
    with app.app_context():
        day = today()
    alpha, beta = town.alpha.id, town.beta.id
    with writing():
        return {
            "contracts": {
                "alpha": places.contract(town.acme.id, "Lifts", alpha, starts_on=day, ends_on=day),
                "beta": places.contract(town.acme.id, "Gardens", beta, starts_on=day + DAY),
                "both": places.contract(town.acme.id, "Cleaning", alpha, beta, ends_on=day - DAY),
                "whole": places.contract(town.acme.id, "Security", yearly_value=127_860, summary="At night."),
                "foreign": places.contract(town.globex.id, "Secret", town.delta.id),
            },
            "rfps": {
                "alpha": places.rfp(town.acme.id, "Roof", alpha, answers=("We can.",), status="answered"),
                "beta": places.rfp(town.acme.id, "Doors", beta),
                "both": places.rfp(town.acme.id, "Lamps", alpha, beta, status="accepted"),
                "whole": places.rfp(town.acme.id, "Paint", scope_of_work="All <b>walls</b>."),
                "foreign": places.rfp(town.globex.id, "Hidden", town.delta.id),
            },
        }


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [(0, 0, "active"), (0, None, "active"), (-9, 0, "active"), (1, 9, "upcoming"), (-9, -1, "ended")],
)
def test_where_a_contract_stands_follows_from_its_days(start, end, word):
    """The first and the last day belong to the term."""
    day = date(2026, 11, 21)
    row = places.Contract(starts_on=day + start * DAY, ends_on=None if end is None else day + end * DAY)
    assert standing(row, day) == word


@pytest.mark.parametrize("area", ["contracts", "rfps"])
class TestScope:
    """C44: what covers one of the reader's properties; what has no property is client-level."""

    def test_client_scope_sees_the_companys(self, browser, town, made, area):
        own = {made[area][name] for name in ("alpha", "beta", "both", "whole")}
        for who in (town.mia, town.vic):
            assert listed(browser(who), area) == own
            assert listed(browser(who), area, htmx=True) == own

    def test_property_scope_sees_what_covers_its_properties(self, browser, town, made, area):
        person = browser(town.pam)
        assert listed(person, area) == {made[area]["alpha"], made[area]["both"]}
        text = person.get(f"/acme/{area}").text
        assert "You see 1 of 3 properties." in text
        # All but those two stay uncounted.
        assert re.search(r'id="count-all">2<', text)
        # The one for Alpha and Beta is, to Pam, about one property.
        assert "2 properties" not in text
        assert "2 properties" in browser(town.mia).get(f"/acme/{area}").text
        for name in ("alpha", "both"):
            page = person.get(f"/acme/{area}/{made[area][name]}").text
            assert "Alpha" in page
            assert "Beta" not in page

    def test_out_of_scope_and_foreign_are_not_there(self, browser, town, made, area):
        for who, names in ((town.pam, ("beta", "whole", "foreign")), (town.mia, ("foreign",))):
            person = browser(who)
            for name in names:
                address = f"/acme/{area}/{made[area][name]}"
                assert person.get(address).status_code == 404
                assert person.post(f"{address}/documents").status_code == 404

    def test_without_the_right_it_is_forbidden(self, browser, town, made, area):
        """P2."""
        for who in (town.bill, town.rita, town.wes, town.ed, town.nora, town.una):
            person = browser(who)
            assert person.get(f"/acme/{area}").status_code == 403
            assert person.get(f"/acme/{area}/{made[area]['alpha']}").status_code == 403
            assert person.get(f"/acme/{area}/{made[area]['foreign']}").status_code == 404
            assert f'href="/acme/{area}"' not in person.get("/acme/").text

    def test_a_hidden_area_is_not_there(self, browser, town, made, area, writing):
        with writing():
            hidden = CompanyArea(company_id=town.acme.id, area=Area(area), hidden_by_admin=True)
            db.session.add(hidden)
        person = browser(town.mia)
        assert person.get(f"/acme/{area}").status_code == 404
        assert person.get(f"/acme/{area}/{made[area]['alpha']}").status_code == 404
        assert person.get(f"/acme/client/{area}").status_code == 404

    def test_at_most_eight_statements_however_many_rows(self, app, browser, town, made, area, writing):
        add = places.contract if area == "contracts" else places.rfp
        with writing():
            for number in range(60):
                add(town.acme.id, f"More {number}", town.alpha.id, town.beta.id)
        for who in (town.mia, town.pam):
            person = browser(who)
            with counted(app) as statements:
                assert len(listed(person, area)) == 25
            assert len(statements) <= 8


class TestContracts:
    def test_by_status(self, browser, town, made):
        person, ids = browser(town.mia), made["contracts"]
        assert listed(person, "contracts", "status=active") == {ids["alpha"], ids["whole"]}
        assert listed(person, "contracts", "status=upcoming") == {ids["beta"]}
        assert listed(person, "contracts", "status=ended") == {ids["both"]}
        assert len(listed(person, "contracts", "status=nonsense&sort=yearly_value&dir=up")) == 4

    def test_by_words_of_title_and_reference(self, browser, town, made):
        person, ids = browser(town.mia), made["contracts"]
        assert listed(person, "contracts", "q=LIFT") == {ids["alpha"]}
        assert listed(person, "contracts", "q=c-gard") == {ids["beta"]}
        assert listed(person, "contracts", "q=%25") == set()
        assert "Nothing matches" in person.get("/acme/contracts?q=%25").text

    def test_in_the_order_that_was_asked_for(self, browser, town, made):
        person = browser(town.mia)
        titles = {"asc": ["Cleaning", "Gardens", "Lifts", "Security"]}
        titles["desc"] = titles["asc"][::-1]
        for way, wanted in titles.items():
            text = person.get(f"/acme/contracts?sort=title&dir={way}").text
            places_of = [text.index(f">{title}<") for title in wanted]
            assert places_of == sorted(places_of)

    def test_the_page_tells_term_value_and_that_it_ends_soon(self, browser, town, made):
        person, ids = browser(town.mia), made["contracts"]
        assert "Ends today." in person.get(f"/acme/contracts/{ids['alpha']}").text
        text = person.get(f"/acme/contracts/{ids['whole']}").text
        for words in ("£1,278.60", "At night.", "The entire client.", "Until further notice"):
            assert words in text


class TestRfps:
    def test_by_status(self, browser, town, made):
        person, ids = browser(town.mia), made["rfps"]
        assert listed(person, "rfps", "status=open") == {ids["beta"], ids["whole"]}
        assert listed(person, "rfps", "status=answered") == {ids["alpha"]}
        assert listed(person, "rfps", "status=closed") == set()

    def test_the_page_tells_scope_of_work_due_date_and_answers(self, browser, town, made):
        person, ids = browser(town.mia), made["rfps"]
        text = person.get(f"/acme/rfps/{ids['whole']}").text
        assert "All &lt;b&gt;walls&lt;/b&gt;." in text
        assert "1 Dec 2026" in text
        assert "No answer yet." in text
        text = person.get(f"/acme/rfps/{ids['alpha']}").text
        assert "We can." in text
        assert "Sue Marsh" in text
