"""The cases about invitations: B38 to B58."""

import logging
from datetime import timedelta

import pytest
import time_machine

from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, Letter, PortalUser
from tests import ledger
from tests.surfing import form_fields
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
OTHER = "copper lantern seven gulls"
YES = {"password": NEW, "accept_terms": "y"}
BAD_TOKENS = ["x" * 43, "1.swNP3M892mYJYKm7u3rWsdTA1Gpm", "None", "null", "0", "1.\u00e9\u4e2d", "x" * 10_000]
BULK = "/acme/contacts/bulk"


def is_dead(browser, link: str, words: str = "") -> bool:
    """Whether a link is refused, opened and posted, on a page that says `words`."""
    page = browser().get(link)
    return (page.status_code, browser().post(link, YES).status_code, words in page.text) == (410, 410, True)


def test_B38_looking_uses_nothing_up(town, browser, link, pending):
    page = browser().get(link)
    assert page.status_code == 200
    assert "Acme Estates" in page.text
    assert "password" in form_fields(page.text)
    assert browser().get(link).status_code == 200
    scanner = browser()
    assert scanner.client.head(link).status_code == 200
    assert browser().client.application.test_client(use_cookies=False).get(link).status_code == 200
    assert pending(town.ann)
    assert browser().post(link, YES).status_code == 303


def test_B39_a_second_before_and_after_its_end(app, town, browser, mailbox, pending):
    app.config["INVITATION_LIFE"] = timedelta(hours=0.25)
    with time_machine.travel(now(), tick=False) as clock:
        mia = browser(town.mia)
        for person in (town.ann, town.exa):
            assert mia.post(f"/acme/contacts/{person.id}/resend").status_code == 303
        clock.shift(timedelta(minutes=14, seconds=59))
        assert browser().post(mailbox.link(town.ann.email), YES).status_code == 303
        clock.shift(timedelta(seconds=2))
        assert is_dead(browser, mailbox.link(town.exa.email), "expired")
        assert "Send me a new link" in browser().get(mailbox.link(town.exa.email)).text
        assert pending(town.exa)


def test_B40_accepted_once(town, browser, link, opens):
    assert browser().post(link, YES).status_code == 303
    assert browser().post(link, {**YES, "password": OTHER}).status_code == 410
    assert is_dead(browser, link, "already used")
    assert opens(town.ann, NEW)
    assert not opens(town.ann, OTHER)


def test_B42_resent_twice_only_the_third_works(town, browser, mailbox):
    mia = browser(town.mia)
    for _ in range(2):
        assert mia.post(f"/acme/contacts/{town.ann.id}/resend").status_code == 303
    first, second, third = mailbox.links(town.ann.email)
    assert is_dead(browser, first, "newer invitation was sent")
    assert is_dead(browser, second, "newer invitation was sent")
    assert browser().post(third, YES).status_code == 303


def test_B43_bad_tokens_open_nothing(town, browser, reading):
    with reading():
        before = ledger.everything()
    for token in BAD_TOKENS:
        for answer in (browser().get(f"/invitations/{token}"), browser().post(f"/invitations/{token}", YES)):
            assert answer.status_code in (400, 404), token
            assert "not valid" in answer.text, token
    for path in ("/invitations/", "/invitations"):
        assert browser().get(path).status_code in (303, 400, 404)
    with reading():
        assert ledger.everything() == before


def test_B44_a_corrected_address_moves_the_invitation(town, browser, link, save, mailbox):
    assert save(town.ann, email="b@x.example").status_code == 303
    assert is_dead(browser, link)
    assert len(mailbox.letters("b@x.example")) == 1
    assert browser().post(mailbox.link("b@x.example"), YES).status_code == 303
    assert [each.link for each in mailbox.letters(town.ann.email)] == [link]


def test_B46_deleted_and_invited_again(town, browser, link, mailbox):
    mia = browser(town.mia)
    assert mia.post(f"/acme/contacts/{town.ann.id}/delete").status_code == 303
    form = ledger.new_form(first_name="Ann", last_name="Again", email=town.ann.email, access="portal")
    assert mia.post("/acme/contacts/new", form).status_code == 303
    second = mailbox.link(town.ann.email)
    assert second.rpartition("/")[2] != link.rpartition("/")[2]
    assert is_dead(browser, link)
    assert browser().post(second, YES).status_code == 303


@pytest.mark.parametrize("how", ["cancelled", "un-authorized", "disabled", "exited"])
def test_B47_what_ends_an_invitation_is_not_undone(town, browser, link, save, writing, how, mailbox):
    mia, owner = browser(town.mia), link
    if how == "cancelled":
        mia.post(f"/acme/contacts/{town.ann.id}/cancel-invitation")
    elif how == "un-authorized":
        save(town.ann, access="none")
    elif how == "exited":
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
    else:
        form = ledger.new_form(first_name="Dan", last_name="Two", email="dan@elsewhere.example")
        owner = _invited_with_a_disabled_login(mia, town, form, mailbox, writing)
    answers = [browser().get(owner), browser().post(owner, {"password": PASSWORD, "accept_terms": "y"})]
    if how == "disabled":  # the page says nothing of the login; joining with it is refused all the same
        assert answers[1].status_code == 422
    else:
        assert [answer.status_code for answer in answers] == [410, 410]
    if how in ("cancelled", "un-authorized"):
        assert mia.post(f"/acme/contacts/{town.ann.id}/authorize").status_code == 303
        assert is_dead(browser, link)


def _invited_with_a_disabled_login(mia, town, form, mailbox, writing) -> str:
    """Invite an address whose login the vendor has disabled; return the link."""
    with writing():
        user = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.stan.email)).one()
        user.disabled_at = now()
    form |= {"email": town.stan.email, "access": "portal"}
    assert mia.post("/acme/contacts/new", form).status_code == 303
    return mailbox.link(town.stan.email)


def test_B48_opened_while_somebody_else_is_signed_in(town, browser, link, pending, reading):
    for person in (town.wes, town.stan):
        other = browser(person)
        page = other.get(link)
        assert page.status_code == 200
        assert person.email in page.text
        assert "Sign out" in page.text
        assert "password" not in form_fields(page.text)
        for form in (YES, {"accept_terms": "y"}, {"password": PASSWORD, "accept_terms": "y"}):
            other.post(link, form)
        assert pending(town.ann)
    with reading():
        linked = db.select(Contact).where(Contact.id == town.ann.id, Contact.portal_user_id.is_not(None))
        assert db.session.scalars(linked).unique().all() == []


def test_B50_the_address_alone_claims_nothing(town, browser, ask, mailbox, pending):
    for person in (town.ann, town.exa):
        stranger = browser()
        for form in ({"identity": person.email}, {"identity": person.email, "password": ""}):
            assert stranger.post("/sign-in", form).status_code == 422
        for password in (" ", "None", "null", NEW):
            assert stranger.sign_in(person.email, password).status_code == 422
        ask(person.email)
        assert stranger.get("/acme/").status_code == 303
        assert pending(person)
    assert mailbox.letters(kind="password_reset") == []


def test_B52_an_address_that_is_in_the_company(town, browser, reading):
    mia = browser(town.mia)
    with reading():
        before = ledger.everything()
    for same in ("NORA.nothing@ACME.example", "  nora.nothing@acme.example  "):
        form = ledger.new_form(email=same, access="portal", permissions=["admin"])
        answer = mia.post("/acme/contacts/new", form)
        assert answer.status_code == 422
        assert "Nora Nothing" in answer.text
    with reading():
        assert ledger.everything() == before


def test_B53_the_same_one_twice_and_more_than_the_limit(town, browser, mailbox, writing):
    """The bulk box: one message for each; more than 200 contacts are refused as a whole."""
    mia, before = browser(town.mia), len(mailbox.letters())
    chosen = {"contacts": [town.ava.id, town.ava.id, town.ola.id, town.ava.id], "move": "authorize"}
    shown = mia.post(BULK, chosen | {"step": "preview"})
    assert shown.status_code == 200
    agreed = form_fields(shown.text, "agree")["agreed"]
    assert mia.post(BULK, chosen | {"step": "confirm", "agreed": agreed}).status_code == 200
    sent = sorted(letter.to for letter in mailbox.letters()[before:])
    assert sent == sorted([town.ava.email, town.ola.email])
    with writing():
        kind = db.session.get_one(Contact, town.ava.id).contact_type_id
        crowd = [
            Contact(company_id=town.acme.id, contact_type_id=kind, first_name="C", last_name=f"{number}")
            for number in range(201)
        ]
        for number, contact in enumerate(crowd):
            contact.email = contact.email_key = f"c{number}@acme.example"
            contact.name_key = contact.search_key = f"c {number}"
        db.session.add_all(crowd)
        db.session.flush()
        ids = [contact.id for contact in crowd]
    before = len(mailbox.letters())
    for step in ("preview", "confirm"):
        answer = mia.post(BULK, {"contacts": ids, "move": "authorize", "step": step})
        assert answer.status_code == 422
        assert "Choose at most 200 contacts at once." in answer.text
    assert len(mailbox.letters()) == before


def test_B55_the_link_stands_in_the_mail_alone(town, browser, mailbox, reading, caplog):
    mia = browser(town.mia)
    with caplog.at_level(logging.DEBUG):
        mia.post(f"/acme/contacts/{town.ann.id}/resend")
        link = mailbox.link(town.ann.email)
        token = link.rpartition("/")[2]
        mark = token.partition(".")[2]
        browser().get(link)
        pages = ("", "contacts", f"contacts/{town.ann.id}", f"contacts/{town.ann.id}/edit", "activity")
        pages += ("activity/export", "reports/people.csv", "client", "access-review")
        for reader in (mia, browser(town.ed)):
            for page in pages:
                for htmx in (False, True):
                    assert mark not in reader.get(f"/acme/{page}", htmx=htmx).text
    assert mark not in caplog.text
    with reading():
        for table in db.metadata.sorted_tables:
            assert all(mark not in repr(row) for row in db.session.execute(db.select(table))), table.name
        (letter,) = db.session.scalars(
            db.select(Letter).where(Letter.to_email == town.ann.email).order_by(Letter.id.desc()).limit(1)
        )
        assert letter.invitation_id == int(token.partition(".")[0])
    assert len(mark) > 40


def test_B56_so_many_resends_an_hour(app, town, browser, mailbox):
    app.config["RESEND_LIMIT"] = "3 per hour"
    with time_machine.travel(now(), tick=False):
        mia, before = browser(town.mia), len(mailbox.letters())
        codes = [mia.post(f"/acme/contacts/{town.ann.id}/resend").status_code for _ in range(4)]
        assert codes == [303, 303, 303, 429]
        assert "Retry-After" in mia.post(f"/acme/contacts/{town.ann.id}/resend").headers
        assert len(mailbox.letters()) == before + 3
        assert browser().get(mailbox.link(town.ann.email)).status_code == 200


def test_B58_only_pending_ones_are_resent(town, browser, mailbox):
    mia, before = browser(town.mia), len(mailbox.letters())
    for person in (town.vic, town.ian, town.ava, town.eva):
        for htmx in (False, True):
            answer = mia.post(f"/acme/contacts/{person.id}/resend", htmx=htmx)
            assert answer.status_code == 409
            assert person.name in answer.text
    assert len(mailbox.letters()) == before
