"""The mail that the topics send: to whom, what, once, and never beyond scope (C11, C34, C44, M3, M5, P12)."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from portal import claims, jobs
from portal.actions import work_orders
from portal.actions.invite import invite
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    CompanyArea,
    Contact,
    ContactPermission,
    ContactRole,
    ContactTopic,
    Invitation,
    Invoice,
    Letter,
    LetterState,
    PortalUser,
    PropertyLink,
    WorkOrder,
    WorkStatus,
)
from portal.policy import as_reader
from portal.visibility import visible, within_scope
from tests import town_billing
from tests.work import STAFF, let_ask, ordered

FIRST = "2026-12-01 09:00"


def wants(person: SimpleNamespace, *topics: str) -> None:
    contact = db.session.get_one(Contact, person.id)
    for topic in topics:
        contact.topic_links.append(ContactTopic(company_id=contact.company_id, topic=topic))


def tell(app, moment: str) -> None:
    """Let it be that moment in UTC, and the clock look."""
    with time_machine.travel(f"{moment}+00:00", tick=False), app.app_context():
        jobs.tell()


def monday(days: int = 0, hour: int = 9) -> str:
    """The coming Monday, or so many days after it."""
    today = now().date()
    return f"{today + timedelta(days=7 - today.weekday() + days)} {hour:02}:00"


def got(mailbox, kind: str) -> set[str]:
    return {letter.to for letter in mailbox.letters(kind=kind)}


class TestWorkOrders:
    @pytest.fixture(autouse=True)
    def topic(self, writing, town):
        """Everybody wants to hear; who may is another question."""
        with writing():
            for name in (
                "mia",
                "bill",
                "wes",
                "eva",
                "pam",
                "ola",
                "abe",
                "ava",
                "ann",
                "ian",
                "dan",
                "stan",
            ):
                wants(getattr(town, name), "work_orders")
            let_ask(town.pam)
            db.session.get_one(Contact, town.ola.id).access = Access.EMAIL_ONLY

    def test_who_hears_of_a_new_one_at_a_property(self, town, writing, mailbox):
        """C43, C44: with the right or by e-mail only, in scope; not who did it, nobody without access."""
        with writing():
            ordered(town.wes, "Lift", town.alpha)
        assert got(mailbox, "work_order_news") == {
            each.email for each in (town.mia, town.eva, town.pam, town.ola)
        }

    @pytest.mark.parametrize("place", ["beta", None])
    def test_at_property_level_nobody_hears_of_other_properties_or_the_client(
        self, town, writing, mailbox, place
    ):
        with writing():
            ordered(town.wes, "Lift", getattr(town, place) if place else None)
        assert got(mailbox, "work_order_news") == {town.mia.email, town.eva.email}

    def test_each_hears_of_each_change_once(self, town, writing, mailbox):
        """M3: the requester, who has the topic too, gets one mail and not two; comments count as changes."""
        with writing():
            order = ordered(town.wes, "Lift", town.alpha)
        with writing():
            row = db.session.get_one(WorkOrder, order.id)
            work_orders.set_status(row, WorkStatus.SCHEDULED, STAFF, visit_on=date(2026, 11, 23))
            work_orders.comment(row, "We come at nine", STAFF)
        told = [(each.to, each.subject) for each in mailbox.letters(kind="work_order_news")]
        for person in (town.mia, town.eva, town.pam, town.ola):
            assert [subject for to, subject in told if to == person.email] == [
                "WO-1 Lift: Requested",
                "WO-1 Lift: Scheduled for 23 Nov 2026",
                "WO-1 Lift: Sue Marsh wrote",
            ]
        assert len([to for to, _subject in told if to == town.wes.email]) == 2
        assert len(told) == 4 * 3 + 2

    def test_not_whoever_does_it(self, town, browser, mailbox, writing):
        with writing():
            order = ordered(town.wes, "Lift", town.alpha)
        before = len(mailbox.letters(town.mia.email, "work_order_news"))
        assert browser(town.mia).post(f"{order.path}/comment", {"text": "Soon?"}).status_code == 303
        assert len(mailbox.letters(town.mia.email, "work_order_news")) == before
        assert mailbox.letters(town.pam.email, "work_order_news")[-1].subject == "WO-1 Lift: Mia Stone wrote"

    def test_it_says_why_and_where_to_switch_it_off(self, town, writing, mailbox):
        """Whoever signs in does it in the profile; whoever does not asks an admin."""
        with writing():
            order = ordered(town.wes, "Lift", town.alpha)
        [mia] = mailbox.letters(town.mia.email, "work_order_news")
        [eva] = mailbox.letters(town.eva.email, "work_order_news")
        why = "because the topic Work orders is switched on for you at Acme Estates"
        for letter, off in (
            (mia, "http://localhost/profile?company=acme"),
            (eva, "To switch it off, ask Max Reed, an admin of Acme Estates."),
        ):
            assert " ".join(why.split()) in " ".join(letter.text.split())
            assert off in letter.text
        assert 'href="http://localhost/profile?company=acme"' in mia.html
        assert "ask <bdi>Max Reed</bdi>" in eva.html
        assert f"http://localhost{order.path}" in mia.text
        assert "http://" not in eva.text
        assert "you asked for" not in mia.text
        assert "Property manager" not in mia.text

    def test_the_own_order_comes_without_any_topic_and_says_nothing_of_one(self, town, writing, mailbox):
        with writing():
            db.session.execute(db.delete(ContactTopic))
            order = ordered(town.wes, "Lift", town.alpha)
        with writing():
            work_orders.comment(db.session.get_one(WorkOrder, order.id), "Soon", STAFF)
        [letter] = mailbox.letters(kind="work_order_news")
        assert letter.to == town.wes.email
        assert "topic" not in letter.text
        assert "work you asked for" in letter.text


def topic_gone(contact):
    contact.topic_links.clear()


def right_gone(contact):
    db.session.execute(db.delete(ContactPermission).where(ContactPermission.contact_id == contact.id))
    db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == contact.id))


def moved_off(contact):
    db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == contact.id))


def inactive(contact):
    contact.deactivated_at = now()


def disabled(contact):
    db.session.get_one(PortalUser, contact.portal_user_id).disabled_at = now()


def unlinked(contact):
    contact.portal_user_id, contact.access = None, Access.NONE


def pending(contact):
    contact.portal_user_id = None


def area_off(contact):
    for area in ("work_orders", "billing", "reports"):
        db.session.add(CompanyArea(company_id=contact.company_id, area=area, off_by_staff=True))


GONE = [topic_gone, right_gone, moved_off, inactive, disabled, unlinked, pending, area_off]


@pytest.mark.parametrize("kind", ["work_order_news", "invoice_overdue", "month_summary"])
@pytest.mark.parametrize("gone", GONE)
def test_a_letter_that_waits_is_not_sent_to_whoever_may_not_hear(app, town, writing, reading, gone, kind):
    """P12, T22: what changed between the event and the sending counts."""
    with writing():
        for topic in ("work_orders", "billing", "reports"):
            wants(town.pam, topic)
        town_billing.allow(town.pam, town.acme.id, "work_orders", "billing", "reports")
        ordered(town.wes, "Lift", town.alpha)
        overdue(town)
    tell(app, FIRST)
    with writing():
        letter = db.session.scalars(db.select(Letter).where(Letter.kind == kind)).one()
        letter.due_at = letter.created_at = now()
        gone(db.session.get_one(Contact, town.pam.id))
    with app.app_context():
        assert claims.claim(letter.id) == 0
    with reading():
        assert db.session.get_one(Letter, letter.id).state == LetterState.CANCELLED


def overdue(town, place="alpha", *, moment=FIRST, number="A-1", days=1, **facts) -> Invoice:
    """Add an invoice of Acme that became overdue so many days before that moment; 120.00 are owed."""
    due = date.fromisoformat(moment[:10]) - timedelta(days=days)
    company, where = (
        (town.globex, town.delta) if place == "delta" else (town.acme, getattr(town, place, None))
    )
    made = town_billing.invoice(
        company.id, number, f"At {place}", age=0, property_id=where.id if where else None, **facts
    )
    made.issued_on, made.due_on = due - timedelta(days=30), due
    return made


class TestBilling:
    @pytest.fixture(autouse=True)
    def topic(self, writing, town):
        with writing():
            for name in ("bill", "mia", "rita", "eva", "pam", "ola", "ann", "ava", "stan"):
                wants(getattr(town, name), "billing")
            db.session.get_one(Contact, town.ola.id).access = Access.EMAIL_ONLY

    def test_an_invoice_became_overdue(self, app, town, writing, mailbox):
        """Once for each invoice and contact, in scope, and for a login only with billing (C41, M3)."""
        with writing():
            overdue(town, "alpha", number="A-1", paid=3_000)
            overdue(town, "beta", number="A-2")
        for hour in ("09:00", "10:00", "23:00"):
            tell(app, f"2026-12-01 {hour}")
        tell(app, "2026-12-02 09:00")
        told = sorted((each.to, each.subject) for each in mailbox.letters(kind="invoice_overdue"))
        first = "Invoice A-1 is overdue: £90.00, due 30 November 2026"
        second = "Invoice A-2 is overdue: £120.00, due 30 November 2026"
        assert told == sorted(
            [(each.email, line) for each in (town.bill, town.mia, town.eva) for line in (first, second)]
            + [(town.ola.email, first)]
        )
        letter = mailbox.letters(town.bill.email, "invoice_overdue")[0]
        assert "http://localhost/acme/billing/" in letter.text
        assert "Property: Alpha" in letter.text
        assert "http://" not in mailbox.letters(town.eva.email, "invoice_overdue")[0].text

    @pytest.mark.parametrize(
        ("facts", "days"),
        [
            ({}, 0),
            ({}, -5),
            ({"status": "draft"}, 1),
            ({"status": "void"}, 1),
            ({"paid": 12_000}, 1),
            ({}, 4),
        ],
        ids=["due today", "due later", "draft", "void", "paid", "long ago"],
    )
    def test_nothing_about_what_did_not_just_become_overdue(self, app, town, writing, mailbox, facts, days):
        with writing():
            overdue(town, days=days, **facts)
        tell(app, FIRST)
        assert mailbox.letters(kind="invoice_overdue") == []

    def test_told_late_where_nothing_ran_for_two_days(self, app, town, writing, mailbox):
        with writing():
            overdue(town, days=3)
        tell(app, FIRST)
        assert town.bill.email in got(mailbox, "invoice_overdue")

    def test_who_chooses_the_topic_later_that_day_is_told_too(self, app, town, writing, mailbox):
        with writing():
            overdue(town)
        tell(app, FIRST)
        with writing():
            wants(town.max, "billing")
        tell(app, "2026-12-01 10:00")
        told = [each.to for each in mailbox.letters(kind="invoice_overdue")]
        assert town.max.email in told
        assert len(told) == len(set(told))

    def test_paid_meanwhile_it_is_not_sent(self, app, town, writing):
        with writing():
            invoice_id = overdue(town).id
        tell(app, FIRST)
        with writing():
            db.session.get_one(Invoice, invoice_id).paid = 12_000
            letter = db.session.scalars(db.select(Letter).where(Letter.kind == "invoice_overdue")).first()
            letter.due_at = letter.created_at = now()
        with app.app_context():
            assert claims.claim(letter.id) == 0

    def test_not_at_night_but_in_the_morning_of_the_vendor(self, app, town, writing, mailbox):
        app.config["TIME_ZONE"] = "Europe/London"
        with writing():
            overdue(town, moment="2026-07-01", days=1)
        tell(app, "2026-07-01 05:59")
        assert mailbox.letters(kind="invoice_overdue") == []
        tell(app, "2026-07-01 06:01")
        assert mailbox.letters(kind="invoice_overdue") != []

    def test_other_companies_hear_of_their_own(self, app, town, writing, mailbox):
        with writing():
            overdue(town, "delta", number="G-1")
        tell(app, FIRST)
        assert got(mailbox, "invoice_overdue") == {town.stan.email}


class TestReports:
    @pytest.fixture(autouse=True)
    def november(self, app, writing, town):
        """Three orders in November, two of them at Alpha; an invoice of 120.00 at Alpha, one at Beta."""
        with writing():
            for name in ("rita", "mia", "bill", "eva", "ola", "pam", "ann"):
                wants(getattr(town, name), "reports")
            wants(town.ola, "billing")
            town_billing.allow(town.pam, town.acme.id, "reports")
            db.session.get_one(Contact, town.ola.id).access = Access.EMAIL_ONLY
            for title, place, day in (
                ("a", town.alpha, "2026-11-01"),
                ("b", town.alpha, "2026-11-30"),
                ("c", town.beta, "2026-11-15"),
                ("d", town.alpha, "2026-10-31"),
                ("e", town.alpha, "2026-12-01"),
            ):
                row = db.session.get_one(WorkOrder, ordered(town.wes, title, place).id)
                row.created_at = _at(day)
                row.status = "done" if title == "a" else "requested"
            for number, place in (("A-1", "alpha"), ("A-2", "beta")):
                made = overdue(town, place, number=number)
                made.issued_on, made.due_on = date(2026, 11, 10), date(2026, 12, 31)

    def summary(self, mailbox, person) -> str:
        [letter] = mailbox.letters(person.email, "month_summary")
        assert letter.subject == "Acme Estates: your summary of November 2026"
        return letter.text.partition("topic")[0]

    def test_on_the_first_each_gets_the_month_before_once(self, app, town, mailbox):
        """For a login only with reports (C42); not twice (M3)."""
        tell(app, "2026-11-30 09:00")
        assert mailbox.letters(kind="month_summary") == []
        for day in ("2026-12-01", "2026-12-02", "2026-12-04"):
            tell(app, f"{day} 09:00")
        told = [each.to for each in mailbox.letters(kind="month_summary")]
        assert sorted(told) == sorted(
            each.email for each in (town.rita, town.mia, town.eva, town.ola, town.pam)
        )

    def test_numbers_are_cut_to_scope_and_money_to_billing(self, app, town, mailbox):
        """C44; spend only with billing, or by e-mail only with the topic Billing."""
        tell(app, FIRST)
        everything = ["Work orders asked for: 3", "- Requested: 2", "- Done: 1"]
        alpha = [
            "Work orders asked for: 2",
            "- Requested: 1",
            "- Done: 1",
            "at the properties you look after",
        ]
        for person, lines, money in (
            (town.mia, everything, "Billed: £240.00, 2 invoices"),
            (town.rita, everything, ""),
            (town.eva, everything, ""),
            (town.ola, alpha, "Billed: £120.00, 1 invoice\n"),
            (town.pam, alpha, ""),
        ):
            text = self.summary(mailbox, person)
            for line in lines:
                assert line in text, person.name
            assert (money in text) if money else ("Billed" not in text), person.name

    def test_numbers_of_another_scope_are_not_sent_any_more(self, app, town, writing):
        """T22: one more property, or one less, and the numbers are not this reader's."""
        tell(app, FIRST)
        with writing():
            letter = db.session.scalars(
                db.select(Letter).where(Letter.kind == "month_summary", Letter.to_email == town.ola.email)
            ).one()
            letter.due_at = letter.created_at = now()
            db.session.get_one(PropertyLink, (town.ola.id, town.alpha.id)).property_id = town.beta.id
        with app.app_context():
            assert claims.claim(letter.id) == 0


def _at(day: str):
    return now().replace(year=int(day[:4]), month=int(day[5:7]), day=int(day[8:]), hour=12)


class TestAccount:
    @pytest.fixture(autouse=True)
    def topic(self, writing, town):
        with writing():
            for name in ("mia", "eva", "vic", "ian", "stan"):
                wants(getattr(town, name), "account")
            # By e-mail only one may know of all contacts and still is no admin.
            town_billing.allow(town.eva, town.acme.id, "view_client")

    def test_each_monday_admins_hear_which_invitations_are_stuck(self, app, town, writing, mailbox):
        """M5: expired and failed ones; not those that still run. Once a week."""
        with writing():
            ann = db.session.scalars(db.select(Invitation).where(Invitation.contact_id == town.ann.id)).one()
            ann.mail_failed_at, ann.mail_error = now(), "No such mailbox"
            invite(db.session.get_one(Contact, town.ava.id), "Mia Stone").expires_at = now() + timedelta(
                days=30
            )
            db.session.get_one(Contact, town.ava.id).access = Access.PORTAL
        for days, hour in ((0, 9), (0, 12), (1, 9), (4, 9)):
            tell(app, monday(days, hour))
        [letter] = mailbox.letters(kind="invitation_digest")
        assert letter.to == town.mia.email
        assert letter.subject == "Acme Estates: invitations that need attention"
        assert "- Ann Invited: the mail could not be delivered" in letter.text
        assert "- Exa Pired: the invitation expired" in letter.text
        assert "http://localhost/acme/contacts?status=pending" in letter.text
        assert "Ava" not in letter.text
        tell(app, monday(7))
        assert len(mailbox.letters(kind="invitation_digest")) == 2

    def test_what_people_are_called_is_harmless(self, app, town, writing, mailbox):
        """T39, T70: no link but ours, nothing that a mail program runs."""
        with writing():
            db.session.get_one(Contact, town.exa.id).last_name = "<script> http://evil.example/pay"
        tell(app, monday())
        [letter] = mailbox.letters(kind="invitation_digest")
        for words in ("http://evil", "<script>", "evil.example"):
            assert words not in letter.html
        assert "http[:]//evil[.]example" in letter.text

    def test_nothing_is_stuck_nothing_is_sent(self, app, town, writing, mailbox):
        with writing():
            db.session.execute(
                db.update(Contact)
                .where(Contact.id.in_([town.ann.id, town.exa.id]))
                .values(access=Access.NONE)
            )
        tell(app, monday())
        assert mailbox.letters(kind="invitation_digest") == []


class TestDeactivation:
    def test_told_where_the_vendor_wants_it(self, app, town, browser, mailbox):
        """M5: optional; off unless set."""
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.bill.id}/deactivate")
        assert mailbox.letters(kind="deactivated") == []
        app.config["DEACTIVATION_MAIL"] = True
        for person in (town.wes, town.eva, town.ava):
            mia.post(f"/acme/contacts/{person.id}/deactivate")
        assert got(mailbox, "deactivated") == {town.wes.email, town.eva.email}
        letter = mailbox.letters(town.wes.email, "deactivated")[0]
        assert letter.subject == "Your access to Acme Estates was switched off"
        assert "Mia Stone" in letter.text

    def test_taken_back_before_it_left_it_is_not_sent(self, app, town, browser, reading):
        app.config["DEACTIVATION_MAIL"] = True
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.wes.id}/deactivate")
        with reading():
            letter_id = db.session.scalars(db.select(Letter.id).where(Letter.kind == "deactivated")).one()
        mia.post(f"/acme/contacts/{town.wes.id}/activate")
        with app.app_context():
            assert claims.claim(letter_id) == 0


def test_who_hears_of_a_thing_is_who_would_see_it(town, writing, reading):
    """C44: asked from the thing, scope gives the same answer as asked from the reader, for everybody."""
    with writing():
        orders = [ordered(town.wes, "x", place).id for place in (town.alpha, town.beta, None)]
    with reading():
        for order in (db.session.get_one(WorkOrder, each) for each in orders):
            query = db.select(Contact.id).where(
                Contact.company_id == order.company_id, within_scope(order.property_id)
            )
            reached = set(db.session.scalars(query))
            people = db.session.scalars(
                db.select(Contact).where(Contact.company_id == order.company_id)
            ).unique()
            seen = {
                each.id
                for each in people
                if db.session.scalars(
                    visible(as_reader(each), WorkOrder).where(WorkOrder.id == order.id)
                ).first()
            }
            assert reached == seen
            assert reached
            assert (town.pam.id in reached) == (order.property_id == town.alpha.id)


def test_nothing_in_the_activity_but_the_change(app, town, writing, browser):
    """C32: a mail is no change; the activity has one row for the new order and none for the letters."""
    with writing():
        wants(town.mia, "work_orders", "account")
        ordered(town.wes, "Lift", town.alpha)
    tell(app, monday())
    page = browser(town.mia).get("/acme/activity").text
    assert page.count("WO-1 Lift") == 1
    assert "invitations that need" not in page


def test_two_letters_about_one_event_are_refused_by_the_database(app, town, writing):
    """M3: also where two clocks run."""
    with writing():
        wants(town.mia, "account")
    tell(app, monday())
    with writing():
        [first] = db.session.scalars(db.select(Letter).where(Letter.kind == "invitation_digest"))
        again = Letter(kind=first.kind, to_email=first.to_email, facts={}, message_id=first.message_id)
        db.session.add(again)
        with pytest.raises(Exception, match=r"(?i)unique"):
            db.session.flush()
        db.session.rollback()
