"""Client Portal Users and View User Details: what staff see and do (behaviour S3, S4, L8)."""

import csv
import io
import re

import pytest
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Company, Contact, PortalUser, SignInSession
from tests.factors import give
from tests.surfing import app_code, form_fields
from tests.town import PASSWORD

LIST = "/staff/portal-users"


@pytest.fixture
def logins(town, reading):
    """The id of the login of somebody in town."""

    def of(who):
        with reading():
            return db.session.get_one(Contact, getattr(town, who).id).portal_user_id

    return of


@pytest.fixture
def known(reading):
    """The activity of one company as its admins read it: who, what, whom, why."""

    def of(company):
        with reading():
            rows = db.session.scalars(select(Activity).where(Activity.company_id == company.id))
            return [(row.actor_name, row.what, row.target_name, row.reason) for row in rows]

    return of


def names(page):
    return re.findall(r'class="name cover"[^>]*>([^<]+)<', page)


class TestList:
    """S3."""

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("mia", ["Mia Stone"]),
            ("STÖNE", ["Mia Stone"]),
            ("bill.ing@acme.example", ["Bill Ing"]),
            ("globex", ["Stan Ley"]),
            ("%", []),
            ("no such body", []),
        ],
    )
    def test_search(self, town, on_duty, q, found):
        answer = on_duty(town.tom).get(LIST, query_string={"q": q})
        assert names(answer.text) == found

    @pytest.mark.parametrize(
        ("view", "found"),
        [
            ("disabled", ["Dan Disabled"]),
            ("must_change", ["Tess Change"]),
            ("terms", ["Ted Terms"]),
            ("alone", []),
        ],
    )
    def test_filters(self, town, on_duty, view, found):
        assert names(on_duty(town.tom).get(f"{LIST}?status={view}").text) == found

    def test_never_signed_in(self, town, browser, on_duty):
        browser(town.mia)
        found = names(on_duty(town.tom).get(f"{LIST}?status=never").text)
        assert "Mia Stone" not in found
        assert "Stan Ley" in found

    def test_a_row_says_it_all(self, town, on_duty):
        page = on_duty(town.tom).get(f"{LIST}?q=duo").text
        row = " ".join(re.sub("<[^>]+>", " ", page.split("<tbody")[1].split("</tbody>")[0]).split())
        assert re.search(
            r"Duo Both .*duo.both @acme.example 2 Acme Estates, Globex v1, \d+ \w+ \d{4} Never Active", row
        )

    def test_every_page_once(self, town, on_duty, writing):
        """Paging by position: nobody is left out or shown twice."""
        with writing():
            for number in range(60):
                address = f"p{number:02}@x.example"
                user = PortalUser(first_name="Same", last_name="Name", email=address, email_key=address)
                db.session.add(user)
        tom, path, seen = on_duty(town.tom), f"{LIST}?q=same&sort=email", []
        while path:
            page = tom.get(path).text
            seen += re.findall(r"(p\d\d)(?:<wbr>)?@x.example</span></span>", page)
            onwards = re.search(r'rel="next" href="([^"]+)"', page)
            path = onwards[1].replace("&amp;", "&") if onwards else ""
        assert seen == [f"p{number:02}" for number in range(60)]

    def test_a_new_name_is_found(self, town, on_duty, logins):
        sue = on_duty(town.sue)
        sue.post(f"{LIST}/{logins('mia')}", {"first_name": "Amélie", "last_name": "Stone"})
        assert names(sue.get(f"{LIST}?q=amelie").text) == ["Amélie Stone"]


class TestFile:
    """S3: what search and filter leave, as CSV; traced."""

    def test_says_what_the_list_says(self, town, browser, on_duty, reading, writing, logins):
        with writing():
            user = db.session.get_one(PortalUser, logins("bill"))
            user.first_name, user.last_name = "=1+1", "Ing"
        tom = on_duty(town.tom)
        answer = tom.post(f"{LIST}/export", {"q": "acme.example"})
        assert answer.mimetype == "text/csv"
        assert "portal-users-" in answer.headers["Content-Disposition"]
        header, *rows = csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff")))
        assert header == [
            *("Name", "Email", "Email confirmed", "User name", "Account status", "Terms version"),
            *("Terms accepted", "Last sign-in", "Linked accounts", "Clients"),
        ]
        known = {row[1]: row for row in rows}
        assert len(known) == len(rows) == 15
        duo = known["duo.both@acme.example"]
        assert [duo[0], *duo[2:6], *duo[8:]] == [
            "Duo Both",
            "Yes",
            "",
            "Active",
            "1",
            "2",
            "Acme Estates, Globex",
        ]
        assert known[town.dan.email][4] == "Disabled"
        assert known[town.ted.email][5:7] == ["", ""]
        assert known[town.bill.email][0] == "'=1+1 Ing"
        with reading():
            row = db.session.scalars(
                select(Activity).where(Activity.what == "exported the portal users")
            ).one()
            assert (row.actor_staff_id, row.changes) == (town.tom.id, {"Search": ["", "acme.example"]})

    def test_every_filter_and_every_batch(self, town, on_duty, monkeypatch):
        """The file holds what the filter shows, in as many statements as there are batches."""
        monkeypatch.setattr("portal.queries.staff.portal_users.BATCH", 4)
        tom = on_duty(town.tom)
        for view in ("", "disabled", "never", "must_change", "alone", "terms"):
            listed = names(tom.get(f"{LIST}?status={view}").text)
            lines = tom.post(f"{LIST}/export", {"status": view}).get_data(as_text=True).splitlines()[1:]
            assert sorted(line.split(",")[0].strip('"') for line in lines) == sorted(listed), view
        assert tom.get(f"{LIST}/export").status_code in (404, 405)


class TestDetails:
    """S4."""

    def test_what_it_shows(self, town, browser, on_duty, logins):
        browser(town.duo)
        page = on_duty(town.tom).get(f"{LIST}/{logins('duo')}").text
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        for part in (
            "Acme Estates",
            "Globex",
            "Access Billing",
            "Admin Access",
            "Version 1, accepted",
            "Last used",
        ):
            assert part in words

    def test_the_name_is_kept_apart_from_the_contacts(self, town, on_duty, logins, reading):
        sue = on_duty(town.sue)
        assert sue.post(f"{LIST}/{logins('mia')}", {"first_name": "", "last_name": "X"}).status_code == 422
        assert (
            sue.post(f"{LIST}/{logins('mia')}", {"first_name": "Maya", "last_name": "Stone"}).status_code
            == 303
        )
        with reading():
            assert db.session.get_one(Contact, town.mia.id).first_name == "Mia"

    def test_closed_logins_are_gone(self, town, on_duty, logins, writing):
        user_id = logins("bill")
        with writing():
            db.session.get_one(PortalUser, user_id).closed_at = now()
        assert on_duty(town.tom).get(f"{LIST}/{user_id}").status_code == 404


class TestDisable:
    """L8: it belongs to the login, works in all companies and beats everything."""

    def test_everywhere_at_the_next_request(self, town, browser, on_duty, logins, mailbox, known):
        duo, sue = browser(town.duo), on_duty(town.sue)
        assert duo.get("/acme/").status_code == 200
        data = {"reason": "Left, says Acme"}
        assert sue.post(f"{LIST}/{logins('duo')}/disable", data).status_code == 303
        assert [duo.get(path).headers["Location"][:8] for path in ("/acme/", "/globex/")] == ["/sign-in"] * 2
        assert browser().sign_in(town.duo.email).status_code == 422
        letter = mailbox.letters(town.duo.email)[-1]
        assert (letter.kind, letter.subject) == (
            "account_disabled",
            "Your login for Alder Services was disabled",
        )
        wanted = ("Sue Marsh of Alder Services", "disabled the login of", "Duo Both", "Left, says Acme")
        assert wanted in known(town.acme)
        assert wanted in known(town.globex)

    def test_the_customers_see_who_did_it(self, town, browser, on_duty, logins):
        on_duty(town.tom).post(f"{LIST}/{logins('bill')}/disable")
        page = browser(town.mia).get("/acme/activity?kind=staff").text
        assert "Tom Reyes of Alder Services disabled the login of Bill Ing" in page

    def test_enable(self, town, browser, on_duty, logins, mailbox):
        tom = on_duty(town.tom)
        assert tom.post(f"{LIST}/{logins('dan')}/enable").status_code == 303
        assert browser().sign_in(town.dan.email).status_code == 303
        assert mailbox.letters(town.dan.email)[-1].subject == "Your login for Alder Services is enabled again"
        assert tom.post(f"{LIST}/{logins('dan')}/enable").status_code == 409

    def test_twice(self, town, on_duty, logins, mailbox):
        tom = on_duty(town.tom)
        answers = [tom.post(f"{LIST}/{logins('bill')}/disable").status_code for _ in range(2)]
        assert answers == [303, 409]
        assert len(mailbox.letters(town.bill.email, "account_disabled")) == 1

    def test_asks_first(self, town, on_duty, logins):
        tom = on_duty(town.tom)
        for htmx in (False, True):
            page = tom.get(f"{LIST}/{logins('duo')}/disable", htmx=htmx).text
            assert "cannot sign in at Acme Estates or Globex" in page


class TestLastAdmin:
    """P8, T11: only an administrator, only with a reason, and it is written down."""

    @pytest.fixture
    def stan(self, town, logins, writing):
        """The one admin of Globex who can sign in."""
        with writing():
            db.session.get_one(Contact, town.duo_globex.id).deactivated_at = now()
        return f"{LIST}/{logins('stan')}/disable"

    def test_without_a_reason(self, town, on_duty, stan, browser):
        answer = on_duty(town.sue).post(stan)
        assert answer.status_code == 422
        assert "Globex will have no admin who can sign in. Say why, and it is done." in answer.text
        assert browser().sign_in(town.stan.email).status_code == 303

    def test_with_a_reason(self, town, on_duty, stan, browser, known):
        assert on_duty(town.sue).post(stan, {"reason": "Stolen phone"}).status_code == 303
        assert browser().sign_in(town.stan.email).status_code == 422
        rows = [row for row in known(town.globex) if row[1] == "left without an admin"]
        assert rows == [("Sue Marsh of Alder Services", "left without an admin", "Globex", "Stolen phone")]

    def test_is_said_beforehand(self, town, on_duty, stan, logins):
        """L8: Support is offered nothing that is refused afterwards, and told who may do it."""
        for who in (town.tom, town.sue):
            page = on_duty(who).get(stan, htmx=True).text
            assert "Stan is the only admin of Globex who can sign in." in page
            assert ("ask an administrator of the staff" in page, "<form" in page and "bad" in page) == (
                who is town.tom,
                who is town.sue,
            )
        assert "is the only admin" not in on_duty(town.tom).get(f"{LIST}/{logins('duo')}/disable").text

    def test_not_by_support(self, town, on_duty, stan, browser):
        assert on_duty(town.tom).post(stan, {"reason": "Stolen phone"}).status_code == 403
        assert browser().sign_in(town.stan.email).status_code == 303

    def test_a_refused_one_leaves_nothing(self, town, on_duty, stan, mailbox, logins, reading):
        on_duty(town.sue).post(stan)
        assert mailbox.letters(town.stan.email, "account_disabled") == []
        with reading():
            assert db.session.get_one(PortalUser, logins("stan")).disabled_at is None


class TestHelp:
    def test_require_password_change(self, town, browser, on_duty, logins):
        """L9: the next request of a live session goes to the one page that cures it."""
        bill = browser(town.bill)
        assert on_duty(town.tom).post(f"{LIST}/{logins('bill')}/require-password-change").status_code == 303
        assert bill.get("/acme/billing").headers["Location"].startswith("/profile/password")

    def test_sign_out_everywhere(self, town, browser, on_duty, logins, reading):
        bill = browser(town.bill)
        assert on_duty(town.tom).post(f"{LIST}/{logins('bill')}/sign-out").status_code == 303
        assert bill.get("/acme/billing").headers["Location"].startswith("/sign-in")
        with reading():
            open_ones = select(SignInSession.id).where(
                SignInSession.portal_user_id == logins("bill"), SignInSession.ended_at.is_(None)
            )
            assert db.session.scalars(open_ones).all() == []

    def test_send_reset(self, town, on_duty, logins, mailbox):
        """T87: to the login's own address; staff see no link and set no password."""
        answer = on_duty(town.tom).post(f"{LIST}/{logins('bill')}/send-reset")
        assert answer.status_code == 303
        link = mailbox.link(town.bill.email)
        assert link.startswith("/reset/")
        page = on_duty(town.tom).get(f"{LIST}/{logins('bill')}").text
        assert "/reset/" not in page

    def test_no_reset_of_a_disabled_login(self, town, on_duty, logins):
        assert on_duty(town.tom).post(f"{LIST}/{logins('dan')}/send-reset").status_code == 409

    def test_reset_second_factor(self, town, browser, on_duty, logins, writing, mailbox):
        """Only by an administrator; the sessions end, the owner is told."""
        give(writing, town.duo)
        path = f"{LIST}/{logins('duo')}/reset-second-factor"
        assert on_duty(town.tom).post(path).status_code == 403
        assert on_duty(town.sue).post(path).status_code == 303
        assert browser().sign_in(town.duo.email).status_code == 303
        letter = mailbox.letters(town.duo.email)[-1]
        assert letter.subject == "Your second factor was reset"
        assert "Sue Marsh of Alder Services" in letter.text
        assert on_duty(town.sue).post(path).status_code == 409

    def test_reset_second_factor_to_the_end(self, town, browser, on_duty, logins, writing):
        """S4: the button on the page; then the owner sets up another app where the company requires one."""
        [lost] = give(writing, town.bill)
        with writing():
            db.session.get_one(Company, town.acme.id).requires_second_factor = True
        sue, path = on_duty(town.sue), f"{LIST}/{logins('bill')}"
        [action] = re.findall(r'action="([^"]+/reset-second-factor)"', sue.get(path).text)
        assert sue.post(action).status_code == 303
        assert "reset-second-factor" not in sue.get(path).text
        bill = browser()
        assert bill.sign_in(town.bill.email).location != "/sign-in/code"
        led = bill.get("/acme/billing").headers["Location"]
        assert led.startswith("/profile/second-factor")
        page = bill.post(led, {"current_password": PASSWORD}, follow_redirects=True).text
        secret = re.sub(r"\s", "", re.search(r"<code[^>]*>([A-Z2-7 ]{16,})</code>", page)[1])
        assert secret != lost.secret
        assert bill.post("/profile/second-factor/app", {"code": app_code(secret)}).status_code == 200
        assert bill.get("/acme/billing").status_code == 200
        again = browser()
        assert again.sign_in(town.bill.email).location == "/sign-in/code"
        for old in (lost.code(), lost.codes[0]):
            assert again.post("/sign-in/code", {"code": old}).status_code == 422

    def test_change_email(self, town, browser, on_duty, logins, mailbox, known):
        """L7, T88: the new address confirms, the old one is told, and until then nothing changes."""
        path, form = f"{LIST}/{logins('bill')}", {"first_name": "Bill", "last_name": "Ing"}
        wanted = {**form, "email": "new@acme.example"}
        assert on_duty(town.tom).post(path, wanted).status_code == 403
        sue = on_duty(town.sue)
        wrong = sue.post(path, {**form, "email": "no address"})
        assert wrong.status_code == 422
        assert form_fields(wrong.text, "name-form")["email"] == "no address"
        assert sue.post(path, {**form, "email": town.bill.email.upper()}).status_code == 303
        assert mailbox.letters(town.bill.email) == []
        assert sue.post(path, wanted).status_code == 303
        assert [letter.kind for letter in mailbox.letters(town.bill.email)] == ["email_change_asked"]
        assert browser().sign_in(town.bill.email).status_code == 303
        assert browser().sign_in("new@acme.example").status_code == 422
        assert browser().post(mailbox.link("new@acme.example")).status_code in (200, 303)
        assert browser().sign_in("new@acme.example", PASSWORD).status_code == 303
        assert "asked to change the e-mail address of" in {row[1] for row in known(town.acme)}

    def test_a_waiting_change_is_shown_and_withdrawn(self, town, on_duty, logins, mailbox, browser, known):
        """S4, L7: the link dies, the address stays; once."""
        path, sue = f"{LIST}/{logins('bill')}", on_duty(town.sue)
        form = {"first_name": "Bill", "last_name": "Ing", "email": "new@acme.example"}
        sue.post(path, form)
        assert "A link was sent to new@acme.example." in on_duty(town.tom).get(path).text
        assert on_duty(town.tom).post(f"{path}/email/withdraw").status_code == 403
        assert sue.post(f"{path}/email/withdraw").status_code == 303
        page = sue.get(path).text
        assert "stays bill.ing@acme.example" in page
        assert "A link was sent to" not in page
        assert browser().post(mailbox.link("new@acme.example")).status_code == 410
        assert browser().sign_in(town.bill.email).status_code == 303
        assert sue.post(f"{path}/email/withdraw").status_code == 409
        assert ("Sue Marsh of Alder Services", "withdrew the e-mail change of", "Bill Ing", "") in known(
            town.acme
        )

    def test_sign_out_one_device(self, town, browser, on_duty, logins):
        """S4, T60: that one and no other, and of nobody else."""
        first, second, tom = browser(town.bill), browser(town.bill), on_duty(town.tom)
        stan = browser(town.stan)
        path = f"{LIST}/{logins('bill')}"
        newest, oldest = re.findall(rf"{path}/devices/(\d+)/sign-out", tom.get(path).text)
        other = re.findall(r"/devices/(\d+)/sign-out", tom.get(f"{LIST}/{logins('stan')}").text)
        assert tom.post(f"{path}/devices/{other[0]}/sign-out").status_code == 404
        assert tom.post(f"{path}/devices/{max(newest, oldest, key=int)}/sign-out").status_code == 303
        assert [each.get("/acme/").status_code for each in (first, second)] == [200, 303]
        assert stan.get("/globex/").status_code == 200

    def test_the_history_says_what_changed(self, town, on_duty, logins):
        """S4: before and after, not only that something was edited."""
        sue, path = on_duty(town.sue), f"{LIST}/{logins('bill')}"
        sue.post(path, {"first_name": "William", "last_name": "Ing"})
        words = " ".join(re.sub("<[^>]+>", " ", sue.get(path).text).split())
        assert "changed the name of the login of William Ing Name Bill Ing is now → William Ing" in words
        # What was done to a login of two clients stands there once, and says at which.
        path = f"{LIST}/{logins('duo')}"
        assert sue.post(f"{path}/sign-out").status_code == 303
        words = " ".join(re.sub("<[^>]+>", " ", sue.get(path).text).split())
        done = "Sue Marsh of Alder Services signed Duo Both out everywhere"
        assert words.count(done) == 1
        assert f"{done} At Acme Estates and Globex" in words

    @pytest.mark.parametrize("deed", ["delete", "rename", "keep-staff", "leave-no-admin", "change-email"])
    def test_there_is_no_such_deed(self, town, on_duty, logins, deed):
        assert on_duty(town.sue).post(f"{LIST}/{logins('bill')}/{deed}").status_code == 404
