"""The cases about two at once and twice the same: B71 and B73; in parallel: tests/test_races.py."""

from portal.extensions import db
from portal.models import Contact
from tests import ledger
from tests.surfing import form_fields


def test_B71_the_second_save_sees_the_first(town, browser, reading):
    path = f"/acme/contacts/{town.ava.id}/edit"
    with reading():
        mine = ledger.edit_form(town.ava.id, job_title="Mine typed")
        theirs = ledger.edit_form(town.ava.id, notes="Theirs typed")
    assert browser(town.max).post(path, theirs).status_code == 303
    second = browser(town.mia).post(path, mine)
    assert second.status_code == 409
    for words in ("Mine typed", "Theirs typed", "Max Reed"):
        assert words in second.text
    with reading():
        ava = ledger.contact(town.ava.id)
        assert (ava.job_title, ava.notes) == ("", "Theirs typed")


def test_B73_the_same_form_three_times(town, browser, reading, mailbox):
    mia = browser(town.mia)
    key = form_fields(mia.get("/acme/contacts/new").text, "contact-form")["form_key"]
    form = ledger.new_form(access="portal", form_key=key)
    answers = [mia.post("/acme/contacts/new", form) for _ in range(2)]
    assert mia.get("/acme/contacts").status_code == 200
    answers.append(mia.post("/acme/contacts/new", form))  # Back, and sent again
    assert len({answer.location for answer in answers}) == 1
    with reading():
        made = db.select(Contact).where(Contact.first_name == "Nell")
        assert len(db.session.scalars(made).unique().all()) == 1
    assert len(mailbox.letters("nell@acme.example")) == 1
