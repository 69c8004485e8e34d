"""The access review: everybody with access, one by one, kept with who finished it (issue 3, 12)."""

import re
from datetime import timedelta

import pytest

from portal.clock import now
from portal.extensions import db
from portal.models import Access, AccessDecision, AccessReview, Company, Contact, ContactType
from tests import ledger
from tests.statements import counted
from tests.surfing import form_fields
from tests.town import Builder

PAGE = "/acme/access-review"
ROW = re.compile(r'<tr role="row" id="contact-(\d+)".*?</tr>', re.DOTALL)


def rows(page: str) -> dict[int, str]:
    return {int(found[1]): found[0] for found in ROW.finditer(page)}


@pytest.fixture
def decide():
    """Presses one of the buttons of a row."""

    def press(browser, contact, what: str = "keep", **more):
        return browser.post(f"{PAGE}/{contact.id}/{what}", {"back": PAGE}, **more)

    return press


@pytest.fixture
def decisions(reading):
    """What the newest review says about whom."""

    def look() -> dict[int, str]:
        with reading():
            newest = db.select(db.func.max(AccessReview.id)).scalar_subquery()
            query = db.select(AccessDecision).where(AccessDecision.review_id == newest)
            return {each.contact_id: each.decision for each in db.session.scalars(query)}

    return look


@pytest.fixture
def kept(reading):
    """The reviews of Acme, oldest first."""

    def look() -> list[tuple]:
        with reading():
            found = db.session.scalars(db.select(AccessReview).order_by(AccessReview.id))
            return [
                (each.by_name, each.people, each.everybody, each.finished_at is not None) for each in found
            ]

    return look


class TestWhoMay:
    """An admin's page: others are told whom to ask, foreign admins find nothing."""

    @pytest.mark.parametrize("person", ["bill", "rita", "wes", "ed", "vic", "pam", "nora"])
    def test_others_cannot(self, browser, town, person, kept):
        someone = browser(getattr(town, person))
        assert someone.get(PAGE).status_code == 403
        for path in (PAGE, f"{PAGE}/keep", f"{PAGE}/{town.bill.id}/keep", f"{PAGE}/{town.ava.id}/deactivate"):
            assert someone.post(path, {"contacts": [town.bill.id]}).status_code == 403
        assert kept() == []

    def test_foreign_admins_find_nothing(self, browser, town):
        stan = browser(town.stan)
        assert stan.get(PAGE).status_code == 404
        assert stan.post(f"{PAGE}/{town.bill.id}/keep").status_code == 404
        assert stan.post(f"/globex/access-review/{town.bill.id}/deactivate").status_code == 404

    @pytest.mark.parametrize("foreign", ["stan", "x", "9" * 30])
    def test_foreign_ids_among_those_kept_are_not_there(self, browser, town, decisions, foreign):
        """P11, T16: nothing of it is done."""
        ids = [town.bill.id, town.stan.id if foreign == "stan" else foreign]
        assert browser(town.mia).post(f"{PAGE}/keep", {"contacts": ids}).status_code == 404
        assert decisions() == {}


class TestTheList:
    def test_has_everybody_with_access_and_nobody_else(self, browser, town):
        page = browser(town.mia).get(PAGE).text
        listed = set(rows(page))
        with_access = [
            "mia",
            "max",
            "bill",
            "rita",
            "wes",
            "ed",
            "vic",
            "pam",
            "una",
            "nora",
            "tess",
            "ted",
            "dan",
            "ann",
            "exa",
            "eva",
            "duo",
        ]
        assert listed == {getattr(town, name).id for name in with_access}
        assert town.gus.name not in page

    def test_says_when_they_signed_in_and_what_they_may_do(self, browser, town, writing):
        with writing():
            bill = db.session.get_one(Contact, town.bill.id)
            bill.user.last_sign_in_at = now() - timedelta(days=400)
        found = rows(browser(town.mia).get(PAGE).text)
        year = (now() - timedelta(days=400)).year
        assert str(year) in found[town.bill.id]
        assert "Access Billing" in found[town.bill.id]
        assert "Never" in found[town.rita.id]
        assert "Admin Access" in found[town.max.id]
        assert "1 property" in found[town.pam.id]
        assert "No rights" in found[town.nora.id]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("view=silent", {"bill"}),
            ("view=never&q=wes", {"wes"}),
            ("view=todo&q=bill", {"bill"}),
            ("view=nonsense&q=bill", {"bill"}),
            ("q=%25", set()),
            ("q=BILL%20ing", {"bill"}),
        ],
    )
    def test_views_and_search(self, browser, town, writing, query, expected):
        with writing():
            db.session.get_one(Contact, town.bill.id).user.last_sign_in_at = now() - timedelta(days=91)
        found = rows(browser(town.mia).get(f"{PAGE}?{query}").text)
        assert set(found) == {getattr(town, name).id for name in expected}

    def test_has_only_buttons_that_work(self, browser, town):
        found = rows(browser(town.mia).get(PAGE).text)
        offered = {
            name: set(re.findall(r'action="[^"]+/([a-z-]+)"', found[getattr(town, name).id]))
            for name in ("mia", "bill", "ann", "eva", "dan")
        }
        assert offered == {
            "mia": {"keep"},
            "bill": {"keep", "deactivate"},
            "ann": {"keep", "cancel-invitation"},
            "eva": {"keep", "deactivate"},
            "dan": {"keep", "deactivate"},
        }
        assert "/edit" not in found[town.mia.id]
        assert f"/contacts/{town.bill.id}/edit?tab=login" in found[town.bill.id]

    def test_pages_hold_everybody_once_in_few_statements(self, app, browser, town, writing):
        mia = browser(town.mia)
        mia.get(PAGE)
        with counted(app) as few:
            mia.get(f"{PAGE}?q=bill")
        with writing():
            self.crowd(town.acme.id, 60)
        seen, path = [], PAGE
        with counted(app) as full:
            mia.get(PAGE)
        while path:
            page = mia.get(path).text
            seen += rows(page)
            onwards = re.search(r'rel="next" href="([^"]+)"', page)
            path = onwards[1].replace("&amp;", "&") if onwards else None
        assert len(seen) == len(set(seen)) == 77
        assert len(full) == len(few) <= 8

    @staticmethod
    def crowd(company_id: int, number: int) -> None:
        builder = Builder.__new__(Builder)
        builder.types = {kind.code: kind for kind in db.session.scalars(db.select(ContactType))}
        company = db.session.get_one(Company, company_id)
        for each in range(number):
            builder.contact(company, f"Crowd{each:03}", "Person", access=Access.EMAIL_ONLY, boxes=["billing"])


class TestDeciding:
    def test_keep_is_kept_and_leaves_the_rights(self, browser, town, decide, decisions, reading):
        with reading():
            before = ledger.rights(town.bill.id)
        answer = decide(browser(town.mia), town.bill)
        assert (answer.status_code, answer.location) == (303, PAGE)
        assert decisions() == {town.bill.id: "keep"}
        with reading():
            assert ledger.rights(town.bill.id) == before
            assert ledger.activity()[-1].what == "kept the access of"

    def test_deactivate_takes_effect_at_once(self, browser, town, decide, decisions):
        bill = browser(town.bill)
        assert bill.get("/acme/").status_code == 200
        decide(browser(town.mia), town.bill, "deactivate")
        assert bill.get("/acme/").status_code != 200
        assert decisions() == {town.bill.id: "deactivated"}

    def test_whoever_was_deactivated_stays_on_the_page_and_can_come_back(
        self, browser, town, decide, decisions
    ):
        mia = browser(town.mia)
        decide(mia, town.bill, "deactivate")
        row = rows(mia.get(PAGE).text)[town.bill.id]
        assert "Deactivated" in row
        assert "/activate" in row
        decide(mia, town.bill, "activate")
        assert decisions() == {}
        assert browser(town.bill).get("/acme/").status_code == 200

    def test_an_invitation_can_be_cancelled(self, browser, town, decide, decisions, reading):
        decide(browser(town.mia), town.ann, "cancel-invitation")
        assert decisions() == {town.ann.id: "changed"}
        with reading():
            assert ledger.live_invitations(town.ann.id) == 0

    def test_who_was_changed_meanwhile_counts_as_changed(self, browser, town, decide, decisions):
        mia = browser(town.mia)
        decide(mia, town.rita)
        path = f"/acme/contacts/{town.bill.id}/edit"
        form = form_fields(mia.get(path).text, "contact-form") | {"permissions": ["reports"]}
        assert mia.post(path, form).status_code == 303
        decide(mia, town.bill)
        assert decisions() == {town.rita.id: "keep", town.bill.id: "changed"}

    def test_what_somebody_does_to_themselves_is_no_change_of_access(self, browser, town, decide, decisions):
        mia = browser(town.mia)
        decide(mia, town.rita)
        browser(town.bill).post("/profile/topics", {"topics": ["billing"], "company": "acme"})
        decide(mia, town.bill)
        assert decisions()[town.bill.id] == "keep"

    @pytest.mark.parametrize(
        ("contact", "what", "status"),
        [
            ("mia", "deactivate", 403),  # P7
            ("ann", "deactivate", 409),  # Pending has Cancel invitation
            ("bill", "cancel-invitation", 409),
            ("bill", "activate", 409),
            ("ava", "keep", 404),  # no access, so not under review
            ("ian", "keep", 404),  # inactive
            ("bill", "delete", 404),
        ],
    )
    def test_what_cannot_be_decided(self, browser, town, decide, decisions, contact, what, status):
        assert decide(browser(town.mia), getattr(town, contact), what).status_code == status
        assert decisions() == {}

    def test_the_primary_cannot_be_deactivated(self, browser, town, decide):
        assert decide(browser(town.max), town.mia, "deactivate").status_code == 409

    def test_a_whole_page_is_kept_but_for_who_was_decided_about(self, browser, town, decide, decisions):
        mia = browser(town.mia)
        decide(mia, town.bill, "deactivate")
        page = mia.get(PAGE).text
        ids = re.findall(r'name="contacts" value="(\d+)"', page)
        assert str(town.bill.id) not in ids
        assert mia.post(f"{PAGE}/keep", {"contacts": [*ids, town.bill.id]}).status_code == 303
        assert decisions()[town.bill.id] == "deactivated"
        assert set(decisions().values()) == {"keep", "deactivated"}
        assert rows(mia.get(f"{PAGE}?view=todo").text) == {}

    def test_htmx_gets_the_row_and_how_far_it_is(self, browser, town, decide):
        part = decide(browser(town.mia), town.bill, "deactivate", htmx=True).text
        assert set(rows(part)) == {town.bill.id}
        assert "1 of 17 people looked at" in part
        assert f'action="{PAGE}/{town.bill.id}/activate"' in part
        assert "<html" not in part

    def test_two_admins_share_one_review(self, browser, town, decide, decisions, kept):
        decide(browser(town.mia), town.bill)
        decide(browser(town.max), town.rita)
        assert set(decisions()) == {town.bill.id, town.rita.id}
        assert len(kept()) == 1


class TestFinishing:
    def test_keeps_who_when_and_how_many(self, browser, town, decide, kept):
        mia, max_ = browser(town.mia), browser(town.max)
        assert "Nobody has reviewed" in mia.get(PAGE).text
        decide(mia, town.bill)
        decide(mia, town.rita, "deactivate")
        assert max_.post(PAGE).status_code == 303
        assert kept() == [("Max Reed", 2, 17, True)]
        day = f"{now().day} {now():%b %Y}"
        assert f"Reviewed by Max Reed on {day}: 2 of 17 people." in mia.get(PAGE).text
        assert "Max Reed reviewed the access" in mia.get("/acme/activity?kind=access").text

    def test_the_next_review_begins_anew(self, browser, town, decide, decisions, kept):
        mia = browser(town.mia)
        decide(mia, town.bill)
        mia.post(PAGE)
        decide(mia, town.rita)
        assert decisions() == {town.rita.id: "keep"}
        assert [each[3] for each in kept()] == [True, False]

    def test_needs_somebody_who_was_looked_at(self, browser, town, decide, kept):
        mia = browser(town.mia)
        assert mia.post(PAGE).status_code == 409
        decide(mia, town.bill, "deactivate")
        decide(mia, town.bill, "activate")
        assert mia.post(PAGE).status_code == 409
        assert [each[3] for each in kept()] == [False]

    def test_looking_begins_nothing(self, browser, town, kept):
        browser(town.mia).get(PAGE)
        assert kept() == []

    def test_another_company_has_its_own(self, browser, town, decide):
        mia, stan = browser(town.mia), browser(town.stan)
        decide(mia, town.bill)
        mia.post(PAGE)
        page = stan.get("/globex/access-review").text
        assert "Nobody has reviewed" in page
        assert town.mia.name not in page
