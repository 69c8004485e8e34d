"""Copy access from another contact: filled into the form, kept by Save, through the same checks (C13)."""

import pytest

from portal.extensions import db
from portal.models import Scope
from tests import ledger
from tests.surfing import form_fields

READERS = ["ed", "una", "vic", "bill", "nora"]


def copy(actor, target, source, **changes) -> dict:
    """Open the form, copy, and return what the form then holds."""
    path = f"/acme/contacts/{target}"
    form = form_fields(actor.get(path).text, "contact-form") | changes
    answer = actor.post(path, form | {"copy": "fill", "copy_from": str(source.id)})
    assert answer.status_code == 200
    return form_fields(answer.text, "contact-form")


def links(contact_id: int) -> set[str]:
    return {link.property.name for link in ledger.contact(contact_id).property_links}


class TestFilling:
    """Roles, boxes, level and properties stand in the form, and nothing is kept yet."""

    def test_nothing_is_kept_before_save(self, town, browser, reading):
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        form = copy(mia, f"{town.nora.id}/edit", town.pam, last_name="Typed")
        assert form["last_name"] == "Typed"
        assert form["copy_scope"] == "property"
        assert form["copy_properties"] == str(town.alpha.id)
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("htmx", [False, True])
    def test_kept_by_save(self, town, browser, reading, htmx):
        mia = browser(town.mia)
        form = copy(mia, f"{town.nora.id}/edit", town.pam)
        answer = mia.post(f"/acme/contacts/{town.nora.id}/edit", form, htmx=htmx)
        assert answer.status_code == (204 if htmx else 303)
        with reading():
            assert ledger.rights(town.nora.id) == ({"property-manager"}, set(), "property")
            assert links(town.nora.id) == {"Alpha"}

    def test_boxes_too(self, town, browser, reading):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.bill.id}/edit", copy(mia, f"{town.bill.id}/edit", town.una))
        with reading():
            assert ledger.rights(town.bill.id) == (set(), {"edit_contacts"}, "property")

    def test_into_a_new_contact(self, town, browser, reading):
        mia = browser(town.mia)
        new = {"first_name": "Nell", "last_name": "Newman", "email": "nell@acme.example"}
        form = copy(mia, "new", town.pam, **new)
        answer = mia.post("/acme/contacts/new", form)
        assert answer.status_code == 303
        nell = int(answer.location.rpartition("/")[2])
        with reading():
            assert ledger.rights(nell) == ({"property-manager"}, set(), "property")
            assert links(nell) == {"Alpha"}

    def test_an_admin_s_level_is_the_entire_client(self, town, browser, writing):
        """P9: whatever is stored beside it."""
        with writing():
            ledger.contact(town.max.id).scope = Scope.PROPERTY
        form = copy(browser(town.mia), f"{town.nora.id}/edit", town.max)
        assert form["copy_scope"] == "client"
        assert "copy_properties" not in form
        assert "admin" in form["permissions"]

    def test_what_was_filled_in_can_still_be_changed(self, town, browser, reading):
        mia = browser(town.mia)
        form = copy(mia, f"{town.nora.id}/edit", town.pam) | {"permissions": "reports"}
        mia.post(f"/acme/contacts/{town.nora.id}/edit", form)
        with reading():
            assert ledger.rights(town.nora.id) == ({"property-manager"}, {"reports"}, "property")


class TestRefusing:
    """P5 to P9, T16, T20: no other way around the checks than by the form itself."""

    @pytest.mark.parametrize("who", READERS)
    def test_only_admins(self, town, browser, reading, who):
        with reading():
            form = ledger.edit_form(town.ava.id, admin=False)
        reader = browser(getattr(town, who))
        token = reader.token()
        with reading():
            before = ledger.everything()
        for extra in (
            {"copy": "fill", "copy_from": str(town.mia.id)},
            {"copy_scope": "client"},
            {"copy_properties": str(town.alpha.id)},
        ):
            for htmx in (False, True):
                sent = form | extra | {"csrf_token": token}
                answer = reader.post(f"/acme/contacts/{town.ava.id}/edit", sent, htmx=htmx, token=False)
                assert answer.status_code in (403, 404)
        with reading():
            assert ledger.everything() == before

    def test_nobody_for_themselves(self, town, browser):
        max_ = browser(town.max)
        sent = {"copy": "fill", "copy_from": str(town.mia.id)}
        assert max_.post(f"/acme/contacts/{town.max.id}/edit", sent).status_code == 403

    @pytest.mark.parametrize("source", ["gus", "2147483647", "99999999999", "x", "-1", "0"])
    def test_foreign_and_impossible_sources(self, town, browser, reading, source):
        with reading():
            form = ledger.edit_form(town.ava.id)
        source = str(town.gus.id) if source == "gus" else source
        mia = browser(town.mia)
        answer = mia.post(f"/acme/contacts/{town.ava.id}/edit", form | {"copy": "fill", "copy_from": source})
        assert answer.status_code == 404
        assert "Gus Globe" not in mia.get(f"/acme/contacts/{town.ava.id}/edit").text

    def test_nobody_chosen(self, town, browser, reading):
        with reading():
            form = ledger.edit_form(town.ava.id)
        answer = browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form | {"copy": "fill"})
        assert answer.status_code == 422
        assert "Choose whose access to copy first." in answer.text

    @pytest.mark.parametrize("place", ["delta", "2147483647", "x"])
    def test_foreign_properties(self, town, browser, reading, place):
        with reading():
            form, before = ledger.edit_form(town.ava.id), ledger.contact(town.ava.id).scope
        place = str(town.delta.id) if place == "delta" else place
        sent = form | {"copy_scope": "property", "copy_properties": [str(town.alpha.id), place]}
        assert browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", sent).status_code == 404
        with reading():
            assert ledger.contact(town.ava.id).scope == before

    def test_property_level_for_an_admin(self, town, browser, reading):
        """P9: the whole save is refused with the reason, the harmless part of it too."""
        mia = browser(town.mia)
        form = copy(mia, f"{town.nora.id}/edit", town.pam) | {"permissions": "admin", "job_title": "Chief"}
        answer = mia.post(f"/acme/contacts/{town.nora.id}/edit", form)
        assert answer.status_code == 422
        assert "an admin sees the entire client" in answer.text
        with reading():
            assert ledger.rights(town.nora.id) == (set(), set(), "client")
            assert ledger.contact(town.nora.id).job_title == ""

    def test_a_stale_form_keeps_what_was_copied(self, town, browser):
        mia = browser(town.mia)
        form = copy(mia, f"{town.nora.id}/edit", town.pam)
        with_max = browser(town.max)
        theirs = form_fields(with_max.get(f"/acme/contacts/{town.nora.id}/edit").text, "contact-form")
        with_max.post(f"/acme/contacts/{town.nora.id}/edit", theirs | {"job_title": "Porter"})
        answer = mia.post(f"/acme/contacts/{town.nora.id}/edit", form)
        assert answer.status_code == 409
        assert form_fields(answer.text, "contact-form")["copy_scope"] == "property"


def test_with_many_contacts_one_looks_for_a_name(town, browser, writing, reading):
    from portal.models import Contact, ContactPermission

    with writing():
        kind = ledger.contact(town.nora.id).contact_type_id
        for number in range(60):
            each = Contact(company_id=town.acme.id, first_name="Extra", last_name=f"Person {number:02}")
            each.contact_type_id, each.name_key = kind, f"extra person {number:02}"
            each.search_key = each.name_key
            each.boxes.append(ContactPermission(company_id=town.acme.id, permission="reports"))
            db.session.add(each)
        ledger_form = ledger.edit_form(town.nora.id)
    mia = browser(town.mia)
    path = f"/acme/contacts/{town.nora.id}/edit"
    assert "Person 59" not in mia.get(path).text
    answer = mia.post(path, ledger_form | {"copy": "find", "copy_find": "person 59"})
    assert answer.status_code == 200
    assert "Person 59" in answer.text
    assert "Person 58" not in answer.text
    nobody = mia.post(path, ledger_form | {"copy": "find", "copy_find": "50%_"})
    assert nobody.status_code == 200
    assert "Nobody found" in nobody.text
