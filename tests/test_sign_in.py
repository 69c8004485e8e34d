"""Signing in and out: who gets in, what strangers learn, where it leads, how long it lasts, its limits."""

import re
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, PortalUser, SignInSession, TermsAcceptance
from tests.town import PASSWORD

TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')


def user_of(address: str) -> PortalUser:
    """Return the login with `address`, inside `reading()` or `writing()`."""
    return db.session.scalars(select(PortalUser).where(PortalUser.email == address)).one()


def sessions_of(address: str) -> list[SignInSession]:
    query = select(SignInSession).join(PortalUser, PortalUser.id == SignInSession.portal_user_id)
    return list(db.session.scalars(query.where(PortalUser.email == address).order_by(SignInSession.id)))


def is_in(browser) -> bool:
    """Return whether the browser gets behind the door, by page and by htmx alike."""
    page, part = browser.get("/profile/password"), browser.get("/profile/password", htmx=True)
    assert (page.status_code == 200) == (part.status_code == 200)
    return page.status_code == 200


class TestTheRightPassword:
    """Behaviour 1 and 7: the e-mail or the user name signs in, a phone number never does."""

    def test_leads_to_the_company(self, town, browser):
        mia = browser()
        answer = mia.sign_in(town.mia.email)
        assert (answer.status_code, answer.location) == (303, "/")
        assert mia.get("/").location == "/acme/"
        assert mia.get("/acme/").status_code == 200

    def test_htmx_is_led_by_a_header(self, town, browser):
        answer = browser().post("/sign-in", {"identity": town.mia.email, "password": PASSWORD}, htmx=True)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/")

    @pytest.mark.parametrize(
        "typed", ["MIA.Stone@Acme.Example", "  mia.stone@acme.example ", "mia.stone@acme.example."]
    )
    def test_address_is_compared_folded(self, town, browser, typed):
        """L11."""
        assert browser().sign_in(typed).status_code == 303

    @pytest.mark.parametrize("typed", ["mia.s", "MIA.S", " Mia.S "])
    def test_user_name_is_an_alternative(self, town, browser, writing, typed):
        with writing():
            user = user_of(town.mia.email)
            user.username, user.username_key = "Mia.S", "mia.s"
        assert browser().sign_in(typed).status_code == 303
        assert browser().sign_in(town.mia.email).status_code == 303

    def test_phone_number_never_signs_in(self, town, browser, writing):
        with writing():
            db.session.get_one(Contact, town.mia.id).phone = "+442079460123"
        for typed in ("+442079460123", "020 7946 0123"):
            assert browser().sign_in(typed).status_code == 422

    def test_password_is_the_same_however_it_is_composed(self, town, browser, writing):
        from portal import passwords

        with writing():
            user_of(town.mia.email).password_hash = passwords.hashed("caf\u00e9 au lait caf\u00e9")
        assert browser().sign_in(town.mia.email, "cafe\u0301 au lait cafe\u0301").status_code == 303

    def test_leaves_a_session_row_and_its_trace(self, town, browser, reading):
        browser(town.mia)
        with reading():
            (row,) = sessions_of(town.mia.email)
            trace = db.session.scalars(select(Activity).where(Activity.what == "signed in")).one()
            assert row.ended_at is None
            assert row.address == "127.0.0.1"
            assert user_of(town.mia.email).last_sign_in_at is not None
            assert trace.user_id == row.portal_user_id

    def test_row_holds_nothing_that_opens_a_session(self, town, browser, reading):
        mia = browser(town.mia)
        with mia.client.session_transaction() as kept, reading():
            assert kept["_user_id"] != sessions_of(town.mia.email)[0].key_hash
            assert not any(str(value) == sessions_of(town.mia.email)[0].key_hash for value in kept.values())


class TestOldHashes:
    """ASVS 11.2.2: a hash made at another cost is made anew when its password is typed."""

    def test_is_made_anew(self, app, town, browser, writing, reading):
        usual = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1).hash(PASSWORD)
        with writing():
            mia = db.session.get_one(Contact, town.mia.id).user
            mia.password_hash = usual
        assert browser().sign_in(town.mia.email, "not this one").status_code == 422
        with reading():
            assert db.session.get_one(Contact, town.mia.id).user.password_hash == usual
        assert browser().sign_in(town.mia.email).status_code == 303
        with reading():
            assert "m=64,t=1," in db.session.get_one(Contact, town.mia.id).user.password_hash
        assert browser().sign_in(town.mia.email).status_code == 303


class TestRefused:
    """B28: whoever may not sign in learns nothing about why."""

    @pytest.fixture
    def failures(self, town, writing):
        with writing():
            closed = user_of(town.nora.email)
            closed.closed_at, closed.password_hash = now(), None
            late = user_of(town.rita.email)
            late.must_change_password, late.initial_password_until = True, now() - timedelta(minutes=1)
        return {
            "unknown": ("nobody@acme.example", PASSWORD),
            "wrong": (town.mia.email, "wrong " + PASSWORD),
            "deactivated": (town.ian.email, PASSWORD),
            "disabled": (town.dan.email, PASSWORD),
            "pending": (town.ann.email, PASSWORD),
            "without login": (town.ava.email, PASSWORD),
            "e-mail only": (town.eva.email, PASSWORD),
            "closed": (town.nora.email, PASSWORD),
            "initial password too old": (town.rita.email, PASSWORD),
            "longest": (town.mia.email, "x" * 10_000),
        }

    def test_every_failure_looks_the_same(self, failures, browser):
        seen = {}
        for name, (identity, password) in failures.items():
            stranger = browser()
            answer = stranger.sign_in(identity, password)
            same = TOKEN.sub("", answer.text).replace(identity, "IDENTITY")
            seen[name] = (answer.status_code, same, len(answer.text) - len(identity))
            assert not is_in(stranger), name
        assert set(seen.values()) == {seen["unknown"]}
        assert seen["unknown"][0] == 422

    def test_htmx_fails_alike(self, failures, browser):
        answers = set()
        for identity, password in failures.values():
            answer = browser().post("/sign-in", {"identity": identity, "password": password}, htmx=True)
            answers.add((answer.status_code, TOKEN.sub("", answer.text).replace(identity, "IDENTITY")))
        assert len(answers) == 1

    def test_no_session_row_is_made(self, failures, browser, reading):
        for identity, password in failures.values():
            browser().sign_in(identity, password)
        with reading():
            assert db.session.scalars(select(SignInSession)).all() == []

    def test_a_failed_try_is_on_record(self, town, browser, reading):
        """B74: refused sign-ins leave their row, though nothing else was changed."""
        browser().sign_in(town.mia.email, "wrong wrong wrong")
        with reading():
            row = db.session.scalars(select(Activity).where(Activity.what == "sign in")).one()
            assert (row.result, row.actor_kind, row.user_id) == (
                "refused",
                "stranger",
                user_of(town.mia.email).id,
            )

    @pytest.mark.parametrize(
        "form", [{}, {"identity": ""}, {"identity": "x"}, {"password": "y"}, {"identity": "", "password": ""}]
    )
    def test_nothing_typed_is_no_way_in(self, town, browser, form):
        """B50: an empty or missing password opens nothing."""
        stranger = browser()
        assert stranger.post("/sign-in", form).status_code == 422
        assert not is_in(stranger)

    def test_what_was_typed_stays_but_never_the_password(self, town, browser):
        answer = browser().sign_in("somebody@acme.example", "quite a secret thing")
        assert "somebody@acme.example" in answer.text
        assert "quite a secret thing" not in answer.text


class TestSession:
    """B24, B25, B27: a session is a row; ending the row ends it."""

    def test_signing_out_ends_it_for_good(self, town, browser, reading):
        mia = browser(town.mia)
        cookie = mia.cookie()
        answer = mia.post("/sign-out")
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        assert "Clear-Site-Data" in answer.headers
        with reading():
            assert sessions_of(town.mia.email)[0].ended_at is not None
        mia.client.set_cookie("gatehouse", cookie)
        assert not is_in(mia)

    def test_sign_out_needs_a_post_with_its_token(self, town, browser):
        """T52: neither an image nor another site signs anybody out."""
        mia = browser(town.mia)
        assert mia.get("/sign-out").status_code == 405
        assert mia.post("/sign-out", token=False).status_code == 400
        assert is_in(mia)

    def test_strangers_may_sign_out_too(self, town, browser):
        assert browser().post("/sign-out").status_code == 303

    def test_planted_cookie_is_worth_nothing(self, town, browser):
        attacker, victim = browser(), browser()
        attacker.get("/sign-in")
        planted = attacker.cookie()
        victim.client.set_cookie("gatehouse", planted)
        token = victim.token()
        assert victim.sign_in(town.mia.email).status_code == 303
        assert victim.cookie() != planted
        assert victim.token() != token
        assert not is_in(attacker)

    def test_token_of_before_is_refused_after(self, town, browser):
        mia = browser()
        token = mia.token()
        mia.sign_in(town.mia.email)
        answer = mia.post("/sign-out", {"csrf_token": token}, token=False)
        assert answer.status_code == 400
        assert is_in(mia)

    def test_sign_in_needs_the_token_of_this_browser(self, town, browser):
        """T52: nobody is signed in by another site."""
        stranger, other = browser(), browser()
        form = {"identity": town.mia.email, "password": PASSWORD}
        assert stranger.post("/sign-in", form, token=False).status_code == 400
        assert stranger.post("/sign-in", form | {"csrf_token": other.token()}, token=False).status_code == 400
        assert not is_in(stranger)

    def test_every_sign_in_makes_another_key(self, town, browser):
        assert browser(town.mia).cookie() != browser(town.mia).cookie()

    @pytest.mark.parametrize("who", ["mia", "stan"])
    def test_signing_in_again_ends_the_session_of_before(self, town, browser, reading, who):
        """T48, T52: one browser, one live row; also where somebody else signs in over it."""
        here, elsewhere = browser(town.mia), browser(town.mia)
        before = here.cookie()
        here.sign_in(getattr(town, who).email)
        with reading():
            first, other = sessions_of(town.mia.email)[:2]
            assert (first.ended_at is None, other.ended_at is None) == (False, True)
        assert is_in(here)
        assert is_in(elsewhere)
        here.client.set_cookie("gatehouse", before)
        assert not is_in(here)

    def test_forged_key_is_nobody(self, town, browser, app):
        """T61: only the key whose hash stands in a row counts."""
        stranger = browser()
        for key in ("1", "", "x" * 5_000, "\u0000", str(town.mia.id)):
            with stranger.client.session_transaction() as kept:
                kept["_user_id"] = key
            assert not is_in(stranger)

    @pytest.mark.parametrize(
        "path", ["/acme/", "/acme/contacts", "/profile/password", "/companies", "/terms"]
    )
    @pytest.mark.parametrize("htmx", [False, True])
    def test_nothing_of_it_is_kept_by_browsers(self, town, browser, path, htmx):
        """B27."""
        answer = browser(town.mia).get(path, htmx=htmx)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert {"cookie", "hx-request"} <= {name.lower() for name in answer.vary}

    def test_signed_out_devices_are_out(self, town, browser, reading):
        """T60: one's own sessions can be ended one by one, somebody else's not."""
        here, there, stan = browser(town.mia), browser(town.mia), browser(town.stan)
        with reading():
            first, second = (row.id for row in sessions_of(town.mia.email))
            foreign = sessions_of(town.stan.email)[0].id
        assert here.post(f"/profile/devices/{foreign}/sign-out").status_code == 404
        assert here.post(f"/profile/devices/{second}/sign-out").status_code == 303
        assert is_in(here)
        assert is_in(stan)
        assert not is_in(there)
        here.post(f"/profile/devices/{first}/sign-out")
        assert not is_in(here)

    def test_signed_out_everywhere(self, town, browser, reading):
        """T60: all of one's own sessions end at once, this one and remembered ones too, and nobody else's."""
        here, there, stan = browser(town.mia), browser(), browser(town.stan)
        assert "Sign out everywhere" not in here.get("/profile").text
        there.sign_in(town.mia.email, remember="y")
        assert "Sign out everywhere" in here.get("/profile").text
        assert here.post("/sign-out", {"everywhere": "1"}).location == "/sign-in"
        assert not is_in(here)
        assert not is_in(there)
        assert is_in(stan)
        with reading():
            assert all(row.ended_at for row in sessions_of(town.mia.email))


class TestHowLong:
    """A session ends half an hour after its last use, twelve hours after its start; remembered, 30 days."""

    @pytest.mark.parametrize(("minutes", "stays"), [(29, True), (31, False)])
    def test_idle(self, town, browser, minutes, stays):
        start = now()
        with time_machine.travel(start, tick=False) as clock:
            mia = browser(town.mia)
            clock.shift(timedelta(minutes=minutes))
            assert is_in(mia) is stays

    @pytest.mark.parametrize(("hours", "stays"), [(11.9, True), (12.1, False)])
    def test_in_use_all_the_time(self, town, browser, hours, stays):
        with time_machine.travel(now(), tick=False) as clock:
            mia, start = browser(town.mia), now()
            while now() + timedelta(minutes=20) < start + timedelta(hours=hours):
                clock.shift(timedelta(minutes=20))
                mia.get("/terms")
            clock.move_to(start + timedelta(hours=hours))
            assert is_in(mia) is stays

    @pytest.mark.parametrize(("days", "stays"), [(29.9, True), (30.1, False)])
    def test_remembered(self, town, browser, days, stays):
        with time_machine.travel(now(), tick=False) as clock:
            mia = browser()
            answer = mia.sign_in(town.mia.email, remember="y")
            assert "Expires=" in answer.headers["Set-Cookie"]
            clock.shift(timedelta(days=days))
            assert is_in(mia) is stays

    def test_not_remembered_ends_with_the_browser(self, town, browser):
        answer = browser().sign_in(town.mia.email)
        assert "Expires=" not in answer.headers["Set-Cookie"]
        assert "Max-Age=" not in answer.headers["Set-Cookie"]

    def test_end_comes_back_to_the_place(self, town, browser):
        """Bad input: an expired session in the middle goes to sign-in and back."""
        with time_machine.travel(now(), tick=False) as clock:
            mia = browser(town.mia)
            clock.shift(timedelta(hours=13))
            page = mia.get("/acme/contacts?q=ann")
            assert page.status_code == 303
            assert page.location == "/sign-in?next=/acme/contacts?q%3Dann"
            mia.headers["HX-Current-URL"] = "http://localhost/acme/contacts?q=ann"
            part = mia.get("/acme/contacts?q=anne", htmx=True)
            assert part.status_code == 401
            assert part.headers["HX-Redirect"] == "/sign-in?next=/acme/contacts?q%3Dann"
            posted = mia.post(f"/acme/contacts/{town.ann.id}/resend", htmx=True)
            assert posted.headers["HX-Redirect"].startswith("/sign-in")
            # A plain form cannot be sent again from here, so it leads back to the page it stood on.
            mia.headers["Referer"] = "http://localhost/acme/contacts?q=ann"
            form = mia.post(f"/acme/contacts/{town.ann.id}/resend")
            assert form.location == "/sign-in?next=/acme/contacts"
            answer = mia.sign_in(town.mia.email, next="/acme/contacts?q=ann")
            assert answer.location == "/acme/contacts?q=ann"


HOSTILE = [
    "http://e",
    "https://e",
    "//e",
    "///e",
    "////e",
    "/\\e",
    "\\\\e",
    "/%09/e",
    "/%5ce",
    "/\t/e",
    "https:e",
    "http:///e",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://e",
    "%2f%2fe",
    "@e",
    "/..//e",
    "/acme/..//e",
    "/acme/%2e%2e//e",
    "/acme/\r\nSet-Cookie: a=b",
    "/acme/\x00",
    "/acme/?x=\u202e",
    " //e",
    "/ /e",
    "http://localhost@e/",
    "http://localhost.e/",
    "//localhost/acme/",
    "/" + "a" * 5_000,
]


class TestNext:
    """B30: whatever stands in `next`, the way leads on this portal."""

    def test_never_leaves_this_origin(self, town, browser):
        mia = browser(town.mia)
        for target in HOSTILE:
            locations = [
                mia.get("/sign-in", query_string={"next": target}).location,
                mia.post("/sign-out", {"next": target}).location,
                mia.sign_in(town.mia.email, next=target).location,
            ]
            assert locations == ["/", "/sign-in", "/"], target
            assert all(
                urlsplit(urljoin("http://localhost/sign-in", each)).netloc == "localhost"
                for each in locations
            )

    @pytest.mark.parametrize("target", ["/acme/contacts", "/acme/contacts?q=%C3%A9&sort=email", "/profile"])
    def test_leads_back_to_a_page(self, town, browser, target):
        assert browser().sign_in(town.mia.email, next=target).location == target

    @pytest.mark.parametrize("target", ["/sign-out", "/acme/contacts/1/authorize", "/no/such/page"])
    def test_leads_only_to_what_a_reader_can_open(self, town, browser, target):
        assert browser().sign_in(town.mia.email, next=target).location == "/"

    def test_stays_in_the_form_when_the_password_was_wrong(self, town, browser):
        answer = browser().sign_in(town.mia.email, "wrong wrong wrong", next="/acme/contacts")
        assert 'name="next"' in answer.text
        assert 'value="/acme/contacts"' in answer.text

    def test_signed_in_already(self, town, browser):
        answer = browser(town.mia).get("/sign-in")
        assert (answer.status_code, answer.location) == (302, "/")


class TestLimits:
    """B32: guessing is slowed down for the one who guesses, not for the one guessed at."""

    def test_attacker_waits_and_the_victim_does_not(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "3 per 5 minutes"
        attacker, mia = browser(), browser()
        attacker.client.environ_base["REMOTE_ADDR"] = "192.0.2.66"
        mia.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
        for _ in range(3):
            assert attacker.sign_in(town.mia.email, "wrong wrong wrong").status_code == 422
        stopped = attacker.sign_in(town.mia.email, "wrong wrong wrong")
        assert stopped.status_code == 429
        assert 0 < int(stopped.headers["Retry-After"]) <= 300
        assert attacker.sign_in(town.mia.email).status_code == 429
        assert attacker.sign_in(" MIA.stone@ACME.example").status_code == 429
        assert mia.sign_in(town.mia.email).status_code == 303

    def test_the_wait_ends(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "2 per 1 minute"
        with time_machine.travel(now(), tick=False) as clock:
            for _ in range(3):
                last = browser().sign_in(town.mia.email, "wrong wrong wrong")
            assert last.status_code == 429
            clock.shift(timedelta(seconds=int(last.headers["Retry-After"]) + 1))
            assert browser().sign_in(town.mia.email).status_code == 303

    def test_htmx_gets_a_notice(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "1 per 5 minutes"
        form = {"identity": town.mia.email, "password": "wrong wrong wrong"}
        browser().post("/sign-in", form, htmx=True)
        answer = browser().post("/sign-in", form, htmx=True)
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (429, "#toasts")
        assert "Retry-After" in answer.headers

    def test_an_unknown_name_is_limited_alike(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        answers = [
            browser().sign_in("nobody@acme.example", "wrong wrong wrong").status_code for _ in range(3)
        ]
        assert answers == [422, 422, 429]

    def test_many_names_from_one_address(self, app, town, browser):
        """T57: spraying one password over many names is limited by the network address."""
        app.config["ADDRESS_LIMIT"] = "4 per 5 minutes"
        answers = [browser().sign_in(f"somebody{n}@acme.example").status_code for n in range(5)]
        assert answers == [422, 422, 422, 422, 429]

    def test_signing_in_rightly_is_no_guess(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = app.config["ADDRESS_LIMIT"] = "2 per 5 minutes"
        assert [browser().sign_in(town.mia.email).status_code for _ in range(5)] == [303] * 5

    def test_a_forwarded_address_counts_for_nothing(self, app, town, browser):
        """T57: the header is the sender's own word."""
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        answers = []
        for n in range(3):
            guesser = browser()
            guesser.headers["X-Forwarded-For"] = f"198.51.100.{n}"
            answers.append(guesser.sign_in(town.mia.email, "wrong wrong wrong").status_code)
        assert answers == [422, 422, 429]


class TestSeveralCompanies:
    """C35: a login with several companies chooses one; the rights are those of the chosen contact."""

    def test_chooses_after_sign_in(self, town, browser, reading):
        duo = browser(town.duo)
        assert duo.get("/").location == "/companies"
        page = duo.get("/companies")
        assert "Acme Estates" in page.text
        assert "Globex" in page.text
        chosen = duo.post("/companies/globex")
        assert (chosen.status_code, chosen.location) == (303, "/globex/")
        assert duo.get("/").location == "/globex/"
        with reading():
            assert sessions_of(town.duo.email)[0].company_id == town.globex.id

    def test_a_default_company_opens_by_itself(self, town, browser):
        """Chosen in the profile; another one can be chosen for this browser, and none asks again."""
        duo = browser(town.duo)
        duo.post("/profile/default-company", {"default": "globex", "company": "acme"})
        page = duo.get("/profile?company=acme").text
        assert re.search(r'<option selected value="globex">', page)
        later = browser(town.duo)
        assert later.get("/").location == "/globex/"
        later.post("/companies/acme")
        assert later.get("/").location == "/acme/"
        duo.post("/profile/default-company", {"default": ""})
        assert browser(town.duo).get("/").location == "/companies"

    def test_a_default_company_that_is_lost_opens_nothing(self, town, browser):
        duo = browser(town.duo)
        duo.post("/profile/default-company", {"default": "acme"})
        assert browser(town.mia).post(f"/acme/contacts/{town.duo.id}/unlink").status_code == 303
        assert browser(town.duo).get("/").location == "/globex/"

    @pytest.mark.parametrize("slug", ["globex", "nowhere"])
    def test_foreign_company_is_no_default(self, town, browser, slug):
        assert browser(town.mia).post("/profile/default-company", {"default": slug}).status_code == 404

    def test_the_profile_belongs_to_the_company_at_hand(self, town, browser, reading):
        """C34, T18: the link names it, the menu beside it is its own, and nothing is kept without it."""
        duo = browser(town.duo)
        link = re.search(r'href="(/profile[^"]*)"', duo.get("/globex/").text)[1]
        assert link == "/profile?company=globex"
        page = duo.get(link).text
        assert "Your details at Globex" in page
        assert 'href="/globex/contacts"' in page
        form = {"first_name": "New", "last_name": "Name", "job_title": "Nowhere"}
        assert duo.post("/profile", form).status_code == 400
        assert duo.post("/profile/topics", {"topics": []}).status_code == 400
        with reading():
            titles = db.session.scalars(db.select(Contact.job_title).where(Contact.first_name == "Duo"))
            assert "Nowhere" not in set(titles)

    def test_rights_are_those_of_the_company_in_the_address(self, town, browser):
        """T18: two tabs in two companies do not mix."""
        duo = browser(town.duo)
        duo.post("/companies/globex")
        assert duo.get("/globex/contacts").status_code == 200
        assert duo.get("/acme/contacts").status_code == 403
        assert duo.get(f"/globex/contacts/{town.ann.id}").status_code == 404

    def test_one_company_needs_no_choice(self, town, browser):
        assert browser(town.stan).get("/").location == "/globex/"

    @pytest.mark.parametrize("slug", ["globex", "nowhere", "sign-in"])
    def test_foreign_company_cannot_be_chosen(self, town, browser, slug):
        assert browser(town.mia).post(f"/companies/{slug}").status_code == 404

    def test_choosing_needs_a_post_with_its_token(self, town, browser):
        duo = browser(town.duo)
        assert duo.get("/companies/globex").status_code == 405
        assert duo.post("/companies/globex", token=False).status_code == 400

    @pytest.mark.parametrize("how", ["deactivate", "delete", "unlink"])
    def test_losing_one_keeps_the_other(self, town, browser, how):
        """T19, P12: the company is gone at the next request of the live session, the other one stays."""
        duo, mia = browser(town.duo), browser(town.mia)
        duo.post("/companies/acme")
        assert duo.get("/acme/").status_code == 200
        assert mia.post(f"/acme/contacts/{town.duo.id}/{how}").status_code == 303
        assert duo.get("/acme/").status_code == 404
        assert duo.get("/acme/", htmx=True).status_code == 404
        assert duo.get("/globex/contacts").status_code == 200
        assert duo.get("/").location == "/globex/"
        assert browser(town.duo).get("/").location == "/globex/"

    def test_exited_company_is_gone(self, town, browser, writing):
        duo, stan = browser(town.duo), browser(town.stan)
        with writing():
            db.session.get_one(Company, town.globex.id).exited_at = now()
        assert duo.get("/globex/").status_code == 404
        assert duo.get("/acme/").status_code == 200
        assert stan.get("/globex/").status_code == 303
        assert browser().sign_in(town.stan.email).status_code == 422


class TestGates:
    """L9: who must change the password or accept the terms comes to the page that cures it, no further."""

    @pytest.mark.parametrize(("who", "cure"), [("tess", "/profile/password"), ("ted", "/terms")])
    @pytest.mark.parametrize(
        "path", ["/", "/acme/", "/acme/contacts", "/acme/contacts/new", "/profile", "/companies"]
    )
    def test_every_page_leads_to_the_cure(self, town, browser, who, cure, path):
        person = browser(getattr(town, who))
        page, part = person.get(path), person.get(path, htmx=True)
        assert page.status_code == 303
        assert urlsplit(page.location).path == cure
        assert part.status_code in (204, 401)
        assert urlsplit(part.headers["HX-Redirect"]).path == cure
        assert person.get(cure).status_code == 200

    @pytest.mark.parametrize("who", ["tess", "ted"])
    def test_nothing_can_be_done_meanwhile(self, town, browser, reading, who):
        person = browser(getattr(town, who))
        assert person.post(f"/acme/contacts/{town.ava.id}/deactivate").status_code == 303
        with reading():
            assert db.session.get_one(Contact, town.ava.id).deactivated_at is None

    @pytest.mark.parametrize("who", ["tess", "ted"])
    def test_signing_out_is_always_open(self, town, browser, who):
        person = browser(getattr(town, who))
        assert person.post("/sign-out").location == "/sign-in"

    def test_changing_the_password_cures(self, town, browser, reading):
        tess = browser(town.tess)
        form = {
            "current_password": PASSWORD,
            "new_password": "harbour velvet ninety owls",
            "next": "/acme/contacts",
        }
        answer = tess.post("/profile/password", form)
        assert (answer.status_code, answer.location) == (303, "/acme/contacts")
        assert tess.get("/acme/contacts").status_code == 200
        with reading():
            assert user_of(town.tess.email).must_change_password is False

    def test_accepting_the_terms_cures(self, town, browser, reading):
        ted = browser(town.ted)
        answer = ted.post("/terms", {"accept_terms": "y", "next": "/acme/contacts"})
        assert (answer.status_code, answer.location) == (303, "/acme/contacts")
        assert ted.get("/acme/contacts").status_code == 200
        with reading():
            query = select(TermsAcceptance).where(
                TermsAcceptance.portal_user_id == user_of(town.ted.email).id
            )
            assert len(db.session.scalars(query).all()) == 1

    def test_the_box_must_be_ticked(self, town, browser, reading):
        ted = browser(town.ted)
        assert ted.post("/terms", {"next": "/acme/contacts"}).status_code == 422
        assert ted.get("/acme/contacts").status_code == 303

    def test_accepting_twice_is_once(self, town, browser, reading):
        ted = browser(town.ted)
        for _ in range(2):
            assert ted.post("/terms", {"accept_terms": "y"}).status_code == 303
        with reading():
            query = select(Activity).where(Activity.what == "accepted the terms")
            assert len(db.session.scalars(query).all()) == 1
