"""The sweep: every rule of the portal with every method, asked by everybody it is not meant for, too.

A route without an entry in ROUTES makes `test_every_route_has_an_entry` fail: say there who may use it.
"""

import re
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from pkgutil import iter_modules

import pytest
from wtforms import Form

from portal import forms, named
from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, SignInSession
from tests import api_routes, area_routes, ledger, staff_routes
from tests.machinery.counts import LONG, count

UNKNOWN = 2**31 - 1


def modules(package):
    """Every module of a package."""
    return [import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)]


# Who asks: each right alone, both scopes, both gates, the other company, nobody.
RIGHTS = [
    "admin",
    "box_admin",
    "billing",
    "reports",
    "work_orders",
    "edit",
    "view",
    "view_one",
    "edit_one",
    "none",
]
PEOPLE = {
    "admin": "mia",
    "box_admin": "max",
    "billing": "bill",
    "reports": "rita",
    "work_orders": "wes",
    "edit": "ed",
    "view": "vic",
    "view_one": "pam",
    "edit_one": "una",
    "none": "nora",
}
RIGHTS = list(PEOPLE)
# Asked for everything in `make test`, too: all, nothing, and what stands between them.
FIRST = ("billing", "edit_one", "none")
PEOPLE |= {
    "must_change": "tess",
    "terms": "ted",
    "other_company": "stan",
}
EVERYBODY = frozenset(RIGHTS)
READERS = frozenset({"admin", "box_admin", "edit", "view", "view_one", "edit_one"})
EDITORS = frozenset({"admin", "box_admin", "edit", "edit_one"})
ADMINS = frozenset({"admin", "box_admin"})


@dataclass(frozen=True)
class Route:
    """What the contract says of one endpoint: who may, what a good request is, whether strangers may."""

    path: str
    methods: str
    may: frozenset[str] = EVERYBODY
    public: bool = False
    # The form of a POST that is taken, and what is answered to a page and to htmx.
    form: dict = field(default_factory=dict)
    good: tuple[int, ...] = (200, 204, 302, 303)
    # Out of a property manager's sight: the same path with this target answers 404.
    hidden: bool = False


CONTACT = "/acme/contacts/{contact}"
ROUTES = {
    "sign_in.sign_in": Route("/sign-in", "GET POST", public=True, good=(200, 302, 422)),
    "sign_in.sign_out": Route("/sign-out", "POST", public=True),
    "sign_in.home": Route("/", "GET"),
    # Without a password proved a moment before, the code page leads back to the sign-in page.
    "code.show": Route("/sign-in/code", "GET POST", public=True),
    "second_factor.set_up": Route("/profile/second-factor/set-up", "GET POST", good=(200, 422)),
    "second_factor.app": Route("/profile/second-factor/app", "GET POST"),
    "second_factor.codes": Route("/profile/second-factor/recovery-codes", "GET POST", good=(200, 422)),
    "second_factor.text": Route("/profile/second-factor/recovery-codes.txt", "POST", good=(404,)),
    "second_factor.off": Route("/profile/second-factor/switch-off", "GET POST"),
    "resets.forgot": Route("/forgot", "GET POST", public=True, good=(200, 422)),
    "resets.reset": Route("/reset/1.x", "GET POST", public=True, good=(404,)),
    "invitations.show": Route("/invitations/1.x", "GET POST", public=True, good=(404,)),
    "invitations.again": Route("/invitations/1.x/again", "POST", public=True, good=(404,)),
    "confirmations.confirm": Route("/confirm/1.x", "GET POST", public=True, good=(404,)),
    "strength.judge": Route("/password-strength", "POST", public=True, good=(200, 404)),
    "request_access.ask": Route("/request-access", "GET POST", public=True, good=(404,)),
    "request_access.confirm": Route("/request-access/1.x", "GET POST", public=True, good=(404,)),
    "terms.accept": Route("/terms", "GET POST", form={"accept_terms": "y"}),
    "companies.choose": Route("/companies", "GET"),
    "companies.enter": Route("/companies/acme", "POST"),
    "profile.show": Route("/profile", "GET POST", form={"first_name": "New", "last_name": "Name"}),
    "profile.default_company": Route("/profile/default-company", "POST"),
    "profile.look": Route("/profile/look", "POST", form={"theme": "dark", "density": "compact"}),
    "profile.password": Route("/profile/password", "GET POST", good=(200, 422)),
    "profile.confirm": Route("/profile/confirm/email", "POST", good=(409,)),
    "own_login.email": Route("/profile/email", "GET POST", good=(200, 422)),
    "own_login.cancel_email": Route("/profile/email/cancel", "POST", good=(409,)),
    "own_login.username": Route("/profile/user-name", "GET POST", good=(200, 422)),
    "own_login.recovery": Route("/profile/recovery", "GET POST", good=(200, 422)),
    "profile.sign_out_device": Route("/profile/devices/{foreign_session}/sign-out", "POST", good=(404,)),
    "well_known.brand": Route("/brand.css", "GET", public=True),
    "well_known.logo": Route("/logo.png", "GET", public=True, good=(404,)),
    "well_known.favicon": Route("/favicon.ico", "GET", public=True),
    "well_known.robots": Route("/robots.txt", "GET", public=True),
    "well_known.health": Route("/health", "GET", public=True),
    "well_known.security": Route("/.well-known/security.txt", "GET", public=True, good=(404,)),
    "dashboard.show": Route("/acme/", "GET"),
    "dashboard.more": Route("/acme/more", "GET"),
    "contacts.index": Route("/acme/contacts", "GET", may=READERS),
    "contacts.search": Route("/acme/contacts/search", "GET", may=READERS),
    "contacts.add": Route(
        "/acme/contacts/new", "GET POST", may=ADMINS, form=ledger.new_form(form_key="one form")
    ),
    "contacts.show": Route(CONTACT, "GET", may=READERS, hidden=True),
    "contacts.edit": Route(
        f"{CONTACT}/edit",
        "GET POST",
        may=EDITORS,
        hidden=True,
        form={"first_name": "Ola", "last_name": "Alpha", "version": "{version}"},
    ),
    "contacts.delete": Route(f"{CONTACT}/delete", "GET", may=ADMINS, hidden=True),
    "access.take": Route(f"{CONTACT}/authorize", "POST", may=ADMINS, hidden=True),
    "property_links.link": Route(
        f"{CONTACT}/properties", "GET POST", may=ADMINS, hidden=True, form={"scope": "client"}
    ),
    "profile.topics": Route("/profile/topics", "POST", good=(200, 204, 303, 422)),
    # Of development alone; production has none of them (test_headers).
    "dev.mails": Route("/dev/mail", "GET", public=True),
    "dev.mail": Route("/dev/mail/none", "GET", public=True, good=(404,)),
    "dev.html": Route("/dev/mail/none/html", "GET", public=True, good=(404,)),
}
ROUTES |= {
    name: Route(
        f"/acme/{path}",
        methods,
        may=may,
        form=area_routes.FORMS.get(name, {}),
        good=(*area_routes.TAKEN, *([404] if name in area_routes.GONE else [])),
    )
    for name, (path, methods, may) in area_routes.AREAS.items()
}
BEHIND_DOORS = staff_routes.EVERY | staff_routes.CLIENTS | staff_routes.VIEW_AS
ABOUT_A_THING = [name for name, (path, _, _) in area_routes.AREAS.items() if "{" in path]
# Any number where only the shape of a path matters.
ANY_IDS = {"contact": 1, "foreign_session": 1, **dict.fromkeys(area_routes.NAMES, 1)}
PRIVATE = [name for name, route in ROUTES.items() if not route.public]
POSTS = [name for name, route in ROUTES.items() if "POST" in route.methods]
ACME = [name for name, route in ROUTES.items() if route.path.startswith("/acme/")]
ABOUT_A_CONTACT = [name for name, route in ROUTES.items() if "{contact}" in route.path]
# What a gate leaves open, because it cures it or leads out (L9).
CURES = {
    "must_change": ("/profile/password", {"profile.password"}),
    "terms": ("/terms", {"terms.accept", "profile.password"}),
}


@pytest.fixture
def ask(town, reading, writing):
    """Sends one request to a route, with everything its path and form need."""
    with writing():
        foreign = SignInSession(
            key_hash="0" * 64,
            portal_user_id=db.session.get_one(Contact, town.stan.id).portal_user_id,
            last_seen_at=now(),
            expires_at=now(),
        )
        db.session.add(foreign)
        db.session.flush()
        session_id = foreign.id
        ours, theirs = area_routes.things(town, db.session)

    def send(browser, name, method, *, htmx=False, contact=None, token=None, things=None, more=None):
        target = contact or town.ola.id
        route = ROUTES[name]
        ids = {"ours": ours, "theirs": theirs}.get(things or "ours") or dict.fromkeys(ours, things)
        address = route.path.format(contact=target, foreign_session=session_id, **ids)
        if method == "GET":
            return browser.get(address, htmx=htmx)
        form = dict(route.form) | (more or {})
        if "version" in form:
            with reading():
                form["version"] = str(ledger.contact(town.ola.id).version)
        if method == "POST" and token is not None:
            form["csrf_token"] = token
        return browser.post(address, form, htmx=htmx, token=False)

    send.theirs = theirs
    return send


@pytest.fixture
def theirs(town, ask):
    """Something of Globex for every field that names things by id."""
    role = ask.theirs["role"]
    people = dict.fromkeys(("contacts", "copy_from"), town.gus.id)
    places = dict.fromkeys(("properties", "property", "copy_properties"), town.delta.id)
    return people | places | {"roles": role, "replacement": role}


def sweep(names, ask, browser, wanted, *, methods=("GET", "POST"), contacts=(None,), tokens=(True,)) -> dict:
    """Ask every route of `names` with each of its methods, as a page and with htmx; return what went wrong.

    `wanted(name, method, htmx, answer)` says whether an answer is as it must be.
    """
    own, wrong = browser.token(), {}
    for name in names:
        for method in ROUTES[name].methods.split():
            for htmx in (False, True):
                for contact in contacts:
                    for token in tokens if method == "POST" else tokens[:1]:
                        sent = own if token is True else token
                        answer = ask(browser, name, method, htmx=htmx, token=sent, contact=contact)
                        if method in methods and not wanted(name, method, htmx, answer):
                            wrong[name, method, htmx, contact, token] = answer.status_code
    return wrong


def answers(*codes: int):
    """What every answer must be one of."""
    return lambda _name, _method, _htmx, answer: answer.status_code in codes


def sees_sign_in(_name, _method, htmx, answer) -> bool:
    """A stranger's answer: the sign-in page, which htmx is told in a header (P12)."""
    place = answer.headers.get("HX-Redirect" if htmx else "Location", "")
    return answer.status_code == (401 if htmx else 303) and place.startswith("/sign-in")


@pytest.fixture
def unchanged(reading):
    """Call it before and after: whatever was asked in between has changed nothing."""

    def note():
        with reading():
            return ledger.everything()

    return note


class TestTable:
    def test_every_route_has_an_entry(self, app):
        others = set(BEHIND_DOORS) | set(api_routes.EVERY)
        assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ROUTES) | others

    def test_every_method_has_an_entry(self, app):
        found: dict[str, set[str]] = {}
        for rule in app.url_map.iter_rules():
            found.setdefault(rule.endpoint, set()).update(rule.methods - {"HEAD", "OPTIONS"})
        staff = {name: methods for name, (_path, methods, _may) in BEHIND_DOORS.items()}
        api = {name: method for name, (_path, method, _scope) in api_routes.EVERY.items()}
        wanted = {name: route.methods for name, route in ROUTES.items()} | staff | api
        assert found == {name: set(methods.split()) for name, methods in wanted.items()}

    def test_the_paths_belong_to_their_endpoints(self, app):
        adapter = app.url_map.bind("localhost")
        for name, route in ROUTES.items():
            path = route.path.format(**ANY_IDS)
            for method in route.methods.split():
                assert adapter.match(path, method)[0] == name


class TestStranger:
    def test_is_sent_to_sign_in(self, browser, ask, unchanged):
        """303, or 401 with HX-Redirect for htmx; whether or not there is a token."""
        before = unchanged()
        assert sweep(PRIVATE, ask, browser(), sees_sign_in, tokens=(True, None)) == {}
        assert unchanged() == before

    def test_sees_what_is_public(self, browser, ask):
        def good(name, _method, _htmx, answer):
            return answer.status_code in ROUTES[name].good

        def with_a_new_token(stranger, name, method, **more):
            return ask(stranger, name, method, **{**more, "token": stranger.token()})

        public = [name for name in ROUTES if ROUTES[name].public]
        assert sweep(public, with_a_new_token, browser(), good) == {}

    @pytest.mark.parametrize("path", ["/acme/contacts", "/globex/contacts", "/nowhere-at-all/contacts"])
    def test_learns_of_no_company(self, browser, path):
        """Whether a slug exists is not for strangers."""
        assert sees_sign_in("", "GET", False, browser().get(path))

    def test_what_is_not_there(self, browser):
        stranger = browser()
        for path in ("/staff/nothing", "/staff/portal-users/1", "/api/contacts", "/.env"):
            assert stranger.get(path).status_code == 404


class TestRights:
    """P2 to P5, P11: page and htmx, GET and POST alike (T62)."""

    @pytest.mark.parametrize(
        "right", [pytest.param(right, marks=() if right in FIRST else pytest.mark.long) for right in RIGHTS]
    )
    def test_each_right_alone(self, town, browser, ask, right):
        def fits(name, method, htmx, answer):
            if right not in ROUTES[name].may:
                return answer.status_code == 403
            if name == "access.take" and htmx:
                return answer.status_code == 409  # the plain form has done it already
            return answer.status_code in ROUTES[name].good

        assert sweep(PRIVATE, ask, browser(getattr(town, PEOPLE[right])), fits) == {}

    @pytest.mark.parametrize("right", ["view_one", "edit_one"])
    def test_out_of_scope(self, town, browser, ask, unchanged, right):
        """P10, P11: a property manager's 404."""
        person = browser(getattr(town, PEOPLE[right]))
        before = unchanged()
        assert sweep(ABOUT_A_CONTACT, ask, person, answers(404), contacts=(town.oda.id,)) == {}
        assert unchanged() == before


class TestForeign:
    """P11, B66: 404, never 403, on foreign paths and with foreign ids; not a word of the other company."""

    def test_the_other_companys_admin(self, town, browser, ask, unchanged):
        def nothing_there(_name, _method, _htmx, answer):
            return answer.status_code == 404 and "Acme" not in answer.text

        stan = browser(town.stan)
        before = unchanged()
        assert sweep([*ACME, "companies.enter"], ask, stan, nothing_there) == {}
        assert unchanged() == before

    @pytest.mark.parametrize("right", RIGHTS)
    def test_foreign_ids_on_the_own_path(self, town, browser, ask, unchanged, right):
        def nothing_there(_name, _method, _htmx, answer):
            return answer.status_code == 404 and "Globex" not in answer.text

        person = browser(getattr(town, PEOPLE[right]))
        before, ids = unchanged(), (town.gus.id, town.stan.id, UNKNOWN)
        assert sweep(ABOUT_A_CONTACT, ask, person, nothing_there, contacts=ids) == {}
        assert unchanged() == before

    @pytest.mark.parametrize(
        ("things", "right"),
        [("theirs", right) for right in RIGHTS] + [(UNKNOWN, right) for right in ("admin", "none")],
    )
    def test_foreign_things(self, town, browser, ask, unchanged, right, things):
        """T16: an invoice, order, contract, document, role or property of somebody else is not there."""
        person = browser(getattr(town, PEOPLE[right]))

        def ask_theirs(browser, name, method, **more):
            return ask(browser, name, method, **more, things=things)

        admins = [name for name in ABOUT_A_THING if ROUTES[name].may == ADMINS and right not in ADMINS]
        before = unchanged()
        assert sweep(set(ABOUT_A_THING) - set(admins), ask_theirs, person, answers(404)) == {}
        # What only admins do may say so before it looks; it says the same for every id.
        assert sweep(admins, ask_theirs, person, answers(403, 404)) == {}
        assert unchanged() == before

    @pytest.mark.parametrize("right", ["admin", "none"])
    def test_foreign_ids_in_forms(self, town, browser, ask, unchanged, theirs, right):
        """T16, T20: 404 on every route of the company, for everybody; also for what exists nowhere."""
        person = browser(getattr(town, PEOPLE[right]))
        before, token, wrong = unchanged(), person.token(), {}
        routes = [name for name in ACME if "POST" in ROUTES[name].methods]
        tries = list(product(routes, named.FIELDS, ("theirs", "unknown"), (False, True)))
        for name, what, whose, htmx in tries[:: count(5 if right == "admin" else 17, 1)]:
            more = {what: str(theirs[what] if whose == "theirs" else UNKNOWN)}
            code = ask(person, name, "POST", token=token, more=more, htmx=htmx).status_code
            wrong |= {} if code == 404 else {(name, what, whose, htmx): code}
        assert wrong == {}
        assert unchanged() == before

    def test_no_form_has_an_id_that_is_not_asked_about(self):
        """T16: a field that takes a number takes an id, and is in the table."""
        found = {
            name
            for module in modules(forms)
            for form in vars(module).values()
            if isinstance(form, type) and issubclass(form, Form)
            for name, field in vars(form).items()
            if getattr(field, "kwargs", {}).get("coerce") is int
        }
        assert {"roles", "properties", "replacement"} <= found <= set(named.FIELDS)

    def test_ids_that_are_none(self, town, browser, ask):
        ids = ("0", "-1", "2147483648", "9" * 20, "1.0", "1e3", "abc", "%00", "1%20")
        assert sweep(ABOUT_A_CONTACT, ask, browser(town.mia), answers(404, 405), contacts=ids) == {}

    def test_an_exited_company(self, town, browser, ask, writing):
        """P12: for somebody who has another company it is as if it had never been."""
        duo = browser(town.duo)
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
        assert sweep(ACME, ask, duo, answers(404)) == {}
        assert duo.get("/globex/contacts").status_code == 200


class TestDeactivated:
    def test_every_route(self, town, browser, ask, unchanged, writing):
        """P12, B34: with a live session, at the next request."""
        max = browser(town.max)
        assert max.get("/acme/contacts").status_code == 200
        with writing():
            db.session.get_one(Contact, town.max.id).deactivated_at = now()
        before = unchanged()
        # Each route meets the live session: the cookie is put back after every answer that took it away.
        cookie = max.cookie()

        def as_signed_in(person, name, method, **more):
            person.client.set_cookie("gatehouse", cookie)
            return ask(person, name, method, **more)

        assert sweep(PRIVATE, as_signed_in, max, sees_sign_in) == {}
        assert unchanged() == before


class TestGates:
    """L9, T51: whoever must change the password or accept the terms gets to the cure and nowhere else."""

    @pytest.mark.parametrize("gate", CURES)
    def test_every_route(self, town, browser, ask, unchanged, gate):
        cure, open_routes = CURES[gate]

        def cured(_name, _method, htmx, answer):
            place = answer.headers.get("HX-Redirect" if htmx else "Location", "")
            return (answer.status_code, place.split("?")[0]) == (204 if htmx else 303, cure)

        person = browser(getattr(town, PEOPLE[gate]))
        before = unchanged()
        shut = [name for name in PRIVATE if name not in open_routes]
        assert sweep(shut, ask, person, cured) == {}
        assert unchanged() == before
        for path in {ROUTES[name].path for name in open_routes}:
            assert [person.get(path, htmx=htmx).status_code for htmx in (False, True)] == [200, 200]

    @pytest.mark.parametrize("gate", CURES)
    def test_signing_out_stays_open(self, town, browser, gate):
        person = browser(getattr(town, PEOPLE[gate]))
        assert person.post("/sign-out").headers["Location"].startswith("/sign-in")
        assert person.get("/acme/").headers["Location"].startswith("/sign-in")

    def test_behind_the_cures_everything_is_open(self, town, browser):
        tess = browser(town.tess)
        data = {"current_password": "correct horse battery", "new_password": "seven purple otters dancing"}
        assert tess.post("/profile/password", data).status_code == 303
        assert tess.get("/acme/contacts").status_code == 200
        ted = browser(town.ted)
        assert ted.post("/terms", {"accept_terms": "y"}).status_code == 303
        assert ted.get("/acme/contacts").status_code == 200


class TestMethods:
    def test_what_changes_refuses_get(self, town, browser, unchanged):
        """L3, T52: 404 or 405."""
        mia = browser(town.mia)
        before, wrong = unchanged(), {}
        pages = {route.path for route in ROUTES.values() if "GET" in route.methods}
        for name in POSTS:
            if ROUTES[name].path not in pages:
                for method in ("GET", "HEAD"):
                    code = mia.client.open(plain_path(name, town), method=method).status_code
                    wrong |= {} if code in (404, 405) else {(name, method): code}
        assert wrong == {}
        assert unchanged() == before

    def test_other_methods(self, town, browser, unchanged):
        """T67: 404 or 405, or 400 for the missing token."""
        mia = browser(town.mia)
        before, wrong = unchanged(), {}
        for name in ROUTES:
            for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
                code = mia.client.open(plain_path(name, town), method=method).status_code
                wrong |= {} if code in (400, 404, 405) else {(name, method): code}
        assert wrong == {}
        assert unchanged() == before

    @pytest.mark.parametrize("right", ["admin", pytest.param("view", marks=pytest.mark.long), "none"])
    def test_get_changes_nothing(self, town, browser, ask, unchanged, right):
        """L3: every page, as a whole and in part."""
        person = browser(getattr(town, PEOPLE[right]))
        before = unchanged()
        for name, route in ROUTES.items():
            if "GET" in route.methods:
                for htmx in (False, True):
                    assert ask(person, name, "GET", htmx=htmx).status_code < 500
        assert unchanged() == before


def plain_path(name: str, town) -> str:
    return ROUTES[name].path.format(**{**ANY_IDS, "contact": town.ola.id})


class TestForgery:
    """T67: every state-changing route wants the token of this very session."""

    def test_without_a_fitting_token(self, town, browser, ask, unchanged):
        mia, foreign = browser(town.mia), browser(town.stan).token()
        before = unchanged()
        tokens = (None, foreign) if not LONG else (None, "", "x", foreign, mia.token()[:-1])
        assert sweep(POSTS, ask, mia, answers(400), methods=("POST",), tokens=tokens) == {}
        assert unchanged() == before
        assert mia.get("/acme/").status_code == 200

    def test_json_and_plain_text(self, town, browser, unchanged):
        mia = browser(town.mia)
        body = '{"csrf_token": "' + mia.token() + '"}'
        before, wrong = unchanged(), {}
        for name in POSTS:
            for kind in ("application/json", "text/plain"):
                answer = mia.client.post(plain_path(name, town), data=body, content_type=kind)
                wrong |= {} if answer.status_code == 400 else {(name, kind): answer.status_code}
        assert wrong == {}
        assert unchanged() == before

    def test_from_another_sites_page(self, app, town, browser, on_duty, unchanged):
        """T67: refused wherever something changes, on both sides, whatever token comes with it; what the
        portal's own pages send, or says nothing, goes on."""
        site, asked, wrong = "Sec-Fetch-Site", 0, {}
        foreign = ({site: "cross-site"}, {site: "same-site"}, {"Origin": "https://other.example"})
        people = {False: browser(town.mia), True: on_duty(town.sue)}
        tokens, before = {staff: each.token() for staff, each in people.items()}, unchanged()
        for number, rule in enumerate(app.url_map.iter_rules()):
            if "POST" not in rule.methods or rule.endpoint.startswith("api."):
                continue
            staff, asked = rule.rule.startswith("/staff"), asked + 1
            sent = {**foreign[number % 3], "X-CSRFToken": tokens[staff]}
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            code = people[staff].client.post(path, headers=sent).status_code
            wrong |= {} if code == 400 else {rule.rule: code}
        assert wrong == {}
        assert asked > 150
        assert unchanged() == before
        own = ({site: "same-origin"}, {site: "none"}, {"Origin": "http://localhost"}, {"Origin": "null"}, {})
        for number, headers in enumerate(own):
            form = {"first_name": f"Mia {number}", "last_name": "Stone", "csrf_token": tokens[False]}
            assert people[False].client.post("/profile", data=form, headers=headers).status_code == 303
