"""The sweep of the vendor's side: every route and method, asked by everybody it is not meant for, too."""

import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Letter, StaffUser
from tests import ledger
from tests.staff_routes import ANY_IDS, EVERY, HALFWAY, LOOKED_AT_ONLY, STAFF

UNKNOWN = 2**31 - 1
TAKEN = (200, 204, 302, 303, 404, 409, 422)
# What a request may add without changing anything; a staff session is in use like any other.
TRACES = {"staff_session"}


@pytest.fixture
def paths(town, reading):
    """The address of a route, about somebody that is there; `other` says about whom instead."""
    with reading():
        user_id = db.session.get_one(Contact, town.bill.id).portal_user_id
        letter_id = db.session.scalar(db.select(db.func.max(Letter.id)))

    def address(name, other=None):
        nobody = dict.fromkeys(("session", "token", "request", "hook", "call", "import"), UNKNOWN)
        ids = {**ANY_IDS, **nobody, "person": town.tom.id, "user": user_id, "letter": letter_id}
        return EVERY[name][0].format(**(dict.fromkeys(ids, other) if other else ids))

    return address


@pytest.fixture
def unchanged(reading):
    """Call it before and after: whatever was asked in between has changed nothing."""

    def note():
        with reading():
            return {name: rows for name, rows in ledger.everything().items() if name not in TRACES}

    return note


def sweep(names, browser, address, *, token=True):
    """Ask each route of `names` with each method, as a page and with htmx; yield each with its answer."""
    for name in names:
        for method in EVERY[name][1].split():
            for htmx in (False, True):
                if method == "GET":
                    yield name, method, htmx, browser.get(address(name), htmx=htmx)
                else:
                    yield name, method, htmx, browser.post(address(name), htmx=htmx, token=token)


def wrong(asked, right):
    """Return the answers that are not as `right` says."""
    return {
        (name, method, htmx): answer.status_code
        for name, method, htmx, answer in asked
        if not right(name, method, htmx, answer)
    }


def led_to(path):
    """The answer that leads to `path`, which htmx is told in a header."""

    def right(_name, _method, htmx, answer):
        place = answer.headers.get("HX-Redirect" if htmx else "Location", "").split("?")[0]
        return (answer.status_code in ((204, 401) if htmx else (303,))) and place == path

    return right


def strangers_answer(name, method, htmx, answer):
    """T15: sign in, or nothing at all where the address speaks of a thing."""
    if "{" in EVERY[name][0]:
        return answer.status_code == 404
    return led_to("/staff/sign-in")(name, method, htmx, answer)


class TestStranger:
    @pytest.mark.parametrize("token", [True, False])
    def test_sees_nothing(self, paths, on_duty, unchanged, token):
        before = unchanged()
        assert wrong(sweep({**STAFF, **HALFWAY}, on_duty(), paths, token=token), strangers_answer) == {}
        assert unchanged() == before

    def test_a_customers_admin_is_one(self, town, paths, browser, on_duty, unchanged):
        """T15: however many rights somebody has on the other side."""
        mia, stranger = browser(town.mia), on_duty()
        stranger.client = mia.client
        before = unchanged()
        assert wrong(sweep({**STAFF, **HALFWAY}, stranger, paths), strangers_answer) == {}
        assert unchanged() == before
        assert mia.get("/acme/contacts").status_code == 200


class TestHalfway:
    def test_only_the_code_is_open(self, town, paths, on_duty, unchanged):
        """S1: the password alone opens nothing."""
        sue = on_duty()
        sue.give_password(town.sue.email)
        before = unchanged()
        shut = {**STAFF, "staff.sign_in.set_up": ()}
        assert wrong(sweep(shut, sue, paths), led_to("/staff/sign-in/code")) == {}
        assert unchanged() == before


class TestRoles:
    """S1: Support looks, resends, resets and disables; an administrator does everything."""

    @pytest.mark.parametrize("who", ["sue", "tom"])
    def test_who_may(self, town, paths, on_duty, who):
        person = on_duty(getattr(town, who))

        def right(name, method, _htmx, answer):
            may = who in STAFF[name][2] and not (who == "tom" and method == "POST" and name in LOOKED_AT_ONLY)
            return answer.status_code in TAKEN if may else answer.status_code == 403

        assert wrong(sweep(STAFF, person, paths), right) == {}

    @pytest.mark.parametrize("who", ["sue", "tom"])
    def test_ids_of_nobody(self, town, paths, on_duty, unchanged, who):
        person = on_duty(getattr(town, who))
        names = [name for name in STAFF if "{" in EVERY[name][0] and who in STAFF[name][2]]
        before = unchanged()
        for other in (UNKNOWN, "0", "9" * 20, "abc", "-1"):
            asked = sweep(names, person, lambda name, other=other: paths(name, other))
            assert wrong(asked, lambda *asked: asked[3].status_code in (404, 405)) == {}
        assert unchanged() == before


class TestRevoked:
    @pytest.mark.parametrize("what", ["deactivated", "password taken"])
    def test_at_the_next_request(self, town, paths, on_duty, writing, unchanged, what):
        """P12: with a live session."""
        tom = on_duty(town.tom)
        with writing():
            row = db.session.get_one(StaffUser, town.tom.id)
            if what == "deactivated":
                row.disabled_at = now()
            else:
                row.password_hash = None
        before = unchanged()
        assert wrong(sweep(STAFF, tom, paths), led_to("/staff/sign-in")) == {}
        assert unchanged() == before

    def test_a_role_at_the_next_request(self, town, on_duty, writing):
        tom = on_duty(town.tom)
        with writing():
            db.session.get_one(StaffUser, town.tom.id).role = "administrator"
        assert tom.get("/staff/people").status_code == 200
        with writing():
            db.session.get_one(StaffUser, town.tom.id).role = "support"
        assert tom.get("/staff/people").status_code == 403


class TestForgery:
    def test_without_a_fitting_token(self, town, paths, browser, on_duty, unchanged):
        """T67: the token of this very side and session; a customer's is none."""
        sue, foreign = on_duty(town.sue), browser(town.mia).token()
        posts = [name for name in EVERY if "POST" in EVERY[name][1]]
        before, found = unchanged(), {}
        for name in posts:
            for token in (None, "x", foreign):
                form = {"csrf_token": token} if token else {}
                code = sue.post(paths(name), form, token=False).status_code
                found |= {} if code == 400 else {(name, token): code}
        assert found == {}
        assert unchanged() == before

    def test_get_changes_nothing(self, town, paths, on_duty, unchanged):
        """L3, T52."""
        sue = on_duty(town.sue)
        before = unchanged()
        for name, (_path, methods, _may) in EVERY.items():
            for htmx in (False, True):
                answer = sue.get(paths(name), htmx=htmx)
                assert answer.status_code < 500
                if not htmx:  # T62: whoever asks for the head alone gets the answer of the page
                    assert sue.client.head(paths(name)).status_code == answer.status_code, name
                assert "GET" in methods.split() or answer.status_code in (404, 405) or name.endswith(".do")
        assert unchanged() == before


def test_the_paths_belong_to_their_endpoints(app):
    adapter = app.url_map.bind("localhost")
    for name, (path, methods, _may) in EVERY.items():
        for method in methods.split():
            assert adapter.match(path.format(**ANY_IDS), method)[0] == name
