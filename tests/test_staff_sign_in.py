"""The staff's own door: password and second factor, a session apart from the customers' (behaviour S1)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import travel

from portal import tokens
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, RecoveryCode, SecondFactor, StaffLink, StaffSession, StaffUser
from tests.surfing import app_code, form_fields
from tests.town import PASSWORD, STAFF_SECRET

HOME = "/staff/portal-users"
NEW = "seven purple otters dancing"


def place(answer) -> str:
    return answer.headers.get("Location", "").split("?")[0]


class TestPasswordAndCode:
    """S1: neither the password nor the code alone opens anything."""

    def test_both_open(self, town, on_duty):
        sue = on_duty()
        assert place(sue.give_password(town.sue.email)) == "/staff/sign-in/code"
        assert place(sue.get(HOME)) == "/staff/sign-in/code"
        answer = sue.give_code(app_code())
        assert (answer.status_code, place(answer)) == (303, "/staff/")
        assert sue.get(HOME).status_code == 200

    @pytest.mark.parametrize("path", [HOME, "/staff/people", "/staff/account", "/staff/portal-users/1"])
    def test_the_password_alone_opens_nothing(self, town, on_duty, path):
        sue = on_duty()
        sue.give_password(town.sue.email)
        assert [place(sue.get(path)), sue.get(path, htmx=True).headers["HX-Redirect"].split("?")[0]] == [
            "/staff/sign-in/code"
        ] * 2

    def test_the_key_changes_with_the_code(self, town, on_duty):
        """T57: whoever planted or saw the half session has nothing."""
        sue = on_duty()
        sue.give_password(town.sue.email)
        half = sue.cookie()
        sue.give_code(app_code())
        thief = on_duty()
        thief.client.set_cookie("gatehouse-staff", half)
        assert place(thief.get(HOME)) == "/staff/sign-in"

    @pytest.mark.parametrize("wrong", ["000000", "", "12345", "x" * 90])
    def test_a_wrong_code(self, town, on_duty, reading, wrong):
        sue = on_duty()
        sue.give_password(town.sue.email)
        assert sue.give_code(wrong).status_code == 422
        assert place(sue.get(HOME)) == "/staff/sign-in/code"
        assert sue.give_code(app_code()).status_code == 303

    def test_a_code_works_once(self, town, on_duty):
        """T66: a code that was seen is of no use."""
        code = app_code()
        first, second = on_duty(), on_duty()
        for each in (first, second):
            each.give_password(town.sue.email)
        assert first.give_code(code).status_code == 303
        answer = second.give_code(code)
        assert answer.status_code == 422
        assert "That code is not right. Wait for the next one and try again." in answer.text

    def test_halfway_ends_soon(self, town, on_duty):
        sue = on_duty()
        sue.give_password(town.sue.email)
        with travel(now() + timedelta(minutes=10, seconds=1), tick=False):
            assert place(sue.give_code(app_code())) == "/staff/sign-in"

    def test_leads_on_to_the_place(self, town, on_duty):
        sue = on_duty()
        first = sue.get(f"{HOME}?q=mia")
        assert first.headers["Location"] == "/staff/sign-in?next=/staff/portal-users?q%3Dmia"
        answer = sue.give_password(town.sue.email, next=f"{HOME}?q=mia")
        fields = form_fields(sue.get(answer.headers["Location"]).text)
        assert sue.give_code(app_code(), next=fields["next"]).headers["Location"] == f"{HOME}?q=mia"

    def test_leads_back_to_the_page_around_a_part(self, on_duty):
        """P12: a session that ended while a page stood open; what htmx asked for is no page."""
        stranger = on_duty()
        stranger.headers["HX-Current-URL"] = f"http://localhost{HOME}?q=mia"
        gone = stranger.get("/staff/people", htmx=True)
        assert gone.headers["HX-Redirect"] == "/staff/sign-in?next=/staff/portal-users?q%3Dmia"

    def test_leads_on_from_a_code_page_opened_again(self, town, on_duty):
        sue = on_duty()
        sue.give_password(town.sue.email)
        halfway = sue.get(f"/staff/sign-in/code?next={HOME}?q=mia")
        assert sue.give_code(app_code(), next=form_fields(halfway.text)["next"]).location == f"{HOME}?q=mia"

    def test_keeps_the_place_on_the_way_to_the_code(self, town, on_duty):
        """Whoever has a factor sets up none, and is asked for its code; the place is not lost."""
        sue = on_duty()
        sue.give_password(town.sue.email)
        asked = sue.get(f"/staff/second-factor?next={HOME}")
        assert asked.headers["Location"] == f"/staff/sign-in/code?next={HOME}"

    def test_the_code_page_is_over_once_the_code_was_given(self, town, on_duty):
        assert place(on_duty(town.sue).get("/staff/sign-in/code")) == "/staff/"

    @pytest.mark.parametrize(
        "target", ["https://evil.example", "//evil.example/staff", "/acme/contacts", "/staff/../acme"]
    )
    def test_leads_nowhere_else(self, town, on_duty, target):
        sue = on_duty()
        sue.give_password(town.sue.email)
        assert place(sue.give_code(app_code(), next=target)) == "/staff/"


class TestSameAnswer:
    def test_unknown_wrong_deactivated(self, town, on_duty, writing):
        """S1, T56: the same bytes whoever it is."""
        with writing():
            db.session.get_one(StaffUser, town.tom.id).disabled_at = now()
        stranger = on_duty()
        tries = {
            "unknown": ("nobody@alder.example", PASSWORD),
            "wrong": (town.sue.email, "something else entirely"),
            "deactivated": (town.tom.email, PASSWORD),
            "a customer": (town.mia.email, PASSWORD),
        }
        pages = {}
        for name, (email, password) in tries.items():
            answer = stranger.give_password(email, password)
            assert answer.status_code == 422
            pages[name] = re.sub(r"(content|value)=\"[^\"]+\"", "", answer.text)
        assert len(set(pages.values())) == 1
        assert "That e-mail and password do not match." in pages["unknown"]

    def test_every_try_leaves_its_trace(self, town, on_duty, reading):
        on_duty().give_password(town.sue.email, "wrong wrong wrong")
        with reading():
            row = db.session.scalars(select(Activity).order_by(Activity.id.desc())).first()
            assert (row.what, row.result, row.target_name, row.company_id) == (
                "staff sign in",
                "refused",
                "Sue Marsh",
                None,
            )

    @pytest.mark.parametrize("what", ["password", "code"])
    def test_limits(self, app, town, on_duty, what):
        """Guessing ends with 429; the others go on (T55)."""
        app.config["SIGN_IN_LIMIT"] = "3 per 5 minutes"
        thief = on_duty()
        if what == "code":
            thief.give_password(town.sue.email)
            tries = [thief.give_code("000000").status_code for _ in range(4)]
        else:
            tries = [thief.give_password(town.sue.email, "wrong").status_code for _ in range(4)]
        assert tries == [422, 422, 422, 429]
        if what == "password":
            elsewhere = on_duty()
            elsewhere.client.environ_base["REMOTE_ADDR"] = "10.0.0.9"
            assert elsewhere.give_password(town.sue.email).status_code == 303
        assert on_duty(town.tom).get(HOME).status_code == 200


class TestSession:
    def test_idle(self, town, on_duty):
        """15 minutes without a request."""
        tom = on_duty(town.tom)
        with travel(now() + timedelta(minutes=14), tick=False):
            assert tom.get(HOME).status_code == 200
        with travel(now() + timedelta(minutes=28), tick=False):
            assert tom.get(HOME).status_code == 200
        with travel(now() + timedelta(minutes=43, seconds=5), tick=False):
            assert place(tom.get(HOME)) == "/staff/sign-in"

    def test_absolute(self, town, on_duty):
        """8 hours however busy."""
        tom, start = on_duty(town.tom), now()
        for minutes in range(10, 480, 14):
            with travel(start + timedelta(minutes=minutes), tick=False):
                assert tom.get(HOME).status_code == 200
        with travel(start + timedelta(hours=8, seconds=1), tick=False):
            assert place(tom.get(HOME)) == "/staff/sign-in"

    def test_apart_from_the_customers(self, town, browser, on_duty):
        """One browser may be signed in as both; signing out of one leaves the other."""
        mia, sue = browser(town.mia), on_duty(town.sue)
        sue.client = both = mia.client
        assert place(sue.give_password(town.sue.email)) == "/staff/sign-in/code"
        assert mia.get("/acme/contacts").status_code == 200
        mia.post("/sign-out")
        assert place(sue.get(HOME)) == "/staff/sign-in/code"
        mia.sign_in(town.mia.email)
        sue.post("/staff/sign-out")
        assert mia.get("/acme/contacts").status_code == 200
        assert place(both.get(HOME)) == "/staff/sign-in"

    def test_neither_cookie_is_taken_for_the_other(self, town, browser, on_duty):
        """T15: not even copied under the other's name."""
        mia, sue = browser(town.mia), on_duty(town.sue)
        thief = on_duty()
        thief.client.set_cookie("gatehouse-staff", mia.cookie())
        assert place(thief.get(HOME)) == "/staff/sign-in"
        stranger = browser()
        stranger.client.set_cookie("gatehouse", sue.cookie())
        assert place(stranger.get("/acme/contacts")) == "/sign-in"

    def test_the_cookie_in_production(self, app):
        from portal.config import settings

        found = settings(
            {
                "GATEHOUSE_ENV": "production",
                "PUBLIC_URL": "https://portal.example.com",
                "SECRET_KEY": "kT9w_2vXq8-Lr5yZb1nC7mHd4sPf6jGa",
            }
        )
        assert found["STAFF_COOKIE_NAME"] == "__Host-gatehouse-staff"
        assert found["SESSION_COOKIE_SECURE"]
        assert (found["STAFF_IDLE"], found["STAFF_LIFE"]) == (timedelta(minutes=15), timedelta(hours=8))

    def test_a_copied_cookie_after_signing_out(self, town, on_duty):
        """T57: the row has ended, whatever the cookie says."""
        sue = on_duty(town.sue)
        cookie = sue.cookie()
        sue.post("/staff/sign-out")
        sue.client.set_cookie("gatehouse-staff", cookie)
        assert place(sue.get(HOME)) == "/staff/sign-in"

    def test_no_row_holds_the_key(self, town, on_duty, reading):
        on_duty(town.sue)
        with reading():
            keys = set(db.session.scalars(select(StaffSession.key_hash)))
            assert {len(each) for each in keys} == {64}

    def test_signing_in_again_ends_the_session_of_before(self, town, on_duty):
        sue = on_duty(town.sue)
        before = sue.cookie()
        sue.give_password(town.tom.email)
        thief = on_duty()
        thief.client.set_cookie("gatehouse-staff", before)
        assert place(thief.get(HOME)) == "/staff/sign-in"

    def test_devices(self, town, on_duty):
        sue, other = on_duty(town.sue), on_duty(town.sue)
        page = sue.get("/staff/account").text
        own, theirs = sorted({int(each) for each in re.findall(r"/devices/(\d+)/", page)})
        assert sue.post(f"/staff/account/devices/{theirs}/sign-out").status_code == 303
        assert place(other.get(HOME)) == "/staff/sign-in"
        assert sue.get(HOME).status_code == 200
        assert place(sue.post(f"/staff/account/devices/{own}/sign-out")) == "/staff/sign-in"
        assert place(sue.get(HOME)) == "/staff/sign-in"

    def test_not_somebody_elses_device(self, town, on_duty, reading):
        tom, sue = on_duty(town.tom), on_duty(town.sue)
        with reading():
            theirs = db.session.scalar(
                select(StaffSession.id)
                .where(StaffSession.staff_user_id == town.tom.id)
                .order_by(StaffSession.id.desc())
            )
        assert sue.post(f"/staff/account/devices/{theirs}/sign-out").status_code == 404
        assert tom.get(HOME).status_code == 200


class TestCustomers:
    """T15: whoever was never signed in here finds nothing behind an id, a customer's admin too."""

    @pytest.mark.parametrize(
        "path", ["/staff/portal-users/1", "/staff/people/1", "/staff/portal-users/1/disable"]
    )
    def test_things(self, town, browser, path):
        assert browser(town.mia).get(f"/staff/{path}").status_code == 404

    def test_pages(self, town, browser):
        assert place(browser(town.mia).get("/staff/people")) == "/staff/sign-in"

    def test_no_token_of_theirs_works_here(self, town, browser, reading):
        mia = browser(town.mia)
        assert mia.post("/staff/portal-users/1/disable").status_code == 404
        assert mia.post("/staff/people/new", {"name": "Mia", "email": "m@x.example"}).status_code in (
            303,
            400,
        )


class TestFirstTime:
    """S1: whoever is new sets a password by a link, then must set up a second factor."""

    @pytest.fixture
    def link(self, app, town, writing, mailbox, on_duty):
        on_duty(town.sue).post(
            "/staff/people/new", {"name": "Neo Lin", "email": "neo.lin@alder.example", "role": "support"}
        )
        return mailbox.link("neo.lin@alder.example")

    def test_the_way_in(self, link, on_duty, reading):
        neo = on_duty()
        assert neo.get(link).status_code == 200
        assert place(neo.post(link, {"new_password": NEW})) == "/staff/sign-in/code"
        assert place(neo.get(HOME)) == "/staff/second-factor"
        page = neo.get("/staff/second-factor").text
        fields = form_fields(page)
        secret = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
        answer = neo.post("/staff/second-factor", {"sealed": fields["sealed"], "code": app_code(secret)})
        assert answer.status_code == 200
        codes = [part.split("<")[0] for part in answer.text.split("<li><code>")[1:]]
        assert len(set(codes)) == 10
        assert neo.get(HOME).status_code == 200
        assert neo.get("/staff/people").status_code == 403
        with reading():
            kept = list(db.session.scalars(select(RecoveryCode.code_hash)))
            assert not set(codes) & set(kept)
            factors = db.session.scalars(select(SecondFactor.sealed_secret))
            assert not [each for each in factors if secret in each]
        again = on_duty()
        again.give_password("neo.lin@alder.example", NEW)
        used = [again.post("/staff/sign-in/code?with=recovery", {"code": codes[0]}).status_code]
        third = on_duty()
        third.give_password("neo.lin@alder.example", NEW)
        used.append(third.post("/staff/sign-in/code?with=recovery", {"code": codes[0]}).status_code)
        assert used == [303, 422]

    def test_nothing_else_is_open(self, link, on_duty):
        neo = on_duty()
        neo.post(link, {"new_password": NEW})
        for path in (HOME, "/staff/account", "/staff/people", "/staff/sign-in/code"):
            assert place(neo.get(path)) == "/staff/second-factor"

    def test_another_secret_than_the_one_shown(self, link, on_duty):
        """What was sealed for somebody else, or typed, sets up nothing."""
        neo = on_duty()
        neo.post(link, {"new_password": NEW})
        data = {"sealed": STAFF_SECRET, "code": app_code()}
        assert neo.post("/staff/second-factor", data).status_code == 422
        assert place(neo.get(HOME)) == "/staff/second-factor"

    @pytest.mark.parametrize("how", ["used", "expired", "forged", "replaced", "deactivated"])
    def test_dead_links(self, town, link, on_duty, writing, reading, how):
        """L2, L3: once, in time, and only the newest."""
        neo = on_duty()
        with writing():
            person = db.session.scalars(select(StaffUser).where(StaffUser.name == "Neo Lin")).one()
            row = db.session.scalars(select(StaffLink)).one()
            if how == "expired":
                row.expires_at = now() - timedelta(seconds=1)
            if how == "deactivated":
                person.disabled_at = now()
            person_id = person.id
        if how == "used":
            neo.post(link, {"new_password": NEW})
        if how == "replaced":
            on_duty(town.sue).post(f"/staff/people/{person_id}/start-anew")
        path = link[:-1] + ("A" if link[-1] != "A" else "B") if how == "forged" else link
        wanted = 404 if how == "forged" else 410
        assert [
            neo.get(path).status_code,
            neo.post(path, {"new_password": "four other words here"}).status_code,
        ] == [wanted] * 2

    def test_get_changes_nothing(self, link, on_duty, reading):
        for _ in range(3):
            assert on_duty().get(link).status_code == 200
        with reading():
            assert db.session.scalars(select(StaffLink)).one().ended_at is None

    def test_no_link_in_the_database(self, app, link, reading):
        with reading():
            row = db.session.scalars(select(StaffLink)).one()
            assert tokens.link_token(row) in link


class TestOwnAccount:
    def test_change_password(self, town, on_duty, mailbox):
        sue, other = on_duty(town.sue), on_duty(town.sue)
        data = {"current_password": PASSWORD, "new_password": NEW}
        assert sue.post("/staff/account/password", {**data, "current_password": "wrong"}).status_code == 422
        assert sue.post("/staff/account/password", data).status_code == 303
        assert sue.get(HOME).status_code == 200
        assert place(other.get(HOME)) == "/staff/sign-in"
        assert mailbox.letters(town.sue.email, "staff_changed")[-1].subject == "Your password was changed"
        assert on_duty().give_password(town.sue.email).status_code == 422
        assert on_duty().give_password(town.sue.email, NEW).status_code == 303

    def test_new_recovery_codes(self, town, on_duty, reading):
        sue = on_duty(town.sue)
        path, form = (
            "/staff/account/recovery-codes",
            {"current_password": PASSWORD, "code": app_code(steps=1)},
        )
        for bad in ({"current_password": "wrong"}, {"code": ""}, {"code": app_code(steps=9)}):
            answer = sue.post(path, {**form, **bad})
            assert (answer.status_code, answer.text.count("<li><code>")) == (422, 0)
        assert sue.post(path, form).text.count("<li><code>") == 10


class TestExited:
    def test_staff_still_see_the_logins(self, town, on_duty, writing):
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
        assert town.mia.name in on_duty(town.sue).get(f"{HOME}?q=mia").text
