"""Properties: list, search, page, add, edit, archive; who may, and how far each sees (C40, C44, P10, P11)."""

import re

import pytest

from portal.extensions import db
from portal.models import Activity, Area, CompanyArea, Contact, Property, PropertyLink
from portal.models.keys import refresh
from tests import places
from tests.statements import counted
from tests.surfing import form_fields

LIST = "/acme/properties"
NEW = {"name": "Harbour House", "street": "3 Quay Road", "city": "Bristol", "postcode": "BS1 4SB"}
ROW = re.compile(r'id="property-(\d+)"')
NEXT = re.compile(r'rel="next" href="([^"]+)"')


def listed(answer) -> list[int]:
    assert answer.status_code == 200
    return [int(each) for each in ROW.findall(answer.text)]


def page(town, name: str = "alpha", company: str = "acme", tail: str = "") -> str:
    return f"/{company}/properties/{getattr(town, name).id}{tail}"


def last_activity() -> Activity:
    return db.session.scalars(db.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


@pytest.fixture
def furnished(town, writing):
    """Alpha and Beta with a contract, a work order and a document each, and one contract for both."""
    with writing():
        for number, name in enumerate(("alpha", "beta"), 1):
            place = getattr(town, name).id
            places.contract(town.acme.id, f"Cleaning {name}", place)
            places.work_order(town.acme.id, number, f"Boiler {name}", place)
            places.document(town.acme.id, f"Plan of {name}.pdf", property_id=place)
        both = places.contract(town.acme.id, "Gardens", town.alpha.id, town.beta.id)
        whole = places.contract(town.acme.id, "Security", reference="C-whole")
    return {"both": both, "whole": whole}


class TestList:
    """C40: everything the reader sees, found by words, page after page."""

    def test_shows_all_to_client_scope_and_says_nothing_of_a_part(self, browser, town):
        for who in (town.mia, town.vic):
            answer = browser(who).get(LIST)
            assert listed(answer) == [town.alpha.id, town.beta.id, town.gamma.id]
            assert "You see" not in answer.text

    def test_shows_the_linked_ones_to_property_scope_and_says_so(self, browser, town):
        answer = browser(town.pam).get(LIST)
        assert listed(answer) == [town.alpha.id]
        assert "You see 1 of 3 properties." in answer.text
        assert "Beta" not in answer.text

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("alp", ["alpha"]),
            ("ALPHA", ["alpha"]),
            ("älphá", ["alpha"]),
            ("a", ["alpha", "beta", "gamma"]),
            ("%", []),
            ("_", []),
            ("alpha beta", []),
            ("leeds", ["gamma"]),
            ("LS1 gamma", ["gamma"]),
        ],
    )
    def test_finds_by_words_whatever_their_case_and_accents(self, browser, town, writing, words, found):
        with writing():
            place = db.session.get_one(Property, town.gamma.id)
            place.city, place.postcode = "Leeds", "LS1 4AP"
        for htmx in (False, True):
            answer = browser(town.mia).get(LIST, query_string={"q": words}, htmx=htmx)
            assert listed(answer) == [getattr(town, name).id for name in found]
            assert ("<html" in answer.text) is not htmx

    def test_pages_forwards_and_backwards_over_equal_names(self, browser, town, writing):
        with writing():
            extra = [Property(company_id=town.acme.id, name=f"Zed{' ' * n}{n % 2}") for n in range(60)]
            db.session.add_all(extra)
        person, seen, address = browser(town.mia), [], LIST
        pages = []
        while address:
            answer = person.get(address)
            pages.append(listed(answer))
            seen += pages[-1]
            found = NEXT.search(answer.text)
            address = found[1].replace("&amp;", "&") if found else None
        assert [len(each) for each in pages] == [25, 25, 13]
        assert len(set(seen)) == len(seen) == 63
        back = re.search(r'rel="prev" href="([^"]+)"', answer.text)[1].replace("&amp;", "&")
        assert listed(person.get(back)) == pages[1]

    @pytest.mark.parametrize(
        "cursor", ["x", "AAAA", "WzEsMiwzXQ", "%00", "a" * 3_000, "WyJuYW1lIiwiYSIsLTFd"]
    )
    def test_a_broken_place_in_the_list_leads_to_the_first_page(self, browser, town, cursor):
        answer = browser(town.mia).get(f"{LIST}?after={cursor}")
        assert answer.status_code == 200

    @pytest.mark.parametrize("many", [1, 600])
    def test_at_most_eight_statements_however_many_rows(self, app, browser, town, writing, many):
        with writing():
            for number in range(many):
                place = Property(company_id=town.acme.id, name=f"Block {number}")
                db.session.add(place)
                db.session.flush()
                link = PropertyLink(company_id=town.acme.id, contact_id=town.pam.id, property_id=place.id)
                db.session.add(link)
        for who in (town.mia, town.pam):
            person = browser(who)
            with counted(app) as statements:
                assert person.get(LIST).status_code == 200
            assert len(statements) <= 8


class TestPage:
    """C40, C44: a property with its people, work orders, contracts and documents, each by its own right."""

    def test_an_admin_sees_everything_around_it(self, browser, town, furnished):
        text = browser(town.mia).get(page(town)).text
        for words in (
            "Pam Propp",
            "Ola Alpha",
            "Boiler alpha",
            "Cleaning alpha",
            "Gardens",
            "Plan of alpha.pdf",
        ):
            assert words in text
        for words in ("Oda Beta", "Boiler beta", "Cleaning beta", "Plan of beta"):
            assert words not in text

    def test_who_may_do_what_there(self, browser, on_duty, town):
        """C40, C44, P9, P10: linked there or at client level, with each right; the same for the staff."""
        linked = {"Pam Propp": "View client", "Una Units": "Edit contacts", "Ola Alpha": "Not authorized"}
        everywhere = {
            "Wes Order": "Work orders",
            "Mia Stone": "Admin",
            "Bill Ing": "Billing",
            "Rita Port": "Reports",
            "Nora Nothing": "No permission",
            "Dan Disabled": "Disabled by vendor",
            "Ian Idle": "Inactive",
        }
        where = page(town)
        readers = {
            browser(town.mia): where,
            browser(town.pam): where,
            on_duty(town.tom): f"/staff/clients{where}",
        }
        for reader, address in readers.items():
            text = re.sub("<[^>]+>", " ", reader.get(address).text.partition("Linked to Alpha")[2])
            text = re.sub(r"[\w.]+ @\S+", "", " ".join(text.split()))
            groups = text.split("Client Level: every property")
            for group, expected, elsewhere in zip(
                groups, (linked, everywhere), (everywhere, linked), strict=True
            ):
                for name, right in expected.items():
                    assert re.search(f"{name} +{right} ", group), (address, name, group)
                assert [name for name in elsewhere if name in group] == []
            assert "Oda Beta" not in text

    def test_many_people_cost_no_more(self, app, browser, town, writing):
        """C40: the first of each kind, and the rest in the list that can be searched."""
        mia, taken = browser(town.mia), []
        for number in (4, 60):
            with writing():
                kind = db.session.get_one(Contact, town.ava.id).contact_type_id
                for each in range(number):
                    facts = {"first_name": f"A{number}-{each}", "last_name": "Crowd", "contact_type_id": kind}
                    person = Contact(company_id=town.acme.id, **facts)
                    refresh(person)
                    db.session.add(person)
                    db.session.flush()
                    if each % 2:
                        link = {"contact_id": person.id, "property_id": town.alpha.id}
                        db.session.add(PropertyLink(company_id=town.acme.id, **link))
            with counted(app) as statements:
                answer = mia.get(page(town))
            taken.append(len(statements))
        assert taken[0] == taken[1] <= 14
        assert answer.text.count("Only the first 25 are shown.") == 2
        assert f'href="/acme/contacts?at={town.alpha.id}"' in answer.text

    def test_the_contacts_list_narrowed_to_it(self, browser, town):
        """C3, C44: combinable with the search; of a property one does not see, not even a name."""

        def shown(who, place, more=""):
            text = browser(who).get(f"/acme/contacts?at={place.id}{more}").text
            return {name for name in ("Ola Alpha", "Oda Beta", "Wes Order") if name in text}, text

        for who in (town.mia, town.pam):
            names, text = shown(who, town.alpha)
            assert names == {"Ola Alpha", "Wes Order"}
            assert "At Alpha" in text
        assert shown(town.mia, town.alpha, "&q=ola")[0] == {"Ola Alpha"}
        assert shown(town.mia, town.beta)[0] == {"Oda Beta", "Wes Order"}
        for who, place in ((town.pam, town.beta), (town.mia, town.delta), (town.ed, town.alpha)):
            names, text = shown(who, place)
            assert names == set()
            assert f"At {place.name}" not in text

    def test_a_reader_without_work_orders_sees_no_work(self, browser, town, furnished):
        """P2: view_client does not open the work orders."""
        text = browser(town.pam).get(page(town)).text
        assert "Gardens" in text
        assert "Boiler" not in text
        assert "Work orders</h2>" not in text
        assert "/acme/work-orders" not in text

    def test_out_of_scope_and_foreign_are_not_there(self, browser, town):
        """P11, T16: 404, never 403, on every path of a property."""
        for who, name in (
            (town.pam, "beta"),
            (town.mia, "delta"),
            (town.bill, "delta"),
            (town.stan, "alpha"),
        ):
            person = browser(who)
            company = "globex" if who is town.stan else "acme"
            for tail in ("", "/edit"):
                assert person.get(page(town, name, company, tail)).status_code == 404
            for tail in ("/edit", "/archive", "/restore", "/documents"):
                assert person.post(page(town, name, company, tail), NEW).status_code == 404

    def test_without_the_right_it_is_forbidden(self, browser, town):
        """P2, P11: 403 on one's own company, page and htmx alike."""
        for who in (town.bill, town.rita, town.wes, town.ed, town.nora):
            person = browser(who)
            for path in (LIST, page(town), f"{LIST}/new"):
                assert person.get(path).status_code == 403
                assert person.get(path, htmx=True).status_code == 403
            assert "/acme/properties" not in person.get("/acme/").text

    def test_a_switched_off_area_is_not_there(self, browser, town, writing):
        with writing():
            area = CompanyArea(company_id=town.acme.id, area=Area.PROPERTIES, off_by_staff=True)
            db.session.add(area)
        person = browser(town.mia)
        assert person.get(LIST).status_code == 404
        assert person.get(page(town)).status_code == 404
        assert person.post(f"{LIST}/new", NEW).status_code == 404

    def test_moved_off_a_property_it_is_gone_at_the_next_request(self, browser, town, furnished, writing):
        """P12, T22: also in an open tab's partials."""
        person = browser(town.pam)
        assert person.get(page(town)).status_code == 200
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == town.pam.id))
        assert person.get(page(town)).status_code == 404
        assert listed(person.get(LIST, htmx=True)) == []
        assert "You see 0 of 3 properties." in person.get(LIST).text


class TestChange:
    """C40: admins add, edit and archive; each leaves its activity row (L10)."""

    def test_adds(self, browser, town, reading):
        answer = browser(town.mia).post(f"{LIST}/new", NEW)
        assert answer.status_code == 303
        with reading():
            place = db.session.scalars(db.select(Property).where(Property.name == NEW["name"])).one()
            assert answer.location.endswith(f"/acme/properties/{place.id}")
            assert (place.company_id, place.address) == (town.acme.id, "3 Quay Road, Bristol, BS1 4SB")
            row = last_activity()
            assert (row.what, row.target_name, row.actor_name) == (
                "added the property",
                place.name,
                "Mia Stone",
            )

    def test_only_admins_change(self, browser, town, reading):
        person = browser(town.vic)
        assert person.get(f"{LIST}/new").status_code == 403
        assert person.post(f"{LIST}/new", NEW).status_code == 403
        for tail in ("/edit", "/archive", "/restore", "/documents"):
            assert person.post(page(town, tail=tail), NEW).status_code == 403
        text = person.get(page(town)).text
        assert "/edit" not in text
        assert "/archive" not in text
        with reading():
            assert db.session.scalar(db.select(db.func.count(Property.id))) == 4

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("name", "", "Enter the property"),
            ("name", "   ", "Enter the property"),
            ("name", "x" * 101, "too long"),
            ("name", "Line\nbreak", "line breaks"),
            ("name", "See https://evil.example", "web address"),
            ("name", "\u202eevil", "reading direction"),
            ("name", " ALPHA ", "already one of your properties"),
            ("street", "x" * 201, "too long"),
            ("postcode", "x" * 41, "too long"),
        ],
    )
    def test_what_does_not_fit_gets_its_sentence_and_keeps_the_rest(self, browser, town, field, value, words):
        for htmx in (False, True):
            answer = browser(town.mia).post(f"{LIST}/new", {**NEW, field: value}, htmx=htmx)
            assert answer.status_code == 422
            assert words in answer.text
            kept = form_fields(answer.text, "record-form")
            assert {kept[name] for name in NEW if name != field} == {
                NEW[name] for name in NEW if name != field
            }

    def test_a_second_click_makes_no_second_property(self, browser, town, reading):
        """T80."""
        person = browser(town.mia)
        first, second = (person.post(f"{LIST}/new", NEW) for _ in range(2))
        assert (first.status_code, first.location) == (second.status_code, second.location)
        with reading():
            assert db.session.scalar(db.select(db.func.count()).where(Property.name == NEW["name"])) == 1

    def test_the_same_name_in_another_company_is_nobodys_business(self, browser, town):
        """T23."""
        assert browser(town.mia).post(f"{LIST}/new", {**NEW, "name": "Delta"}).status_code == 303

    def test_edits_and_says_what_changed(self, browser, town, reading):
        person = browser(town.mia)
        form = form_fields(person.get(page(town, tail="/edit")).text, "record-form")
        assert person.post(page(town, tail="/edit"), {**form, "city": "Leeds"}).status_code == 303
        with reading():
            place = db.session.get_one(Property, town.alpha.id)
            assert (place.city, place.search_key) == ("Leeds", "alpha leeds")
            row = last_activity()
            assert (row.what, row.target_name) == ("changed the property", "Alpha")
            assert row.changes == {"City": ["", "Leeds"]}

    def test_an_edit_without_a_change_leaves_no_trace(self, browser, town, reading):
        person = browser(town.mia)
        form = form_fields(person.get(page(town, tail="/edit")).text, "record-form")
        with reading():
            before = last_activity().id
        assert person.post(page(town, tail="/edit"), form).status_code == 303
        with reading():
            assert last_activity().id == before

    def test_the_second_of_two_saves_sees_both_versions(self, browser, town, reading):
        """C15, T81."""
        person, other = browser(town.mia), browser(town.max)
        form = form_fields(person.get(page(town, tail="/edit")).text, "record-form")
        other.post(page(town, tail="/edit"), {**form, "city": "York"})
        answer = person.post(page(town, tail="/edit"), {**form, "city": "Leeds"})
        assert answer.status_code == 409
        assert "York" in answer.text
        assert "Leeds" in answer.text
        with reading():
            assert db.session.get_one(Property, town.alpha.id).city == "York"
        again = form_fields(answer.text, "record-form")
        assert person.post(page(town, tail="/edit"), again).status_code == 303
        with reading():
            assert db.session.get_one(Property, town.alpha.id).city == "Leeds"

    def test_nothing_else_of_the_row_can_be_posted(self, browser, town, reading):
        """T17."""
        extra = {"company_id": str(town.globex.id), "id": "77", "archived_at": "2020-01-01", "name_key": "x"}
        browser(town.mia).post(f"{LIST}/new", {**NEW, **extra})
        with reading():
            place = db.session.scalars(db.select(Property).where(Property.name == NEW["name"])).one()
            assert (place.company_id, place.archived_at) == (town.acme.id, None)
            assert (place.name_key, place.id != 77) == ("harbour house", True)

    def test_archives_and_takes_it_back(self, browser, town, reading):
        person = browser(town.mia)
        assert person.post(page(town, tail="/archive")).status_code == 303
        assert person.post(page(town, tail="/archive")).status_code == 409
        assert listed(person.get(LIST)) == [town.beta.id, town.gamma.id]
        assert listed(person.get(f"{LIST}?status=archived")) == [town.alpha.id]
        assert "is archived" in person.get(page(town)).text
        offered = person.get(f"/acme/contacts/{town.oda.id}/properties").text
        assert "Gamma" in offered
        assert "Alpha" not in offered
        assert person.post(page(town, tail="/restore")).status_code == 303
        assert person.post(page(town, tail="/restore")).status_code == 409
        assert listed(person.get(LIST)) == [town.alpha.id, town.beta.id, town.gamma.id]
        with reading():
            assert last_activity().result == "refused"

    def test_the_name_of_an_archived_property_is_still_taken(self, browser, town):
        person = browser(town.mia)
        person.post(page(town, tail="/archive"))
        answer = person.post(f"{LIST}/new", {**NEW, "name": "Alpha"})
        assert answer.status_code == 422
        assert "restore it" in answer.text
