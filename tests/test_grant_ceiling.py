"""Nobody gives what they do not hold, and nobody widens themselves (P6, P7)."""

import random
from itertools import combinations

import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, ContactPermission, Permission, Role, RolePermission
from portal.policy import Actor, effective, may_give
from tests import ledger
from tests.machinery.counts import count
from tests.rights import MOVES, ROLE_OF, SIX, UNKNOWN


def sets_of_permissions() -> list[tuple[str, ...]]:
    """All 64 sets in `make test-all`; else the small ones that matter most and a few others."""
    every = [each for size in range(7) for each in combinations(SIX, size)]
    few = [(), ("admin",), ("edit_contacts",), tuple(SIX[1:])]
    rest = [each for each in every if each not in few]
    return few + random.Random(7).sample(rest, count(1, len(rest)))


class TestGrantCeiling:
    """P6, B61: only admins give, never to themselves; on every door, every permission and role."""

    @pytest.mark.parametrize("held", sets_of_permissions(), ids="+".join)
    def test_every_permission_and_role(self, town, browser, reading, writing, held):
        with writing():
            db.session.execute(
                db.delete(ContactPermission).where(ContactPermission.contact_id == town.nora.id)
            )
            for box in held:
                db.session.add(
                    ContactPermission(company_id=town.acme.id, contact_id=town.nora.id, permission=box)
                )
        with reading():
            role_ids = dict(db.session.execute(db.select(Role.code, Role.id)).all())
        nora = browser(town.nora)
        token, wrong = nora.token(), {}
        for number, asked in enumerate(SIX):
            for door in ("permissions", "roles"):
                value = asked if door == "permissions" else str(role_ids[ROLE_OF[asked]])
                for whom in ("new", "ava", "ann", "nora"):
                    with reading():
                        before = ledger.everything()
                        form = ledger.new_form(email=f"{door}{number}@acme.example")
                        if whom != "new":
                            form = ledger.edit_form(getattr(town, whom).id)
                    form |= {"csrf_token": token, door: [value]}
                    path = "new" if whom == "new" else f"{getattr(town, whom).id}/edit"
                    answer = nora.post(f"/acme/contacts/{path}", form, token=False)
                    good = "admin" in held and whom != "nora"
                    with reading():
                        unchanged = ledger.everything() == before
                    if (answer.status_code, unchanged) != ((303, False) if good else (403, True)):
                        wrong[asked, door, whom] = answer.status_code, unchanged
        assert not wrong

    def test_the_rule_itself(self):
        """All 64 sets, every permission, to somebody new, to another and to oneself; without the forms."""
        wrong = []
        for held in (set(each) for size in range(7) for each in combinations(SIX, size)):
            rights = effective(frozenset(Permission(each) for each in held))
            actor = Actor(kind="contact", name="", company_id=1, contact_id=7, permissions=rights)
            for asked in SIX:
                given = frozenset({Permission(asked)})
                got = [may_give(actor, given, whom) for whom in (None, Contact(id=8), Contact(id=7))]
                if got != ["admin" in held, "admin" in held, False]:
                    wrong.append((held, asked, got))
        assert not wrong

    @pytest.mark.parametrize("permission", SIX)
    def test_an_admin_gives_and_takes(self, town, browser, reading, permission):
        mia, where = browser(town.mia), f"/acme/contacts/{town.ava.id}/edit"
        for boxes in ([permission], []):
            with reading():
                form = ledger.edit_form(town.ava.id, permissions=boxes)
            assert mia.post(where, form).status_code == 303
            with reading():
                assert ledger.rights(town.ava.id)[1] == set(boxes)

    def test_a_role_of_another_company(self, town, browser, reading, writing):
        """T20: a foreign role is never given."""
        with writing():
            role = Role(company_id=town.globex.id, owner=town.globex.id, name="Theirs", name_key="theirs")
            role.grants.append(RolePermission(permission="reports"))
            db.session.add(role)
            db.session.flush()
            role_id = role.id
        self.not_given(town, browser, reading, role_id)

    def test_an_archived_role(self, town, browser, reading, writing):
        with writing():
            role = Role(company_id=town.acme.id, owner=town.acme.id, name="Old", name_key="old")
            role.archived_at = now()
            db.session.add(role)
            db.session.flush()
            role_id = role.id
        self.not_given(town, browser, reading, role_id)

    def not_given(self, town, browser, reading, role_id):
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        for path, form in self.doors(town, reading, roles=[str(role_id)]):
            answer = mia.post(path, form)
            assert answer.status_code in (403, 404, 422)
            with reading():
                assert ledger.everything() == before

    def doors(self, town, reading, **changes):
        with reading():
            return [
                ("/acme/contacts/new", ledger.new_form(**changes)),
                (f"/acme/contacts/{town.ava.id}/edit", ledger.edit_form(town.ava.id, **changes)),
            ]

    def test_an_own_role_of_the_company(self, town, browser, reading, writing):
        with writing():
            role = Role(company_id=town.acme.id, owner=town.acme.id, name="Clerk", name_key="clerk")
            role.grants = [RolePermission(permission=each) for each in ("billing", "reports")]
            db.session.add(role)
            db.session.flush()
            role_id = role.id
        for path, form in self.doors(town, reading, roles=[str(role_id)]):
            assert browser(town.mia).post(path, form).status_code == 303
        with reading():
            assert ledger.rights(town.ava.id)[0] == {"Clerk"}

    @pytest.mark.parametrize("permission", ["root", "ADMIN", "", "admin,billing"])
    def test_a_permission_that_does_not_exist(self, town, browser, reading, permission):
        for path, form in self.doors(town, reading, permissions=["reports", permission]):
            answer = browser(town.mia).post(path, form)
            assert answer.status_code == 422
        with reading():
            assert ledger.rights(town.ava.id)[1] == set()

    @pytest.mark.parametrize("scope", ["client", "property"])
    @pytest.mark.parametrize("who", ["ed", "una", "pam", "nora", "bill"])
    def test_scope_by_any_form(self, town, browser, reading, who, scope):
        """P6: a posted scope that the actor may not give refuses the whole save."""
        actor = browser(getattr(town, who))
        with reading():
            before = ledger.everything()
            edit = ledger.edit_form(town.ola.id, admin=False, notes="x", scope=scope)
            new = ledger.new_form(scope=scope)
        answers = [
            actor.post(f"/acme/contacts/{town.ola.id}/edit", edit).status_code,
            actor.post("/acme/contacts/new", new).status_code,
            actor.post(f"/acme/contacts/{town.ola.id}/properties", {"scope": scope}).status_code,
        ]
        assert answers == [403, 403, 403]
        with reading():
            assert ledger.everything() == before

    def test_foreign_properties(self, town, browser, reading):
        """T20: 404, nothing linked."""
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
        for ids in (
            [town.delta.id],
            [town.alpha.id, town.delta.id],
            [UNKNOWN],
            ["x"],
            ["-1"],
            ["99999999999"],
        ):
            data = {"scope": "property", "properties": [str(each) for each in ids]}
            assert mia.post(f"/acme/contacts/{town.ola.id}/properties", data).status_code in (400, 404, 422)
        with reading():
            assert ledger.everything() == before


class TestSelfRule:
    """P7, B63: by no door."""

    @pytest.mark.parametrize("who", ["mia", "max", "ed", "nora"])
    def test_nothing_widens_oneself(self, town, browser, reading, who):
        me = getattr(town, who)
        actor = browser(me)
        with reading():
            before = ledger.rights(me.id), ledger.contact(me.id).access
            form = ledger.edit_form(me.id, permissions=SIX, access="none", contact_type="manager")
        for htmx in (False, True):
            assert actor.post(f"/acme/contacts/{me.id}/edit", form, htmx=htmx).status_code == 403
            data = {"scope": "property", "confirm_empty": "y"}
            assert actor.post(f"/acme/contacts/{me.id}/properties", data, htmx=htmx).status_code == 403
        with reading():
            assert (ledger.rights(me.id), ledger.contact(me.id).access) == before

    def test_the_profile_changes_no_right(self, town, browser, reading):
        """C34, T17: fields smuggled into one's own details."""
        with reading():
            before = ledger.rights(town.ed.id)
        form = {"first_name": "Edward", "last_name": "Itor", "company": "acme", "permissions": "admin"}
        form |= {
            "roles": "1",
            "scope": "property",
            "access": "none",
            "contact_type": "primary",
            "is_admin": "1",
        }
        assert browser(town.ed).post("/profile", form).status_code == 303
        with reading():
            found = ledger.contact(town.ed.id)
            assert (found.first_name, found.access, found.is_primary) == ("Edward", "portal", False)
            assert ledger.rights(town.ed.id) == before

    def test_the_refusal_says_why(self, town, browser):
        for move in MOVES:
            page = browser(town.mia).post(f"/acme/contacts/{town.mia.id}/{move}").text
            assert "yourself" in page
