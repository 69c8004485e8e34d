"""How far a contact sees: lists, searches and counts are cut to it (P9, P10)."""

import re

import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, PropertyLink
from tests import ledger
from tests.rights import only_role


class TestScope:
    """P9, P10, C44."""

    @pytest.mark.parametrize("whom", ["mia", "max", "tess"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_no_property_level_on_an_admin(self, town, browser, reading, whom, htmx):
        actor = browser(town.max if whom == "mia" else town.mia)
        target = getattr(town, whom).id
        data = {"scope": "property", "properties": [str(town.alpha.id)]}
        answer = actor.post(f"/acme/contacts/{target}/properties", data, htmx=htmx)
        assert answer.status_code in (409, 422)
        assert "admin" in answer.text
        with reading():
            assert ledger.rights(target)[2] == "client"

    def test_admin_implies_client_scope(self, town, browser, writing):
        """P9: also where the stored scope says less."""
        pam = browser(town.pam)
        assert pam.get(f"/acme/contacts/{town.oda.id}").status_code == 404
        with writing():
            only_role(town.pam.id, "client-admin")
        assert pam.get(f"/acme/contacts/{town.oda.id}").status_code == 200

    # Pam looks after Alpha: who shares it, and whoever is client-level.
    CUT = ("una", "pam", "ola")

    @pytest.mark.parametrize("who", ["pam", "una"])
    @pytest.mark.parametrize(
        "query", ["", "?sort=email", "?sort=status&dir=desc", "?sort=last_login", "?status=active"]
    )
    def test_lists_are_cut(self, town, browser, who, query):
        seen = listed(browser(getattr(town, who)), f"/acme/contacts{query}")
        assert town.oda.id not in seen
        assert {town.ola.id, town.pam.id, town.una.id, town.nora.id, town.mia.id} <= seen

    @pytest.mark.parametrize("path", ["contacts?q=Oda", "contacts/search?q=Oda", "contacts?q=oda.beta@acme"])
    def test_search_finds_nothing_out_of_scope(self, town, browser, path):
        pam = browser(town.pam)
        for htmx in (False, True):
            answer = pam.get(f"/acme/{path}", htmx=htmx)
            assert f'id="contact-{town.oda.id}"' not in answer.text
            assert "oda.beta@acme.example" not in answer.text.replace('value="oda.beta@acme"', "")
        assert town.oda.id in listed(browser(town.vic), f"/acme/{path}")

    def test_property_level_without_a_property(self, town, browser, writing):
        """C21: sees no property-bound thing."""
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == town.pam.id))
        seen = listed(browser(town.pam), "/acme/contacts")
        assert not seen & {town.ola.id, town.oda.id, town.una.id}
        assert {town.pam.id, town.nora.id} <= seen

    def test_an_unlinked_property_level_contact_is_seen_by_client_scope_alone(self, town, browser, writing):
        with writing():
            db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == town.ola.id))
        assert browser(town.pam).get(f"/acme/contacts/{town.ola.id}").status_code == 404
        assert browser(town.vic).get(f"/acme/contacts/{town.ola.id}").status_code == 200

    def test_names_of_hidden_properties_are_hidden(self, town, browser, writing):
        """T21: a contact shared by one property does not give away the other."""
        with writing():
            db.session.add(
                PropertyLink(
                    company_id=town.acme.id, contact_id=town.ola.id, property_id=town.gamma.id, linked_by=""
                )
            )
        assert "Gamma" in browser(town.mia).get(f"/acme/contacts/{town.ola.id}").text
        page = browser(town.pam).get(f"/acme/contacts/{town.ola.id}").text
        assert "Alpha" in page
        assert "Gamma" not in page

    def test_counts_are_cut(self, town, browser, writing):
        """C5, C44: what cannot be seen is not counted."""
        pam = browser(town.pam)
        before = pam.get("/acme/contacts").text
        with writing():
            contact = db.session.get_one(Contact, town.oda.id)
            contact.deleted_at = now()
        after = pam.get("/acme/contacts").text
        numbers = re.compile(r'id="count-(\w+)"[^>]*>\s*([^<]*?)\s*<')
        assert numbers.findall(before)
        assert numbers.findall(before) == numbers.findall(after)


def listed(reader, path: str) -> set[int]:
    """The ids of the rows of a list, page by page."""
    seen: set[int] = set()
    for _ in range(10):
        page = reader.get(path)
        assert page.status_code == 200
        seen |= {int(found) for found in re.findall(r'<tr[^>]* id="contact-(\d+)"', page.text)}
        onwards = re.search(r'href="([^"]*[?&](?:amp;)?after=[^"]*)"', page.text)
        if not onwards:
            return seen
        path = onwards[1].replace("&amp;", "&")
    return seen
