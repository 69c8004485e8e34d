"""Signing in with a second factor: after the right password a code, and nothing before it (T51, T57)."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Contact, RecoveryCode, SignInSession
from tests import factors, ledger
from tests.factors import user_of
from tests.machinery.counts import count
from tests.town import PASSWORD

CODE = "/sign-in/code"
WRONG = "That code does not work. Wait for the next one, or use a recovery code."
NEW_PASSWORD = "seven purple otters dancing"


@pytest.fixture
def app_of_mia(town, writing):
    """Mia's authenticator app."""
    return factors.give(writing, town.mia)[0]


@pytest.fixture
def half(town, app_of_mia, browser):
    """A browser that has proved Mia's password and not yet her code."""
    opened = browser()
    assert opened.sign_in(town.mia.email).location == CODE
    return opened


def inside(browser) -> bool:
    return browser.get("/profile").status_code == 200


def sessions(reading, email) -> int:
    with reading():
        query = select(SignInSession).where(SignInSession.portal_user_id == user_of(email).id)
        return len(db.session.scalars(query).all())


def traces(reading, what):
    with reading():
        return [
            (row.result, row.reason)
            for row in db.session.scalars(select(Activity).where(Activity.what == what))
        ]


class TestTheSecondPage:
    def test_the_password_alone_opens_nothing(self, half, town, reading):
        """T51: no session at all, so every page leads to the sign-in page, as a page and for htmx."""
        for path in (
            "/",
            "/profile",
            "/acme/",
            "/acme/contacts",
            "/companies",
            "/terms",
            "/profile/second-factor/app",
        ):
            assert half.get(path).status_code == 303, path
            assert half.get(path, htmx=True).status_code == 401, path
        assert sessions(reading, town.mia.email) == 0

    def test_the_right_code_signs_in(self, half, app_of_mia, reading, town):
        answer = half.post(CODE, {"code": app_of_mia.code()})
        assert (answer.status_code, answer.location) == (303, "/")
        assert inside(half)
        assert sessions(reading, town.mia.email) == 1

    def test_says_who_helps_whoever_has_neither(self, half, town, writing):
        """C34: an admin of the only company; of several none may, so the vendor does."""
        assert "Neither at hand? Ask your company&#39;s client admin." in half.get(CODE).text
        with writing():
            gus = db.session.scalars(select(Contact).where(Contact.first_name == "Gus")).unique().one()
            gus.access, gus.portal_user_id = "portal", db.session.get_one(Contact, town.mia.id).portal_user_id
        page = half.get(CODE).text
        assert "Neither at hand? Ask Alder Services." in page
        assert "client admin" not in page

    def test_htmx_is_led_on_too(self, half, app_of_mia):
        answer = half.post(CODE, {"code": app_of_mia.code()}, htmx=True)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/")

    def test_the_field_is_what_phones_fill_in(self, half):
        page = half.get(CODE).text
        field = re.search(r'<input[^>]*name="code"[^>]*>', page)[0]
        assert 'autocomplete="one-time-code"' in field
        assert 'inputmode="numeric"' in field
        other = re.search(r'<input[^>]*name="code"[^>]*>', half.get(f"{CODE}?by=recovery").text)[0]
        assert "numeric" not in other
        assert "one-time-code" not in other

    def test_pasted_with_blanks(self, half, app_of_mia):
        code = app_of_mia.code()
        assert half.post(CODE, {"code": f"  {code[:3]} {code[3:]} "}).status_code == 303

    def test_a_recovery_code_signs_in_once_and_is_told(self, half, app_of_mia, browser, town, mailbox):
        answer = half.post(f"{CODE}?by=recovery", {"code": app_of_mia.codes[0].upper()})
        assert answer.status_code == 303
        assert "You used a recovery code; 9 are left." in half.get("/acme/").text
        [letter] = mailbox.letters(town.mia.email, "second_factor")
        assert letter.subject == "A recovery code was used"
        assert "Of them 9 are left." in letter.text
        other = browser()
        other.sign_in(town.mia.email)
        assert other.post(CODE, {"code": app_of_mia.codes[0]}).status_code == 422

    def test_the_wished_page_and_keep_me_signed_in_are_carried(self, app_of_mia, browser, reading, town):
        opened = browser()
        answer = app_of_mia.sign_in(opened, next="/acme/contacts?q=a", remember="y")
        assert answer.location == "/acme/contacts?q=a"
        with reading():
            [session] = db.session.scalars(select(SignInSession))
            assert session.remembered
            assert session.expires_at - now() > timedelta(days=29)

    @pytest.mark.parametrize(
        "evil", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
    )
    def test_no_way_out_of_the_portal(self, app_of_mia, browser, evil):
        """B30."""
        assert app_of_mia.sign_in(browser(), next=evil).location == "/"

    def test_a_new_session_and_a_new_token(self, half, app_of_mia):
        """B25, T52: neither the cookie of before nor its token is what is signed in."""
        before, token = half.cookie(), half.token()
        half.post(CODE, {"code": app_of_mia.code()})
        assert half.token() != token
        half.client.set_cookie("gatehouse", before)
        assert not inside(half)


class TestSameAnswer:
    def test_wrong_replayed_and_expired_look_alike(self, app_of_mia, town, browser):
        """One sentence, one status, one size."""
        with time_machine.travel(now(), tick=False):
            used, old = app_of_mia.code(), app_of_mia.code(later=-90)
            app_of_mia.sign_in(browser())
            answers = []
            for typed in (app_of_mia.wrong(), used, old, app_of_mia.codes[0][:-1] + "!"):
                opened = browser()
                opened.sign_in(town.mia.email)
                answer = opened.post(CODE, {"code": typed})
                page = re.sub(r'(name="csrf-token" content|value)="[^"]*"', "", answer.text)
                answers.append((answer.status_code, page))
        assert len({*answers}) == 1
        assert answers[0][0] == 422
        assert WRONG in answers[0][1].replace("&#39;", "'")

    def test_nobody_learns_of_it_before_the_right_password(self, app_of_mia, town, browser):
        """B28: a wrong password for Mia, who has a second factor, for Max, who has none, for nobody."""
        pages = set()
        for who in (town.mia.email, town.max.email, "nobody@acme.example"):
            opened = browser()
            answer = opened.sign_in(who, "wrong wrong wrong")
            page = re.sub(r'(name="csrf-token" content|value)="[^"]*"', "", answer.text)
            pages.add((answer.status_code, page, "code" in (answer.location or "")))
            assert opened.get(CODE).location == "/sign-in"
        assert len(pages) == 1

    def test_every_wrong_code_leaves_its_trace(self, half, app_of_mia, reading):
        """B74: refused, without the code."""
        half.post(CODE, {"code": app_of_mia.wrong()})
        assert traces(reading, "use a code of the second factor") == [("refused", "no such code")]

    @pytest.mark.parametrize("typed", ["", " ", "x" * 10_000, "\0", "1" * 101, "½½½½½½"])
    def test_bad_input_gets_a_sentence(self, half, typed):
        answer = half.post(CODE, {"code": typed})
        assert answer.status_code == 422
        assert 'class="error"' in answer.text


class TestTheWait:
    """What was proved with the password is bound to this browser, and short."""

    def test_ten_minutes(self, app_of_mia, town, browser):
        with time_machine.travel(now(), tick=False) as clock:
            early, late = browser(), browser()
            for each in (early, late):
                each.sign_in(town.mia.email)
            clock.shift(timedelta(minutes=10, seconds=-1))
            assert early.post(CODE, {"code": app_of_mia.code()}).location == "/"
            clock.shift(timedelta(seconds=31))
            assert late.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"
            assert not inside(late)

    def test_another_browser_has_nothing_of_it(self, half, app_of_mia, browser):
        other = browser()
        assert other.get(CODE).location == "/sign-in"
        assert other.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"
        assert not inside(other)

    def test_a_changed_password_ends_it(self, half, app_of_mia, town, writing):
        with writing():
            user_of(town.mia.email).password_hash = user_of(town.max.email).password_hash + "x"
        assert half.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"

    @pytest.mark.parametrize("how", ["disabled_at", "closed_at"])
    def test_a_login_that_is_shut_meanwhile(self, half, app_of_mia, town, writing, how):
        """L8, T49."""
        with writing():
            setattr(user_of(town.mia.email), how, now())
        assert half.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"
        assert not inside(half)

    def test_a_contact_deactivated_meanwhile(self, half, app_of_mia, town, writing):
        with writing():
            db.session.get_one(Contact, town.mia.id).deactivated_at = now()
        assert half.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"

    def test_a_second_factor_reset_meanwhile(self, half, town, writing):
        """The password is asked for again; it was not enough when it was typed."""
        factors.take(writing, town.mia)
        assert half.get(CODE).location == "/sign-in"

    def test_signing_out_forgets_it(self, half, app_of_mia):
        half.post("/sign-out")
        assert half.post(CODE, {"code": app_of_mia.code()}).location == "/sign-in"

    @pytest.mark.parametrize("cookie", ["x.y.z", ""])
    def test_a_made_up_cookie(self, browser, app_of_mia, cookie):
        opened = browser()
        opened.client.set_cookie("gatehouse", cookie)
        assert opened.get(CODE).location == "/sign-in"

    def test_get_changes_nothing(self, half, app_of_mia):
        """L3: asking for the page as often as one likes uses nothing up."""
        for _ in range(3):
            assert half.get(f"{CODE}?code={app_of_mia.code()}").status_code == 200
        assert half.post(CODE, {"code": app_of_mia.code()}).status_code == 303

    def test_a_token_is_needed(self, half, app_of_mia):
        answer = half.post(CODE, {"code": app_of_mia.code()}, token=False)
        assert answer.status_code == 400
        assert not inside(half)


class TestLimits:
    """B32, T57: a wrong code counts, for the one who guesses; the victim still gets in."""

    def test_per_account_and_address(self, app, app_of_mia, half, town, browser):
        app.config["SIGN_IN_LIMIT"] = "3 per 5 minutes"
        codes = [half.post(CODE, {"code": app_of_mia.wrong()}).status_code for _ in range(4)]
        assert codes == [422, 422, 422, 429]
        assert half.post(CODE, {"code": app_of_mia.code()}).status_code == 429
        again = browser()
        again.sign_in(town.mia.email)  # proving the password anew buys no more guesses
        assert again.post(CODE, {"code": app_of_mia.code()}).status_code == 429
        elsewhere = browser()
        elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
        assert app_of_mia.sign_in(elsewhere).status_code == 303

    def test_from_many_addresses(self, app, app_of_mia, town, browser):
        """Who knows the password and guesses from everywhere is stopped, and not whom they guess at."""
        app.config["CODE_LIMIT"] = "4 per hour"
        with time_machine.travel(now(), tick=False) as clock:
            home = browser()
            home.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
            assert app_of_mia.sign_in(home).status_code == 303
            clock.shift(timedelta(minutes=1))
            answers = []
            for number in range(5):
                attacker = browser()
                attacker.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
                attacker.sign_in(town.mia.email)
                answers.append(attacker.post(CODE, {"code": app_of_mia.wrong()}).status_code)
            assert answers == [422, 422, 422, 422, 429]
            victim = browser()
            victim.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
            assert app_of_mia.sign_in(victim).status_code == 303

    def test_right_codes_do_not_count(self, app, app_of_mia, browser):
        app.config["SIGN_IN_LIMIT"] = "1 per 5 minutes"
        with time_machine.travel(now(), tick=False) as clock:
            for _ in range(3):
                assert app_of_mia.sign_in(browser()).status_code == 303
                clock.shift(timedelta(seconds=30))


class TestOtherWaysIn:
    def test_a_reset_does_not_go_round_it(self, app_of_mia, town, browser, mailbox):
        """The new password is set, the code is still asked for; the second factor stays."""
        browser().post("/forgot", {"email": town.mia.email})
        mailbox.answer_requests()
        opened = browser()
        answer = opened.post(mailbox.link(town.mia.email), {"new_password": NEW_PASSWORD})
        assert answer.location == CODE
        assert not inside(opened)
        assert "Your new password is set." in opened.get(CODE).text
        assert opened.post(CODE, {"code": app_of_mia.code()}).status_code == 303
        assert inside(opened)
        assert browser().sign_in(town.mia.email, NEW_PASSWORD).location == CODE

    def test_must_change_comes_after_the_code(self, town, writing, browser):
        """T51, L9: the code, then the new password, then the portal."""
        [app] = factors.give(writing, town.tess)
        opened = browser()
        assert app.sign_in(opened).status_code == 303
        assert opened.get("/acme/").location.startswith("/profile/password")
        form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert opened.post("/profile/password", form).status_code == 303
        assert opened.get("/acme/").status_code == 200

    @pytest.fixture
    def invited(self, town, browser, mailbox):
        """Stan of globex, who has a login, is invited to acme: the path of his link."""
        form = {"first_name": "Stan", "last_name": "Ley", "email": town.stan.email, "access": "portal"}
        answer = browser(town.mia).post("/acme/contacts/new", ledger.new_form(**form))
        assert answer.status_code == 303, answer.text[-2000:]
        return mailbox.link(town.stan.email)

    def test_an_invitation_accepted_with_the_login(self, invited, town, writing, browser, reading):
        """L6: accepting signs in, so it asks for the code; nothing is linked before."""
        [app] = factors.give(writing, town.stan)
        opened = browser()
        answer = opened.post(invited, {"password": PASSWORD, "accept_terms": "y"})
        assert answer.location == CODE
        assert opened.get("/acme/").status_code == 303
        assert browser().get(invited).status_code == 200  # not used up yet
        assert opened.post(CODE, {"code": app.wrong()}).status_code == 422
        done = opened.post(CODE, {"code": app.code()})
        assert done.location == "/acme/"
        assert opened.get("/acme/").status_code == 200
        assert opened.get("/globex/").status_code == 200
        assert browser().get(invited).status_code == 410

    def test_an_invitation_that_ends_meanwhile(self, invited, town, writing, browser, reading):
        """B47: 409, nobody is signed in, the code is not used up."""
        [app] = factors.give(writing, town.stan)
        opened = browser()
        opened.post(invited, {"password": PASSWORD, "accept_terms": "y"})
        with reading():
            query = select(Contact.id).where(Contact.company_id == town.acme.id, Contact.first_name == "Stan")
            contact_id = db.session.scalar(query)
        browser(town.mia).post(f"/acme/contacts/{contact_id}/cancel-invitation")
        assert opened.post(CODE, {"code": app.code()}).status_code == 409
        assert not inside(opened)
        assert app.sign_in(browser()).status_code == 303

    def test_whoever_accepts_anew_has_none(self, town, browser, mailbox):
        answer = browser().post(mailbox.link(town.ann.email), {"password": NEW_PASSWORD, "accept_terms": "y"})
        assert answer.location == "/acme/"

    def test_a_deleted_person_leaves_none_behind(self, town, writing, browser, reading):
        """Behaviour 4: sessions, password and second factor of a login left without contact go."""
        factors.give(writing, town.nora)
        assert browser(town.mia).post(f"/acme/contacts/{town.nora.id}/delete").status_code == 303
        with reading():
            assert not db.session.scalars(select(RecoveryCode)).all()


class TestTwoAtOnce:
    """Two browsers use the same code at the same moment: one of them gets in (replay, T30)."""

    @pytest.mark.parametrize("kind", ["code", "recovery"])
    @pytest.mark.parametrize("_round", range(count(2, 200)))
    def test_one_gets_in(self, app_of_mia, town, browser, kind, _round):
        typed = app_of_mia.code() if kind == "code" else app_of_mia.codes[0]
        both = [browser(), browser()]
        ready = []
        for each in both:
            each.sign_in(town.mia.email)
            ready.append({"code": typed, "csrf_token": each.token()})
        barrier = threading.Barrier(2)

        def go(pair):
            barrier.wait()
            return pair[0].post(CODE, pair[1], token=False).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(go, zip(both, ready, strict=True))) == [303, 422]
        assert sorted(inside(each) for each in both) == [False, True]


def test_the_cookie_holds_no_secret(half, app_of_mia):
    """B55: what waits in the browser names no password, no secret and no code."""
    _, payload = URLSafeTimedSerializer("none", salt="cookie-session").loads_unsafe(half.cookie())
    said = json.dumps(payload)
    assert '"code_due"' in said
    for secret in (PASSWORD, app_of_mia.secret, app_of_mia.code()):
        assert secret not in said
