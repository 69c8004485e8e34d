"""Who may do what: every person, every move, every target, typed from behaviour 3 (P1 to P13)."""

import random
import re
import zlib
from datetime import timedelta
from itertools import combinations

import html5lib
import pytest

from portal.actions import access
from portal.actions.contacts import Wanted, add_contact, edit_contact
from portal.clock import now
from portal.extensions import db
from portal.invariants import watch
from portal.models import (
    Access,
    Company,
    Contact,
    ContactPermission,
    ContactRole,
    ContactType,
    Permission,
    PropertyLink,
    Role,
    RolePermission,
    Scope,
)
from portal.policy import EVERY_PERMISSION, SYSTEM, Actor, effective, may_give
from portal.refusals import NotNow
from tests import ledger
from tests.machinery.counts import LONG, count

SIX = ["admin", "billing", "reports", "work_orders", "edit_contacts", "view_client"]
ROLE_OF = {
    "admin": "client-admin",
    "billing": "billing",
    "reports": "reports",
    "work_orders": "requester",
    "edit_contacts": "contact-editor",
    "view_client": "property-manager",
}
MOVES = [
    "authorize",
    "resend",
    "cancel-invitation",
    "send-reset",
    "reset-second-factor",
    "unlink",
    "deactivate",
    "activate",
    "delete",
]
UNKNOWN = 2**31 - 1
# Plain forms are answered with 303; htmx gets what it shows (200) or where it goes (204).
DONE = {False: {303}, True: {200, 204}}


def both_or_one(*cell: str) -> tuple[bool, ...]:
    """Page and htmx for each cell in `make test-all`; else one of them, always the same."""
    return (False, True) if LONG else (bool(zlib.crc32(" ".join(cell).encode()) % 2),)


def table(text: str) -> dict[str, dict[str, int]]:
    """A table as it is typed: names of columns, then a row for each name."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return {row[0]: dict(zip(head, (int(cell) for cell in row[1:]), strict=True)) for row in rows}


# P3, P10, P11: mia is admin by role, max by box, bill billing, rita reports, wes work orders, ed and una edit
# contacts, vic and pam view; una and pam look after one property; nora may nothing; duo is billing here and
# admin at the other company; stan belongs to the other company alone.
VIEW = table("""
       self peer admin pending expired no_login mail_only inactive inside outside foreign gone unknown
mia    200  200  200   200     200     200      200       200      200    200     404     404  404
max    200  200  200   200     200     200      200       200      200    200     404     404  404
ed     200  200  200   200     200     200      200       200      200    200     404     404  404
vic    200  200  200   200     200     200      200       200      200    200     404     404  404
una    200  200  200   200     200     200      200       200      200    404     404     404  404
pam    200  200  200   200     200     200      200       200      200    404     404     404  404
bill   200  403  403   403     403     403      403       403      403    403     404     404  404
rita   200  403  403   403     403     403      403       403      403    403     404     404  404
wes    200  403  403   403     403     403      403       403      403    403     404     404  404
nora   200  403  403   403     403     403      403       403      403    403     404     404  404
duo    200  403  403   403     403     403      403       403      403    403     404     404  404
stan   404  404  404   404     404     404      404       404      404    404     404     404  404
""")

# P4, P5, L1: the edit page. One's own details are in the profile (B60).
EDIT = table("""
       self peer admin pending expired no_login mail_only inactive inside outside foreign gone unknown
mia    403  200  200   200     200     200      200       409      200    200     404     404  404
max    403  200  200   200     200     200      200       409      200    200     404     404  404
ed     403  200  403   200     200     200      200       409      200    200     404     404  404
una    403  200  403   200     200     200      200       409      200    404     404     404  404
vic    403  403  403   403     403     403      403       403      403    403     404     404  404
pam    403  403  403   403     403     403      403       403      403    404     404     404  404
bill   403  403  403   403     403     403      403       403      403    403     404     404  404
rita   403  403  403   403     403     403      403       403      403    403     404     404  404
wes    403  403  403   403     403     403      403       403      403    403     404     404  404
nora   403  403  403   403     403     403      403       403      403    403     404     404  404
duo    403  403  403   403     403     403      403       403      403    403     404     404  404
stan   404  404  404   404     404     404      404       404      404    404     404     404  404
""")

# P5: whatever only admins do (every move, delete's question, properties), asked by everybody else.
ADMIN_ONLY = table("""
       self peer admin pending expired no_login mail_only inactive inside outside foreign gone unknown
ed     403  403  403   403     403     403      403       403      403    403     404     404  404
una    403  403  403   403     403     403      403       403      403    404     404     404  404
vic    403  403  403   403     403     403      403       403      403    403     404     404  404
pam    403  403  403   403     403     403      403       403      403    404     404     404  404
bill   403  403  403   403     403     403      403       403      403    403     404     404  404
rita   403  403  403   403     403     403      403       403      403    403     404     404  404
wes    403  403  403   403     403     403      403       403      403    403     404     404  404
nora   403  403  403   403     403     403      403       403      403    403     404     404  404
duo    403  403  403   403     403     403      403       403      403    403     404     404  404
stan   404  404  404   404     404     404      404       404      404    404     404     404  404
""")

# L1, P7, P13, as an admin asks: 1 is done, 409 is "not now". `other` is the other admin, who is not Primary;
# `admin` is mia, who is. Nobody here has a second factor (test_factor_moves tells of those who do).
AS_ADMIN = table("""
                 self peer admin other pending expired no_login mail_only inactive inside foreign gone unknown
authorize          403  409  409   409   409     409     1        1         409      1      404     404  404
resend             403  409  409   409   1       1       409      409       409      409    404     404  404
cancel-invitation  403  409  409   409   1       1       409      409       409      409    404     404  404
send-reset         403  1    1     1     409     409     409      409       409      409    404     404  404
reset-second-factor 403 409 409 409   409     409     409      409       409      409    404     404  404
unlink             403  1    1     1     409     409     409      409       409      409    404     404  404
deactivate         403  1    409   1     409     409     1        1         409      1      404     404  404
activate           403  409  409   409   409     409     409      409       1        409    404     404  404
delete             403  1    409   1     1       1       1        1         409      1      404     404  404
properties         403  1    1     1     1       1       1        1         409      1      404     404  404
ask-delete         403  1    409   1     1       1       1        1         409      1      404     404  404
""")

READERS = {"mia", "max", "ed", "vic", "una", "pam"}
ADMINS = {"mia", "max"}
EVERYBODY = list(VIEW)
OTHERS = list(ADMIN_ONLY)
# Whoever may look or edit, in part of the company, with nothing, and the other company's; all in test-all.
SWEPT = ("una", "ed", "nora", "stan")


def some(people):
    """Those of SWEPT; the others wait for `make test-all`."""
    return [pytest.param(who, marks=() if who in SWEPT else pytest.mark.long) for who in people]


@pytest.fixture
def place(town, writing):
    """The ids behind the names of the tables' columns: place("mia", "peer")."""
    with writing():
        db.session.get_one(Contact, town.abe.id).deactivated_at = now()
        db.session.get_one(Contact, town.abe.id).email = "abe@acme.example"
        gone = db.session.get_one(Contact, town.wes.id)
        lost = Contact(
            company_id=gone.company_id,
            first_name="Gone",
            last_name="Long",
            contact_type_id=gone.contact_type_id,
        )
        lost.name_key = lost.search_key = "gone long"
        lost.deleted_at = now()
        db.session.add(lost)
        db.session.flush()
        lost_id = lost.id
    targets = {
        "peer": town.tess.id,
        "admin": town.mia.id,
        "other": town.ted.id,
        "pending": town.ann.id,
        "expired": town.exa.id,
        "no_login": town.ava.id,
        "mail_only": town.eva.id,
        "inactive": town.abe.id,
        "inside": town.ola.id,
        "outside": town.oda.id,
        "foreign": town.gus.id,
        "gone": lost_id,
        "unknown": UNKNOWN,
    }
    with writing():  # a peer who holds a login and nothing else, and is none of those who ask
        db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == town.tess.id))

    def where(who: str, what: str) -> int:
        if what == "self":
            return getattr(town, who).id
        if what == "admin" and who == "mia":
            return town.max.id
        return targets[what]

    return where


def every_cell(grid: dict[str, dict[str, int]], who: str, place, ask) -> tuple[dict, dict]:
    """What was expected and what came, for a page and for htmx, in every column of one row."""
    wanted, got = {}, {}
    for what, answer in grid[who].items():
        for htmx in (False, True):
            wanted[what, htmx] = answer
            got[what, htmx] = ask(place(who, what), htmx)
    return wanted, got


def as_admin(who: str) -> dict[str, dict[str, int]]:
    """The admins' table for one of them: what stands in mia's way with max is only that max is no Primary."""
    if who == "max":
        return AS_ADMIN
    return {move: {**row, "admin": row["other"]} for move, row in AS_ADMIN.items()}


def done_cells() -> list[tuple[str, str, str, bool]]:
    """Every cell of the admins' table that is done: by one admin as a plain form, by the other with htmx."""
    return [
        (who, move, what, htmx)
        for who, htmx in (("mia", False), ("max", True))
        for move, row in as_admin(who).items()
        for what, answer in row.items()
        if answer == 1
    ]


def send(actor, token: str, move: str, contact_id: int, htmx: bool):
    """Do what a row of the admins' table says."""
    path = f"/acme/contacts/{contact_id}/{move.removeprefix('ask-')}"
    if move == "ask-delete":
        return actor.get(path, htmx=htmx)
    data = {"csrf_token": token, **({"scope": "client"} if move == "properties" else {})}
    return actor.post(path, data, htmx=htmx, token=False)


class TestLooking:
    """P3, P10, P11."""

    @pytest.mark.parametrize("who", EVERYBODY)
    def test_view(self, town, browser, place, who):
        reader = browser(getattr(town, who))
        wanted, got = every_cell(
            VIEW, who, place, lambda id, htmx: reader.get(f"/acme/contacts/{id}", htmx=htmx).status_code
        )
        assert got == wanted

    @pytest.mark.parametrize("who", EVERYBODY)
    @pytest.mark.parametrize("page", ["contacts", "contacts?q=a", "contacts/search", "contacts/search?q=a"])
    def test_list_and_search(self, town, browser, who, page):
        wanted = 200 if who in READERS else 404 if who == "stan" else 403
        reader = browser(getattr(town, who))
        assert [reader.get(f"/acme/{page}", htmx=htmx).status_code for htmx in (False, True)] == [wanted] * 2

    @pytest.mark.parametrize("who", EVERYBODY)
    def test_edit(self, town, browser, place, who):
        reader = browser(getattr(town, who))
        wanted, got = every_cell(
            EDIT, who, place, lambda id, htmx: reader.get(f"/acme/contacts/{id}/edit", htmx=htmx).status_code
        )
        assert got == wanted

    @pytest.mark.parametrize("who", OTHERS)
    @pytest.mark.parametrize("dialog", ["delete", "properties"])
    def test_dialogs_of_admins(self, town, browser, place, who, dialog):
        reader = browser(getattr(town, who))
        wanted, got = every_cell(
            ADMIN_ONLY,
            who,
            place,
            lambda id, htmx: reader.get(f"/acme/contacts/{id}/{dialog}", htmx=htmx).status_code,
        )
        assert got == wanted

    @pytest.mark.parametrize("who", EVERYBODY)
    def test_add_page(self, town, browser, who):
        """P5: only admins add."""
        wanted = 200 if who in ADMINS else 404 if who == "stan" else 403
        reader = browser(getattr(town, who))
        assert reader.get("/acme/contacts/new").status_code == wanted
        assert reader.get("/acme/contacts/new?access=email_only", htmx=True).status_code == wanted

    def test_the_other_company_of_a_person_is_another_matter(self, town, browser):
        """C35: billing here, admin there, in one session."""
        duo = browser(town.duo)
        assert duo.get("/acme/contacts").status_code == 403
        assert duo.get("/globex/contacts").status_code == 200
        assert duo.post(f"/globex/contacts/{town.gus.id}/authorize").status_code == 303
        assert duo.post(f"/globex/contacts/{town.ava.id}/authorize").status_code == 404

    @pytest.mark.parametrize("who", EVERYBODY[:-1])
    def test_everybody_sees_the_own_profile(self, town, browser, who):
        assert browser(getattr(town, who)).get("/profile").status_code == 200

    def test_nobody_is_told_whom_to_ask_but_members(self, town, browser):
        """P11: 403 says whom to ask."""
        page = browser(town.nora).get("/acme/contacts").text
        assert "Mia Stone" in page
        assert "Mia Stone" not in browser(town.stan).get("/acme/contacts").text


class TestMoving:
    """P5, P7, P11, L1."""

    @pytest.mark.parametrize("who", some(OTHERS))
    def test_no_move_for_others(self, town, browser, place, reading, who):
        actor = browser(getattr(town, who))
        token = actor.token()
        with reading():
            before = ledger.everything()
        wanted, got = {}, {}
        for move in MOVES:
            for what, answer in ADMIN_ONLY[who].items():
                for htmx in both_or_one(who, move, what):
                    path = f"/acme/contacts/{place(who, what)}/{move}"
                    sent = actor.post(path, {"csrf_token": token}, htmx=htmx, token=False)
                    wanted[move, what, htmx], got[move, what, htmx] = answer, sent.status_code
        assert got == wanted
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("who", some(OTHERS))
    def test_no_properties_edit_or_add_for_others(self, town, browser, place, reading, who):
        actor = browser(getattr(town, who))
        token = actor.token()
        with reading():
            before = ledger.everything()
        wanted, got = {}, {}
        for what, answer in ADMIN_ONLY[who].items():
            data = {"csrf_token": token, "scope": "property", "properties": [str(town.alpha.id)]}
            for htmx in (False, True):
                sent = actor.post(
                    f"/acme/contacts/{place(who, what)}/properties", data, htmx=htmx, token=False
                )
                wanted[what, htmx], got[what, htmx] = answer, sent.status_code
        for htmx in (False, True):
            wanted["add", htmx] = 404 if who == "stan" else 403
            data = ledger.new_form(csrf_token=token, access="portal")
            got["add", htmx] = actor.post("/acme/contacts/new", data, htmx=htmx, token=False).status_code
        assert got == wanted
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("who", ["mia", "max"])
    def test_refused_to_admins(self, town, browser, place, reading, who):
        """Each cell that is no 1: the answer, and nothing has changed."""
        actor = browser(getattr(town, who))
        token = actor.token()
        with reading():
            before = ledger.everything()
        wanted, got = {}, {}
        for move, row in as_admin(who).items():
            for what, answer in row.items():
                for htmx in (False, True):
                    if answer != 1:
                        wanted[move, what, htmx] = answer
                        sent = send(actor, token, move, place(who, what), htmx)
                        got[move, what, htmx] = sent.status_code
        assert got == wanted
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize(("who", "move", "what", "htmx"), done_cells())
    def test_done_by_admins(self, town, browser, place, who, move, what, htmx):
        actor = browser(getattr(town, who))
        sent = send(actor, actor.token(), move, place(who, what), htmx)
        assert sent.status_code in ({200} if move == "ask-delete" else DONE[htmx])

    def test_a_move_that_does_not_exist(self, town, browser):
        mia = browser(town.mia)
        for move in ("promote", "view", "edit-all", "delete ", "..%2fdelete"):
            assert mia.post(f"/acme/contacts/{town.ava.id}/{move}").status_code == 404


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


def by_another(town) -> Actor:
    """An admin of acme who is none of the town's people: what counts is what stays in the database."""
    return Actor(
        kind="contact",
        name="Somebody",
        company_id=town.acme.id,
        permissions=EVERY_PERMISSION,
        scope=Scope.CLIENT,
    )


def only_role(contact_id: int, code: str | None) -> None:
    """Give a contact one preset role, or none."""
    db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == contact_id))
    db.session.execute(db.delete(ContactPermission).where(ContactPermission.contact_id == contact_id))
    if code:
        contact = db.session.get_one(Contact, contact_id)
        role = db.session.scalars(db.select(Role).where(Role.code == code)).unique().one()
        link = ContactRole(
            company_id=contact.company_id, contact_id=contact_id, role_id=role.id, role_owner=0
        )
        db.session.add(link)


WAYS_OUT = {
    "delete": lambda contact, by: access.delete(contact, by),
    "deactivate": lambda contact, by: access.deactivate(contact, by),
    "unlink": lambda contact, by: access.unlink(contact, by),
    "access none": lambda contact, by: edit_contact(contact, Wanted(access="none"), by),
    "access e-mail only": lambda contact, by: edit_contact(contact, Wanted(access="email_only"), by),
    "roles and boxes": lambda contact, by: edit_contact(
        contact, Wanted(roles=frozenset(), permissions=frozenset({Permission.BILLING})), by
    ),
}


class TestLastAdmin:
    """P8, T08, T10, B64: a company that has an admin who can sign in keeps one, on every path."""

    @pytest.fixture
    def alone(self, town, writing):
        """Max is the only admin of acme who can sign in; the others are there, but do not count."""
        with writing():
            for who in (town.mia, town.tess, town.ted):
                only_role(who.id, None)
        return town.max.id

    def change(self, writing, town, contact_id, way):
        with writing():
            watch(db.session(), town.acme.id)
            WAYS_OUT[way](db.session.get_one(Contact, contact_id), by_another(town))

    @pytest.mark.parametrize("way", WAYS_OUT)
    def test_the_last_one_stays(self, town, writing, reading, alone, way):
        with reading():
            before = ledger.everything()
        with pytest.raises(NotNow, match="at least one admin"):
            self.change(writing, town, alone, way)
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("way", WAYS_OUT)
    def test_one_of_two_may_go(self, town, writing, way):
        self.change(writing, town, town.max.id, way)

    @pytest.mark.parametrize(
        ("other", "counts"),
        [
            ("pending", False),
            ("inactive", False),
            ("disabled by vendor", False),
            ("initial password expired", False),
            ("closed", False),
            ("e-mail only", False),
            ("deleted", False),
            ("of another company", False),
            ("terms outstanding", True),
            ("must change", True),
            ("initial password alive", True),
            ("by a box", True),
        ],
    )
    def test_who_counts_as_another(self, town, writing, reading, alone, other, counts):
        with writing():
            made = {
                "pending": town.ann,
                "inactive": town.ian,
                "disabled by vendor": town.dan,
                "e-mail only": town.eva,
                "of another company": town.stan,
                "must change": town.tess,
                "terms outstanding": town.ted,
            }.get(other, town.nora)
            only_role(made.id, "client-admin")
            contact = db.session.get_one(Contact, made.id)
            if other.startswith("initial"):
                alive = timedelta(hours=1 if "alive" in other else -1)
                contact.user.initial_password_until = now() + alive
                contact.user.must_change_password = True
            if other == "closed":
                contact.user.closed_at, contact.user.password_hash = now(), None
            if other == "deleted":
                contact.deleted_at = now()
            if other == "by a box":
                only_role(made.id, None)
                db.session.add(
                    ContactPermission(company_id=town.acme.id, contact_id=made.id, permission="admin")
                )
        if counts:
            self.change(writing, town, alone, "delete")
            return
        with pytest.raises(NotNow):
            self.change(writing, town, alone, "delete")

    def test_a_company_that_has_none_may_go_on_having_none(self, town, writing, alone):
        """P8 forbids the way from one to none, nothing else."""
        with writing():
            db.session.get_one(Contact, alone).deactivated_at = now()
        self.change(writing, town, town.nora.id, "deactivate")

    def test_the_last_one_by_every_door(self, town, browser, writing, reading, alone):
        """Through HTTP only the last admin could do it, and P7 already says no."""
        last = browser(town.max)
        with reading():
            before = ledger.rights(alone), ledger.contact(alone).access
            form = ledger.edit_form(alone, permissions=[], access="none")
        for move in ("delete", "deactivate", "unlink"):
            assert last.post(f"/acme/contacts/{alone}/{move}").status_code == 403
        assert last.post(f"/acme/contacts/{alone}/edit", form).status_code == 403
        with reading():
            assert (ledger.rights(alone), ledger.contact(alone).access) == before


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


class TestPrimary:
    """P13."""

    def test_the_first_contact_of_a_company(self, town, writing, reading):
        """Becomes Primary and gets the Client Admin role."""
        with writing():
            company = Company(slug="fresh", name="Fresh")
            db.session.add(company)
            db.session.flush()
            details = {"first_name": "Fay", "last_name": "First", "email": "fay@fresh.example"}
            kind = db.session.scalars(db.select(ContactType).where(ContactType.code == "manager")).one()
            first = add_contact(company, Wanted(details=details, contact_type=kind, access="portal"), SYSTEM)
            details = {"first_name": "Sam", "last_name": "Second", "email": "sam@fresh.example"}
            second = add_contact(company, Wanted(details=details), SYSTEM)
            first_id, second_id = first.id, second.id
        with reading():
            assert ledger.contact(first_id).contact_type.code == "primary"
            assert ledger.rights(first_id)[0] == {"client-admin"}
            assert not ledger.contact(second_id).is_primary
            assert ledger.rights(second_id)[:2] == (set(), set())

    @pytest.mark.parametrize("door", ["edit", "new"])
    def test_a_new_primary_makes_the_former_secondary(self, town, browser, reading, door):
        mia = browser(town.mia)
        with reading():
            before = ledger.rights(town.mia.id)
            if door == "edit":
                path, form = f"{town.max.id}/edit", ledger.edit_form(town.max.id, contact_type="primary")
            else:
                path, form = "new", ledger.new_form(contact_type="primary")
        assert mia.post(f"/acme/contacts/{path}", form).status_code == 303
        with reading():
            primaries = db.session.scalars(
                db.select(Contact).where(Contact.company_id == town.acme.id, Contact.is_primary)
            ).all()
            assert len(primaries) == 1
            assert primaries[0].id == town.max.id or door == "new"
            assert ledger.contact(town.mia.id).contact_type.code == "secondary"
            # Type and rights are independent.
            assert ledger.rights(town.mia.id) == before

    @pytest.mark.parametrize("move", ["delete", "deactivate"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_the_primary_stays_until_there_is_another(self, town, browser, reading, move, htmx):
        max = browser(town.max)
        assert max.post(f"/acme/contacts/{town.mia.id}/{move}", htmx=htmx).status_code == 409
        with reading():
            form = ledger.edit_form(town.nora.id, contact_type="primary")
        assert max.post(f"/acme/contacts/{town.nora.id}/edit", form).status_code == 303
        assert max.post(f"/acme/contacts/{town.mia.id}/{move}", htmx=htmx).status_code in DONE[htmx]

    def test_the_primary_cannot_just_stop(self, town, browser, reading):
        with reading():
            form = ledger.edit_form(town.mia.id, contact_type="manager")
        assert browser(town.max).post(f"/acme/contacts/{town.mia.id}/edit", form).status_code in (409, 422)
        with reading():
            assert ledger.contact(town.mia.id).is_primary

    def test_said_beforehand(self, town, browser):
        """The form names who steps down."""
        page = browser(town.max).get(f"/acme/contacts/{town.nora.id}/edit").text
        assert "Mia Stone is the Primary contact now" in page


class TestMenus:
    """P11, C6: a menu never shows what would answer 403, 404 or 409."""

    @pytest.mark.parametrize("who", [*EVERYBODY[:-1]])
    def test_every_link_of_the_menus_opens(self, town, browser, who):
        reader = browser(getattr(town, who))
        pages = ["/acme/", "/acme/more"] + (["/acme/contacts"] if who in READERS else [])
        hrefs = {href for path in pages for href in links(reader.get(path).text)}
        answers = {href: reader.get(href).status_code for href in hrefs}
        assert answers
        assert {href: code for href, code in answers.items() if code not in (200, 302)} == {}

    @pytest.mark.parametrize("who", sorted(READERS))
    def test_every_button_of_the_rows_is_allowed(self, town, browser, place, who):
        """What is posted from a row is a cell of the tables above that is done."""
        page = browser(getattr(town, who)).get("/acme/contacts").text
        offered = set(re.findall(r'action="/acme/contacts/(\d+)/([a-z-]+)"', page))
        if who not in ADMINS:
            assert offered == set()
            return
        allowed = {
            (str(place(who, what)), move)
            for move, row in as_admin(who).items()
            for what, answer in row.items()
            if answer == 1
        }
        known = {str(place(who, what)) for what in AS_ADMIN["delete"]}
        assert {cell for cell in offered if cell[0] in known} <= allowed
        assert offered


def links(page: str) -> set[str]:
    """The addresses of this portal that a page leads to."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    hrefs = {str(link.get("href", "")) for link in tree.iter("a")}
    return {href for href in hrefs if href.startswith("/")}


def test_nobody_is_sent_to_themselves(town, browser):
    """P7, P11: the page that refuses names others to ask, and speaks of doing, not of opening."""
    page = browser(town.mia).post(f"/acme/contacts/{town.mia.id}/deactivate")
    assert page.status_code == 403
    assert "You cannot do this." in page.text
    said = page.text.partition("<main")[2].partition("</main>")[0]
    assert "Ask another admin." in said
    assert town.mia.name not in said
