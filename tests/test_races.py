"""Several people at the same moment on the real database: what holds whoever comes first (P8, L2, L3, C15).

Each round is a test of its own on a fresh town; the requests wait for each other at a barrier and go at once.
"""

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal import invariants
from portal.extensions import db
from portal.models import (
    Contact,
    ContactPermission,
    ContactRole,
    Invitation,
    Letter,
    PortalUser,
    SignInSession,
)
from tests import ledger
from tests.machinery.counts import count
from tests.town import PASSWORD

ROUNDS = range(count(3, 200))
NEW_PASSWORD = "seven purple otters dancing"


def at_once(*requests):
    """Send all of `requests`, each a function without arguments, at the same moment; return the statuses."""
    barrier = threading.Barrier(len(requests))

    def go(request):
        barrier.wait()
        return request().status_code

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(go, requests))


def posting(browser, path, data=None, **more):
    """A POST that has its token in hand, so that nothing but it happens after the barrier."""
    form = {**(data or {}), "csrf_token": browser.token()}
    return lambda: browser.post(path, form, token=False, **more)


def again(app, browser, path, form):
    """One more click of the same signed-in person: a client of its own with the same cookie."""
    window = type(browser)(app)
    window.client.set_cookie("gatehouse", browser.cookie() or "")
    return lambda: window.post(path, form, token=False)


@pytest.fixture
def two_admins(town, writing):
    """Mia and Max are the only admins of acme who can sign in, and neither is Primary."""
    with writing():
        for who in (town.tess, town.ted):
            db.session.execute(db.delete(ContactRole).where(ContactRole.contact_id == who.id))
    return town


def able_admins(town) -> int:
    return invariants.able_admins(db.session(), town.acme.id)


@pytest.mark.parametrize("_round", ROUNDS)
class TestTwoAdmins:
    """P8, T09: they act on each other; one wins, and the company is never left without an admin."""

    def against(self, reading, town, way, whom):
        target = getattr(town, whom).id
        if way != "demote":
            return f"/acme/contacts/{target}/{way}", {}
        with reading():
            return f"/acme/contacts/{target}/edit", ledger.edit_form(target, roles=[], permissions=[])

    @pytest.mark.parametrize("ways", [("demote", "demote"), ("unlink", "unlink"), ("demote", "delete")])
    def test_act_on_each_other(self, two_admins, browser, reading, writing, ways, _round):
        town = two_admins
        with writing():  # the Primary could not be deleted anyway
            primary = db.session.get_one(Contact, town.mia.id)
            nora = db.session.get_one(Contact, town.nora.id)
            kinds = primary.contact_type_id, nora.contact_type_id
            primary.contact_type_id, primary.is_primary = kinds[1], False
            db.session.flush()
            nora.contact_type_id, nora.is_primary = kinds[0], True
        mia, max = browser(town.mia), browser(town.max)
        requests = []
        for who, way, whom in ((mia, ways[0], "max"), (max, ways[1], "mia")):
            path, form = self.against(reading, town, way, whom)
            requests.append(posting(who, path, form))
        statuses = at_once(*requests)
        with reading():
            assert able_admins(town) == 1
        assert Counter(statuses)[303] >= 1
        assert all(status in (303, 403, 404, 409) for status in statuses), statuses

    def test_three_in_a_circle(self, two_admins, browser, reading, writing, _round):
        """Each acts on the next; somebody who can sign in remains."""
        town = two_admins
        with writing():
            db.session.add(
                ContactPermission(company_id=town.acme.id, contact_id=town.nora.id, permission="admin")
            )
        requests = [
            posting(browser(town.nora), f"/acme/contacts/{town.max.id}/unlink"),
            posting(browser(town.max), f"/acme/contacts/{town.nora.id}/unlink"),
            posting(browser(town.mia), f"/acme/contacts/{town.max.id}/deactivate"),
        ]
        statuses = at_once(*requests)
        with reading():
            assert able_admins(town) >= 1
        assert all(status in (303, 403, 404, 409) for status in statuses), statuses


@pytest.mark.parametrize("_round", ROUNDS)
class TestInvitation:
    def test_accepted_twice(self, town, browser, reading, _round):
        """L3, T30: two clicks at once make one login."""
        with reading():
            link = ledger.invitation_link(town.ann.id)
            logins = db.session.scalar(db.select(db.func.count(PortalUser.id)))
        data = {"password": NEW_PASSWORD, "accept_terms": "y"}
        statuses = at_once(*(posting(browser(), link, data) for _ in range(6)))
        with reading():
            assert db.session.scalar(db.select(db.func.count(PortalUser.id))) == logins + 1
            assert ledger.contact(town.ann.id).portal_user_id is not None
            accepted = [row for row in ledger.activity() if row.what == "accepted the invitation"]
            assert len(accepted) == 1
        assert Counter(statuses)[303] == 1
        assert set(statuses) <= {303, 409, 410}

    def test_twenty_resends(self, app, town, browser, reading, _round):
        """L2, T82: one live link, and as many mails as resends were taken."""
        app.config["RESEND_LIMIT"] = "1000 per hour"
        mia = browser(town.mia)
        token, path = mia.token(), f"/acme/contacts/{town.ann.id}/resend"
        with reading():
            before = ledger.last_letter()
        statuses = at_once(*(again(app, mia, path, {"csrf_token": token}) for _ in range(20)))
        with reading():
            assert ledger.live_invitations(town.ann.id) == 1
            assert len(ledger.letters(before)) == Counter(statuses)[303]
            generations = db.session.scalars(
                db.select(Invitation.generation).where(Invitation.contact_id == town.ann.id)
            ).all()
            assert sorted(generations) == list(range(1, len(generations) + 1))
        assert set(statuses) <= {303, 409}
        assert Counter(statuses)[303] >= 1

    def test_the_limit_holds_in_a_crowd(self, app, town, browser, reading, _round):
        """B56: K resends an hour, and not one more when all come at once."""
        app.config["RESEND_LIMIT"] = "5 per hour"
        mia = browser(town.mia)
        token, path = mia.token(), f"/acme/contacts/{town.ann.id}/resend"
        with reading():
            before = ledger.last_letter()
        statuses = at_once(*(again(app, mia, path, {"csrf_token": token}) for _ in range(12)))
        with reading():
            assert len(ledger.letters(before)) == Counter(statuses)[303] <= 5
        assert set(statuses) <= {303, 409, 429}

    @pytest.mark.parametrize("move", ["delete", "cancel-invitation", "resend", "e-mail"])
    def test_accepted_while_an_admin_acts(self, town, browser, reading, move, _round):
        """T83: one after the other, never a session for somebody who is gone."""
        with reading():
            link = ledger.invitation_link(town.ann.id)
            form = ledger.edit_form(town.ann.id, email="elsewhere@acme.example")
        stranger, mia = browser(), browser(town.mia)
        path = f"/acme/contacts/{town.ann.id}/{'edit' if move == 'e-mail' else move}"
        statuses = at_once(
            posting(stranger, link, {"password": NEW_PASSWORD, "accept_terms": "y"}),
            posting(mia, path, form if move == "e-mail" else {}),
        )
        accepted, acted = statuses[0] == 303, statuses[1] == 303
        with reading():
            ann = ledger.contact(town.ann.id)
            linked, gone = ann.portal_user_id is not None, ann.deleted_at is not None
            left = (
                db.select(SignInSession)
                .join(PortalUser)
                .where(SignInSession.ended_at.is_(None), PortalUser.closed_at.is_not(None))
            )
            assert not db.session.scalars(left).all()
            assert not (linked and gone)
            if move == "delete":
                assert gone == acted
                assert linked == (accepted and not gone)
            else:
                assert linked == accepted
                assert ledger.live_invitations(town.ann.id) <= 1
        inside = stranger.get("/acme/").status_code == 200
        assert inside == linked
        assert all(status in (303, 409, 410) for status in statuses), statuses


@pytest.mark.parametrize("_round", ROUNDS)
class TestSigningIn:
    """T83, L8: whoever comes first, nobody who was shut out is in afterwards."""

    @pytest.mark.parametrize("move", ["unlink", "deactivate", "delete"])
    def test_while_an_admin_shuts_the_door(self, town, browser, reading, move, _round):
        rita, form = browser(), {"identity": town.rita.email, "password": PASSWORD}
        statuses = at_once(
            posting(rita, "/sign-in", form),
            posting(browser(town.mia), f"/acme/contacts/{town.rita.id}/{move}"),
        )
        assert statuses[1] == 303
        assert statuses[0] in (303, 422)
        assert rita.get("/acme/").status_code in (303, 404)
        with reading():
            closed = db.select(SignInSession).join(PortalUser).where(PortalUser.closed_at.is_not(None))
            assert not db.session.scalars(closed.where(SignInSession.ended_at.is_(None))).all()

    def test_one_reset_link_twice(self, town, browser, reading, mailbox, _round):
        """T30, L3: one password is set, once."""
        browser().post("/forgot", {"email": town.rita.email})
        mailbox.answer_requests()
        link = mailbox.link(town.rita.email)
        words = [NEW_PASSWORD, "copper lantern nine gulls"]
        statuses = at_once(*(posting(browser(), link, {"new_password": each}) for each in words))
        assert sorted(statuses) in ([303, 409], [303, 410])
        winner = words[statuses.index(303)]
        assert [browser().sign_in(town.rita.email, each).status_code for each in words] == [
            303 if each == winner else 422 for each in words
        ]


@pytest.mark.parametrize("_round", ROUNDS)
class TestSaving:
    def test_a_stale_form_gives_nothing_back(self, town, browser, reading, _round):
        """T84: one takes a right away while another saves a form on which it still is ticked."""
        path = f"/acme/contacts/{town.rita.id}/edit"
        with reading():
            taking = ledger.edit_form(town.rita.id, permissions=[])
            stale = ledger.edit_form(town.rita.id, job_title="Clerk")
        statuses = at_once(posting(browser(town.mia), path, taking), posting(browser(town.max), path, stale))
        assert sorted(statuses) in ([303, 303], [303, 409]), statuses
        with reading():
            assert ("reports" in ledger.rights(town.rita.id)[1]) == (statuses[0] != 303)
            assert (ledger.contact(town.rita.id).job_title == "Clerk") == (statuses[1] == 303)

    def test_the_same_form_twice(self, app, town, browser, reading, _round):
        """B73, T80: one contact, one invitation."""
        mia = browser(town.mia)
        page = mia.get("/acme/contacts/new").text
        form_key = re.findall(r'name="form_key"[^>]*value="([^"]+)"', page)[0]
        form = ledger.new_form(access="portal", form_key=form_key, csrf_token=mia.token())
        with reading():
            before = ledger.last_letter()
        statuses = at_once(*(again(app, mia, "/acme/contacts/new", form) for _ in range(6)))
        with reading():
            made = db.session.scalars(db.select(Contact).where(Contact.first_name == "Nell")).all()
            assert len(made) == 1
            assert ledger.letters(before) == [("invitation", "nell@acme.example")]
        assert statuses == [303] * 6

    def test_the_same_address_in_two_forms(self, app, town, browser, reading, _round):
        """L11: unique per company, also when two admins type it at once."""
        requests = [
            posting(browser(who), "/acme/contacts/new", ledger.new_form(access="portal"))
            for who in (town.mia, town.max)
        ]
        statuses = at_once(*requests)
        with reading():
            made = db.session.scalars(db.select(Contact).where(Contact.first_name == "Nell")).all()
            assert len(made) == 1
        assert sorted(statuses) == [303, 422]

    def test_two_primaries(self, town, browser, reading, _round):
        """P13: exactly one, whoever was last."""
        requests = []
        for who, whom in ((town.mia, town.nora), (town.max, town.bill)):
            with reading():
                form = ledger.edit_form(whom.id, contact_type="primary")
            requests.append(posting(browser(who), f"/acme/contacts/{whom.id}/edit", form))
        statuses = at_once(*requests)
        with reading():
            primaries = db.select(db.func.count(Contact.id)).where(
                Contact.company_id == town.acme.id, Contact.is_primary, Contact.deleted_at.is_(None)
            )
            assert db.session.scalar(primaries) == 1
        assert set(statuses) <= {303, 409}
        assert 303 in statuses

    def test_two_saves_of_one_version(self, town, browser, reading, _round):
        """C15, B71: the second is refused; what the first wrote stays."""
        requests = []
        for who, title in ((town.mia, "From Mia"), (town.max, "From Max")):
            with reading():
                form = ledger.edit_form(town.nora.id, job_title=title)
            requests.append(posting(browser(who), f"/acme/contacts/{town.nora.id}/edit", form))
        statuses = at_once(*requests)
        assert sorted(statuses) == [303, 409]
        with reading():
            winner = ["From Mia", "From Max"][statuses.index(303)]
            assert ledger.contact(town.nora.id).job_title == winner

    def test_the_same_move_by_two(self, town, browser, reading, _round):
        """One authorizes, the other is told that it is done: one mail."""
        path = f"/acme/contacts/{town.ava.id}/authorize"
        with reading():
            before = ledger.last_letter()
        statuses = at_once(posting(browser(town.mia), path), posting(browser(town.max), path))
        assert sorted(statuses) == [303, 409]
        with reading():
            assert len(ledger.letters(before)) == 1
            assert db.session.scalar(db.select(db.func.count(Letter.id)).where(Letter.id > before)) == 1
