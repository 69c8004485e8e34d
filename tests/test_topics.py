"""Notification topics: set by admins, editors of details and oneself; apart from rights (C11, C34, P4)."""

import pytest

from portal.extensions import db
from portal.models import Contact
from tests import ledger
from tests.surfing import form_fields


@pytest.fixture
def topics(reading):
    """What a contact wants mail about, as it stands in the database."""

    def look(contact) -> set[str]:
        with reading():
            return set(db.session.get_one(Contact, contact.id, populate_existing=True).topics)

    return look


@pytest.fixture
def save(town):
    """Saves the form of a contact with other topics, as a browser would send it."""

    def send(browser, contact, *chosen: str):
        path = f"/acme/contacts/{contact.id}/edit"
        form = form_fields(browser.get(path).text, "contact-form") | {"topics": list(chosen)}
        return browser.post(path, form)

    return send


class TestInTheForm:
    @pytest.mark.parametrize("contact", ["ava", "eva", "abe", "ann", "bill"])
    def test_set_for_any_contact_also_without_login(self, browser, town, topics, save, contact):
        someone = getattr(town, contact)
        assert save(browser(town.mia), someone, "billing", "account").status_code == 303
        assert topics(someone) == {"billing", "account"}

    def test_an_editor_sets_them_where_a_right_still_decides(self, browser, town, topics, save):
        assert save(browser(town.ed), town.bill, "billing").status_code == 303
        assert topics(town.bill) == {"billing"}

    def test_an_editor_gives_no_mail_to_whoever_deals_by_mail_only(self, browser, town, topics):
        """P6: by e-mail only the topic alone says what is sent."""
        ed, path = browser(town.ed), f"/acme/contacts/{town.eva.id}/edit"
        form = form_fields(ed.get(path).text, "contact-form")
        assert "topics" not in form
        assert "topics" not in form["shown"].split()
        assert ed.post(path, form | {"topics": ["billing"]}).status_code == 403
        assert topics(town.eva) == set()

    def test_shown_as_they_are_and_taken_away(self, browser, town, topics, save):
        mia = browser(town.mia)
        save(mia, town.eva, "billing", "reports")
        shown = form_fields(mia.get(f"/acme/contacts/{town.eva.id}/edit").text, "contact-form")["topics"]
        assert shown == ["billing", "reports"]
        save(mia, town.eva, "reports")
        assert topics(town.eva) == {"reports"}
        save(mia, town.eva)
        assert topics(town.eva) == set()

    def test_nobody_gets_mail_unasked(self, browser, town, reading):
        mia = browser(town.mia)
        form = form_fields(mia.get("/acme/contacts/new").text, "contact-form")
        assert "topics" not in form
        mia.post("/acme/contacts/new", form | {"first_name": "New", "last_name": "One", "access": "none"})
        with reading():
            new = db.session.scalars(db.select(Contact).where(Contact.first_name == "New")).unique().one()
            assert new.topics == frozenset()

    def test_a_new_contact_gets_what_was_chosen(self, browser, town, reading):
        mia = browser(town.mia)
        form = form_fields(mia.get("/acme/contacts/new").text, "contact-form")
        more = {"first_name": "New", "last_name": "One", "access": "none", "topics": ["work_orders"]}
        mia.post("/acme/contacts/new", form | more)
        with reading():
            new = db.session.scalars(db.select(Contact).where(Contact.first_name == "New")).unique().one()
            assert new.topics == {"work_orders"}

    def test_stand_in_the_activity_in_words(self, browser, town, save):
        mia = browser(town.mia)
        save(mia, town.eva, "billing", "work_orders")
        assert "Billing, Work orders" in mia.get("/acme/activity").text
        assert "Billing, Work orders" in mia.get(f"/acme/contacts/{town.eva.id}").text

    def test_the_same_again_leaves_no_trace(self, browser, town, save, reading):
        mia = browser(town.mia)
        save(mia, town.eva, "billing")
        with reading():
            before = ledger.last_activity()
        save(mia, town.eva, "billing")
        with reading():
            assert ledger.activity(before) == []

    def test_an_unknown_topic_is_refused_at_its_place(self, browser, town, topics, save):
        answer = save(browser(town.mia), town.eva, "billing", "gossip")
        assert answer.status_code == 422
        assert 'id="topics-error"' in answer.text
        assert topics(town.eva) == set()

    @pytest.mark.parametrize("reader", ["vic", "bill", "nora", "stan"])
    def test_others_cannot(self, browser, town, topics, reader):
        answer = browser(getattr(town, reader)).post(
            f"/acme/contacts/{town.eva.id}/edit", {"topics": ["billing"], "shown": "topics"}
        )
        assert answer.status_code == (404 if reader == "stan" else 403)
        assert topics(town.eva) == set()

    def test_gives_no_right(self, browser, town, save, reading):
        with reading():
            before = ledger.rights(town.vic.id)
        save(browser(town.mia), town.vic, "billing", "work_orders", "reports", "account")
        with reading():
            assert ledger.rights(town.vic.id) == before
        assert browser(town.vic).get("/acme/billing").status_code in (403, 404)

    def test_a_deleted_contact_wants_none(self, browser, town, topics, save):
        mia = browser(town.mia)
        save(mia, town.eva, "billing")
        mia.post(f"/acme/contacts/{town.eva.id}/delete")
        assert topics(town.eva) == set()


class TestInTheProfile:
    @pytest.mark.parametrize("person", ["mia", "nora", "wes", "pam"])
    def test_everybody_chooses_the_own_ones(self, browser, town, topics, person):
        someone = getattr(town, person)
        answer = browser(someone).post("/profile/topics", {"topics": ["reports"], "company": "acme"})
        assert answer.status_code == 303
        assert topics(someone) == {"reports"}
        assert browser(someone).post("/profile/topics", {"company": "acme"}).status_code == 303
        assert topics(someone) == set()

    def test_each_company_has_its_own(self, browser, town, topics):
        duo = browser(town.duo)
        duo.post("/profile/topics", {"topics": ["billing"], "company": "globex"})
        assert topics(town.duo_globex) == {"billing"}
        assert topics(town.duo) == set()
        shown = duo.get("/profile?company=globex").text
        assert 'value="billing" checked' in shown

    @pytest.mark.parametrize("company", ["globex", "nowhere"])
    def test_not_those_at_a_company_of_others(self, browser, town, company):
        answer = browser(town.nora).post("/profile/topics", {"topics": ["billing"], "company": company})
        assert answer.status_code == 404

    def test_an_unknown_topic_changes_nothing(self, browser, town, topics):
        answer = browser(town.nora).post("/profile/topics", {"topics": ["gossip"], "company": "acme"})
        assert answer.status_code == 400
        assert topics(town.nora) == set()
