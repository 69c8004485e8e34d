"""Every answer of a whole sweep: headers, kinds, caches, and nothing of the inside (issue 4, T74)."""

import pytest
from sqlalchemy.exc import OperationalError

from portal.guards import public
from tests.machinery.counts import count
from tests.test_every_route import ROUTES, plain_path
from tests.test_headers import assert_protected

# Whoever may keep an answer for a while: what is the same for everybody.
KEPT = {"well_known.brand"}


def sweep(person, town):
    """The page of each route; of every fourth its part for htmx and its form without a token, too."""
    for number, name in enumerate(ROUTES):
        more = [("GET", True), ("POST", False)] if number % count(4, 1) == 0 else []
        for method, htmx in (("GET", False), *more):
            headers = {"HX-Request": "true"} if htmx else {}
            answer = person.client.open(plain_path(name, town), method=method, headers=headers)
            yield f"{method} {name} {'htmx' if htmx else 'page'}", name, answer


@pytest.mark.parametrize("who", ["mia", "stranger"])
def test_every_answer_is_protected(town, browser, who):
    """T74: whatever the route, the method and the status."""
    person = browser() if who == "stranger" else browser(town.mia)
    statuses = set()
    for what, name, answer in sweep(person, town):
        statuses.add(answer.status_code)
        assert answer.status_code < 500, what
        if "sandbox" not in answer.headers["Content-Security-Policy"]:
            assert_protected(answer, what)
        assert len(answer.headers["X-Request-Id"]) == 16, what
        assert "Access-Control-Allow-Origin" not in answer.headers, what
        if name not in KEPT:
            assert "no-store" in answer.headers["Cache-Control"], what
        if answer.data:
            kind = answer.headers["Content-Type"]
            assert kind.endswith("charset=utf-8") or not kind.startswith("text/"), what
        if answer.mimetype == "text/html":
            assert not {"Traceback", "sqlalchemy", "werkzeug"} & set(answer.text.split()), what
    assert {200, 400, 405} <= statuses


def test_of_a_database_that_is_away(app, town, browser, monkeypatch):
    """503: like every other, with when to come again."""

    def away():
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection at 10.0.0.7"))

    monkeypatch.setitem(app.view_functions, "well_known.robots", public(away))
    answer = browser().get("/robots.txt")
    assert answer.status_code == 503
    assert_protected(answer, "503")
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "10.0.0.7" not in answer.text


@pytest.mark.parametrize("status", [404, 405, 413, 400])
def test_of_what_is_refused_before_any_view(town, browser, status):
    mia = browser(town.mia)
    answer = {
        404: lambda: mia.get("/acme/contacts/%00"),
        405: lambda: mia.client.open("/sign-in", method="PATCH"),
        413: lambda: mia.post("/sign-in", {"identity": "x" * 2_000_000}),
        400: lambda: mia.client.get("/sign-in", headers={"Host": "evil.example"}),
    }[status]()
    assert answer.status_code == status
    assert_protected(answer, str(status))
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", ""])
@pytest.mark.parametrize("path", ["/sign-in", "/acme/", "/health", "/no/such", "/.well-known/security.txt"])
def test_of_a_strange_host(town, browser, host, path):
    """T41: 400, protected, and the strange name is not repeated."""
    answer = browser().client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert_protected(answer, path)
    assert "evil" not in answer.text + str(answer.headers)
