"""Which fields somebody who edits contacts may set, and which only admins (P4, P5)."""

import pytest

from portal.extensions import db
from portal.models import Role
from tests import ledger
from tests.rights import ROLE_OF

FIELDS = {
    "honorific": "Dr",
    "first_name": "Other",
    "last_name": "Other",
    "job_title": "Other",
    "phone": "+442079460123",
    "mobile": "+447700900123",
    "category": "finance",
    "notes": "Other",
}


ADMIN_FIELDS = {
    "contact_type": "manager",
    "access": "email_only",
    "permissions": "reports",
    "username": "somebody",
    "initial_password": "a quite long password 1",
    "recovery_email": "rescue@acme.example",
    "scope": "property",
}


class TestFields:
    """P4, P5: what an editor of details may set."""

    @pytest.mark.parametrize("who", ["ed", "una"])
    def test_details_of_others(self, town, browser, reading, who):
        """Each on its own."""
        editor = browser(getattr(town, who))
        for field, value in FIELDS.items():
            with reading():
                form = ledger.edit_form(town.nora.id, admin=False, **{field: value})
            assert editor.post(f"/acme/contacts/{town.nora.id}/edit", form).status_code == 303
            with reading():
                found = ledger.contact(town.nora.id)
                assert value == (found.category.code if field == "category" else getattr(found, field))

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize("field", ADMIN_FIELDS)
    def test_never_rights_access_or_logins(self, town, browser, reading, field, htmx):
        """P4, P6: the whole save is refused with 403, the harmless part of it too."""
        changes = {"notes": "smuggled", field: ADMIN_FIELDS[field]}
        whom = ["nora", "ann", "exa", "eva", "ava", "bill"]
        self.refused(town.ed, whom, changes, town, browser, reading, htmx)

    def test_never_the_address_of_somebody_authorized(self, town, browser, reading):
        """P4: login, pending, expired or e-mail only."""
        whom = ["nora", "ann", "exa", "eva"]
        self.refused(town.ed, whom, {"email": "other@acme.example"}, town, browser, reading)

    def test_the_address_of_somebody_in_the_address_book(self, town, browser, reading):
        with reading():
            form = ledger.edit_form(town.ava.id, admin=False, email="other@acme.example")
        assert browser(town.ed).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 303
        with reading():
            assert ledger.contact(town.ava.id).email == "other@acme.example"

    @pytest.mark.parametrize("code", ROLE_OF.values())
    def test_never_a_role(self, town, browser, reading, code):
        with reading():
            role = db.session.scalars(db.select(Role.id).where(Role.code == code)).one()
        self.refused(town.ed, ["nora", "ava"], {"roles": str(role)}, town, browser, reading)

    def test_never_an_admin_or_oneself(self, town, browser, reading):
        """P4: not an admin's record, whatever the state of the admin; B60: not one's own."""
        whom = ["mia", "max", "tess", "dan", "ed"]
        self.refused(town.ed, whom, {"notes": "hello"}, town, browser, reading)

    def refused(self, who, whom, changes, town, browser, reading, htmx=False):
        actor, got = browser(who), {}
        with reading():
            before = ledger.everything()
        for name in whom:
            target = getattr(town, name).id
            with reading():
                form = ledger.edit_form(target, admin=False, **changes)
            got[name] = actor.post(f"/acme/contacts/{target}/edit", form, htmx=htmx).status_code
        assert got == dict.fromkeys(whom, 403)
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize(
        "field", ["company_id", "portal_user_id", "is_primary", "deleted_at", "version_id"]
    )
    def test_columns_that_are_no_field(self, town, browser, reading, field):
        """T17: what the form does not have is never stored."""
        with reading():
            form = ledger.edit_form(town.nora.id, notes="new", **{field: "2"})
            before = {name: getattr(ledger.contact(town.nora.id), name, None) for name in (field,)}
        browser(town.mia).post(f"/acme/contacts/{town.nora.id}/edit", form)
        with reading():
            assert {name: getattr(ledger.contact(town.nora.id), name, None) for name in (field,)} == before
