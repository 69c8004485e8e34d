"""Asking for access without an invitation: off by default, and no oracle of customers (behaviour 7)."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal import jobs
from portal.clock import now
from portal.config import settings
from portal.extensions import db
from portal.models import AccessRequest, Activity, Company, Contact, Letter
from tests.surfing import form_fields

TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')
ROB = "rob@home.example"
FORM = {"first_name": "Rob", "last_name": "Asker", "company_name": "Acme Estates", "message": "Bills"}
PASSWORD = "harbour velvet ninety owls"


@pytest.fixture(autouse=True)
def switched_on(app):
    app.config["SELF_SIGN_UP"] = True


@pytest.fixture
def asked(browser):
    """Sends the form as a stranger; gives the page."""
    return lambda email=ROB, **more: browser().post("/request-access", {**FORM, "email": email, **more})


@pytest.fixture
def proved(asked, browser, mailbox, reading):
    """Asks and uses the link; gives the id of the request."""

    def prove(email=ROB, **more) -> int:
        asked(email, **more)
        assert browser().post(mailbox.link(email)).status_code == 200
        with reading():
            return db.session.scalars(select(AccessRequest.id).where(AccessRequest.email == email)).one()

    return prove


def requests() -> list[AccessRequest]:
    return list(db.session.scalars(select(AccessRequest).order_by(AccessRequest.id)))


class TestOff:
    def test_is_not_there_by_default(self, app, browser, town):
        assert settings({})["SELF_SIGN_UP"] is False
        app.config["SELF_SIGN_UP"] = False
        assert browser().get("/request-access").status_code == 404
        assert browser().post("/request-access", {**FORM, "email": ROB}).status_code == 404
        assert "request-access" not in browser().get("/sign-in").text


class TestAsking:
    def test_says_the_same_whatever_is_known(self, town, asked, mailbox):
        """T56: of the address, of the company, of a request that is there already."""
        cases = [(ROB, {}), (ROB, {}), (town.mia.email, {}), (town.ann.email, {})]
        cases += [
            ("x@y.example", {"company_name": "No such company"}),
            ("z@y.example", {"company_name": "Globex"}),
        ]
        seen = set()
        for email, more in cases:
            answer = asked(email, **more)
            shown = TOKEN.sub("", answer.text).replace("<wbr>", "").replace(email, "ADDRESS")
            seen.add((answer.status_code, shown))
        assert len(seen) == 1
        assert {letter.kind for letter in mailbox.letters("x@y.example")} == {"access_request"}

    def test_no_page_names_a_company(self, town, browser):
        page = browser().get("/request-access").text
        assert "Acme" not in page
        assert "Globex" not in page
        assert "<datalist" not in page

    def test_one_open_request_an_address(self, town, asked, reading):
        asked()
        asked(ROB.upper(), first_name="Robert")
        with reading():
            (request,) = requests()
            assert (request.first_name, request.generation) == ("Robert", 2)

    def test_a_mailbox_is_spared(self, app, town, asked, mailbox):
        """T40."""
        app.config["RESEND_LIMIT"] = "2 per hour"
        assert {asked().status_code for _ in range(4)} == {200}
        assert len(mailbox.letters(ROB)) == 2

    def test_is_limited(self, app, town, asked):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        assert [asked().status_code for _ in range(3)] == [200, 200, 429]

    @pytest.mark.parametrize(
        "bad",
        [
            *({"first_name": ""}, {"last_name": ""}, {"company_name": ""}, {"message": "x" * 1_001}),
            *(
                {"email": "no address"},
                {"company_name": "www.evil.example"},
                {"first_name": "http://e.example"},
            ),
        ],
    )
    def test_what_is_typed_wrongly_is_kept(self, town, browser, mailbox, reading, bad):
        answer = browser().post("/request-access", {**FORM, "email": ROB, **bad})
        assert answer.status_code == 422
        (name,) = bad
        assert form_fields(answer.text)[name] == bad[name]
        with reading():
            assert requests() == []


class TestProving:
    def test_looking_changes_nothing(self, town, browser, asked, mailbox, reading):
        """L3, T37."""
        asked()
        link = mailbox.link(ROB)
        assert browser().get(link).status_code == 200
        assert browser().client.head(link).status_code == 200
        with reading():
            assert requests()[0].confirmed_at is None

    def test_counts_only_once_the_address_is_proved(self, town, browser, asked, mailbox):
        """T44: the admin sees nothing before."""
        asked()
        mia = browser(town.mia)
        assert "Rob Asker" not in mia.get("/acme/access-requests").text
        assert "asked for access" not in mia.get("/acme/contacts").text
        browser().post(mailbox.link(ROB))
        assert "Rob Asker" in mia.get("/acme/access-requests").text
        assert "1 person asked for access" in mia.get("/acme/contacts").text

    def test_link_works_once_and_for_a_while(self, app, town, browser, asked, mailbox):
        with time_machine.travel(now(), tick=False) as clock:
            asked()
            link = mailbox.link(ROB)
            clock.shift(timedelta(hours=24, seconds=1))
            assert "expired" in browser().post(link).text
            clock.shift(timedelta(seconds=-2))
            assert browser().post(link).status_code == 200
            used = browser().post(link)
        assert used.status_code == 410
        assert "already used" in used.text

    def test_only_the_newest_link_lives(self, town, browser, asked, mailbox):
        asked()
        link = mailbox.link(ROB)
        asked()
        for answer in (browser().get(link), browser().post(link)):
            assert answer.status_code == 410
            assert "Open the one in your newest mail." in answer.text
        assert browser().get(link[:-1] + ("x" if link[-1] != "x" else "y")).status_code == 404
        assert browser().get(mailbox.link(ROB)).status_code == 200

    @pytest.mark.parametrize(
        ("typed", "found"),
        [("Acme Estates", True), (" ACME  estates", True), ("Acme", False), ("Acme Estates Ltd", False)],
    )
    def test_goes_to_the_company_that_is_called_so(self, town, proved, reading, typed, found):
        proved(company_name=typed)
        with reading():
            assert requests()[0].company_id == (town.acme.id if found else None)

    def test_two_of_that_name_wait_for_staff(self, town, proved, writing, reading):
        with writing():
            db.session.add(Company(slug="acme-two", name="Acme Estates"))
        proved()
        with reading():
            assert requests()[0].company_id is None

    def test_the_page_tells_not_whether_there_is_such_a_company(self, town, browser, asked, mailbox):
        pages = set()
        for email, name in (("a@x.example", "Acme Estates"), ("b@x.example", "Nobody Ltd")):
            asked(email, company_name=name)
            pages.add(TOKEN.sub("", browser().post(mailbox.link(email)).text))
        assert len(pages) == 1


class TestAnswering:
    def test_approved_becomes_a_contact_without_rights_and_is_invited(
        self, town, browser, proved, mailbox, reading
    ):
        """P5, P6: through the same action as an admin's own invitation."""
        request_id = proved()
        answer = browser(town.mia).post(f"/acme/access-requests/{request_id}/approve")
        assert answer.status_code == 303
        with reading():
            contact = db.session.scalars(select(Contact).where(Contact.email == ROB)).one()
            assert (contact.company_id, contact.access, contact.roles) == (town.acme.id, "portal", [])
            assert contact.direct_permissions == frozenset()
            what = [
                row.what
                for row in db.session.scalars(select(Activity).where(Activity.contact_id == contact.id))
            ]
            assert sorted(what) == ["added", "approved the access request of", "authorized"]
        link = mailbox.link(ROB)
        assert link.startswith("/invitations/")
        assert browser().post(link, {"password": PASSWORD, "accept_terms": "y"}).status_code == 303

    def test_declined_is_gone_and_nobody_is_told(self, town, browser, proved, mailbox, reading):
        request_id = proved()
        mia, before = browser(town.mia), len(mailbox.letters())
        assert mia.post(f"/acme/access-requests/{request_id}/decline").status_code == 303
        assert "The request of Rob Asker was declined." in mia.get("/acme/access-requests").text
        assert "Rob Asker" not in mia.get("/acme/access-requests").text
        assert len(mailbox.letters()) == before
        with reading():
            assert (
                len(db.session.scalars(select(Activity).where(Activity.what.contains("declined"))).all()) == 1
            )

    @pytest.mark.parametrize("first", ["approve", "decline"])
    @pytest.mark.parametrize("then", ["approve", "decline"])
    def test_is_answered_once(self, town, browser, proved, mailbox, first, then):
        request_id = proved()
        mia = browser(town.mia)
        mia.post(f"/acme/access-requests/{request_id}/{first}")
        before = len(mailbox.letters())
        assert mia.post(f"/acme/access-requests/{request_id}/{then}").status_code == 409
        assert len(mailbox.letters()) == before

    def test_an_address_in_use_names_the_contact(self, town, browser, proved, reading):
        """L11, C16."""
        request_id = proved(town.ava.email)
        answer = browser(town.mia).post(f"/acme/access-requests/{request_id}/approve")
        assert answer.status_code == 409
        assert "Ava Address" in answer.text
        with reading():
            assert requests()[0].ended_at is None

    def test_the_other_company_has_no_such_request(self, town, browser, proved, reading):
        """P11, T16."""
        request_id = proved()
        stan = browser(town.stan)
        assert "Rob Asker" not in stan.get("/globex/access-requests").text
        for answer in ("approve", "decline"):
            assert stan.post(f"/globex/access-requests/{request_id}/{answer}").status_code == 404
        with reading():
            assert requests()[0].ended_at is None

    @pytest.mark.parametrize("who", ["ed", "vic", "bill", "nora"])
    def test_only_admins(self, town, browser, proved, who):
        request_id = proved()
        person = browser(getattr(town, who))
        assert person.get("/acme/access-requests").status_code == 403
        assert person.post(f"/acme/access-requests/{request_id}/approve").status_code == 403


class TestTelling:
    def test_every_admin_who_can_sign_in_is_told_once(self, town, proved, browser, mailbox, reading):
        """M3, L10: with the change that makes it count, and only while nobody has answered."""
        request_id = proved()
        told = [letter.to for letter in mailbox.letters(kind="access_asked")]
        assert sorted(told) == sorted(each.email for each in (town.mia, town.max, town.tess, town.ted))
        letter = mailbox.letters(town.mia.email)[-1]
        assert letter.subject == "Rob Asker asks for access to Acme Estates"
        assert "http://localhost/acme/access-requests" in letter.text
        assert ROB not in letter.text
        browser(town.mia).post(f"/acme/access-requests/{request_id}/decline")
        mailbox.send_waiting()
        with reading():
            found = db.session.scalars(select(Letter).where(Letter.kind == "access_asked"))
            assert {each.state for each in found} == {"cancelled"}

    def test_nobody_for_a_company_that_is_none(self, town, proved, mailbox):
        proved(company_name="No such company")
        assert mailbox.letters(kind="access_asked") == []


class TestStaff:
    """Behaviour 7: an admin or staff approves; what names no client, staff alone can."""

    def test_lets_somebody_in_at_the_client_they_name(self, town, proved, on_duty, mailbox, reading):
        request_id = proved(company_name="The lift people")
        path = f"/staff/access-requests/{request_id}"
        tom, sue = on_duty(town.tom), on_duty(town.sue)
        assert "No client of this name" in tom.get("/staff/access-requests").text
        assert "Approve and invite" not in tom.get(path).text
        assert tom.post(f"{path}/approve", {"client": "Globex"}).status_code == 403
        for wrong in ("", "Globe", "The lift people"):
            answer = sue.post(f"{path}/approve", {"client": wrong})
            assert answer.status_code == 422
            assert 'aria-invalid="true"' in answer.text
            assert f'value="{wrong}"' in answer.text
        answer = sue.post(f"{path}/approve", {"client": " GLOBEX"})
        assert answer.status_code == 303
        with reading():
            contact = db.session.scalars(select(Contact).where(Contact.email == ROB)).one()
            assert (contact.company_id, contact.access, contact.roles) == (town.globex.id, "portal", [])
            rows = db.session.scalars(select(Activity).where(Activity.contact_id == contact.id)).all()
            assert {row.actor_staff_id for row in rows} == {town.sue.id}
            assert "approved the access request of" in {row.what for row in rows}
        assert mailbox.link(ROB).startswith("/invitations/")
        assert sue.post(f"{path}/approve", {"client": "Globex"}).status_code == 409
        assert "Rob Asker" not in sue.get("/staff/access-requests").text

    def test_passes_it_on_to_the_admins(self, town, proved, on_duty, browser, mailbox):
        path = f"/staff/access-requests/{proved(company_name='Globex of Leeds')}"
        sue, stan = on_duty(town.sue), browser(town.stan)
        assert "Rob Asker" not in stan.get("/globex/access-requests").text
        for _ in range(2):
            assert sue.post(f"{path}/pass-on", {"client": "Globex"}).status_code == 303
        told = [letter.to for letter in mailbox.letters(kind="access_asked")]
        assert sorted(told) == ["duo.both@globex.example", town.stan.email]
        assert "Rob Asker" in stan.get("/globex/access-requests").text
        assert sue.post(f"{path}/decline").status_code == 303
        assert [
            sue.post(f"{path}/{each}", {"client": "Globex"}).status_code for each in ("decline", "pass-on")
        ] == [
            409,
            409,
        ]

    def test_sees_only_what_was_proved(self, town, asked, on_duty, reading, app):
        """T44; and the menu has it only where people can ask."""
        asked()
        sue = on_duty(town.sue)
        with reading():
            request_id = requests()[0].id
        assert "Rob Asker" not in sue.get("/staff/access-requests").text
        assert sue.get(f"/staff/access-requests/{request_id}").status_code == 404
        assert 'href="/staff/access-requests"' in sue.get("/staff/account").text
        app.config["SELF_SIGN_UP"] = False
        assert 'href="/staff/access-requests"' not in sue.get("/staff/account").text


class TestRetention:
    def test_everything_goes_after_thirty_days(self, app, town, proved, asked, reading):
        with time_machine.travel(now(), tick=False) as clock:
            proved()
            asked("other@home.example")
            clock.shift(timedelta(days=30, seconds=-1))
            with app.app_context():
                jobs.clean_up()
            with reading():
                assert len(requests()) == 2
            clock.shift(timedelta(seconds=2))
            with app.app_context():
                jobs.clean_up()
            with reading():
                assert requests() == []

    def test_a_waiting_letter_of_a_forgotten_request_is_not_sent(
        self, app, town, asked, mailbox, writing, reading
    ):
        asked()
        with writing():
            db.session.delete(requests()[0])
        mailbox.send_waiting()
        with reading():
            assert db.session.scalars(select(Letter).where(Letter.to_email == ROB)).one().state == "cancelled"
