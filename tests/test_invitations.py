"""Invitations: what a link opens, when it is dead and what it says then, who may join with which login."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from sqlalchemy import select, update

from portal.actions import accepting
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Activity,
    Company,
    Contact,
    ContactPermission,
    ContactRole,
    Invitation,
    PortalUser,
    SignInSession,
    TermsAcceptance,
    TermsVersion,
)
from portal.models.keys import email_key
from portal.transaction import transaction
from tests.surfing import form_fields
from tests.town import PASSWORD

NEW = "harbour velvet ninety owls"
YES = {"password": NEW, "accept_terms": "y"}
TOKEN = re.compile(r'(?:value|content)="[\w.\-]{60,}"')
SENT = "If this link can be renewed, a new one is on its way to the invited address."


def user_of(address: str) -> PortalUser | None:
    query = select(PortalUser).where(PortalUser.email == address, PortalUser.closed_at.is_(None))
    return db.session.scalars(query).one_or_none()


def version_of(contact_id: int) -> int:
    return db.session.get_one(Contact, contact_id).version


@pytest.fixture
def link(mailbox, town):
    """The path of Ann's live invitation."""
    return mailbox.link(town.ann.email)


@pytest.fixture
def invite(town, browser, mailbox):
    """Has Mia add and invite somebody; gives the new contact's id and the link."""

    def add(email: str, first: str = "Kim", last: str = "Fresh", who=None, slug: str = "acme", **more):
        form = {"first_name": first, "last_name": last, "email": email, "access": "portal", **more}
        answer = browser(who or town.mia).post(f"/{slug}/contacts/new", form)
        assert answer.status_code == 303, answer.status_code
        return int(answer.location.rsplit("/", 1)[1]), mailbox.link(email)

    return add


@pytest.fixture
def edit(town, browser, reading):
    """Has Mia save Ann's form with other values; gives the answer."""

    def save(person, **values):
        with reading():
            contact = db.session.get_one(Contact, person.id)
            form = {"first_name": contact.first_name, "last_name": contact.last_name, "email": contact.email}
            form |= {"access": contact.access, "version": contact.version}
        return browser(town.mia).post(f"/acme/contacts/{person.id}/edit", {**form, **values})

    return save


class TestLiveLink:
    """B38, L3: opening it shows a form; only sending the form uses the link up."""

    def test_names_the_company_and_who_invited(self, town, browser, link):
        page = browser().get(link)
        assert page.status_code == 200
        for words in ("Acme Estates", "Mia Stone", town.ann.email):
            assert words in page.text
        assert {"username", "password", "csrf_token"} <= form_fields(page.text).keys()

    def test_looking_consumes_nothing(self, town, browser, link, pending, reading):
        """T37: scanners GET and HEAD, twice, with no cookies."""
        for _ in range(3):
            assert browser().get(link).status_code == 200
            assert browser().client.head(link).status_code == 200
            assert browser().client.options(link).status_code == 200
        with reading():
            assert (
                db.session.scalars(select(Invitation).where(Invitation.contact_id == town.ann.id)).one().open
            )
        assert pending(town.ann)

    def test_accepting_makes_the_login_and_signs_in(self, town, browser, link, reading):
        """Behaviour 4, L10: the login is linked, its address proved, the terms accepted, all on record."""
        ann = browser()
        answer = ann.post(link, YES)
        assert (answer.status_code, answer.location) == (303, "/acme/")
        assert ann.get("/acme/").status_code == 200
        with reading():
            contact, user = db.session.get_one(Contact, town.ann.id), user_of(town.ann.email)
            assert contact.portal_user_id == user.id
            assert user.email_confirmed_at is not None
            assert user.must_change_password is False
            assert user.password_hash.startswith("$argon2id$")
            accepted = select(TermsAcceptance).where(TermsAcceptance.portal_user_id == user.id)
            assert len(db.session.scalars(accepted).all()) == 1
            done = select(Activity.what).where(Activity.contact_id == town.ann.id, Activity.result == "done")
            assert list(db.session.scalars(done)).count("accepted the invitation") == 1
        assert browser().sign_in(town.ann.email, NEW).status_code == 303

    def test_htmx_is_led_by_a_header(self, town, browser, link):
        answer = browser().post(link, YES, htmx=True)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/acme/")

    def test_rights_are_those_of_now(self, town, browser, link, writing):
        """T07, T31: what was taken away before the yes is not given by it."""
        ann = browser()
        with writing():
            db.session.execute(
                update(ContactRole)
                .where(ContactRole.contact_id == town.ann.id)
                .values(role_id=5, role_owner=0)
            )
        ann.post(link, YES)
        assert ann.get("/acme/contacts").status_code == 403

    @pytest.mark.parametrize("typed", ["ann.inv", "Ann_Inv-1", "\u00e5nn\u00e9"])
    def test_user_name_can_be_chosen(self, town, browser, link, typed):
        assert browser().post(link, {**YES, "username": typed}).status_code == 303
        assert browser().sign_in(typed.upper(), NEW).status_code == 303
        assert browser().sign_in(town.ann.email, NEW).status_code == 303

    @pytest.mark.parametrize(
        "typed", ["ab", "a b c", "ann@acme.example", "+442079460123", "x" * 41, "an\x00n", "<b>ann</b>"]
    )
    def test_what_is_no_user_name_is_said_so(self, town, browser, link, pending, typed):
        answer = browser().post(link, {**YES, "username": typed})
        assert answer.status_code == 422
        assert pending(town.ann)

    def test_taken_user_name_keeps_what_was_typed(self, town, browser, link, pending, writing):
        with writing():
            mia = user_of(town.mia.email)
            mia.username, mia.username_key = "Boss", "boss"
        answer = browser().post(link, {**YES, "username": "BOSS"})
        assert answer.status_code == 422
        assert form_fields(answer.text)["username"] == "BOSS"
        assert pending(town.ann)
        assert browser().post(link, {**YES, "username": "boss2"}).status_code == 303

    @pytest.mark.parametrize(
        "form",
        [
            {"password": NEW},
            {"accept_terms": "y"},
            {},
            {"password": "", "accept_terms": "y"},
            {"password": "short", "accept_terms": "y"},
        ],
    )
    def test_both_password_and_terms_are_needed(self, town, browser, link, pending, form):
        """B50: no login without a password, none without the terms; the link stays usable."""
        stranger = browser()
        answer = stranger.post(link, form)
        again = form.get("password") == NEW  # the password is not kept, and the page says so at its field
        assert (answer.status_code, "Type the password again" in answer.text) == (422, again)
        assert pending(town.ann)
        assert stranger.get("/acme/").status_code == 303
        assert browser().post(link, YES).status_code == 303

    def test_without_terms_there_is_no_box(self, town, browser, link, writing):
        with writing():
            db.session.execute(update(TermsVersion).values(published_at=None))
        assert "accept_terms" not in browser().get(link).text
        assert browser().post(link, {"password": NEW}).status_code == 303

    def test_needs_the_token_of_the_page(self, town, browser, link, pending):
        assert browser().post(link, YES, token=False).status_code == 400
        assert pending(town.ann)

    def test_nobody_without_the_link_becomes_somebody(self, town, browser, mailbox, pending):
        """B50, T34: the address alone opens nothing."""
        stranger = browser()
        for password in ("", " ", "None", "null", NEW):
            assert stranger.sign_in(town.ann.email, password).status_code == 422
        stranger.post("/forgot", {"email": town.ann.email})
        mailbox.answer_requests()
        assert mailbox.letters(kind="password_reset") == []
        assert stranger.get("/acme/").status_code == 303
        assert pending(town.ann)


class TestDeadLink:
    """L4: a dead link says why and what to do; it never ends in a bare error."""

    def dead(self, browser, path: str) -> str:
        """Open and send the dead link; gives what its page says."""
        page = browser().get(path)
        assert page.status_code == 410
        assert browser().get(path, htmx=True).status_code == 410
        assert browser().post(path, YES).status_code == 410
        return page.text

    def test_lifetime(self, app, town, browser, mailbox, pending):
        """B39: a second before its end it works, a second after it says that it is too late."""
        app.config["INVITATION_LIFE"] = timedelta(hours=0.25)
        with time_machine.travel(now(), tick=False) as clock:
            browser(town.mia).post(f"/acme/contacts/{town.ann.id}/resend")
            link = mailbox.link(town.ann.email)
            clock.shift(timedelta(minutes=15, seconds=1))
            assert "expired" in self.dead(browser, link)
            assert pending(town.ann)
            clock.shift(timedelta(seconds=-2))
            assert browser().post(link, YES).status_code == 303

    def test_expired_offers_a_new_one(self, town, browser, mailbox, pending):
        text = self.dead(browser, mailbox.link(town.exa.email))
        assert "Send me a new link" in text
        assert pending(town.exa)

    def test_used(self, town, browser, link):
        """B40: the password stays as set the first time."""
        browser().post(link, YES)
        text = self.dead(browser, link)
        assert "already used" in text
        assert 'href="/sign-in"' in text
        assert "Send me a new link" not in text
        assert browser().sign_in(town.ann.email, NEW).status_code == 303

    def test_used_between_two_glances(self, app, town, browser, link):
        """L4: on PostgreSQL the contact can be newer than the link read before; that is not "cancelled"."""
        mine = select(Invitation).where(Invitation.contact_id == town.ann.id)
        ann, others = browser(), ThreadPoolExecutor(1)
        with others, app.app_context(), transaction(write=False):
            invitation = db.session.scalars(mine).one()
            assert others.submit(ann.post, link, YES).result().status_code == 303
            found = accepting.stands(invitation), invitation.ended_as
        assert found in [(False, "used"), (True, None)]  # the second where all is read as of one moment

    def test_resent_twice(self, town, browser, mailbox):
        """B42, L2: only the newest one lives."""
        mia = browser(town.mia)
        for _ in range(2):
            mia.post(f"/acme/contacts/{town.ann.id}/resend")
        first, second, third = mailbox.links(town.ann.email)
        for old in (first, second):
            assert "newer invitation was sent" in self.dead(browser, old)
        assert browser().post(third, YES).status_code == 303

    def test_cancelled(self, town, browser, link):
        """B47: it names who can help; inviting again does not revive it."""
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ann.id}/cancel-invitation")
        text = self.dead(browser, link)
        assert "cancelled" in text
        assert "Mia Stone" in text
        assert "Send me a new link" not in text
        mia.post(f"/acme/contacts/{town.ann.id}/authorize")
        self.dead(browser, link)

    @pytest.mark.parametrize("access", ["none", "email_only"])
    def test_no_longer_authorized(self, town, browser, link, edit, access):
        """B47."""
        assert edit(town.ann, access=access).status_code == 303
        assert "cancelled" in self.dead(browser, link)
        assert edit(town.ann, access="portal").status_code == 303
        self.dead(browser, link)

    def test_address_corrected(self, town, browser, link, edit, mailbox):
        """B44: the old address keeps nothing that opens, the new one gets the one mail."""
        assert edit(town.ann, email="ann@new.example").status_code == 303
        self.dead(browser, link)
        assert len(mailbox.letters(town.ann.email)) == 1
        assert len(mailbox.letters("ann@new.example")) == 1
        assert browser().post(mailbox.link("ann@new.example"), YES).status_code == 303

    def test_saved_without_a_new_address(self, town, browser, link, edit, mailbox):
        assert edit(town.ann, job_title="Clerk").status_code == 303
        assert len(mailbox.letters(town.ann.email)) == 1
        assert browser().get(link).status_code == 200

    def test_deleted_and_made_again(self, town, browser, link, invite):
        """B46: the same address again is another contact with another link."""
        browser(town.mia).post(f"/acme/contacts/{town.ann.id}/delete")
        again, newer = invite(town.ann.email, "Ann", "Again")
        assert newer != link
        self.dead(browser, link)
        ann = browser()
        assert ann.post(newer, YES).status_code == 303
        assert again != town.ann.id

    def test_company_exited(self, town, browser, link, writing):
        """B47."""
        with writing():
            db.session.get_one(Company, town.acme.id).exited_at = now()
        self.dead(browser, link)

    def test_who_is_signed_in_sees_the_same(self, town, browser, mailbox):
        stan = browser(town.stan)
        assert stan.get(mailbox.link(town.exa.email)).status_code == 410
        assert stan.get("/globex/").status_code == 200

    def test_resending_is_limited(self, app, town, browser, mailbox, link):
        """B56, T40: K are sent, the next one is refused with a sentence and the last link stays alive."""
        app.config["RESEND_LIMIT"] = "3 per hour"
        mia = browser(town.mia)
        with time_machine.travel(now(), tick=False) as clock:
            codes = [mia.post(f"/acme/contacts/{town.ann.id}/resend").status_code for _ in range(4)]
            assert codes == [303, 303, 303, 429]
            assert len(mailbox.letters(town.ann.email)) == 4
            assert browser().get(mailbox.link(town.ann.email)).status_code == 200
            clock.shift(timedelta(hours=1, seconds=1))
            assert browser(town.mia).post(f"/acme/contacts/{town.ann.id}/resend").status_code == 303

    @pytest.mark.parametrize("who", ["mia", "vic", "ian", "ava", "eva"])
    def test_only_pending_can_be_resent(self, town, browser, mailbox, who):
        """B58."""
        before = len(mailbox.letters())
        answer = browser(town.max).post(f"/acme/contacts/{getattr(town, who).id}/resend")
        assert answer.status_code == 409
        assert len(mailbox.letters()) == before


class TestSendMeANewLink:
    """L4: only to the invited address, the same answer whatever the case, limited."""

    @pytest.fixture
    def cases(self, town, browser, mailbox, link, writing):
        """One link of each kind; all but the expired one stay as they are."""
        expired = mailbox.link(town.exa.email)
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.ava.id}/authorize")
        mia.post(f"/acme/contacts/{town.eva.id}/authorize")
        mia.post(f"/acme/contacts/{town.ola.id}/authorize")
        replaced, cancelled, used = (mailbox.link(each.email) for each in (town.ava, town.eva, town.ola))
        mia.post(f"/acme/contacts/{town.ava.id}/resend")
        mia.post(f"/acme/contacts/{town.eva.id}/cancel-invitation")
        browser().post(used, YES)
        return {"expired": expired, "replaced": replaced, "cancelled": cancelled, "used": used, "live": link}

    def test_answers_the_same_in_every_case(self, town, browser, mailbox, cases):
        before, seen = len(mailbox.letters()), set()
        for path in cases.values():
            answer = browser().post(path + "/again")
            seen.add((answer.status_code, TOKEN.sub("", answer.text)))
        assert len(seen) == 1
        status, text = seen.pop()
        assert status == 200
        assert SENT in text
        assert "example" not in text.replace("alder.example", "")
        assert [letter.to for letter in mailbox.letters()[before:]] == [town.exa.email]

    def test_the_new_one_works(self, town, browser, mailbox):
        (old,) = mailbox.links(town.exa.email)
        browser().post(old + "/again")
        assert browser().get(old).status_code == 410
        assert browser().post(mailbox.link(town.exa.email), YES).status_code == 303

    def test_goes_to_the_invited_address_only(self, town, browser, mailbox):
        before = len(mailbox.letters())
        form = {"email": "attacker@x.example", "to": "attacker@x.example"}
        browser().post(mailbox.link(town.exa.email) + "/again", form)
        assert {letter.to for letter in mailbox.letters()[before:]} == {town.exa.email}

    def test_asked_twice_sends_one(self, town, browser, mailbox):
        path = mailbox.link(town.exa.email) + "/again"
        answers = {browser().post(path).status_code for _ in range(3)}
        assert answers == {200}
        assert len(mailbox.letters(town.exa.email)) == 2

    def test_is_limited(self, app, town, browser, mailbox):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        path = mailbox.link(town.exa.email) + "/again"
        answers = [browser().post(path) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "Retry-After" in answers[-1].headers

    def test_needs_a_post_with_its_token(self, town, browser, mailbox):
        path = mailbox.link(town.exa.email) + "/again"
        assert browser().get(path).status_code == 405
        assert browser().post(path, token=False).status_code == 400

    def test_made_up_link_gets_none(self, town, browser, mailbox):
        head, _, mark = mailbox.link(town.exa.email).rpartition(".")
        before = len(mailbox.letters())
        assert browser().post(f"{head}.{mark[::-1]}/again").status_code == 404
        assert len(mailbox.letters()) == before


class TestNoSuchLink:
    """B43, T35: what no mail of ours held opens nothing and nobody."""

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "None",
            "null",
            "0",
            "0.x",
            "1",
            "1.",
            ".",
            "1.None",
            "-1.x",
            "+1.x",
            "1e3.x",
            "99999999999.x",
            "1.\u00e9",
            "\u0661.x",
            "%00",
            "x" * 10_000,
        ],
    )
    def test_is_not_there(self, town, browser, pending, token):
        for answer in (browser().get(f"/invitations/{token}"), browser().post(f"/invitations/{token}", YES)):
            assert answer.status_code in (400, 404)
            assert len(answer.text) > 100
        assert pending(town.ann)

    def test_marks_of_another_row(self, town, browser, mailbox, link, pending):
        """A right signature under another id, and every single changed character, are refused."""
        other = mailbox.link(town.exa.email)
        number, _, mark = link.rpartition("/")[2].partition(".")
        theirs = other.rpartition("/")[2].partition(".")[0]
        bad = [
            f"{theirs}.{mark}",
            f"{number}.{mark}A",
            f"{number}.{mark[:-1]}",
            f"0{number}.{mark[::-1]}",
            f"{number}.{mark}=",
        ]
        bad += [
            f"{number}.{mark[:at]}{'A' if mark[at] != 'A' else 'B'}{mark[at + 1 :]}" for at in range(0, 42, 6)
        ]
        for token in bad:
            assert browser().post(f"/invitations/{token}", YES).status_code == 404, token
        assert pending(town.ann)

    def test_no_page_or_row_holds_the_link(self, town, browser, link, reading):
        """B55, L2."""
        mia = browser(town.mia)
        mark = link.rpartition(".")[2]
        for path in (
            f"/acme/contacts/{town.ann.id}",
            "/acme/contacts",
            "/acme/",
            f"/acme/contacts/{town.ann.id}/edit",
        ):
            for htmx in (False, True):
                assert mark not in mia.get(path, htmx=htmx).text
        with reading():
            for table in db.metadata.sorted_tables:
                assert all(mark not in repr(row) for row in db.session.execute(select(table)))

    def test_address_of_the_link_is_the_configured_one(self, town, browser, mailbox):
        """T41, M4."""
        mia = browser(town.mia)
        token = mia.token()
        for headers in (
            {"X-Forwarded-Host": "evil.example"},
            {"Forwarded": "host=evil.example"},
            {"Host": "evil.example"},
        ):
            mia.headers = headers
            answer = mia.post(f"/acme/contacts/{town.ann.id}/resend", {"csrf_token": token}, token=False)
            assert answer.status_code in (303, 400)
        letters = mailbox.letters(town.ann.email)
        assert len(letters) == 3
        assert not any("evil" in letter.text + letter.html for letter in letters)


class TestExistingLogin:
    """L6, T33: an address that has a login joins with it; nobody gets it by an invitation."""

    @pytest.fixture
    def stans(self, town, invite):
        """Stan, who works at Globex, is invited to Acme."""
        _, path = invite(town.stan.email, "Stan", "Ley")
        return path

    def test_asks_for_its_password(self, town, browser, stans):
        page = browser().get(stans)
        assert page.status_code == 200
        fields = form_fields(page.text)
        assert "password" in fields
        assert "username" not in fields

    def test_joins_with_it(self, town, browser, stans, reading):
        stan = browser()
        answer = stan.post(stans, {"password": PASSWORD, "accept_terms": "y"})
        assert (answer.status_code, answer.location) == (303, "/acme/")
        assert stan.get("/acme/").status_code == 200
        assert stan.get("/globex/").status_code == 200
        with reading():
            linked = db.session.scalars(
                select(Contact).where(Contact.portal_user_id == user_of(town.stan.email).id)
            )
            assert {contact.company_id for contact in linked.unique()} == {town.acme.id, town.globex.id}

    @pytest.mark.parametrize("password", ["", NEW, "wrong wrong wrong", None])
    def test_a_new_password_takes_nothing_over(self, town, browser, stans, password):
        stranger = browser()
        form = {"accept_terms": "y"} | ({} if password is None else {"password": password})
        assert stranger.post(stans, form).status_code == 422
        assert stranger.get("/acme/").status_code == 303
        assert browser().sign_in(town.stan.email).status_code == 303
        assert browser().get(stans).status_code == 200

    def test_guessing_it_is_limited(self, app, town, browser, stans):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        form = {"password": "wrong wrong wrong", "accept_terms": "y"}
        assert [browser().post(stans, form).status_code for _ in range(3)] == [422, 422, 429]

    def test_disabled_login_cannot_join(self, town, browser, stans, writing):
        """L8: staff's disable beats everything."""
        with writing():
            user_of(town.stan.email).disabled_at = now()
        stranger = browser()
        assert stranger.post(stans, {"password": PASSWORD, "accept_terms": "y"}).status_code in (409, 422)
        assert stranger.get("/acme/").status_code == 303

    def test_signed_in_as_it_joins_at_once(self, town, browser, stans):
        stan = browser(town.stan)
        assert stan.get(stans).status_code == 200
        assert stan.get("/acme/").status_code == 404
        assert stan.post(stans, {"accept_terms": "y"}).location == "/acme/"
        assert stan.get("/acme/").status_code == 200

    def test_inviter_learns_nothing(self, town, browser, invite):
        """L6, T23: the same answer and the same badge as for an address nobody knows."""
        known, _ = invite(town.stan.email, "Kim", "Fresh")
        unknown, _ = invite("nobody@x.example", "Kim", "Fresh")
        mia = browser(town.mia)
        pages = [mia.get(f"/acme/contacts/{each}").text for each in (known, unknown)]
        first, second = (
            re.sub(r"\d+", "0", TOKEN.sub("", page))
            .replace(town.stan.email, "nobody@x.example")
            .replace("stan.ley<wbr>", "nobody<wbr>")
            for page in pages
        )
        assert first.replace("globex.example", "x.example") == second.replace("globex.example", "x.example")

    def test_already_there_by_another_contact(self, town, browser, mailbox, writing, invite):
        """A login belongs to a company once."""
        _, path = invite("second@acme.example", "Mia", "Twice")
        with writing():
            mine = user_of(town.mia.email)
            mine.email, mine.email_key = "second@acme.example", email_key("second@acme.example")
        mia = browser()
        mia.sign_in("second@acme.example")
        assert mia.post(path, {"accept_terms": "y"}).status_code == 409
        with_password = browser().post(path, {"password": PASSWORD, "accept_terms": "y"})
        assert with_password.status_code == 409


class TestSomebodyElse:
    """B48, T32: a link opened in another person's browser attaches nothing to them."""

    @pytest.mark.parametrize("who", ["stan", "wes", "mia"])
    def test_is_asked_to_sign_out_first(self, town, browser, link, pending, who, reading):
        other = browser(getattr(town, who))
        page = other.get(link)
        assert page.status_code == 200
        assert getattr(town, who).email in page.text
        assert "password" not in form_fields(page.text)
        for form in (YES, {"accept_terms": "y"}, {"password": PASSWORD, "accept_terms": "y"}):
            other.post(link, form)
        assert pending(town.ann)
        with reading():
            assert user_of(town.ann.email) is None

    def test_signing_out_leads_back_to_the_link(self, town, browser, link):
        other = browser(town.wes)
        answer = other.post("/sign-out", {"next": link})
        assert answer.location == link
        assert other.post(link, YES).location == "/acme/"


class TestTwice:
    """L3, T30: two clicks make one login."""

    def test_second_click_finds_it_used(self, town, browser, link, reading):
        first, second = browser(), browser()
        tokens = [each.token() for each in (first, second)]
        forms = [{**YES, "csrf_token": token} for token in tokens]
        assert first.post(link, forms[0], token=False).status_code == 303
        assert second.post(link, forms[1], token=False).status_code == 410
        with reading():
            query = select(PortalUser).where(PortalUser.email_key == town.ann.email)
            assert len(db.session.scalars(query).all()) == 1

    def test_same_browser_comes_to_the_company(self, town, browser, link):
        """A double click in one browser: the second answer explains, and the person is in."""
        ann = browser()
        ann.post(link, YES)
        assert ann.post(link, YES).status_code == 410
        assert ann.get("/acme/").status_code == 200


class TestNothingIsInherited:
    """Behaviour 4, L11: deleting frees the address at once; who comes next gets nothing of the one before."""

    def test_closed_login_gives_nothing(self, town, browser, invite, reading, mailbox):
        nora = browser(town.nora)
        assert browser(town.mia).post(f"/acme/contacts/{town.nora.id}/delete").status_code == 303
        assert nora.get("/profile/password").status_code == 303
        assert browser().sign_in(town.nora.email).status_code == 422
        _, path = invite(town.nora.email, "Nora", "Newer")
        page = browser().get(path)
        assert "username" in form_fields(page.text)
        assert browser().post(path, {"password": PASSWORD, "accept_terms": ""}).status_code == 422
        assert browser().post(path, YES).status_code == 303
        assert browser().sign_in(town.nora.email).status_code == 422
        assert browser().sign_in(town.nora.email, NEW).status_code == 303
        with reading():
            old = select(PortalUser).where(
                PortalUser.email == town.nora.email, PortalUser.closed_at.is_not(None)
            )
            closed = db.session.scalars(old).one()
            assert closed.password_hash is None
            open_ones = select(SignInSession).where(
                SignInSession.portal_user_id == closed.id, SignInSession.ended_at.is_(None)
            )
            assert db.session.scalars(open_ones).all() == []

    def test_new_contact_has_no_rights_of_the_old(self, town, browser, invite, reading):
        mia = browser(town.mia)
        assert mia.post(f"/acme/contacts/{town.max.id}/delete").status_code == 303
        contact_id, path = invite(town.max.email, "Max", "Reed", shown="roles permissions")
        newer = browser()
        newer.post(path, YES)
        assert newer.get("/acme/contacts").status_code == 403
        with reading():
            for table in (ContactRole, ContactPermission):
                assert db.session.scalars(select(table).where(table.contact_id == contact_id)).all() == []

    def test_login_with_another_company_lives_on(self, town, browser):
        duo = browser(town.duo)
        browser(town.mia).post(f"/acme/contacts/{town.duo.id}/delete")
        assert duo.get("/globex/").status_code == 200
        assert browser().sign_in(town.duo.email).status_code == 303

    def test_unlinked_can_be_invited_again(self, town, browser, mailbox):
        """Behaviour 4: the login stays, and its owner joins with it."""
        mia = browser(town.mia)
        mia.post(f"/acme/contacts/{town.wes.id}/unlink")
        assert browser().sign_in(town.wes.email).status_code == 422
        mia.post(f"/acme/contacts/{town.wes.id}/authorize")
        path = mailbox.link(town.wes.email)
        wes = browser()
        assert wes.post(path, {"password": PASSWORD, "accept_terms": "y"}).location == "/acme/"
        assert urlsplit(wes.get("/").location).path == "/acme/"
