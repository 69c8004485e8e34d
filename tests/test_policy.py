"""Who may do what: every person, every move, every target, typed from behaviour 3 (P1 to P13)."""

import re
import zlib

import html5lib
import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, ContactRole
from tests import ledger
from tests.machinery.counts import LONG
from tests.rights import DONE, MOVES, UNKNOWN


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
SWEPT = ("ed", "stan")


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

    @pytest.mark.parametrize("who", ["mia", pytest.param("max", marks=pytest.mark.long)])
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


class TestMenus:
    """P11, C6: a menu never shows what would answer 403, 404 or 409."""

    @pytest.mark.parametrize("who", some(EVERYBODY[:-1]))
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
