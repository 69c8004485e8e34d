"""How many SQL statements a page costs; what opens and ends a transaction is not counted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from portal.clock import now
from portal.extensions import db
from portal.models import (
    Activity,
    Contact,
    ContactRole,
    ContactType,
    Invitation,
    Property,
    PropertyLink,
    Role,
    RolePermission,
)
from portal.models.keys import email_key
from tests import ledger, places
from tests.surfing import form_fields
from tests.town_billing import invoice

LIST = 6
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
# The list in every shape: the whole page, the part htmx gets, filters, orders, the search page.
LISTS = [
    "/acme/contacts",
    "/acme/contacts?q=an",
    "/acme/contacts?sort=last_login&dir=desc",
    "/acme/contacts?status=pending&authorized=yes",
    "/acme/contacts?type=secondary&role=1",
    "/acme/contacts/search?q=an",
]


@contextmanager
def counting(app) -> Iterator[list[str]]:
    """Collect the statements that the application sends meanwhile."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        if not statement.lstrip().upper().startswith(NOT_COUNTED):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def statements(app, reader, path: str, **more) -> int:
    """How many statements one page takes."""
    with counting(app) as sent:
        assert reader.get(path, **more).status_code == 200
    return len(sent)


@pytest.fixture
def crowded(app, town, writing):
    """Brings acme to a number of contacts, of every kind: crowded(5_000)."""

    def fill(size: int) -> None:
        with writing():
            kind = db.session.scalars(db.select(ContactType.id).where(ContactType.code == "secondary")).one()
            roles = db.session.scalars(db.select(Role.id).where(Role.owner == 0)).all()
            there = db.session.scalar(
                db.select(db.func.count(Contact.id)).where(Contact.company_id == town.acme.id)
            )
            rows = [crowd(town.acme.id, kind, number) for number in range(there, size)]
            ids = db.session.scalars(db.insert(Contact).returning(Contact.id), rows).all()
            mine = [{**row, "contact_id": each} for each, row in zip(ids, rows, strict=True)]
            for model, held in belongings(mine, list(roles), town.alpha.id).items():
                db.session.execute(db.insert(model), held)

    return fill


def belongings(crowd: list[dict], roles: list[int], property_id: int) -> dict:
    """What hangs on many contacts: a role each, every other time a property, an invitation if pending."""
    held: dict = {ContactRole: [], PropertyLink: [], Invitation: []}
    for row in crowd:
        mine = {name: row[name] for name in ("company_id", "contact_id")}
        held[ContactRole].append({**mine, "role_id": roles[row["contact_id"] % 6], "role_owner": 0})
        if row["contact_id"] % 2:
            held[PropertyLink].append({**mine, "property_id": property_id, "linked_by": ""})
        if row["access"] == "portal":
            link = {"generation": 1, "email": row["email"], "invited_by": "Mia", "expires_at": now()}
            held[Invitation].append({**mine, **link})
    return {model: rows for model, rows in held.items() if rows}


def crowd(company_id: int, kind: int, number: int) -> dict:
    """One of many contacts."""
    first, last = f"Anna{number:05}", f"Crowd{number % 97:02}"
    address = f"anna{number}@acme.example"
    return {
        "company_id": company_id,
        "first_name": first,
        "last_name": last,
        "email": address,
        "email_key": email_key(address),
        "contact_type_id": kind,
        "is_primary": False,
        "access": ("none", "email_only", "portal")[number % 3],
        "scope": "client" if number % 4 else "property",
        "deactivated_at": now() if number % 10 == 9 else None,
        "name_key": f"{first} {last}".lower(),
        "search_key": f"{first} {last} {address}".lower(),
    }


class TestList:
    """C5: at most 6 statements for a full page, and the same for 25 or 5,000 contacts."""

    @pytest.mark.parametrize("who", ["mia", "pam"])
    def test_however_many_there_are(self, app, town, browser, crowded, who):
        reader = browser(getattr(town, who))
        crowded(25)
        few = {
            (path, htmx): statements(app, reader, path, htmx=htmx) for path in LISTS for htmx in (False, True)
        }
        crowded(5_000)
        many = {
            (path, htmx): statements(app, reader, path, htmx=htmx) for path in LISTS for htmx in (False, True)
        }
        assert {asked: taken for asked, taken in many.items() if taken > LIST} == {}
        assert many == few

    def test_every_page_of_it(self, app, town, browser, crowded):
        """Paging costs the same on the first page and on the last."""
        mia = browser(town.mia)
        crowded(300)
        path, taken, pages = "/acme/contacts", set(), 0
        while path:
            taken.add(statements(app, mia, path))
            onwards = re.search(r'href="([^"]*[?&](?:amp;)?after=[^"]*)"', mia.get(path).text)
            path, pages = (onwards[1].replace("&amp;", "&") if onwards else ""), pages + 1
        assert pages == 12
        assert max(taken) <= LIST

    def test_the_page_is_full(self, town, browser, crowded):
        """What is counted above is a page of 25 rows."""
        crowded(5_000)
        page = browser(town.mia).get("/acme/contacts").text
        assert len(re.findall(r'<tr[^>]* id="contact-\d+"', page)) == 25


# The pages that are no lists: forms, the first page, a paper, what several contacts are chosen for.
NO_LISTS = ("new", "edit", "pdf", "bulk")


def add_some(town, session, first: int, last: int) -> None:
    """Add to acme some of everything that a list shows, each with what its row could ask for."""
    for number in range(first, last):
        place = Property(company_id=town.acme.id, name=f"House {number}")
        role = Role(
            company_id=town.acme.id, owner=town.acme.id, name=f"R{number}", name_key=f"r{number}", purpose="x"
        )
        role.grants = [RolePermission(permission="reports")]
        session.add_all([place, role])
        session.flush()
        user = db.session.scalar(db.select(Contact.portal_user_id).where(Contact.id == town.wes.id))
        who = {"company_id": town.acme.id, "contact_id": town.ola.id}
        session.add(ContactRole(**who, role_id=role.id, role_owner=role.owner))
        session.add(PropertyLink(**who, property_id=place.id, linked_by="Mia Stone"))
        mine = {"actor_contact_id": town.wes.id, "actor_user_id": user, "actor_kind": "contact"}
        session.add(Activity(**who, **mine, actor_name="Wes", target_name="Ola", what="edited"))
        places.contract(town.acme.id, f"Lifts {number}", place.id)
        places.rfp(town.acme.id, f"Roof {number}", place.id, answers=("Yes.",))
        places.document(town.acme.id, f"plan {number}.pdf", property_id=place.id)
        invoice(town.acme.id, f"A-{number}", "Lift", age=number % 300, property_id=place.id)
        facts = {"requested_by": town.wes.id}
        places.work_order(town.acme.id, 100 + number, f"Leak {number}", place.id, **facts)


def lists(app) -> list[str]:
    """Every page below the company that speaks of many things and of none in particular."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    paths = [
        rule.rule.replace("<slug:company>", "acme")
        for rule in rules
        if rule.rule.startswith("/<slug:company>/")
    ]
    return sorted(path for path in paths if "<" not in path and not path.endswith(NO_LISTS))


class TestEveryList:
    """Issue 3: at most 8 statements on each list page, its downloads too, constant in the number of rows."""

    def test_is_known(self, app):
        found = lists(app)
        assert len(found) >= 25
        for name in (
            "roles",
            "activity",
            "access-review",
            "reports/spend",
            "billing/statement",
            "client/rfps",
        ):
            assert f"/acme/{name}" in found

    @pytest.mark.parametrize("who", ["mia", "pam"])
    def test_costs_the_same_whatever_stands_in_it(self, app, town, browser, crowded, writing, who):
        reader, taken = browser(getattr(town, who)), []
        for first, last, people in ((0, 3, 26), (3, 40, 60)):
            with writing():
                add_some(town, db.session, first, last)
            crowded(people)
            taken.append({path: cost(app, reader, path) for path in lists(app)})
        few, many = taken
        assert {path: number for path, number in many.items() if number > 8} == {}
        assert {path: (few[path], many[path]) for path in many if few[path] != many[path]} == {}


def cost(app, reader, path: str) -> int:
    """The statements of a page that this reader may open; 0 for the others."""
    with counting(app) as sent:
        code = reader.get(path).status_code
    return len(sent) if code == 200 else 0


# What a change of several may cost for each of them: the contact, its activity row, and what is sent.
EACH = {
    "roles": ({"roles_how": "add", "roles": "3"}, 2),
    "permissions": ({"permissions_how": "exactly", "permissions": ["billing", "reports"]}, 2),
    "properties": ({"places_how": "exactly", "properties": "1"}, 2),
    "deactivate": ({"move": "deactivate"}, 2),
    "authorize": ({"move": "authorize"}, 5),
}


class TestSeveral:
    """The company is locked meanwhile, so several contacts are loaded, judged and written together."""

    @pytest.mark.parametrize("wish", EACH)
    def test_so_many_for_each(self, app, town, browser, crowded, reading, wish):
        mia, (form, most) = browser(town.mia), EACH[wish]
        crowded(120)
        with reading():
            query = db.select(Contact.id).where(Contact.first_name.like("Anna%"), Contact.access == "none")
            ids = [str(each) for each in db.session.scalars(query.order_by(Contact.id))]
        taken = []
        for some in (ids[:10], ids[:30]):
            with counting(app) as sent:
                shown = mia.post("/acme/contacts/bulk", form | {"contacts": some, "step": "preview"})
            taken.append((len(sent), int(re.search(r"(\d+) will change", shown.text)[1])))
        (few, changed), (many, more) = taken
        assert more > changed + 10
        assert many - few <= most * (more - changed)
        with counting(app) as sent:
            done = mia.post("/acme/contacts/bulk", form_fields(shown.text, "agree") | {"step": "confirm"})
        assert f"{more} changed" in done.text
        assert len(sent) <= many + 2


BOUNDS = {
    "/acme/": 8,
    "/acme/more": 3,
    "/acme/contacts/new": 12,
    "/acme/contacts/{ann}": 12,
    "/acme/contacts/{nora}": 12,
    "/acme/contacts/{ann}/edit": 12,
    "/acme/contacts/{nora}/edit": 12,
    "/acme/contacts/{ava}/delete": 7,
    "/acme/contacts/{ola}/properties": 9,
    "/profile": 6,
    "/profile/password": 3,
    "/terms": 4,
    "/companies": 3,
}


class TestOtherPages:
    @pytest.mark.parametrize("path", BOUNDS)
    def test_bounded_and_the_same_in_a_large_company(self, app, town, browser, crowded, path):
        mia = browser(town.mia)
        address = path.format(**{name: town.__dict__[name].id for name in ("ann", "nora", "ava", "ola")})
        crowded(30)
        few = statements(app, mia, address)
        crowded(500)
        many = statements(app, mia, address)
        assert many == few
        assert many <= BOUNDS[path]

    @pytest.mark.parametrize("path", ["/sign-in", "/forgot", "/no-such-page", "/robots.txt", "/brand.css"])
    def test_strangers_cost_little(self, app, browser, path):
        stranger = browser()
        stranger.get(path)
        with counting(app) as sent:
            stranger.get(path)
        assert len(sent) <= 1

    def test_a_dead_cookie_costs_little(self, app, town, browser, writing):
        mia = browser(town.mia)
        with writing():
            db.session.execute(db.text("UPDATE sign_in_session SET ended_at = last_seen_at"))
        with counting(app) as sent:
            assert mia.get("/acme/contacts").status_code == 303
        assert len(sent) <= 2

    def test_a_long_history_is_cut(self, app, town, browser, reading):
        """The view page of somebody much was done to."""
        mia = browser(town.mia)
        with reading():
            form = ledger.edit_form(town.nora.id)
        before = statements(app, mia, f"/acme/contacts/{town.nora.id}")
        for number in range(40):
            with reading():
                form = ledger.edit_form(town.nora.id, job_title=f"Job {number}")
            mia.post(f"/acme/contacts/{town.nora.id}/edit", form)
        mia.get("/acme/")
        assert statements(app, mia, f"/acme/contacts/{town.nora.id}") == before
