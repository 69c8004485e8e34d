"""Roles: added, copied, changed and archived by admins, for everybody who has them; areas hidden (C31)."""

import pytest

from portal.extensions import db
from portal.models import CompanyArea, Contact, ContactRole, Permission, Role, RolePermission
from tests import ledger
from tests.statements import counted
from tests.surfing import form_fields

PAGES = [
    "roles",
    "roles/new",
    "roles/{role}",
    "roles/{role}/edit",
    "roles/{role}/copy",
    "roles/{role}/archive",
]
READERS = ["ed", "vic", "pam", "una", "bill", "rita", "wes", "nora", "duo"]


@pytest.fixture
def own_role(town, writing):
    """A role of acme's own, "Team lead", which gives reports and which vic and nora have."""
    with writing():
        role = Role(company_id=town.acme.id, owner=town.acme.id, name="Team lead", name_key="team lead")
        role.grants.append(RolePermission(permission="reports"))
        db.session.add(role)
        db.session.flush()
        for person in (town.vic, town.nora):
            give(person.id, role)
        return role.id


def give(contact_id: int, role: Role) -> None:
    contact = db.session.get_one(Contact, contact_id)
    link = ContactRole(company_id=contact.company_id, role_id=role.id, role_owner=role.owner)
    link.role = role
    contact.role_links.append(link)


def role_named(name: str) -> Role | None:
    query = db.select(Role).where(Role.name == name, Role.archived_at.is_(None))
    return db.session.scalars(query).unique().one_or_none()


def preset(code: str) -> int:
    return db.session.scalar(db.select(Role.id).where(Role.code == code))


class TestWhoMay:
    """C31, P5, P11."""

    @pytest.mark.parametrize("who", READERS)
    @pytest.mark.parametrize("htmx", [False, True])
    def test_only_admins(self, town, browser, reading, own_role, who, htmx):
        reader = browser(getattr(town, who))
        token = reader.token()
        with reading():
            before = ledger.everything()
        for page in PAGES:
            path = f"/acme/{page.format(role=own_role)}"
            assert reader.get(path, htmx=htmx).status_code == 403, path
            if page not in ("roles", "roles/{role}"):
                data = {"csrf_token": token, "name": "Mine", "permissions": "admin"}
                assert reader.post(path, data, htmx=htmx, token=False).status_code == 403, path
        areas = {"csrf_token": token, "areas": "billing"}
        assert reader.post("/acme/roles/areas", areas, htmx=htmx, token=False).status_code == 403
        with reading():
            assert ledger.everything() == before

    def test_another_company_s_roles_are_not_there(self, town, browser, own_role):
        stan = browser(town.stan)
        for page in PAGES[2:]:
            assert stan.get(f"/globex/{page.format(role=own_role)}").status_code == 404
            assert stan.get(f"/acme/{page.format(role=own_role)}").status_code == 404
        data = {"name": "Theirs", "permissions": "admin", "replacement": "1"}
        for page in PAGES[3:]:
            assert stan.post(f"/globex/{page.format(role=own_role)}", data).status_code == 404
        assert "Team lead" not in stan.get("/globex/roles").text

    def test_the_menu_leads_there(self, town, browser):
        assert "/acme/roles" in browser(town.mia).get("/acme/").text
        assert "/acme/roles" not in browser(town.vic).get("/acme/").text


class TestList:
    """C31: presets and the company's own, with what they give and how many have them."""

    def test_roles_with_how_many_have_them(self, town, browser, own_role):
        page = browser(town.mia).get("/acme/roles").text
        for name in ("Client Admin", "Property Manager", "Billing", "Reports", "Requester", "Contact Editor"):
            assert name in page
        row = page.split(f'id="role-{own_role}"')[1].split("</tr>")[0]
        assert "Team lead" in row
        assert "Access Reports" in row
        assert "2 people" in row

    def test_deleted_contacts_do_not_count_and_other_companies_neither(self, town, browser, own_role):
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.nora.id}/delete")
        assert "Applies to 1 person now." in mia.get(f"/acme/roles/{own_role}/edit").text

    def test_who_has_it(self, town, browser, own_role):
        page = browser(town.mia).get(f"/acme/roles/{own_role}").text
        assert "Vic Viewer" in page
        assert "Nora Nothing" in page
        assert "Bill Ing" not in page
        part = browser(town.mia).get(f"/acme/roles/{own_role}?sort=email", htmx=True).text
        assert "<html" not in part
        assert "Vic Viewer" in part

    def test_unknown_ids(self, town, browser):
        mia = browser(town.mia)
        for role_id in ("0", "99999", "2147483647", "99999999999", "x", "-1"):
            assert mia.get(f"/acme/roles/{role_id}").status_code == 404


class TestAdding:
    """C31: admins add roles, and copy presets."""

    def test_add_and_give(self, town, browser, reading):
        mia = browser(town.mia)
        form = {
            "name": "  Site lead ",
            "purpose": "Runs a site.",
            "permissions": ["work_orders", "view_client"],
        }
        answer = mia.post("/acme/roles/new", form)
        assert answer.status_code == 303
        with reading():
            role = role_named("Site lead")
            assert role.company_id == town.acme.id
            assert role.permissions == {Permission.WORK_ORDERS, Permission.VIEW_CLIENT}
            row = ledger.activity()[-1]
            assert (row.what, row.target_name, row.actor_name) == ("added the role", "Site lead", "Mia Stone")
        assert "Site lead" in mia.get(f"/acme/contacts/{town.nora.id}/edit").text
        assert "Site lead" not in browser(town.stan).get(f"/globex/contacts/{town.gus.id}/edit").text

    def test_a_second_click_makes_no_second_role(self, town, browser, reading):
        mia = browser(town.mia)
        form = {"name": "Site lead", "purpose": "", "permissions": "reports"}
        first, second = mia.post("/acme/roles/new", form), mia.post("/acme/roles/new", form)
        assert first.status_code == second.status_code == 303
        assert first.location == second.location

    @pytest.mark.parametrize("name", ["Team lead", "TEAM  LEAD", "Team léad", "billing", "Client Admin"])
    def test_a_name_is_taken_once(self, town, browser, own_role, name):
        answer = browser(town.mia).post("/acme/roles/new", {"name": name, "permissions": "billing"})
        assert answer.status_code == 422
        assert "already a role called" in answer.text
        assert f'value="{name}"' in answer.text

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", " "),
            ("name", "x" * 61),
            ("name", "a\r\nb"),
            ("name", "a\0b"),
            ("name", "a\u202eb"),
            ("name", "www.evil.example"),
            ("purpose", "x" * 121),
            ("purpose", "a\nb"),
            ("permissions", "root"),
        ],
    )
    def test_bad_input(self, town, browser, reading, field, value):
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        form = {"name": "Fine", "purpose": "Fine", "permissions": "reports", field: value}
        assert mia.post("/acme/roles/new", form).status_code == 422
        with reading():
            assert ledger.everything() == before

    def test_copying_a_preset(self, town, browser, reading):
        with reading():
            billing = preset("billing")
        mia = browser(town.mia)
        form = form_fields(mia.get(f"/acme/roles/{billing}/copy").text, "role-form")
        assert form["name"] == "Billing copy"
        assert "billing" in form["permissions"]
        form["permissions"] = ["billing", "reports"]
        assert mia.post(f"/acme/roles/{billing}/copy", form).status_code == 303
        with reading():
            assert role_named("Billing copy").permissions == {Permission.BILLING, Permission.REPORTS}
            assert role_named("Billing").permissions == {Permission.BILLING}


class TestChanging:
    """C31, P7, P12: it counts for everybody who has the role, at their next request, never for oneself."""

    def test_it_counts_at_the_next_request(self, town, browser, reading, own_role):
        nora, mia = browser(town.nora), browser(town.mia)
        assert nora.get("/acme/contacts").status_code == 403
        page = mia.get(f"/acme/roles/{own_role}/edit").text
        assert "Applies to 2 people now." in page
        form = form_fields(page, "role-form") | {"name": "Lead", "permissions": ["reports", "view_client"]}
        assert mia.post(f"/acme/roles/{own_role}/edit", form).status_code == 303
        assert nora.get("/acme/contacts").status_code == 200
        with reading():
            row = ledger.activity()[-1]
            assert row.what == "changed the role"
            assert row.changes["Name"] == ["Team lead", "Lead"]
            assert row.changes["Permissions"] == ["reports", "reports, view_client"]
            assert row.changes["People with this role"] == ["2", "2"]

    def test_presets_cannot_be_changed_or_archived(self, town, browser, reading):
        mia = browser(town.mia)
        with reading():
            before, presets = ledger.everything(), list(db.session.scalars(db.select(Role.id)))
        for role_id in presets:
            form = {"name": "Hijacked", "permissions": "admin"}
            assert mia.get(f"/acme/roles/{role_id}/edit").status_code == 403
            assert mia.post(f"/acme/roles/{role_id}/edit", form).status_code == 403
            assert mia.get(f"/acme/roles/{role_id}/archive").status_code == 403
            assert mia.post(f"/acme/roles/{role_id}/archive", {"replacement": "1"}).status_code == 403
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("permission", list(Permission))
    def test_never_for_oneself(self, town, browser, writing, reading, own_role, permission):
        """P7: not to widen, not to demote; the name may change."""
        with writing():
            give(town.max.id, db.session.get_one(Role, own_role))
        max_ = browser(town.max)
        wish = {
            "name": "Team lead",
            "permissions": [] if permission == "reports" else ["reports", permission],
        }
        path = f"/acme/roles/{own_role}/edit"

        def save(person, form):
            seen = form_fields(person.get(path).text, "role-form")["seen"]
            return person.post(path, form | {"seen": seen}).status_code

        assert save(max_, wish) == 403
        assert max_.post(f"/acme/roles/{own_role}/archive", {"replacement": "1"}).status_code == 403
        assert save(max_, {"name": "Leads", "permissions": "reports"}) == 303
        assert save(browser(town.mia), wish) == 303
        with reading():
            assert db.session.get_one(Role, own_role).permissions == set(wish["permissions"])

    def test_a_stale_form_shows_both_versions(self, town, browser, reading, own_role):
        mia, max_ = browser(town.mia), browser(town.max)
        form = form_fields(mia.get(f"/acme/roles/{own_role}/edit").text, "role-form")
        max_.post(f"/acme/roles/{own_role}/edit", form | {"name": "By Max"})
        answer = mia.post(f"/acme/roles/{own_role}/edit", form | {"name": "By Mia"})
        assert answer.status_code == 409
        assert "By Max" in answer.text
        assert "By Mia" in answer.text
        again = form_fields(answer.text, "role-form")
        assert mia.post(f"/acme/roles/{own_role}/edit", again).status_code == 303
        with reading():
            assert db.session.get_one(Role, own_role).name == "By Mia"

    def test_a_form_that_does_not_say_what_it_was_filled_from(self, town, browser, reading, own_role):
        """T84: a role's form of unknown age changes nobody's rights."""
        answer = browser(town.mia).post(f"/acme/roles/{own_role}/edit", {"name": "L", "permissions": "admin"})
        assert answer.status_code == 409
        assert "does not say which version of the role" in answer.text
        with reading():
            assert db.session.get_one(Role, own_role).permissions == {"reports"}

    def test_saving_the_same_leaves_no_trace(self, town, browser, reading, own_role):
        mia = browser(town.mia)
        with reading():
            mark = ledger.last_activity()
        form = form_fields(mia.get(f"/acme/roles/{own_role}/edit").text, "role-form")
        assert mia.post(f"/acme/roles/{own_role}/edit", form).status_code == 303
        with reading():
            assert ledger.activity(mark) == []


class TestArchiving:
    """C31: only unused, or with a replacement."""

    def test_in_use_needs_a_replacement(self, town, browser, reading, own_role):
        mia = browser(town.mia)
        assert "2 people have this role" in mia.get(f"/acme/roles/{own_role}/archive", htmx=True).text
        for replacement in ("", str(own_role)):
            answer = mia.post(f"/acme/roles/{own_role}/archive", {"replacement": replacement})
            assert answer.status_code == 422, replacement
        with reading():
            assert db.session.get_one(Role, own_role).archived_at is None

    def test_everybody_gets_the_replacement(self, town, browser, reading, own_role):
        with reading():
            viewer = preset("property-manager")
        answer = browser(town.mia).post(f"/acme/roles/{own_role}/archive", {"replacement": str(viewer)})
        assert answer.status_code == 303
        with reading():
            assert ledger.rights(town.vic.id)[0] == ledger.rights(town.nora.id)[0] == {"property-manager"}
            assert {row.target_name for row in ledger.activity() if row.what == "changed the rights of"} == {
                "Vic Viewer",
                "Nora Nothing",
            }
        mia = browser(town.mia)
        assert "Team lead" not in mia.get("/acme/roles").text
        assert mia.get(f"/acme/roles/{own_role}").status_code == 409
        assert mia.post(f"/acme/roles/{own_role}/edit", {"name": "Again"}).status_code == 409
        assert mia.post("/acme/roles/new", {"name": "Team lead", "permissions": "reports"}).status_code == 303

    def test_unused_goes_at_once(self, town, browser, reading):
        mia = browser(town.mia)
        mia.post("/acme/roles/new", {"name": "Unused", "permissions": "reports"})
        with reading():
            role_id = role_named("Unused").id
        assert mia.post(f"/acme/roles/{role_id}/archive").status_code == 303
        with reading():
            assert role_named("Unused") is None

    def test_a_role_of_another_company_replaces_nothing(self, town, browser, reading, own_role):
        stan = browser(town.stan)
        stan.post("/globex/roles/new", {"name": "Theirs", "permissions": "admin"})
        with reading():
            theirs = role_named("Theirs").id
        for replacement in (str(theirs), "0", "99999", "x"):
            answer = browser(town.mia).post(f"/acme/roles/{own_role}/archive", {"replacement": replacement})
            assert answer.status_code == 404
            assert "Theirs" not in answer.text

    def test_an_admin_s_own_role_is_for_another_admin(self, town, browser, writing, reading, own_role):
        """P7, P8: whoever takes a role of admins away is an admin by something else, and stays one."""
        with writing():
            role = db.session.get_one(Role, own_role)
            role.grants.append(RolePermission(permission="admin"))
        with reading():
            viewer = str(preset("property-manager"))
        path = f"/acme/roles/{own_role}/archive"
        assert browser(town.vic).get(path).status_code == 403
        assert browser(town.vic).post(path, {"replacement": viewer}).status_code == 403
        assert browser(town.mia).post(path, {"replacement": viewer}).status_code == 303
        assert browser(town.vic).get("/acme/roles").status_code == 403


class TestAreas:
    """C31: admins may hide an area from their company that staff switched on."""

    ALL = ["properties", "contracts", "rfps", "billing", "reports", "work_orders"]  # noqa: RUF012

    def test_hidden_for_everybody_and_shown_again(self, town, browser, reading):
        mia, bill = browser(town.mia), browser(town.bill)
        assert bill.get("/acme/billing").status_code == 200
        shown = [area for area in self.ALL if area != "billing"]
        assert mia.post("/acme/roles/areas", {"areas": shown}).status_code == 303
        assert bill.get("/acme/billing").status_code == 404
        assert mia.get("/acme/billing").status_code == 404
        with reading():
            row = ledger.activity()[-1]
            assert row.changes["Hidden areas"] == ["", "Billing"]
        mia.post("/acme/roles/areas", {"areas": self.ALL})
        assert bill.get("/acme/billing").status_code == 200

    def test_what_staff_switched_off_stays_off(self, town, browser, writing, reading):
        with writing():
            db.session.add(CompanyArea(company_id=town.acme.id, area="rfps", off_by_staff=True))
        mia = browser(town.mia)
        assert "Switched off by Alder Services" in mia.get("/acme/roles").text
        assert mia.post("/acme/roles/areas", {"areas": self.ALL}).status_code == 403
        assert mia.post("/acme/roles/areas", {"areas": ["billing"]}).status_code == 303
        with reading():
            row = db.session.get_one(CompanyArea, (town.acme.id, "rfps"))
            assert row.off_by_staff
            assert not row.hidden_by_admin

    def test_only_the_own_company(self, town, browser):
        browser(town.mia).post("/acme/roles/areas", {"areas": []})
        assert browser(town.duo).get("/globex/billing").status_code == 200


def test_statements_of_the_list_do_not_grow(town, browser, app, writing):
    """At most 8, whatever the number of roles."""
    mia = browser(town.mia)
    mia.get("/acme/roles")
    with counted(app) as few:
        mia.get("/acme/roles")
    with writing():
        for number in range(30):
            role = Role(company_id=town.acme.id, owner=town.acme.id, name=f"R{number}", name_key=f"r{number}")
            role.grants.append(RolePermission(permission="reports"))
            db.session.add(role)
            db.session.flush()
            give(town.nora.id, role)
    with counted(app) as many:
        mia.get("/acme/roles")
    assert len(few) == len(many) <= 8
