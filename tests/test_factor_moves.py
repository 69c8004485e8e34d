"""The second factor of customers: in the profile, required by a company, reset by an admin (C34, L5)."""

import re
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, ContactRole, SecondFactor
from portal.sides import staff_side
from tests import factors
from tests.factors import App, user_of
from tests.town import PASSWORD

SET_UP = "/profile/second-factor/set-up"
APP = "/profile/second-factor/app"
CODES = "/profile/second-factor/recovery-codes"
OFF = "/profile/second-factor/switch-off"


def shown_secret(page: str) -> str:
    return re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")


def shown_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-9-]+)</code></li>", page)


def set_up(browser, email: str) -> App:
    """Set a second factor up as a person does it; the app that has it then."""
    assert browser.post(SET_UP, {"current_password": PASSWORD}).location == APP
    secret = shown_secret(browser.get(APP).text)
    answer = browser.post(APP, {"code": pyotp.TOTP(secret).at(int(now().timestamp()))})
    assert answer.status_code == 200
    return App(email, secret, shown_codes(answer.text))


def acts(reading, what: str) -> list[tuple]:
    with reading():
        rows = db.session.scalars(select(Activity).where(Activity.what == what).order_by(Activity.id))
        return [(row.actor_name, row.target_name, row.result, row.changes) for row in rows]


def has_one(reading, email: str) -> bool:
    with reading():
        query = select(SecondFactor).where(SecondFactor.portal_user_id == user_of(email).id)
        return db.session.scalar(query) is not None


def require(writing, town, required: bool = True) -> None:
    with writing():
        db.session.get_one(Company, town.acme.id).requires_second_factor = required


class TestSettingUp:
    def test_from_the_profile_to_the_recovery_codes(self, town, browser, reading, mailbox):
        """C34, L10: one row of activity, one letter, ten codes shown once."""
        vic = browser(town.vic)
        assert f'href="{SET_UP}"' in vic.get("/profile").text
        app = set_up(vic, town.vic.email)
        assert len(set(app.codes)) == 10
        assert has_one(reading, town.vic.email)
        assert acts(reading, "switched on the second factor") == [("Vic Viewer", "Vic Viewer", "done", {})]
        [letter] = mailbox.letters(town.vic.email, "second_factor")
        assert letter.subject == "Your second factor was switched on"
        assert f'href="{OFF}"' in vic.get("/profile").text
        assert "10 left" in vic.get("/profile").text
        for path in ("/profile", CODES, SET_UP, APP):
            page = vic.get(path).text
            assert app.secret not in page
            assert not [code for code in app.codes if code in page]

    def test_loading_the_codes_again_leads_to_new_ones(self, town, browser):
        """They are shown once, but whoever reloads that page is not left without; later it is as ever."""
        vic = browser(town.vic)
        app = set_up(vic, town.vic.email)
        assert vic.get(APP).location == CODES
        page = vic.get(CODES).text
        assert "Your second factor is on. Its recovery codes were shown once: make new ones" in page
        assert not [code for code in app.codes if code in page]
        with time_machine.travel(now() + timedelta(minutes=16)):
            assert vic.get(APP).location == SET_UP

    def test_the_next_sign_in_asks_for_it(self, town, browser):
        app = set_up(browser(town.vic), town.vic.email)
        other = browser()
        other.sign_in(town.vic.email)
        assert other.post("/sign-in/code", {"code": app.code()}).status_code == 422  # used by the set-up
        assert other.post("/sign-in/code", {"code": app.code(later=30)}).status_code == 303

    def test_the_picture_and_the_text_say_the_same(self, town, browser):
        vic = browser(town.vic)
        vic.post(SET_UP, {"current_password": PASSWORD})
        page = vic.get(APP).text
        assert re.search(r'<svg class="qr" role="img" aria-label="QR code for the authenticator app"', page)
        uri = re.search(r'href="(otpauth://[^"]+)"', page)[1]
        assert f"secret={shown_secret(page)}&amp;" in uri
        assert "issuer=Alder%20Services" in uri
        assert "data:" not in page
        assert "style=" not in page

    @pytest.mark.parametrize("password", ["", "wrong wrong wrong", "x" * 1_000])
    def test_the_password_is_asked_for(self, town, browser, password):
        vic = browser(town.vic)
        answer = vic.post(SET_UP, {"current_password": password})
        assert answer.status_code == 422
        assert 'class="error"' in answer.text
        assert vic.get(APP).location == SET_UP

    def test_a_wrong_code_switches_nothing_on(self, town, browser, reading, mailbox):
        vic = browser(town.vic)
        vic.post(SET_UP, {"current_password": PASSWORD})
        secret = shown_secret(vic.get(APP).text)
        answer = vic.post(APP, {"code": App("", secret, []).wrong()})
        assert answer.status_code == 422
        assert shown_secret(answer.text) == secret
        assert not has_one(reading, town.vic.email)
        assert mailbox.letters(town.vic.email, "second_factor") == []

    def test_what_is_offered_is_this_browsers_alone(self, town, browser):
        one, other = browser(town.vic), browser(town.vic)
        one.post(SET_UP, {"current_password": PASSWORD})
        assert other.get(APP).location == SET_UP

    def test_an_offer_in_the_cookie_of_somebody_else(self, town, browser):
        """Sealed for Vic, it opens nothing for Max, whose session it is put into."""
        vic = browser(town.vic)
        vic.post(SET_UP, {"current_password": PASSWORD})
        vic.post(
            "/sign-in",
            {"identity": town.max.email, "password": PASSWORD, "csrf_token": vic.token()},
            token=False,
        )
        assert vic.get(APP).location == SET_UP

    def test_moving_to_another_app(self, town, browser, reading, mailbox):
        """Password and code of the app before; that app and its recovery codes no longer work."""
        vic = browser(town.vic)
        old = set_up(vic, town.vic.email)
        assert vic.post(SET_UP, {"current_password": PASSWORD, "code": old.wrong()}).status_code == 422
        assert vic.post(SET_UP, {"current_password": PASSWORD, "code": old.codes[0]}).location == APP
        secret = shown_secret(vic.get(APP).text)
        answer = vic.post(APP, {"code": pyotp.TOTP(secret).at(int(now().timestamp()))})
        new = App(town.vic.email, secret, shown_codes(answer.text))
        other = browser()
        other.sign_in(town.vic.email)
        assert other.post("/sign-in/code", {"code": old.code(later=30)}).status_code == 422
        assert other.post("/sign-in/code", {"code": old.codes[1]}).status_code == 422
        assert other.post("/sign-in/code", {"code": new.code(later=30)}).status_code == 303
        assert acts(reading, "moved the second factor to another app")
        subjects = [letter.subject for letter in mailbox.letters(town.vic.email, "second_factor")]
        assert subjects[-1] == "Your second factor was moved to another app"

    def test_limits(self, app, town, browser):
        """B32: guessing the password of somebody whose session was left open."""
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        vic = browser(town.vic)
        answers = [vic.post(SET_UP, {"current_password": "wrong"}).status_code for _ in range(3)]
        assert answers == [422, 422, 429]


class TestRecoveryCodes:
    def test_the_text_file(self, town, browser):
        vic = browser(town.vic)
        vic.post(SET_UP, {"current_password": PASSWORD})
        secret = shown_secret(vic.get(APP).text)
        page = vic.post(APP, {"code": pyotp.TOTP(secret).at(int(now().timestamp()))}).text
        sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
        answer = vic.post(f"{CODES}.txt", {"sealed": sealed})
        assert answer.mimetype == "text/plain"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
        assert "no-store" in answer.headers["Cache-Control"]
        assert [line for line in answer.text.splitlines() if line in shown_codes(page)] == shown_codes(page)
        for not_ours in ("", "x", sealed[:-2]):
            assert vic.post(f"{CODES}.txt", {"sealed": not_ours}).status_code == 404
        assert browser(town.max).post(f"{CODES}.txt", {"sealed": sealed}).status_code == 404

    def test_new_ones(self, town, browser, mailbox, reading):
        vic = browser(town.vic)
        app = set_up(vic, town.vic.email)
        form = {"current_password": PASSWORD, "code": app.code(later=30)}
        assert vic.post(CODES, {**form, "current_password": "wrong"}).status_code == 422
        fresh = shown_codes(vic.post(CODES, form).text)
        assert len(set(fresh) | set(app.codes)) == 20
        other = browser()
        other.sign_in(town.vic.email)
        assert other.post("/sign-in/code", {"code": app.codes[0]}).status_code == 422
        assert other.post("/sign-in/code", {"code": fresh[0]}).status_code == 303
        assert acts(reading, "made new recovery codes")
        subjects = [letter.subject for letter in mailbox.letters(town.vic.email, "second_factor")]
        assert subjects == [
            "Your second factor was switched on",
            "You have new recovery codes",
            "A recovery code was used",
        ]

    @pytest.mark.parametrize("typed", ["", "wrong"])
    def test_not_with_the_password_alone(self, town, browser, reading, typed):
        """Whoever has the password and an open browser must not make the codes that switch it off."""
        vic = browser(town.vic)
        app = set_up(vic, town.vic.email)
        answer = vic.post(CODES, {"current_password": PASSWORD, "code": app.wrong() if typed else ""})
        assert answer.status_code == 422
        assert shown_codes(answer.text) == []
        assert not acts(reading, "made new recovery codes")

    def test_none_without_a_second_factor(self, town, browser):
        assert browser(town.vic).post(CODES, {"current_password": PASSWORD}).status_code == 409


class TestSwitchingOff:
    @pytest.mark.parametrize("typed", ["code", "recovery"])
    def test_with_password_and_code(self, town, browser, reading, mailbox, typed):
        vic = browser(town.vic)
        app = set_up(vic, town.vic.email)
        code = app.code(later=30) if typed == "code" else app.codes[0]
        for form in (
            {"current_password": PASSWORD, "code": app.wrong()},
            {"current_password": "no", "code": code},
        ):
            assert vic.post(OFF, form).status_code == 422
        assert has_one(reading, town.vic.email)
        assert vic.post(OFF, {"current_password": PASSWORD, "code": code}).location == "/profile"
        assert not has_one(reading, town.vic.email)
        assert browser().sign_in(town.vic.email).location == "/"
        assert acts(reading, "switched off the second factor") == [("Vic Viewer", "Vic Viewer", "done", {})]
        assert (
            mailbox.letters(town.vic.email, "second_factor")[-1].subject
            == "Your second factor was switched off"
        )

    def test_not_while_a_company_requires_it(self, town, browser, reading, writing):
        """Refused on the server too, naming the company; it can be moved."""
        vic = browser(town.vic)
        app = set_up(vic, town.vic.email)
        require(writing, town)
        page = vic.get(OFF).text
        assert "Acme Estates requires a second factor." in page
        assert 'name="current_password"' not in page
        answer = vic.post(OFF, {"current_password": PASSWORD, "code": app.code(later=30)})
        assert answer.status_code == 409
        assert "Acme Estates requires a second factor." in answer.text
        assert has_one(reading, town.vic.email)
        assert acts(reading, "switched off the second factor") == []


class TestRequired:
    """A company requires it: at the next request, on its own pages alone (T51)."""

    def test_an_admin_who_has_one_requires_it(self, town, browser, reading):
        mia = browser(town.mia)
        set_up(mia, town.mia.email)
        ask = "/acme/client/second-factor"
        assert f'href="{ask}"' in mia.get("/acme/client").text
        # Asked first, with how many will have to set one up: those of the company who can sign in, but her.
        said = " ".join(mia.get(ask, htmx=True).text.split())
        assert "12 people have no second factor yet and must set one up before going on." in said
        assert "No longer require it" not in mia.get("/acme/client").text
        assert mia.post("/acme/client/second-factor", {"required": "yes"}).status_code == 303
        assert "No longer require it" in mia.get("/acme/client").text
        row = ("Mia Stone", "Acme Estates", "done", {})
        assert acts(reading, "required a second factor at") == [row]
        mia.post("/acme/client/second-factor", {"required": "yes"})  # again: no second trace
        mia.post("/acme/client/second-factor", {"required": "no"})
        assert len(acts(reading, "required a second factor at")) == 1
        assert acts(reading, "stopped requiring a second factor at") == [row]
        assert browser(town.vic).get("/acme/").status_code == 200

    def test_an_admin_without_one_cannot(self, town, browser, reading):
        mia = browser(town.mia)
        assert "Require a second factor" not in mia.get("/acme/client").text
        answer = mia.post("/acme/client/second-factor", {"required": "yes"})
        assert answer.status_code == 409
        assert "Set up your own second factor in your profile first." in answer.text
        with reading():
            assert not db.session.get_one(Company, town.acme.id).requires_second_factor

    def test_who_has_none_is_sent_to_set_it_up(self, town, browser, writing):
        """L9: every page of the company, as a page, by htmx and by a form; then back to where they were."""
        vic = browser(town.vic)
        require(writing, town)
        assert vic.get("/acme/contacts?q=a").location == f"{SET_UP}?next=/acme/contacts?q%3Da"
        answer = vic.get("/acme/contacts", htmx=True)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, SET_UP)
        assert vic.post("/acme/work-orders/new").location == SET_UP
        for path in ("/profile", "/companies", "/profile/password", SET_UP):
            assert vic.get(path).status_code == 200, path
        assert "Acme Estates requires a second factor. Set it up to go on." in vic.get(SET_UP).text
        form = {"current_password": PASSWORD, "next": "/acme/contacts?q=a"}
        there = vic.post(SET_UP, form).location
        page = vic.get(there).text
        code = pyotp.TOTP(shown_secret(page)).at(int(now().timestamp()))
        done = vic.post(APP, {"code": code, "next": "/acme/contacts?q=a"}).text
        assert 'href="/acme/contacts?q=a"' in done
        assert vic.get("/acme/contacts?q=a").status_code == 200

    def test_every_route_of_the_company(self, app, town, browser, writing):
        """T51: no address of the company answers, whatever the method; none of another does otherwise."""
        vic = browser(town.vic)
        require(writing, town)
        token, open_ones = vic.token(), []
        for rule in app.url_map.iter_rules():
            if "company" not in rule.arguments or staff_side(rule.rule):
                continue
            words = {"company": "acme", "move": "unlink", "what": "keep", "number": 1, "which": "email"}
            path = rule.build({name: words.get(name, 1) for name in rule.arguments}, append_unknown=False)
            for method in rule.methods & {"GET", "POST"}:
                answer = (
                    vic.get(path[1])
                    if method == "GET"
                    else vic.post(path[1], {"csrf_token": token}, token=False)
                )
                if not (answer.location or "").startswith(SET_UP):
                    open_ones.append((method, path[1], answer.status_code))
        assert open_ones == []

    def test_the_other_companies_of_the_login_go_on(self, town, browser, writing):
        """C35: two companies, one of them requires it."""
        duo = browser(town.duo)
        require(writing, town)
        assert duo.get("/acme/").location.startswith(SET_UP)
        assert duo.get("/globex/contacts").status_code == 200

    def test_one_s_details_there_wait_as_well(self, town, browser, writing, reading):
        """L9: the profile is no way round the gate; at the other company it goes on."""
        duo = browser(town.duo)
        require(writing, town)
        form = {"first_name": "Duo", "last_name": "Both", "job_title": "Slipped in"}
        for path, sent in (("/profile", form), ("/profile/topics", {"topics": []})):
            assert duo.post(path, {**sent, "company": "acme"}).location.startswith(SET_UP)
            assert duo.post(path, {**sent, "company": "globex"}).location == "/profile?company=globex"
        with reading():
            assert db.session.get_one(Contact, town.duo.id).job_title != "Slipped in"

    def test_a_stranger_to_the_company_learns_nothing(self, town, browser, writing):
        require(writing, town)
        assert browser(town.stan).get("/acme/").status_code == 404

    @pytest.mark.parametrize(("who", "cure"), [("tess", "/profile/password"), ("ted", "/terms")])
    def test_the_other_cures_come_first(self, town, browser, writing, who, cure):
        require(writing, town)
        person = browser(getattr(town, who))
        assert person.get("/acme/").location.startswith(cure)
        assert person.get(SET_UP).location.startswith(cure)

    def test_a_count_for_admins(self, town, browser, reading):
        """Mia, Max, Bill, Rita, Wes, Ed, Vic, Pam, Una, Nora, Tess, Ted and Duo can sign in to acme."""
        mia = browser(town.mia)
        assert "13 people who can sign in have none yet" in mia.get("/acme/client").text
        set_up(mia, town.mia.email)
        assert "12 people who can sign in have none yet" in mia.get("/acme/client").text
        assert "have none yet" not in browser(town.vic).get("/acme/client").text

    def test_it_counts_as_able(self, town, browser, writing):
        """P8: an admin who has yet to set it up is an admin who can sign in."""
        with writing():
            for who in (town.tess, town.ted):
                db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == who.id))
        factors.give(writing, town.mia)
        max = browser(town.max)
        factors.give(writing, town.max)
        require(writing, town)
        factors.take(writing, town.mia)
        assert max.post(f"/acme/contacts/{town.tess.id}/deactivate").status_code == 303


class TestReset:
    """An admin resets a member's second factor where the login serves that company alone (L5, L6, P7)."""

    def path(self, person) -> str:
        return f"/acme/contacts/{person.id}/reset-second-factor"

    @pytest.mark.parametrize("htmx", [False, True])
    def test_done_told_and_traced(self, town, browser, writing, reading, mailbox, htmx):
        vic, mia = browser(town.vic), browser(town.mia)
        factors.give(writing, town.vic)
        assert vic.get("/acme/").status_code == 200
        answer = mia.post(self.path(town.vic), htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
        assert not has_one(reading, town.vic.email)
        assert vic.get("/acme/").location.startswith("/sign-in")
        assert vic.get("/acme/", htmx=True).status_code == 401
        assert acts(reading, "reset the second factor of") == [("Mia Stone", "Vic Viewer", "done", {})]
        [letter] = mailbox.letters(town.vic.email, "second_factor")
        assert letter.subject == "Your second factor was reset"
        assert "Mia Stone reset it." in letter.text
        assert browser().sign_in(town.vic.email).location == "/"

    def test_where_it_stands(self, town, browser, writing):
        """In the row menu and under User Details, only for those who have one."""
        mia = browser(town.mia)
        factors.give(writing, town.vic, town.duo)
        pages = [mia.get("/acme/contacts").text, mia.get(f"/acme/contacts/{town.vic.id}").text]
        edit = mia.get(f"/acme/contacts/{town.vic.id}/edit").text
        assert all(f'action="{self.path(town.vic)}"' in page for page in pages)
        assert f'formaction="{self.path(town.vic)}"' in edit
        assert "Reset Second Factor" in edit
        assert self.path(town.nora) not in pages[0]
        for page in (pages[0], mia.get(f"/acme/contacts/{town.duo.id}").text):
            assert self.path(town.duo) not in page
        assert self.path(town.duo) not in mia.get(f"/acme/contacts/{town.duo.id}/edit").text

    def test_a_login_of_two_companies_is_the_vendors(self, town, browser, writing, reading):
        """409 in the same words whether or not it has one, without naming any other company (T23)."""
        mia = browser(town.mia)
        without = mia.post(self.path(town.duo))
        factors.give(writing, town.duo)
        answer = mia.post(self.path(town.duo))
        assert (answer.status_code, without.status_code) == (409, 409)
        for page in (answer.text, without.text):
            assert (
                "Only the vendor can reset the second factor of Duo Both. Ask the vendor&#39;s support."
                in page
            )
            assert "Globex" not in page
        assert has_one(reading, town.duo.email)

    def test_a_company_that_deactivated_them_still_counts(self, town, browser, writing):
        factors.give(writing, town.duo)
        with writing():
            db.session.get_one(Contact, town.duo_globex.id).deactivated_at = now()
        assert browser(town.mia).post(self.path(town.duo)).status_code == 409

    def test_a_company_that_deleted_them_does_not(self, town, browser, writing, reading):
        factors.give(writing, town.duo)
        assert browser(town.stan).post(f"/globex/contacts/{town.duo_globex.id}/delete").status_code == 303
        assert browser(town.mia).post(self.path(town.duo)).status_code == 303
        assert not has_one(reading, town.duo.email)

    def test_who_has_none(self, town, browser):
        answer = browser(town.mia).post(self.path(town.vic))
        assert answer.status_code == 409
        assert "Vic Viewer has no second factor." in answer.text

    def test_not_ones_own(self, town, browser, writing, reading):
        """P7."""
        mia = browser(town.mia)
        factors.give(writing, town.mia)
        answer = mia.post(self.path(town.mia))
        assert answer.status_code == 403
        assert "You cannot reset the second factor of yourself. Ask another admin." in answer.text
        assert has_one(reading, town.mia.email)

    @pytest.mark.parametrize("who", ["ed", "vic", "pam", "bill", "nora"])
    def test_not_without_admin(self, town, browser, writing, reading, who):
        actor = browser(getattr(town, who))
        factors.give(writing, town.rita)
        assert actor.post(self.path(town.rita)).status_code in (403, 404)
        assert actor.get(self.path(town.rita)).status_code == 405
        assert has_one(reading, town.rita.email)

    def test_another_company_has_nothing_there(self, town, browser, writing, reading):
        """P11, T23."""
        factors.give(writing, town.vic)
        stan = browser(town.stan)
        assert stan.post(self.path(town.vic)).status_code == 404
        assert stan.post(f"/globex/contacts/{town.vic.id}/reset-second-factor").status_code == 404
        assert has_one(reading, town.vic.email)
