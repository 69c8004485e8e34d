"""What is taken away is gone at the very next request of a live session (P12)."""

import pytest

from portal.actions import access
from portal.clock import now
from portal.extensions import db
from portal.models import Access, Company, Contact, Role, RolePermission
from tests import ledger


class TestGoneIsGone:
    """P12, T13, T19, B34, B36: the very next request of a live session."""

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize("move", ["deactivate", "delete", "unlink"])
    def test_by_a_move(self, town, browser, move, htmx):
        vic, mia = browser(town.vic), browser(town.mia)
        assert vic.get("/acme/contacts", htmx=htmx).status_code == 200
        assert mia.post(f"/acme/contacts/{town.vic.id}/{move}").status_code == 303
        self.signed_out(vic, htmx)

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize("access", ["none", "email_only"])
    def test_by_the_form(self, town, browser, reading, access, htmx):
        vic, mia = browser(town.vic), browser(town.mia)
        with reading():
            form = ledger.edit_form(town.vic.id, access=access)
        assert mia.post(f"/acme/contacts/{town.vic.id}/edit", form).status_code == 303
        self.signed_out(vic, htmx)

    def test_activated_again(self, town, browser):
        """Behaviour 4: activate brings everything back as before."""
        vic, mia = browser(town.vic), browser(town.mia)
        mia.post(f"/acme/contacts/{town.vic.id}/deactivate")
        mia.post(f"/acme/contacts/{town.vic.id}/activate")
        assert browser(town.vic).get("/acme/contacts").status_code == 200
        assert vic.get("/acme/contacts").status_code in (200, 303)

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize("change", ["disabled by staff", "company exited", "session ended", "closed"])
    def test_by_the_vendor(self, town, browser, writing, change, htmx):
        vic = browser(town.vic)
        assert vic.get("/acme/contacts", htmx=htmx).status_code == 200
        with writing():
            user = db.session.get_one(Contact, town.vic.id).user
            if change == "disabled by staff":
                user.disabled_at = now()
            elif change == "company exited":
                db.session.get_one(Company, town.acme.id).exited_at = now()
            elif change == "session ended":
                access.end_sessions(user)
            else:
                user.closed_at, user.password_hash = now(), None
        self.signed_out(vic, htmx)

    def signed_out(self, person, htmx):
        for path in ("/acme/contacts", "/acme/", "/profile"):
            answer = person.get(path, htmx=htmx)
            if htmx:
                assert answer.status_code == 401
                assert answer.headers["HX-Redirect"].startswith("/sign-in")
            else:
                assert answer.status_code == 303
                assert answer.headers["Location"].startswith("/sign-in")

    @pytest.mark.parametrize("htmx", [False, True])
    def test_one_company_of_two(self, town, browser, htmx):
        """T19: the other company goes on."""
        duo, mia = browser(town.duo), browser(town.mia)
        mia.post(f"/acme/contacts/{town.duo.id}/deactivate")
        assert duo.get("/acme/", htmx=htmx).status_code == 404
        assert duo.get("/globex/contacts", htmx=htmx).status_code == 200

    @pytest.mark.parametrize("htmx", [False, True])
    def test_role_removed(self, town, browser, reading, htmx):
        vic, mia = browser(town.vic), browser(town.mia)
        with reading():
            form = ledger.edit_form(town.vic.id, roles=[])
        assert mia.post(f"/acme/contacts/{town.vic.id}/edit", form).status_code == 303
        assert vic.get("/acme/contacts", htmx=htmx).status_code == 403

    def test_role_changed(self, town, browser, writing):
        """C31: changing a role changes everyone who has it."""
        vic = browser(town.vic)
        with writing():
            role = db.session.scalars(db.select(Role).where(Role.code == "property-manager")).unique().one()
            role.grants = [RolePermission(permission="billing")]
        assert vic.get("/acme/contacts").status_code == 403

    @pytest.mark.parametrize("htmx", [False, True])
    def test_scope_narrowed(self, town, browser, htmx):
        vic, mia = browser(town.vic), browser(town.mia)
        assert vic.get(f"/acme/contacts/{town.oda.id}", htmx=htmx).status_code == 200
        data = {"scope": "property", "properties": [str(town.alpha.id)]}
        assert mia.post(f"/acme/contacts/{town.vic.id}/properties", data).status_code == 303
        assert vic.get(f"/acme/contacts/{town.oda.id}", htmx=htmx).status_code == 404
        assert vic.get(f"/acme/contacts/{town.ola.id}", htmx=htmx).status_code == 200

    def test_an_admin_demoted_in_the_middle(self, town, browser, reading):
        max, mia = browser(town.max), browser(town.mia)
        with reading():
            form = ledger.edit_form(town.max.id, permissions=["reports"])
        assert mia.post(f"/acme/contacts/{town.max.id}/edit", form).status_code == 303
        assert max.post(f"/acme/contacts/{town.ava.id}/authorize").status_code == 403
        with reading():
            assert ledger.contact(town.ava.id).access == Access.NONE

    def test_rights_given_work_at_once(self, town, browser, reading):
        nora, mia = browser(town.nora), browser(town.mia)
        assert nora.get("/acme/contacts").status_code == 403
        with reading():
            form = ledger.edit_form(town.nora.id, permissions=["view_client"])
        mia.post(f"/acme/contacts/{town.nora.id}/edit", form)
        assert nora.get("/acme/contacts").status_code == 200
