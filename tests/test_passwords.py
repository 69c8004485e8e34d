"""Passwords: forgotten and reset, judged, changed, and set by an admin for the first sign-in."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from sqlalchemy import select

from portal import passwords, tokens
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, LoginLink, PortalUser, Purpose, SignInSession
from portal.models.keys import email_key
from tests.machinery import smtp_sink
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
OTHER = "copper lantern seven gulls"
TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')
POISON = [
    {"Host": "evil.example"},
    {"Host": "portal.example:x@evil.example"},
    {"Host": "localhost:80@evil.example"},
    {"Host": "localhost, evil.example"},
    {"Host": ""},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Host": "evil.example"},
    {"Forwarded": "host=evil.example;proto=https"},
]


def user_of(address: str) -> PortalUser:
    return db.session.scalars(select(PortalUser).where(PortalUser.email == address)).one()


@pytest.fixture
def ask(browser, mailbox):
    """Submits "forgot password?" for an address and has the worker answer; gives the page."""

    def forgot(email: str, **more):
        answer = browser().post("/forgot", {"email": email, **more})
        mailbox.answer_requests()
        return answer

    return forgot


@pytest.fixture
def reset_link(ask, mailbox, town):
    """The path of a live reset link of Mia's."""
    ask(town.mia.email)
    return mailbox.link(town.mia.email)


@pytest.fixture
def opens(browser):
    """Tells whether a password opens the portal for somebody."""
    return lambda person, password: browser().sign_in(person.email, password).status_code == 303


class TestForgot:
    """B01, B02, B12, B14, B18: the same answer for everybody, one mail to the owner and to nobody else."""

    def test_page_says_the_same_for_everybody(self, town, ask, mailbox):
        before = len(mailbox.letters())
        known = [town.mia, town.ian, town.dan, town.ava, town.eva]
        addresses = ["nobody@x.example", *(person.email for person in known)]
        seen = set()
        for address in addresses:
            answer = ask(address)
            seen.add((answer.status_code, TOKEN.sub("", answer.text).replace(address, "ADDRESS")))
        assert len(seen) == 1
        assert seen.pop()[0] == 200
        assert [letter.to for letter in mailbox.letters()[before:]] == [town.mia.email]

    def test_the_request_does_the_same_work_for_everybody(self, town, browser, mailbox):
        """B01: the answer is worked out later, so its time tells nothing."""
        before = len(mailbox.letters())
        browser().post("/forgot", {"email": town.mia.email})
        assert len(mailbox.letters()) == before

    def test_the_owner_gets_one_mail_over_smtp(self, app, town, browser, mailbox, monkeypatch):
        """B02: the real worker's steps, a real mail server."""
        with smtp_sink.running() as sink:
            monkeypatch.setattr(app.extensions["mail"], "port", sink.port)
            mailbox.send_waiting()
            sink.wait(1)
            sink.clear()
            browser().post("/forgot", {"email": town.mia.email})
            for _ in range(2):
                mailbox.answer_requests()
                mailbox.send_waiting()
            (received,) = sink.messages
        text = received.message.get_body(("plain",)).get_content()
        links = re.findall(r"https?://\S+", text)
        assert received.recipients == (town.mia.email,)
        assert "portal@gatehouse.example" in received.message["From"]
        assert [urlsplit(link)._replace(path="").geturl() for link in links] == ["http://localhost"]
        assert browser().get(urlsplit(links[0]).path).status_code == 200

    @pytest.mark.parametrize("spelling", ["MIA.Stone@ACME.example", " mia.stone@acme.example "])
    def test_mail_goes_to_the_stored_address(self, town, ask, mailbox, spelling):
        """T43."""
        ask(spelling)
        assert len(mailbox.letters(town.mia.email, "password_reset")) == 1

    def test_only_the_newest_link_lives(self, town, browser, ask, mailbox):
        """B12."""
        ask(town.mia.email)
        ask(town.mia.email)
        first, second = mailbox.links(town.mia.email)
        dead = browser().get(first)
        assert dead.status_code == 410
        assert "newer" in dead.text.lower()
        assert browser().post(first, {"new_password": NEW}).status_code == 410
        assert browser().get(second).status_code == 200

    def test_pending_gets_a_fresh_invitation_instead(self, town, browser, ask, mailbox):
        """Behaviour 4: no dead end; B14."""
        (old,) = mailbox.links(town.exa.email)
        assert browser().get(old).status_code == 410
        ask(town.exa.email)
        assert [letter.kind for letter in mailbox.letters(town.exa.email)] == [
            "invitation",
            "invitation_again",
        ]
        assert browser().get(mailbox.link(town.exa.email)).status_code == 200
        assert mailbox.letters(kind="password_reset") == []

    def test_two_addresses_in_one_request(self, town, browser, mailbox):
        """B18, T42."""
        before = len(mailbox.letters())
        victim, attacker = town.mia.email, town.stan.email
        stranger = browser()
        token = stranger.token()
        forms = [
            {"email": [victim, attacker]},
            {"email[]": [victim, attacker]},
            {"email": f"{victim},{attacker}"},
            {"email": f"{victim};{attacker}"},
            {"email": f"{victim} {attacker}"},
            {"email": f"{victim}\r\nBcc: {attacker}"},
            {"email": f"{victim}\nBcc:{attacker}"},
            {"email": f"{victim}\x00{attacker}"},
            {"email": f'"{victim}" <{attacker}>'},
        ]
        for form in forms:
            answer = stranger.post("/forgot", {**form, "csrf_token": token}, token=False)
            assert answer.status_code in (200, 422), form
        json = stranger.client.post(
            "/forgot", json={"email": [victim, attacker]}, headers={"X-CSRFToken": token}
        )
        assert json.status_code == 422, json.status_code
        mailbox.answer_requests()
        assert {letter.to for letter in mailbox.letters()[before:]} <= {victim}
        assert len(mailbox.letters(victim)) <= 1

    @pytest.mark.parametrize("typed", ["", "   ", "no address", "a@", "@b.example", "x" * 300 + "@y.example"])
    def test_what_is_no_address_gets_a_sentence(self, town, browser, typed):
        answer = browser().post("/forgot", {"email": typed})
        assert answer.status_code == 422
        assert typed.strip() in answer.text

    def test_is_limited(self, app, town, browser):
        """T40."""
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        answers = [browser().post("/forgot", {"email": town.mia.email}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0

    def test_a_mailbox_is_spared(self, app, town, ask, mailbox):
        """T40: however often it is asked for, from wherever, only so many mails go out."""
        app.config["RESEND_LIMIT"] = "2 per hour"
        assert {ask(town.mia.email).status_code for _ in range(4)} == {200}
        assert len(mailbox.letters(town.mia.email)) == 2

    def test_nobody_is_told_by_a_closed_login(self, town, ask, mailbox, writing):
        with writing():
            user = user_of(town.nora.email)
            user.closed_at, user.password_hash = now(), None
        ask(town.nora.email)
        assert mailbox.letters(town.nora.email) == []

    def test_exited_company_sends_nothing(self, town, ask, mailbox, writing):
        with writing():
            db.session.get_one(Company, town.globex.id).exited_at = now()
        ask(town.stan.email)
        assert mailbox.letters(town.stan.email) == []


class TestPoisonedHost:
    """B03, T41: no mail ever holds an address that a request brought along."""

    def test_no_mail_names_the_foreign_host(self, town, browser, mailbox):
        for headers in POISON:
            stranger = browser()
            token = stranger.token()
            stranger.headers = headers
            form = {"email": town.mia.email, "csrf_token": token}
            answer = stranger.post("/forgot", form, token=False)
            assert answer.status_code in (200, 400), headers
            assert "evil.example" not in answer.text
            assert stranger.get("/sign-in").status_code in (200, 400)
        mailbox.answer_requests()
        letters = mailbox.letters(town.mia.email)
        assert letters
        assert not any("evil" in letter.text + letter.html + letter.subject for letter in letters)

    @pytest.mark.parametrize("path", ["/", "/sign-in", "/acme/", "/no/such/page", "/reset/1.x"])
    def test_unknown_host_is_refused_with_a_sentence(self, town, browser, path):
        stranger = browser()
        stranger.headers["Host"] = "evil.example"
        for htmx in (False, True):
            answer = stranger.get(path, htmx=htmx)
            assert answer.status_code == 400
            assert "evil" not in answer.text
            assert len(answer.text) > 20


class TestReset:
    """L3, L4, B04 to B16: the link sets one password, once."""

    def test_sets_the_password_and_signs_in(self, town, browser, reset_link, opens, mailbox):
        mia = browser()
        answer = mia.post(reset_link, {"new_password": NEW})
        assert (answer.status_code, answer.location) == (303, "/")
        assert mia.get("/acme/").status_code == 200
        assert opens(town.mia, NEW)
        assert not opens(town.mia, PASSWORD)
        assert len(mailbox.letters(town.mia.email, "password_changed")) == 1

    def test_looking_changes_nothing(self, town, browser, reset_link, opens):
        """L3, T37: mail scanners open links, with and without cookies."""
        for _ in range(3):
            assert browser().get(reset_link).status_code == 200
            assert browser().client.head(reset_link).status_code == 200
        assert opens(town.mia, PASSWORD)
        assert browser().post(reset_link, {"new_password": NEW}).status_code == 303

    def test_works_once(self, town, browser, reset_link, opens):
        """B06."""
        browser().post(reset_link, {"new_password": NEW})
        again = browser().get(reset_link)
        assert again.status_code == 410
        assert "already used" in again.text
        assert 'href="/sign-in"' in again.text
        assert browser().post(reset_link, {"new_password": OTHER}).status_code == 410
        assert opens(town.mia, NEW)

    @pytest.mark.parametrize("position", [-4, -20, 0])
    def test_changed_token_is_no_link(self, town, browser, reset_link, opens, position):
        """B04."""
        head, token = reset_link.rsplit("/", 1)
        at = position % (len(token) - 4) if position >= 0 else len(token) + position
        bad = f"{head}/{token[:at]}{'A1b2' if token[at : at + 4] != 'A1b2' else 'B2a1'}{token[at + 4 :]}"
        assert browser().get(bad).status_code == 404
        assert browser().post(bad, {"new_password": NEW}).status_code == 404
        assert opens(town.mia, PASSWORD)

    def test_weak_password_leaves_the_link_alone(self, town, browser, reset_link):
        """B07."""
        for weak in ("", "short", "passwordpassword", "mia stone mia stone", "x" * 10_000):
            answer = browser().post(reset_link, {"new_password": weak})
            assert answer.status_code == 422
            assert 'name="new_password"' in answer.text
        assert browser().post(reset_link, {"new_password": NEW}).status_code == 303

    def test_dies_with_the_address_it_was_sent_to(self, town, browser, reset_link, writing, opens):
        """B09."""
        with writing():
            user = user_of(town.mia.email)
            user.email, user.email_key = "mia@elsewhere.example", email_key("mia@elsewhere.example")
        assert browser().get(reset_link).status_code == 410
        assert browser().post(reset_link, {"new_password": NEW}).status_code == 410

    @pytest.mark.parametrize("how", ["disabled_at", "closed_at"])
    def test_dies_with_the_login(self, town, browser, reset_link, writing, how):
        """L8."""
        with writing():
            setattr(user_of(town.mia.email), how, now())
        assert browser().get(reset_link).status_code == 410
        assert browser().post(reset_link, {"new_password": NEW}).status_code == 410

    def test_lifetime(self, app, town, browser, ask, mailbox):
        """B11: a second before its end it works, a second after it says that it is too late."""
        app.config["RESET_LIFE"] = timedelta(hours=0.5)
        with time_machine.travel(now(), tick=False) as clock:
            ask(town.mia.email)
            link = mailbox.link(town.mia.email)
            clock.shift(timedelta(minutes=30, seconds=1))
            late = browser().get(link)
            assert late.status_code == 410
            assert "expired" in late.text
            assert 'href="/forgot"' in late.text
            assert browser().post(link, {"new_password": NEW}).status_code == 410
            clock.shift(timedelta(seconds=-2))
            assert browser().post(link, {"new_password": NEW}).status_code == 303

    def test_every_browser_is_signed_out(self, town, browser, reset_link):
        """B16, T50."""
        elsewhere, here = browser(town.mia), browser()
        here.post(reset_link, {"new_password": NEW})
        assert elsewhere.get("/acme/").status_code == 303
        assert elsewhere.get("/acme/", htmx=True).status_code == 401
        assert here.get("/acme/").status_code == 200

    def test_a_changed_password_ends_the_link(self, town, browser, reset_link):
        mia = browser(town.mia)
        mia.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
        assert browser().post(reset_link, {"new_password": OTHER}).status_code == 410

    def test_needs_the_token_of_the_page(self, town, browser, reset_link, opens):
        assert browser().post(reset_link, {"new_password": NEW}, token=False).status_code == 400
        assert opens(town.mia, PASSWORD)

    def test_gates_stay_shut(self, town, browser, ask, mailbox):
        """L9: a reset does not walk around the terms."""
        ask(town.ted.email)
        ted = browser()
        ted.post(mailbox.link(town.ted.email), {"new_password": NEW})
        assert urlsplit(ted.get("/acme/contacts").location).path == "/terms"

    def test_asked_for_by_an_admin(self, town, browser, mailbox, opens):
        """L5: it goes to the login's own confirmed address, never to the contact's."""
        browser(town.mia).post(f"/acme/contacts/{town.vic.id}/send-reset")
        (letter,) = mailbox.letters(kind="password_reset")
        assert letter.to == town.vic.email
        assert browser().post(letter.link, {"new_password": NEW}).status_code == 303
        assert opens(town.vic, NEW)

    def test_goes_to_the_login_where_the_addresses_differ(self, town, browser, mailbox, writing):
        with writing():
            contact = db.session.get_one(Contact, town.vic.id)
            contact.email, contact.email_key = "vic@new.example", email_key("vic@new.example")
        browser(town.mia).post(f"/acme/contacts/{town.vic.id}/send-reset")
        assert [letter.to for letter in mailbox.letters(kind="password_reset")] == [town.vic.email]

    def test_no_row_holds_the_link(self, town, reset_link, reading):
        """L2, T46."""
        token = reset_link.rsplit("/", 1)[1]
        with reading():
            for table in db.metadata.sorted_tables:
                for row in db.session.execute(select(table)):
                    assert token not in repr(row)
                    assert token.partition(".")[2] not in repr(row)


GOOD_AND_BAD = [
    ("elevenchar!", False),
    ("\U0001f40c \U0001f355  \U0001f9f2 \U0001f6f6 \U0001fa81 \U0001f300 ", True),
    ("passwordpassword", False),
    ("123456789012", False),
    ("qwertyuiopas", False),
    ("Acme Estates 1", False),
    ("acmeestates2026", False),
    ("AlderServices1", False),
    ("alder.services.99", False),
    ("MiaStone!2026#", False),
    ("miastonemiastone", False),
    ("            ", False),
    ("velvet harbour owl ten " * 8 + "and sixteen more", True),
    ("harbour velvet ninety owls", True),
    ("x" * 10_000, False),
]


class TestPolicy:
    """B22: twelve characters of any kind, nothing that is guessed first, and an end before hashing."""

    def test_on_change(self, town, browser):
        for password, good in GOOD_AND_BAD:
            mia = browser(town.mia)
            form = {"current_password": PASSWORD, "new_password": password}
            answer = mia.post("/profile/password", form)
            assert (answer.status_code == 303) is good, password
            if good:
                mia.post("/profile/password", {"current_password": password, "new_password": PASSWORD})

    def test_on_reset(self, app, town, browser, ask, mailbox):
        app.config["RESEND_LIMIT"] = "100 per hour"
        ask(town.mia.email)
        for password, good in GOOD_AND_BAD:
            answer = browser().post(mailbox.link(town.mia.email), {"new_password": password})
            assert (answer.status_code == 303) is good, password
            if good:
                ask(town.mia.email)

    def test_on_invitation(self, town, browser, mailbox):
        for password, good in GOOD_AND_BAD:
            if not good and password != "MiaStone!2026#":  # not the name of who is invited
                form = {"password": password, "accept_terms": "y"}
                assert browser().post(mailbox.link(town.ann.email), form).status_code == 422, password

    def test_exactly_two_hundred(self):
        assert len([password for password, good in GOOD_AND_BAD if len(password) == 200 and good]) == 1

    def test_length_is_a_setting(self, app, town, browser):
        app.config["PASSWORD_MIN"] = 30
        form = {"current_password": PASSWORD, "new_password": NEW}
        assert browser(town.mia).post("/profile/password", form).status_code == 422

    def test_blanks_at_the_ends_belong_to_it(self, town, browser, opens):
        browser(town.mia).post(
            "/profile/password", {"current_password": PASSWORD, "new_password": f" {NEW} "}
        )
        assert opens(town.mia, f" {NEW} ")
        assert not opens(town.mia, NEW)


class TestChange:
    """B19, B20: one's own password, by the one who knows the old one."""

    @pytest.mark.parametrize(
        "current", ["wrong wrong wrong", "", None, PASSWORD.upper(), PASSWORD + " ", "x" * 10_000]
    )
    def test_needs_the_current_one(self, town, browser, opens, current):
        form = {"new_password": NEW} | ({} if current is None else {"current_password": current})
        for htmx in (False, True):
            assert browser(town.mia).post("/profile/password", form, htmx=htmx).status_code == 422
        assert opens(town.mia, PASSWORD)

    def test_other_browsers_are_signed_out(self, town, browser, reading):
        here, there = browser(town.mia), browser(town.mia)
        before = here.cookie()
        answer = here.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
        assert (answer.status_code, answer.location) == (303, "/")
        assert here.cookie() != before
        assert here.get("/acme/").status_code == 200
        assert there.get("/acme/").status_code == 303
        here.client.set_cookie("gatehouse", before)
        assert here.get("/acme/").status_code == 303
        with reading():
            alive = select(SignInSession).where(SignInSession.ended_at.is_(None))
            assert len(db.session.scalars(alive).all()) == 1

    def test_owner_is_told_and_it_is_on_record(self, town, browser, mailbox, reading):
        """M5, L10."""
        browser(town.mia).post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
        (letter,) = mailbox.letters(town.mia.email)
        assert letter.kind == "password_changed"
        assert NEW not in letter.text + letter.html
        with reading():
            row = db.session.scalars(select(Activity).where(Activity.what == "changed the password")).one()
            assert NEW not in repr(row.changes)

    def test_must_be_another_one(self, town, browser):
        form = {"current_password": PASSWORD, "new_password": PASSWORD}
        assert browser(town.mia).post("/profile/password", form).status_code == 422

    def test_guessing_the_current_one_is_limited(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        mia = browser(town.mia)
        form = {"current_password": "wrong wrong wrong", "new_password": NEW}
        assert [mia.post("/profile/password", form).status_code for _ in range(3)] == [422, 422, 429]

    def test_remembered_stays_remembered(self, town, browser, reading):
        mia = browser()
        mia.sign_in(town.mia.email, remember="y")
        mia.post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})
        with reading():
            alive = db.session.scalars(select(SignInSession).where(SignInSession.ended_at.is_(None))).one()
            assert alive.remembered

    def test_no_page_shows_what_was_typed(self, town, browser):
        form = {"current_password": "quite wrong entry", "new_password": "another typed thing"}
        answer = browser(town.mia).post("/profile/password", form)
        assert "quite wrong entry" not in answer.text
        assert "another typed thing" not in answer.text


INITIAL = "walnut meadow thirty kites"


@pytest.fixture
def enabled(town, browser, reading):
    """Enable Login: Mia adds somebody with an initial password; gives the answer to her browser."""

    def enable(email: str = "kim.fresh@acme.example", who=None, slug: str = "acme", **more):
        form = {
            "first_name": "Kim",
            "last_name": "Fresh",
            "email": email,
            "access": "portal",
            "username": "",
            "initial_password": INITIAL,
            "shown": "roles permissions",
            **more,
        }
        return browser(who or town.mia).post(f"/{slug}/contacts/new", form)

    return enable


class TestInitialPassword:
    """C14: it works once, must be changed, dies after 24 hours, and proves no address."""

    def test_makes_a_login_and_sends_nothing(self, enabled, mailbox, reading):
        before = len(mailbox.letters())
        assert enabled(username="kim.f").status_code == 303
        assert len(mailbox.letters()) == before
        with reading():
            user = user_of("kim.fresh@acme.example")
            contact = db.session.scalars(select(Contact).where(Contact.portal_user_id == user.id)).one()
            assert (contact.access, contact.deactivated_at) == ("portal", None)
            assert user.must_change_password
            assert user.email_confirmed_at is None
            assert user.password_hash.startswith("$argon2id$")
            assert passwords.fits(user.password_hash, INITIAL)

    def test_must_be_changed_at_the_first_sign_in(self, enabled, browser):
        enabled()
        kim = browser()
        assert kim.sign_in("kim.fresh@acme.example", INITIAL).status_code == 303
        assert urlsplit(kim.get("/acme/").location).path == "/profile/password"
        kim.post("/profile/password", {"current_password": INITIAL, "new_password": NEW})
        assert urlsplit(kim.get("/acme/").location).path == "/terms"
        kim.post("/terms", {"accept_terms": "y"})
        assert kim.get("/acme/").status_code == 200
        assert browser().sign_in("kim.fresh@acme.example", INITIAL).status_code == 422

    def test_works_for_one_sign_in(self, enabled, browser):
        """C14, reliability.md: one use; who came in with it still changes it."""
        enabled()
        kim = browser()
        assert kim.sign_in("kim.fresh@acme.example", INITIAL).status_code == 303
        again = browser().sign_in("kim.fresh@acme.example", INITIAL)
        assert again.status_code == 422
        assert "do not match" in again.text
        form = {"current_password": INITIAL, "new_password": NEW}
        assert kim.post("/profile/password", form).status_code == 303
        for _ in range(2):
            assert browser().sign_in("kim.fresh@acme.example", NEW).status_code == 303

    def test_after_it_was_used_the_admin_starts_afresh(self, enabled, town, browser, mailbox):
        """C14: no dead end: unlink the user name and invite."""
        contact = enabled().location.split("?")[0]
        browser().sign_in("kim.fresh@acme.example", INITIAL)
        mia = browser(town.mia)
        assert "unlink the user name and send an invitation" in mia.get(contact).text
        assert mia.post(f"{contact}/unlink").status_code == 303
        assert mia.post(f"{contact}/authorize").status_code == 303
        link = mailbox.link("kim.fresh@acme.example")
        assert browser().post(link, {"password": NEW, "accept_terms": "y"}).status_code == 303

    def test_the_user_name_signs_in_too(self, enabled, browser):
        enabled(username="Kim.F")
        assert browser().sign_in("kim.f", INITIAL).status_code == 303

    def test_dies_after_a_day(self, enabled, browser):
        with time_machine.travel(now(), tick=False) as clock:
            enabled()
            clock.shift(timedelta(hours=24, seconds=-1))
            early = browser()
            assert early.sign_in("kim.fresh@acme.example", INITIAL).status_code == 303
            clock.shift(timedelta(seconds=2))
            assert browser().sign_in("kim.fresh@acme.example", INITIAL).status_code == 422
            assert early.get("/profile/password").status_code == 303

    def test_changed_in_time_it_lives_on(self, enabled, browser):
        with time_machine.travel(now(), tick=False) as clock:
            enabled()
            kim = browser()
            kim.sign_in("kim.fresh@acme.example", INITIAL)
            kim.post("/profile/password", {"current_password": INITIAL, "new_password": NEW})
            clock.shift(timedelta(days=3))
            assert browser().sign_in("kim.fresh@acme.example", NEW).status_code == 303

    def test_is_never_shown_mailed_or_written_down(self, enabled, town, browser, mailbox, reading):
        answer = enabled()
        page = browser(town.mia).get(answer.location)
        assert INITIAL not in page.text
        assert all(INITIAL not in letter.text + letter.html for letter in mailbox.letters())
        with reading():
            for table in db.metadata.sorted_tables:
                assert all(INITIAL not in repr(row) for row in db.session.execute(select(table)))

    @pytest.mark.parametrize("bad", ["x7!q", "passwordpassword", "kim fresh 1234", "x" * 10_000])
    def test_is_judged_like_any_other(self, enabled, reading, bad):
        answer = enabled(initial_password=bad)
        assert answer.status_code == 422
        assert "kim.fresh@acme.example" in answer.text
        assert bad not in answer.text
        with reading():
            assert db.session.scalars(select(Contact).where(Contact.first_name == "Kim")).all() == []

    def test_taken_address_gets_an_invitation_and_the_same_answer(
        self, enabled, town, browser, mailbox, reading
    ):
        """C14, L6, T33: the admin does not learn that the address has a login already."""
        fresh, taken = enabled(), enabled(town.stan.email, first_name="Stan", last_name="Other")
        assert (fresh.status_code, taken.status_code) == (303, 303)
        assert re.sub(r"\d+", "", fresh.location) == re.sub(r"\d+", "", taken.location)
        assert [letter.kind for letter in mailbox.letters(town.stan.email)] == ["invitation"]
        assert browser().sign_in(town.stan.email, INITIAL).status_code == 422
        with reading():
            contact = db.session.get_one(Contact, int(taken.location.rsplit("/", 1)[1]))
            assert contact.portal_user_id is None
            assert user_of(town.stan.email).must_change_password is False

    def test_address_is_not_owned_before_it_is_proved(self, enabled, town, browser, mailbox, reading):
        """C14, L6, T44: an invitation elsewhere treats it as no login, and the one who proves it has it."""
        enabled("shared@x.example")
        enabled("shared@x.example", who=town.stan, slug="globex", initial_password="")
        link = mailbox.link("shared@x.example")
        assert 'name="username"' in browser().get(link).text
        kim = browser()
        assert kim.post(link, {"password": OTHER, "accept_terms": "y"}).location == "/globex/"
        assert kim.get("/acme/").status_code == 404
        assert browser().sign_in("shared@x.example", INITIAL).status_code == 422
        assert browser().sign_in("shared@x.example", OTHER).status_code == 303

    def test_forgotten_before_it_was_proved(self, enabled, ask, mailbox):
        enabled()
        ask("kim.fresh@acme.example")
        assert mailbox.letters("kim.fresh@acme.example") == []

    def test_the_owner_proves_the_address(self, enabled, browser, mailbox, reading, ask):
        enabled()
        kim = browser()
        kim.sign_in("kim.fresh@acme.example", INITIAL)
        kim.post("/profile/password", {"current_password": INITIAL, "new_password": NEW})
        kim.post("/terms", {"accept_terms": "y"})
        assert kim.post("/profile/confirm/email").status_code == 303
        link = mailbox.link("kim.fresh@acme.example")
        assert link.startswith("/confirm/")
        assert browser().get(link).status_code == 200
        with reading():
            assert user_of("kim.fresh@acme.example").email_confirmed_at is None
        assert browser().post(link).status_code == 200
        with reading():
            assert user_of("kim.fresh@acme.example").email_confirmed_at is not None
        used = browser().post(link)
        assert used.status_code == 410
        ask("kim.fresh@acme.example")
        assert mailbox.letters("kim.fresh@acme.example")[-1].kind == "password_reset"

    def test_nobody_confirms_an_address_that_has_an_owner(
        self, enabled, town, browser, mailbox, writing, reading
    ):
        """B70, T45."""
        enabled()
        kim = browser()
        kim.sign_in("kim.fresh@acme.example", INITIAL)
        kim.post("/profile/password", {"current_password": INITIAL, "new_password": NEW})
        kim.post("/terms", {"accept_terms": "y"})
        kim.post("/profile/confirm/email")
        with writing():
            mine = user_of(town.mia.email)
            mine.email, mine.email_key = "kim.fresh@acme.example", email_key("kim.fresh@acme.example")
        answer = browser().post(mailbox.link("kim.fresh@acme.example"))
        assert answer.status_code in (409, 410)

    def test_recovery_address_counts_only_once_confirmed(self, enabled, browser, mailbox, reading):
        enabled(recovery_email="kim@home.example")
        with reading():
            user = user_of("kim.fresh@acme.example")
            assert (user.recovery_email, user.recovery_confirmed_at) == ("kim@home.example", None)
        kim = browser()
        kim.sign_in("kim.fresh@acme.example", INITIAL)
        kim.post("/profile/password", {"current_password": INITIAL, "new_password": NEW})
        kim.post("/terms", {"accept_terms": "y"})
        assert kim.post("/profile/confirm/recovery").status_code == 303
        assert browser().post(mailbox.link("kim@home.example")).status_code == 200
        with reading():
            user = user_of("kim.fresh@acme.example")
            assert user.recovery_confirmed_at is not None
            assert user.email_confirmed_at is None

    def test_taken_user_name_keeps_what_was_typed(self, enabled, reading):
        enabled(username="kim.f")
        answer = enabled("other@acme.example", username="KIM.F", first_name="Kimi")
        assert answer.status_code == 422
        assert "other@acme.example" in answer.text
        with reading():
            assert db.session.scalars(select(Contact).where(Contact.first_name == "Kimi")).all() == []

    @pytest.mark.parametrize(
        "more",
        [
            {"access": "email_only"},
            {"access": "none"},
            {"initial_password": "", "username": "kim.f"},
            {"initial_password": "", "recovery_email": "kim@home.example"},
            {"username": "a@b.example"},
            {"username": "+442079460123"},
            {"username": "ab"},
            {"recovery_email": "no address"},
        ],
    )
    def test_parts_that_do_not_fit_together(self, enabled, reading, more):
        assert enabled(**more).status_code == 422
        with reading():
            assert db.session.scalars(select(Contact).where(Contact.first_name == "Kim")).all() == []

    def test_on_edit_for_a_contact_without_login(self, town, browser, reading):
        with reading():
            version = db.session.get_one(Contact, town.ava.id).version
        form = {"version": version, "first_name": "Ava", "last_name": "Address", "email": town.ava.email}
        form |= {"access": "portal", "initial_password": INITIAL}
        assert browser(town.mia).post(f"/acme/contacts/{town.ava.id}/edit", form).status_code == 303
        assert browser().sign_in(town.ava.email, INITIAL).status_code == 303

    def test_nobody_sets_the_password_of_a_login(self, town, browser, opens):
        """T87: for a contact with a login the fields do not exist, and posting them is refused."""
        form = {"first_name": "Vic", "last_name": "Viewer", "email": town.vic.email, "version": 1}
        form |= {"access": "portal", "initial_password": INITIAL}
        answer = browser(town.mia).post(f"/acme/contacts/{town.vic.id}/edit", form)
        assert answer.status_code == 403
        assert opens(town.vic, PASSWORD)
        assert not opens(town.vic, INITIAL)


class TestDeadLinks:
    """B43, T35, T36: what no mail of ours held is not there, and a link serves one purpose only."""

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "None",
            "null",
            "0",
            "0.x",
            "1",
            "1.",
            ".",
            "-1.x",
            "1.None",
            "99999999999.x",
            "1.\u00e9",
            "\u0661.x",
            "x" * 10_000,
        ],
    )
    @pytest.mark.parametrize("where", ["reset", "confirm"])
    def test_bad_tokens(self, town, browser, reset_link, where, token):
        for answer in (
            browser().get(f"/{where}/{token}"),
            browser().post(f"/{where}/{token}", {"new_password": NEW}),
        ):
            assert answer.status_code in (400, 404)
        assert reset_link

    def test_no_link_serves_another_purpose(self, town, browser, ask, mailbox, writing, reading):
        ask(town.mia.email)
        with writing():
            user_of(town.mia.email).email_confirmed_at = None
        browser(town.mia).post("/profile/confirm/email")
        reset, confirm = mailbox.links(town.mia.email)
        invitation = mailbox.link(town.ann.email)
        for link in (reset, confirm, invitation):
            kind, token = link.strip("/").split("/")
            for other in {"reset", "confirm", "invitations"} - {kind}:
                assert browser().get(f"/{other}/{token}").status_code == 404
                form = {"new_password": NEW, "password": NEW, "accept_terms": "y"}
                assert browser().post(f"/{other}/{token}", form).status_code == 404
        with reading():
            assert all(link.ended_at is None for link in db.session.scalars(select(LoginLink)))

    def test_purpose_is_part_of_what_is_signed(self, app):
        """T36: the same row of another purpose would have another token."""
        facts = {"id": 1, "generation": 1, "portal_user_id": 1, "email": "x@y.example"}
        with app.app_context():
            made = {tokens.link_token(LoginLink(purpose=purpose, **facts)) for purpose in Purpose}
        assert len(made) == len(Purpose)

    def test_same_page_signed_in_and_out(self, town, browser, reset_link):
        """A dead link says why to whoever opens it, also while signed in."""
        browser().post(reset_link, {"new_password": NEW})
        stan = browser(town.stan)
        assert stan.get(reset_link).status_code == 410
        assert stan.get("/globex/").status_code == 200
