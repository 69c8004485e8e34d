"""The mail about work orders: who gets it, what it says, and who does not get it any more (C43, C44, L10)."""

import contextlib
from datetime import date

import pytest

from portal import claims
from portal.actions import work_orders as actions
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Activity,
    Company,
    Contact,
    ContactRole,
    Letter,
    LetterState,
    PropertyLink,
    WorkOrder,
    WorkStatus,
)
from portal.refusals import NotNow
from tests.work import STAFF, let_ask, ordered


@pytest.fixture
def order(writing, town):
    """An order of Wes, who sees everything."""
    with writing():
        return ordered(town.wes, "Lift stands still", town.alpha)


def move(order, status, note="", **more):
    return actions.set_status(db.session.get_one(WorkOrder, order.id), status, STAFF, note, **more)


def test_every_change_of_status_is_told_once(order, town, writing, mailbox):
    """M4: who did what to which work, and where it stands in the portal."""
    with writing():
        assert move(order, WorkStatus.SCHEDULED, "Between 9 and 11", visit_on=date(2026, 11, 23))
    [letter] = mailbox.letters(kind="work_order_news")
    assert letter.to == town.wes.email
    assert letter.subject == "WO-1 Lift stands still: Scheduled for 23 Nov 2026"
    for words in ("Acme Estates", "Alpha", "Sue Marsh", "Between 9 and 11", f"http://localhost{order.path}"):
        assert words in letter.text
        assert words in letter.html
    with writing():
        assert not move(order, WorkStatus.SCHEDULED)
        assert not move(order, WorkStatus.SCHEDULED, visit_on=date(2026, 11, 23))
    assert len(mailbox.letters(kind="work_order_news")) == 1
    with writing():
        assert move(order, WorkStatus.SCHEDULED, visit_on=date(2026, 11, 24))
        assert move(order, WorkStatus.IN_PROGRESS)
        assert move(order, WorkStatus.DONE)
    subjects = [each.subject.partition(": ")[2] for each in mailbox.letters(kind="work_order_news")[1:]]
    assert subjects == ["Scheduled for 24 Nov 2026", "In progress", "Done"]


def test_status_is_kept_with_its_trace(order, writing, reading):
    with writing():
        move(order, WorkStatus.SCHEDULED, visit_on=date(2026, 11, 23))
        move(order, WorkStatus.DONE, "All well")
    with reading():
        row = db.session.get_one(WorkOrder, order.id)
        assert (row.status, row.visit_on) == ("done", date(2026, 11, 23))
        assert row.closed_at is not None
        told = [(each.kind, each.status, each.text) for each in row.events]
        assert told == [
            ("asked", "requested", ""),
            ("status", "scheduled", ""),
            ("status", "done", "All well"),
        ]
        last = db.session.scalars(db.select(Activity).order_by(Activity.id.desc()).limit(1)).one()
        assert (last.actor_name, last.what, last.company_id) == (
            "Sue Marsh",
            "changed the status of",
            row.company_id,
        )
        assert last.changes == {"Status": ["Scheduled", "Done"]}


@pytest.mark.parametrize("status", [WorkStatus.DONE, WorkStatus.CANCELLED])
def test_what_is_over_does_not_change(order, writing, status, mailbox):
    with writing():
        move(order, status)
    for following in (WorkStatus.REQUESTED, WorkStatus.IN_PROGRESS, WorkStatus.DONE, WorkStatus.CANCELLED):
        if following == status:
            continue
        with pytest.raises(NotNow), writing():
            move(order, following)
    assert len(mailbox.letters(kind="work_order_news")) == 1


def test_a_comment_of_somebody_else_is_told_ones_own_is_not(order, town, browser, mailbox):
    assert browser(town.wes).post(f"{order.path}/comment", {"text": "Mine"}).status_code == 303
    assert mailbox.letters(kind="work_order_news") == []
    assert browser(town.mia).post(f"{order.path}/comment", {"text": "Is it urgent?"}).status_code == 303
    [letter] = mailbox.letters(kind="work_order_news")
    assert letter.to == town.wes.email
    assert letter.subject == "WO-1 Lift stands still: Mia Stone wrote"
    assert "Is it urgent?" in letter.text


def test_cancelling_is_told_unless_by_oneself(order, town, browser, mailbox, writing):
    with writing():
        other = ordered(town.wes, "Other")
    browser(town.wes).post(f"{other.path}/cancel", {"reason": ""})
    assert mailbox.letters(kind="work_order_news") == []
    browser(town.mia).post(f"{order.path}/cancel", {"reason": "Solved by itself"})
    [letter] = mailbox.letters(kind="work_order_news")
    assert letter.subject == "WO-1 Lift stands still: Cancelled"
    assert "Solved by itself" in letter.text


def deactivated(contact):
    contact.deactivated_at = now()


def deleted(contact):
    contact.portal_user_id, contact.access, contact.deleted_at = None, Access.NONE, now()


def unauthorized(contact):
    contact.portal_user_id, contact.access = None, Access.NONE


def without_right(contact):
    db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == contact.id))


def moved_off(contact):
    contact.scope = "property"


def exited(contact):
    db.session.get_one(Company, contact.company_id).exited_at = now()


GONE = [deactivated, deleted, unauthorized, without_right, moved_off, exited]


@pytest.mark.parametrize("gone", GONE)
def test_nobody_hears_of_what_they_may_not_see_any_more(order, town, writing, mailbox, gone):
    """P12, C44: neither when it happens..."""
    with writing():
        gone(db.session.get_one(Contact, town.wes.id))
    with writing():
        move(order, WorkStatus.IN_PROGRESS, "SECRET")
    assert mailbox.letters(kind="work_order_news") == []


@pytest.mark.parametrize("gone", GONE)
def test_nor_later_when_the_letter_is_sent(order, town, app, writing, reading, gone):
    """... nor when the letter leaves the outbox after that."""
    with writing():
        move(order, WorkStatus.IN_PROGRESS, "SECRET")
    with writing():
        gone(db.session.get_one(Contact, town.wes.id))
    with reading():
        letter_id = db.session.scalars(db.select(Letter.id).where(Letter.kind == "work_order_news")).one()
    with app.app_context():
        assert claims.claim(letter_id) == 0
    with reading():
        assert db.session.get_one(Letter, letter_id).state == LetterState.CANCELLED


def test_it_is_sent_to_those_who_may(order, town, app, writing, reading):
    with writing():
        move(order, WorkStatus.IN_PROGRESS)
    with reading():
        letter_id = db.session.scalars(db.select(Letter.id).where(Letter.kind == "work_order_news")).one()
    with app.app_context():
        assert claims.claim(letter_id) == 1


def test_at_property_level_as_long_as_the_property_is_linked(town, writing, mailbox):
    with writing():
        let_ask(town.pam)
        order = ordered(town.pam, "At Alpha", town.alpha)
    with writing():
        move(order, WorkStatus.IN_PROGRESS)
    assert [each.to for each in mailbox.letters(kind="work_order_news")] == [town.pam.email]
    with writing():
        db.session.execute(db.delete(PropertyLink).where(PropertyLink.contact_id == town.pam.id))
    with writing():
        move(order, WorkStatus.DONE)
    assert len(mailbox.letters(kind="work_order_news")) == 1


def test_by_e_mail_only_there_is_no_button_that_would_not_open(order, town, writing, mailbox):
    with writing():
        wes = db.session.get_one(Contact, town.wes.id)
        wes.portal_user_id, wes.access = None, Access.EMAIL_ONLY
    with writing():
        move(order, WorkStatus.IN_PROGRESS)
    [letter] = mailbox.letters(kind="work_order_news")
    assert "http://" not in letter.text
    assert order.path not in letter.html


def test_what_people_typed_is_harmless(town, writing, mailbox):
    """T39, T70: no link but ours, no second header, nothing that a mail program runs."""
    nasty = "Pay at http://evil.example/pay or www.evil.example <script>alert(1)</script> {{ 7 * 7 }}"
    with writing():
        order = ordered(town.wes, nasty, town.alpha)
    with writing():
        move(order, WorkStatus.IN_PROGRESS, nasty + "\r\nBcc: victim@other.example\n" + "x" * 3000)
    [letter] = mailbox.letters(kind="work_order_news")
    for words in ("http://evil", "www.evil.example", "<script", "victim@other"):
        assert words not in letter.html
        assert words not in letter.text.replace("<script>", "") or words == "<script"
    assert "\n" not in letter.subject
    assert len(letter.html) < 20_000
    assert "x" * 500 not in letter.text


def test_nothing_is_told_of_what_was_rolled_back(order, writing, mailbox):
    """L10."""
    with contextlib.suppress(ZeroDivisionError), writing():
        move(order, WorkStatus.DONE)
        raise ZeroDivisionError
    assert mailbox.letters(kind="work_order_news") == []
