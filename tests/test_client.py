"""The company's own page: details with their form, and its parts, each cut to the reader's scope (C30)."""

import re

import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company
from tests import places
from tests.statements import counted
from tests.surfing import form_fields

PAGE = "/acme/client"
PARTS = ("contacts", "properties", "contracts", "rfps")
WANTED = {
    "name": "Acme Estates Ltd",
    "street": "1 High Street",
    "city": "Leeds",
    "postcode": "LS1 4AP",
    "phone": "020 7946 0123",
    "tax_id": "GB 123 4567-89",
    "website": "www.acme.example",
}


def edit(person, **changes):
    form = form_fields(person.get(f"{PAGE}/edit").text, "record-form")
    return person.post(f"{PAGE}/edit", {**form, **changes})


@pytest.fixture
def made(town, writing):
    """A contract and an RFP of Alpha, of Beta and of the whole client."""
    with writing():
        for name, ids in (("A", [town.alpha.id]), ("B", [town.beta.id]), ("W", [])):
            places.contract(town.acme.id, f"Contract {name}", *ids)
            places.rfp(town.acme.id, f"Rfp {name}", *ids)


class TestRights:
    def test_who_sees_the_client_page(self, browser, town):
        """P2, P11: admins and whoever has view_client."""
        for who in (town.mia, town.max, town.vic, town.pam):
            person = browser(who)
            for part in ("", *(f"/{name}" for name in PARTS)):
                assert person.get(f"{PAGE}{part}").status_code == 200
            assert PAGE in person.get("/acme/").text
        for who in (town.bill, town.rita, town.wes, town.ed, town.una, town.nora):
            person = browser(who)
            for part in ("", *(f"/{name}" for name in PARTS)):
                assert person.get(f"{PAGE}{part}").status_code == 403
                assert person.get(f"{PAGE}{part}", htmx=True).status_code == 403
            assert f'"{PAGE}"' not in person.get("/acme/").text
        assert browser(town.stan).get(PAGE).status_code == 404

    def test_only_admins_edit(self, browser, town, reading):
        for who in (town.vic, town.pam, town.bill):
            person = browser(who)
            assert person.get(f"{PAGE}/edit").status_code == 403
            assert person.post(f"{PAGE}/edit", WANTED).status_code == 403
            assert f"{PAGE}/edit" not in person.get(PAGE).text
        with reading():
            assert db.session.get_one(Company, town.acme.id).name == "Acme Estates"


class TestParts:
    """C30, C44: the same lists as on their own pages, cut and counted to the reader's scope."""

    def test_each_part_is_the_list_of_its_own_page(self, browser, town, made):
        rows = re.compile(r'id="((?:contact|property|contract|rfp)-\d+)"')
        for who in (town.mia, town.pam):
            person = browser(who)
            for name in PARTS:
                own = rows.findall(person.get(f"/acme/{name}").text)
                assert own
                assert rows.findall(person.get(f"{PAGE}/{name}").text) == own
                part = person.get(f"{PAGE}/{name}?sort=name", htmx=True)
                assert "<html" not in part.text
                assert f"{PAGE}/{name}" in part.text

    def test_the_numbers_are_the_readers(self, browser, town, made):
        numbers = re.compile(r'id="count-part-(\w+)">([\d,]+)<')
        assert dict(numbers.findall(browser(town.pam).get(PAGE).text)) | {"contacts": ""} == {
            "contacts": "",
            "properties": "1",
            "contracts": "1",
            "rfps": "1",
        }
        everything = dict(numbers.findall(browser(town.mia).get(PAGE).text))
        assert (everything["properties"], everything["contracts"], everything["rfps"]) == ("3", "3", "3")
        assert "You see 1 of 3 properties." in browser(town.pam).get(f"{PAGE}/contracts").text

    def test_contacts_have_their_row_menu(self, browser, town):
        """C30: incl. Link to Specific Properties."""
        text = browser(town.mia).get(f"{PAGE}/contacts").text
        assert f"/acme/contacts/{town.pam.id}/properties" in text
        assert (
            f"/acme/contacts/{town.pam.id}/properties" not in browser(town.vic).get(f"{PAGE}/contacts").text
        )

    def test_at_most_eight_statements(self, app, browser, town, made):
        for who in (town.mia, town.pam):
            person = browser(who)
            for name in PARTS:
                with counted(app) as statements:
                    person.get(f"{PAGE}/{name}")
                assert len(statements) <= 8, (name, statements)


class TestEdit:
    def test_saves_and_says_what_changed(self, browser, town, reading):
        person = browser(town.mia)
        assert edit(person, **WANTED).status_code == 303
        with reading():
            company = db.session.get_one(Company, town.acme.id)
            assert (company.name, company.phone) == ("Acme Estates Ltd", "+442079460123")
            assert company.website == "https://www.acme.example"
            last = db.session.scalars(db.select(Activity).order_by(Activity.id.desc())).first()
            assert (last.what, last.target_name) == ("changed the details of", "Acme Estates Ltd")
            assert last.changes["Name"] == ["Acme Estates", "Acme Estates Ltd"]
            assert last.changes["Postcode"] == ["", "LS1 4AP"]
        text = person.get(PAGE).text
        for words in ("1 High Street, Leeds, LS1 4AP", "020 7946 0123", "GB 123 4567-89"):
            assert words in text

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("name", "", "Enter the company"),
            ("phone", "12", "phone number"),
            ("tax_id", "<b>", "letters, digits"),
            ("website", "javascript:alert(1)", "web address"),
            ("website", "ftp://acme.example", "web address"),
            ("website", "https://user@acme.example", "web address"),
            ("website", "nonsense", "web address"),
            ("website", "http://[", "web address"),
            ("website", "https://" + "a" * 200 + ".example", "too long"),
        ],
    )
    def test_what_does_not_fit_gets_its_sentence(self, browser, town, field, value, words):
        answer = edit(browser(town.mia), **{**WANTED, field: value})
        assert answer.status_code == 422
        assert words in answer.text
        kept = form_fields(answer.text, "record-form")
        assert kept[field] == value
        assert kept["street"] == WANTED["street"]

    def test_no_name_of_another_client(self, browser, on_duty, town, writing, reading):
        """T16, C30: staff find clients by it, so a customer takes none, of one that has left neither."""
        with writing():
            db.session.add(Company(slug="dale-1", name="Dale & Söhne", exited_at=now()))
        mia, sue = browser(town.mia), on_duty(town.sue)
        for name in ("Globex", "gLOBÉX", "dale  & sohne", "Dale-1"):
            answer = edit(mia, name=name, city="Leeds")
            assert (answer.status_code, "This name is in use already." in answer.text) == (422, True), name
            assert form_fields(answer.text, "record-form")["city"] == "Leeds"
        with reading():
            assert db.session.get_one(Company, town.acme.id).name == "Acme Estates"
        for name in ("ACME", "ACME ESTATES"):
            assert edit(mia, name=name).status_code == 303
        at = "/staff/clients/acme/client/edit"
        form = form_fields(sue.get(at).text, "record-form")
        assert sue.post(at, {**form, "name": "Globex"}).status_code == 303

    def test_the_second_of_two_saves_sees_both_versions(self, browser, town):
        """C15."""
        person, other = browser(town.mia), browser(town.max)
        form = form_fields(person.get(f"{PAGE}/edit").text, "record-form")
        edit(other, city="York")
        answer = person.post(f"{PAGE}/edit", {**form, "city": "Leeds"})
        assert answer.status_code == 409
        assert "York" in answer.text
        assert "Leeds" in answer.text

    def test_a_website_is_a_link_only_where_it_is_one(self, browser, town, writing):
        """T68: whatever stands in the database."""
        with writing():
            db.session.get_one(Company, town.acme.id).website = "javascript:alert(1)"
        assert 'href="javascript' not in browser(town.mia).get(PAGE).text
