"""Outgoing mail as staff see it: the list, one mail, what can be done about it, failing addresses (S7)."""

import re
from datetime import timedelta

import pytest

from portal import jobs, mail
from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Contact, Invitation, Letter, LoginLink
from tests.machinery import smtp_sink
from tests.surfing import LINK

LIST = "/staff/mail"


@pytest.fixture
def ann(town, reading):
    """The id of the invitation mail that waits for Ann."""
    with reading():
        return db.session.scalar(db.select(Letter.id).where(Letter.to_email == town.ann.email))


@pytest.fixture
def change(writing):
    """Change the mail with this id behind the portal's back."""

    def to(letter_id, **facts):
        with writing():
            for name, value in facts.items():
                setattr(db.session.get_one(Letter, letter_id), name, value)

    return to


@pytest.fixture
def letter(reading):
    """What the row of a mail says now."""

    def of(letter_id):
        with reading():
            return db.session.get_one(Letter, letter_id, populate_existing=True)

    return of


@pytest.fixture
def later(writing):
    """Let two minutes pass since the links of a kind were sent."""

    def pass_by(model):
        with writing():
            for link in db.session.scalars(db.select(model)).unique():
                link.created_at -= timedelta(minutes=2)

    return pass_by


def words(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page.split("<main")[1]).split())


class TestList:
    def test_views_and_search(self, town, on_duty, ann, change):
        change(ann, state="failed", last_error="550 5.1.1 no such mailbox")
        tom = on_duty(town.tom)
        tables = {
            "": {"ann", "exa"},
            "status=waiting": {"exa"},
            "status=failed": {"ann"},
            "status=sent": set(),
            "status=cancelled": set(),
            "q=ANN": {"ann"},
            "q=@acme": {"ann", "exa"},
            "q=%25": set(),
        }
        for query, expected in tables.items():
            page = tom.get(f"{LIST}?{query}").text
            assert set(re.findall(r">(\w+)\.\w+<wbr>@acme.example", page)) == expected, query
        assert "550 5.1.1 no such mailbox" in tom.get(LIST).text

    def test_every_page_once(self, town, on_duty, writing):
        with writing():
            for number in range(60):
                db.session.add(
                    Letter(
                        kind="password_changed", to_email=f"p{number:02}@x.example", message_id=f"<{number}>"
                    )
                )
        tom, path, seen = on_duty(town.tom), f"{LIST}?q=x.example", []
        while path:
            page = tom.get(path).text
            seen += re.findall(r">(p\d\d)<wbr>@x.example", page)
            onwards = re.search(r'rel="next" href="([^"]+)"', page)
            path = onwards[1].replace("&amp;", "&") if onwards else ""
        assert seen == [f"p{number:02}" for number in reversed(range(60))]


class TestOneMail:
    def test_no_way_in_is_shown(self, app, town, on_duty, reading, browser, mailbox):
        """L2, T87: neither the link nor its token stands in any answer of staff's, whatever the kind."""
        browser().post("/forgot", {"email": town.mia.email})
        mailbox.answer_requests()
        sue = on_duty(town.sue)
        sue.post("/staff/people/new", {"name": "Neo", "email": "neo@alder.example", "role": "support"})
        with reading():
            links = {
                each.id: LINK.search(mail.render(each).text) for each in db.session.scalars(db.select(Letter))
            }
        assert {link[1].split("/")[1] for link in links.values() if link} == {"invitations", "reset", "staff"}
        for letter_id, link in links.items():
            for path in (f"{LIST}/{letter_id}", f"{LIST}/{letter_id}/html", LIST):
                page = sue.get(path).text
                assert link is None or link[1].rpartition("/")[2] not in page
                assert "localhost" not in page
        assert "[link]" in page or "[link]" in sue.get(f"{LIST}/{letter_id}/html").text

    def test_the_frame_can_do_nothing(self, town, on_duty, ann):
        """reliability.md: the preview's own policy."""
        answer = on_duty(town.tom).get(f"{LIST}/{ann}/html")
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
        )
        assert "href=" not in answer.text
        assert "Acme Estates" in answer.text

    def test_names_are_no_markup(self, town, on_duty, ann, change):
        change(
            ann,
            facts={"first_name": "<b>Zed</b>", "company": "<i>", "inviter": "<script>x</script>"},
            last_error="<u>550",
        )
        for path in (f"{LIST}/{ann}", f"{LIST}/{ann}/html", LIST):
            page = on_duty(town.tom).get(path).text
            assert [part for part in ("<b>Zed", "<script>x", "<u>550") if part in page] == []


class TestTries:
    def test_each_with_the_servers_words(self, app, town, on_duty, ann, change, letter, monkeypatch):
        """S7: put off twice, refused once, then retried by hand and taken, under one Message-ID (M3)."""
        tom = on_duty(town.tom)
        answers = ["451 4.7.1 come back later", "452 4.2.2 mailbox full", "550 5.1.1 no such mailbox"]
        with smtp_sink.running() as server:
            monkeypatch.setattr(app.extensions["mail"], "port", server.port)
            for said in answers:
                server.reply(said, times=1)
                change(ann, due_at=now())
                self.send(app, ann)
            page = words(tom.get(f"{LIST}/{ann}").text)
            places = [page.rindex(said) for said in answers]
            assert places == sorted(places, reverse=True)
            assert letter(ann).state == "failed"
            assert tom.post(f"{LIST}/{ann}/retry").status_code == 303
            assert letter(ann).state == "waiting"
            self.send(app, ann)
            sent = [each.message["Message-ID"] for each in server.messages]
        assert (letter(ann).state, letter(ann).attempts) == ("sent", 4)
        assert sent == [letter(ann).message_id]
        assert "The server took it" in tom.get(f"{LIST}/{ann}").text

    @staticmethod
    def send(app, letter_id):
        with app.app_context():
            jobs.send_letter(letter_id)


class TestDeeds:
    """S1, S7, M3: who may do what about a mail, and when it can be done."""

    def test_retry_clears_the_invitation(self, town, on_duty, ann, writing, reading):
        with writing():
            row = db.session.get_one(Letter, ann)
            row.state, row.last_error = "failed", "550"
            invitation = db.session.get_one(Invitation, row.invitation_id)
            invitation.mail_failed_at = now()
        assert on_duty(town.tom).post(f"{LIST}/{ann}/retry").status_code == 303
        with reading():
            assert db.session.get_one(Letter, ann).due_at <= now()
            assert db.session.get_one(Invitation, invitation.id).mail_failed_at is None
            row = db.session.scalar(db.select(Activity).order_by(Activity.id.desc()))
            assert (row.what, row.target_name, row.company_id) == (
                "retried a mail to",
                town.ann.name,
                town.acme.id,
            )

    def test_cancel(self, app, town, on_duty, browser, ann, letter):
        """Only by an administrator; it never leaves, and the client's admin sees that."""
        assert on_duty(town.tom).post(f"{LIST}/{ann}/cancel").status_code == 403
        sue = on_duty(town.sue)
        assert sue.post(f"{LIST}/{ann}/cancel").status_code == 303
        with app.app_context():
            jobs.send_letter(ann)
        assert letter(ann).state == "cancelled"
        assert "Mail failed" in browser(town.mia).get("/acme/contacts?q=ann").text
        assert sue.post(f"{LIST}/{ann}/cancel").status_code == 409

    def test_nothing_leaves_twice(self, town, on_duty, ann, change, letter):
        """M3: what was sent, is being sent or was cancelled is not tried again; nor when its time is over."""
        sue = on_duty(town.sue)
        for state in ("sent", "sending", "cancelled"):
            change(ann, state=state)
            assert sue.post(f"{LIST}/{ann}/retry").status_code == 409
            assert sue.post(f"{LIST}/{ann}/cancel").status_code == 409
            assert letter(ann).state == state
        page = words(sue.get(f"{LIST}/{ann}").text)
        assert ("Cancelled" in page, "Retry now" in page) == (True, False)

    def test_too_late(self, town, on_duty, reading, letter):
        with reading():
            exa = db.session.scalar(db.select(Letter.id).where(Letter.to_email == town.exa.email))
        assert on_duty(town.sue).post(f"{LIST}/{exa}/retry").status_code == 409
        assert letter(exa).state == "waiting"

    def test_a_new_link_for_an_invitation(self, town, on_duty, browser, ann, change, mailbox, later):
        """A link mail gets a new link by its own action, and the old one dies (L2); once a minute (L5)."""
        change(ann, state="sent")
        old, tom = mailbox.link(town.ann.email), on_duty(town.tom)
        later(Invitation)
        assert tom.post(f"{LIST}/{ann}/send-again").status_code == 303
        assert tom.post(f"{LIST}/{ann}/send-again").status_code == 409
        assert mailbox.letters(town.ann.email)[-1].kind == "invitation_again"
        assert "newer invitation" in browser().get(old).text
        assert browser().get(mailbox.link(town.ann.email)).status_code == 200

    def test_a_new_link_for_a_reset_and_none_for_news(self, town, on_duty, mailbox, writing, reading, later):
        """L5: "Sent just now to ..." for 60 seconds, wherever it can be sent; then it can be sent again."""
        with reading():
            user_id = db.session.get_one(Contact, town.bill.id).portal_user_id
        tom = on_duty(town.tom)
        tom.post(f"/staff/portal-users/{user_id}/send-reset")
        with writing():
            reset = db.session.scalar(db.select(db.func.max(Letter.id)))
            news = Letter(kind="password_changed", to_email=town.bill.email, message_id="<n>", state="sent")
            db.session.add(news)
        again = f"/staff/mail/{reset}/send-again"
        assert again not in tom.get(f"{LIST}/{reset}").text
        assert f"Sent just now to {town.bill.email}." in words(tom.get(f"{LIST}/{reset}").text)
        login = words(tom.get(f"/staff/portal-users/{user_id}").text)
        assert f"Password reset sent just now to {town.bill.email}" in login
        assert tom.post(again).status_code == 409
        later(LoginLink)
        assert "sent just now" not in tom.get(f"/staff/portal-users/{user_id}").text
        assert tom.post(again).status_code == 303
        assert len(mailbox.letters(town.bill.email, "password_reset")) == 2
        assert tom.post(f"{LIST}/{news.id}/send-again").status_code == 409


class TestHealth:
    def test_failing_addresses(self, town, on_duty, ann, writing):
        """How often, the last words, whose they are; gone once a mail arrived."""
        with writing():
            for number, words_ in enumerate(("550 one", "550 two")):
                facts = {"state": "failed", "last_error": words_, "message_id": f"<{number}>"}
                db.session.add(Letter(kind="email_only", to_email=town.eva.email, **facts))
        tom = on_duty(town.tom)
        page = words(tom.get(f"{LIST}/failing").text)
        assert "550 two" in page
        assert "550 one" not in page
        assert "2 times" in page
        assert "Eva Mail Acme Estates" in page
        with writing():
            db.session.add(Letter(kind="email_only", to_email=town.eva.email, state="sent", message_id="<s>"))
        assert "No failing address" in tom.get(f"{LIST}/failing").text

    def test_whether_mail_goes_out(self, app, town, on_duty):
        page = words(on_duty(town.tom).get(f"{LIST}/health").text)
        assert "The clock has never been at work here." in page
        assert "Without Redis the clock sends the mail." in page
        with app.app_context():
            jobs.beat()
        assert "It is at work." in on_duty(town.tom).get(f"{LIST}/health").text

    def test_a_test_mail_to_oneself(self, town, on_duty, mailbox):
        assert on_duty(town.tom).post(f"{LIST}/test", {"to": town.mia.email}).status_code == 303
        sent = mailbox.letters(kind="test_mail")
        assert [(each.to, each.subject) for each in sent] == [(town.tom.email, "Test mail of Alder Services")]
