"""Group D, sessions and signing in: what is left of a session, and what an answer gives away."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal import passwords
from portal.config import ROOT
from portal.extensions import db
from portal.models import PortalUser
from tests.machinery import web
from tests.test_every_route import ROUTES
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')


@pytest.mark.parametrize("how", ["signed out", "password changed", "password reset"])
def test_a_remembered_cookie_dies_with_the_session(town, browser, mailbox, how):
    """T48, T50: the cookie that "Keep me signed in" left is worth nothing afterwards, from wherever."""
    mia = browser()
    assert mia.sign_in(town.mia.email, remember="y").status_code == 303
    cookie = mia.cookie()
    if how == "signed out":
        mia.post("/sign-out")
    elif how == "password changed":
        mia.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
    else:
        browser().post("/forgot", {"email": town.mia.email})
        mailbox.answer_requests()
        browser().post(mailbox.link(town.mia.email), {"new_password": NEW})
    for htmx in (False, True):
        thief = browser()
        thief.client.set_cookie("gatehouse", cookie)
        assert thief.get("/acme/", htmx=htmx).status_code == (401 if htmx else 303)


def test_htmx_keeps_no_copy_of_a_page(town, browser):
    """T53: no cache of its own, no page that may be stored, and a broom on the way out."""
    mia = browser(town.mia)
    page = mia.get("/acme/contacts")
    assert '"historyCacheSize":0' in page.text
    assert '"allowEval":false' in page.text
    assert '"selfRequestsOnly":true' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert mia.post("/sign-out").headers["Clear-Site-Data"] == '"cache", "storage"'


def test_no_page_asks_by_itself(app):
    """T54: nothing polls but an import at work, and that is a sign of life through no door."""
    found = []
    for file in sorted(Path(ROOT, "templates").rglob("*.*")):
        for trigger in re.findall(r'hx-trigger="([^"]*)"', file.read_text()):
            found += [(file.name, trigger)] if re.search(r"\bevery\b|\bload\b", trigger) else []
    assert found == [("show.html", "every 2s")]
    waits = Path(ROOT, "templates", "imports", "show.html").read_text()
    assert re.search(r'{% if imported\.at_work %}[^%]*hx-trigger="every 2s"', waits)
    polled = {name for name, view in app.view_functions.items() if getattr(view, "is_polled", False)}
    assert polled == {
        "imports.show",
        "staff.clients.imports.show",
        "staff.imports.show",
        "staff.view_as.imports.show",
    }
    assert "http-equiv" not in Path(ROOT, "templates", "base.html").read_text()
    script = Path(ROOT, "static", "portal.js").read_text()
    (timed,) = re.findall(r"setInterval\(.*?\n  \}, ", script, re.DOTALL)
    assert not re.search("fetch|ajax|trigger|location", timed)


class TestEnumeration:
    """T56: whether somebody is known shows neither in words, status or size nor in the work that is done."""

    @pytest.fixture
    def hashings(self, monkeypatch):
        """How many passwords were compared."""
        seen, compare = [], passwords.fits

        def counted(*args):
            seen.append(args)
            return compare(*args)

        monkeypatch.setattr("portal.actions.sign_in.passwords.fits", counted)
        return seen

    def test_the_same_work_for_every_failure(self, town, browser, hashings):
        for identity in ("nobody@x.example", town.mia.email, town.ian.email, town.dan.email, town.ann.email):
            hashings.clear()
            assert browser().sign_in(identity, "wrong wrong wrong").status_code == 422
            assert len(hashings) == 1, identity

    def test_forgot_while_mail_is_away(self, app, town, browser, monkeypatch):
        """The mail server and Redis are not there; the answers are the same, byte for byte."""
        monkeypatch.setattr(app.extensions["mail"], "port", 9)
        answers = set()
        for address in (town.mia.email, "nobody@x.example", town.ann.email, town.dan.email):
            answer = browser().post("/forgot", {"email": address})
            answers.add((answer.status_code, TOKEN.sub("", answer.text).replace(address, "ADDRESS")))
        assert len(answers) == 1

    def test_an_invitation_to_an_address_that_has_a_login_elsewhere(self, town, browser):
        answers = set()
        for number, address in enumerate((town.stan.email, "nobody@x.example")):
            form = {"first_name": "Kim", "last_name": "Fresh", "email": address, "access": "portal"}
            answer = browser(town.mia).post("/acme/contacts/new", form | {"contact_type": "secondary"})
            answers.add((answer.status_code, re.sub(r"\d+", "", answer.location)))
            assert number < 2
        assert len(answers) == 1


def test_a_long_password_is_not_hashed(town, browser, monkeypatch):
    """T58: a megabyte costs nothing; what is too long is cut off before argon2 sees it."""
    lengths, compare = [], passwords._hasher("cheap").__class__.verify

    def measured(self, known, typed):
        lengths.append(len(typed))
        return compare(self, known, typed)

    monkeypatch.setattr(passwords._hasher("cheap").__class__, "verify", measured)
    stranger = browser()
    for size, code in ((100_000, 422), (1_100_000, 413)):
        began = time.perf_counter()
        assert stranger.sign_in(town.mia.email, "x" * size).status_code == code
        assert time.perf_counter() - began < 2
    assert lengths
    assert max(lengths) <= passwords.LONGEST


@pytest.mark.long
def test_others_are_served_while_many_sign_in(app, town, browser):
    """T58: a crowd of wrong passwords at the real cost; pages go on coming meanwhile."""
    with web.process(app) as server:
        stranger, mia = browser(), browser(town.mia)
        form = {"identity": town.mia.email, "password": "wrong wrong wrong", "csrf_token": stranger.token()}
        cookie, done, spent = stranger.cookie(), threading.Event(), []

        def knock(_):
            while not done.is_set():
                assert server.post("/sign-in", form, cookie).status == 422

        with ThreadPoolExecutor(3) as crowd:
            crowd.map(knock, range(3))
            for _ in range(100):
                began = time.perf_counter()
                assert server.get("/acme/contacts", mia.cookie()).status == 200
                spent.append(time.perf_counter() - began)
            done.set()
    slow = sorted(spent)[int(len(spent) * 0.95) - 1]
    assert slow < 1.5, slow


@pytest.mark.sqlite_only
def test_no_shared_cache_may_keep_an_answer(town, browser):
    """T59: every page, by turns whole and in part; only the files of the style may be kept."""
    mia, kept = browser(town.mia), {}
    for number, (name, route) in enumerate(ROUTES.items()):
        if "GET" not in route.methods.split() or name.startswith("well_known."):
            continue
        path = re.sub(r"{\w+}", "1", route.path)
        answer = mia.get(path, htmx=number % 2 == 1)
        names = {each.lower() for each in answer.vary}
        if answer.headers.get("Cache-Control") != "no-store" or "cookie" not in names:
            kept[path] = answer.headers.get("Cache-Control")
    assert kept == {}


def test_the_same_password_opens_only_ones_own(town, browser, reading):
    """T61: two people with one password have nothing else in common; a session belongs to its row."""
    mia, stan = browser(town.mia), browser(town.stan)
    assert mia.cookie() != stan.cookie()
    assert mia.get("/globex/").status_code == 404
    assert stan.get("/acme/").status_code == 404
    with reading():
        hashes = db.session.scalars(
            db.select(PortalUser.password_hash).where(PortalUser.email.in_([town.mia.email, town.stan.email]))
        ).all()
    assert len(hashes) == 2
