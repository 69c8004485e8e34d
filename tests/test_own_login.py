"""How one signs in, changed by oneself: address, user name and recovery e-mail (L7, C34, behaviour 7)."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Activity, Contact, LoginLink, PortalUser, SignInSession
from portal.models.keys import email_key, refresh
from tests.surfing import form_fields
from tests.town import PASSWORD

THERE = "mia@new-home.example"
NEW = "harbour velvet ninety owls"


def user_of(address: str) -> PortalUser:
    return db.session.scalars(select(PortalUser).where(PortalUser.email == address)).one()


def rows(what: str) -> list[Activity]:
    return list(db.session.scalars(select(Activity).where(Activity.what == what)))


def want(browser, address: str = THERE, *, password: str | None = PASSWORD, **more):
    """Ask for another address on the profile; contacts follow unless that is unticked."""
    form = {"email": address, "contacts_follow": "y", **more}
    return browser.post("/profile/email", form | ({} if password is None else {"current_password": password}))


@pytest.fixture
def link(town, browser, mailbox):
    """The path of the link with which Mia's new address is confirmed."""
    assert want(browser(town.mia)).status_code == 303
    return mailbox.link(THERE)


class TestEmail:
    """L7, B70: it takes effect only once the new address confirms, and the old one is told."""

    @pytest.mark.parametrize("password", ["wrong wrong wrong", "", None, PASSWORD + " ", "x" * 10_000])
    def test_asks_for_the_current_password(self, town, browser, mailbox, password):
        """B70."""
        before = len(mailbox.letters())
        answer = want(browser(town.mia), password=password)
        assert answer.status_code == 422
        assert form_fields(answer.text)["email"] == THERE
        assert len(mailbox.letters()) == before

    def test_nothing_changes_before_the_new_address_confirms(self, town, browser, link, mailbox, reading):
        """B70, T37: also not by scanners that open the link."""
        for _ in range(2):
            assert browser().get(link).status_code == 200
            assert browser().client.head(link).status_code == 200
        with reading():
            assert user_of(town.mia.email).email == town.mia.email
        assert browser().sign_in(town.mia.email).status_code == 303
        assert browser().sign_in(THERE).status_code == 422
        assert [letter.kind for letter in mailbox.letters(town.mia.email)] == ["email_change_asked"]

    def test_the_new_address_signs_in_and_the_old_one_is_told(self, town, browser, link, mailbox, reading):
        assert browser().post(link).status_code == 200
        assert browser().sign_in(THERE).status_code == 303
        assert browser().sign_in(town.mia.email).status_code == 422
        told = [letter.kind for letter in mailbox.letters(town.mia.email)]
        assert told == ["email_change_asked", "email_changed"]
        with reading():
            user = user_of(THERE)
            assert user.email_key == email_key(THERE)
            (row,) = rows("changed the e-mail address of")
            assert row.changes == {"E-mail": [town.mia.email, THERE]}

    def test_other_sessions_end_and_this_one_goes_on_with_a_new_id(self, town, browser, mailbox, reading):
        """L7, B70."""
        here, there = browser(town.mia), browser(town.mia)
        want(here)
        before = here.cookie()
        assert here.post(mailbox.link(THERE)).status_code == 200
        assert here.cookie() != before
        assert here.get("/acme/").status_code == 200
        assert there.get("/acme/").status_code == 303
        assert there.get("/acme/", htmx=True).status_code == 401
        here.client.set_cookie("gatehouse", before)
        assert here.get("/acme/").status_code == 303

    def test_the_link_signs_nobody_in(self, town, browser, link, reading):
        """T32: neither a stranger's browser nor that of somebody else."""
        stranger, stan = browser(), browser(town.stan)
        assert stranger.post(link).status_code == 200
        assert stranger.get("/acme/").status_code == 303
        assert stan.get("/globex/").status_code == 200
        with reading():
            mine = user_of(THERE).id
            live = select(SignInSession).where(SignInSession.ended_at.is_(None))
            assert [each for each in db.session.scalars(live) if each.portal_user_id == mine] == []

    def test_used_link(self, town, browser, link):
        """B70: refused with a page that says what to do."""
        browser().post(link)
        for answer in (browser().get(link), browser().post(link)):
            assert answer.status_code == 410
            assert "already used" in answer.text
            assert 'href="/sign-in"' in answer.text

    def test_expired_link(self, app, town, browser, mailbox):
        """B70: its lifetime is a setting of its own."""
        app.config |= {"CONFIRM_LIFE": timedelta(minutes=30), "RESET_LIFE": timedelta(days=9)}
        with time_machine.travel(now(), tick=False) as clock:
            want(browser(town.mia))
            link = mailbox.link(THERE)
            clock.shift(timedelta(minutes=30, seconds=1))
            late = browser().post(link)
            assert late.status_code == 410
            assert "expired" in late.text
            clock.shift(timedelta(seconds=-2))
            assert browser().post(link).status_code == 200

    def test_only_the_newest_link_lives(self, town, browser, link, mailbox):
        want(browser(town.mia), "second@new-home.example")
        dead = browser().post(link)
        assert dead.status_code == 410
        assert "newer" in dead.text
        assert browser().post(mailbox.link("second@new-home.example")).status_code == 200

    def test_address_taken_meanwhile(self, town, browser, link, writing, reading):
        """B70, T45."""
        with writing():
            stan = user_of(town.stan.email)
            stan.email, stan.email_key = THERE.upper(), email_key(THERE)
        for answer in (browser().get(link), browser().post(link)):
            assert answer.status_code == 409
            assert "taken" in answer.text
        with reading():
            assert user_of(town.mia.email).email_key == email_key(town.mia.email)

    def test_asking_for_a_taken_address_tells_nothing(self, town, browser, mailbox):
        """T56: the same answer as for a free one; only its owner gets a link, which is refused."""
        free, taken = want(browser(town.mia)), want(browser(town.max), town.stan.email)
        assert (free.status_code, free.location) == (taken.status_code, taken.location)
        assert browser().post(mailbox.link(town.stan.email)).status_code == 409

    def test_reset_links_die(self, town, browser, link, mailbox):
        """B09, T31."""
        browser().post("/forgot", {"email": town.mia.email})
        mailbox.answer_requests()
        reset = mailbox.link(town.mia.email)
        browser().post(link)
        assert browser().get(reset).status_code == 410
        assert browser().post(reset, {"new_password": NEW}).status_code == 410

    @pytest.mark.parametrize("how", ["password", "reset", "cancel"])
    def test_its_owner_can_stop_it(self, town, browser, link, mailbox, how):
        """T88: whoever knew the password once does not keep what was asked for."""
        if how == "cancel":
            assert browser(town.mia).post("/profile/email/cancel").status_code == 303
        elif how == "password":
            form = {"current_password": PASSWORD, "new_password": NEW}
            assert browser(town.mia).post("/profile/password", form).status_code == 303
        else:
            browser().post("/forgot", {"email": town.mia.email})
            mailbox.answer_requests()
            assert browser().post(mailbox.link(town.mia.email), {"new_password": NEW}).status_code == 303
        assert browser().post(link).status_code == 410

    @pytest.mark.parametrize("how", ["disabled_at", "closed_at"])
    def test_dies_with_the_login(self, town, browser, link, writing, how):
        """L8, T31."""
        with writing():
            setattr(user_of(town.mia.email), how, now())
        assert browser().post(link).status_code == 410

    @pytest.mark.parametrize("typed", ["", "no address", "MIA.Stone@ACME.example ", "x" * 300 + "@y.example"])
    def test_what_cannot_be_the_new_address(self, town, browser, mailbox, typed):
        before = len(mailbox.letters())
        answer = want(browser(town.mia), typed)
        assert answer.status_code == 422
        assert "error" in answer.text
        assert len(mailbox.letters()) == before

    def test_guessing_the_password_is_limited(self, app, town, browser):
        app.config["SIGN_IN_LIMIT"] = "2 per 5 minutes"
        mia = browser(town.mia)
        assert [want(mia, password="wrong").status_code for _ in range(3)] == [422, 422, 429]
        # What is guessed here counts everywhere the current password is asked for.
        form = {"current_password": "wrong", "username": "x.y"}
        assert mia.post("/profile/user-name", form).status_code == 429

    def test_a_mailbox_is_spared(self, app, town, browser, mailbox):
        """T40."""
        app.config["RESEND_LIMIT"] = "2 per hour"
        mia = browser(town.mia)
        assert [want(mia).status_code for _ in range(3)] == [303, 303, 429]
        assert len(mailbox.letters(THERE)) == 2

    def test_asking_is_on_record_once(self, town, browser, link, reading):
        """B74."""
        with reading():
            assert len(rows("asked to change the e-mail address of")) == 1
            assert rows("changed the e-mail address of") == []

    def test_the_profile_says_that_it_waits(self, town, browser, link):
        assert f"A link was sent to {THERE}" in browser(town.mia).get("/profile").text


def address_of(contact_id: int) -> str | None:
    return db.session.get_one(Contact, contact_id).email


class TestContactsFollow:
    """Whether the linked contacts follow is asked; nobody gets an address that another one has (L11)."""

    def test_those_with_the_old_address_follow(self, town, browser, mailbox, reading):
        want(browser(town.duo), "duo@home.example")
        browser().post(mailbox.link("duo@home.example"))
        with reading():
            assert address_of(town.duo.id) == "duo@home.example"
            # Duo's contact at Globex has an address of its own.
            assert address_of(town.duo_globex.id) == "duo.both@globex.example"
            (row,) = [each for each in rows("edited") if each.contact_id == town.duo.id]
            assert row.changes == {"E-mail": ["duo.both@acme.example", "duo@home.example"]}

    def test_not_where_it_is_not_wanted(self, town, browser, mailbox, reading):
        want(browser(town.duo), "duo@home.example", contacts_follow="")
        browser().post(mailbox.link("duo@home.example"))
        with reading():
            assert address_of(town.duo.id) == "duo.both@acme.example"
            assert rows("edited") == []

    def test_a_contact_that_has_the_address_keeps_it(self, town, browser, mailbox, reading):
        """L11: and the page says where it did not follow."""
        mia = browser(town.mia)
        want(mia, town.ava.email)
        done = mia.post(mailbox.link(town.ava.email))
        assert done.status_code == 200
        assert "kept the old address at Acme Estates" in done.text
        with reading():
            assert address_of(town.mia.id) == town.mia.email
            assert address_of(town.ava.id) == town.ava.email
            assert user_of(town.ava.email).id == db.session.get_one(Contact, town.mia.id).portal_user_id

    def test_a_stranger_with_the_link_learns_of_no_company(self, town, browser, link):
        assert "Acme" not in browser().post(link).text

    def test_is_only_asked_where_there_is_one(self, town, browser, writing):
        with writing():
            contact = db.session.get_one(Contact, town.mia.id)
            contact.email = "elsewhere@acme.example"
            refresh(contact)
        assert 'name="contacts_follow"' not in browser(town.mia).get("/profile/email").text
        assert 'name="contacts_follow"' in browser(town.max).get("/profile/email").text


def name_it(browser, username: str, password: str = PASSWORD, **more):
    form = {"username": username, "current_password": password}
    return browser.post("/profile/user-name", form, **more)


class TestUserName:
    """Behaviour 7: optional, an alternative to the e-mail at sign-in."""

    def test_set_change_and_remove(self, town, browser, mailbox, reading):
        mia = browser(town.mia)
        assert name_it(mia, "Mia.S").status_code == 303
        assert browser().sign_in("mia.s").status_code == 303
        assert name_it(mia, "mia-2").status_code == 303
        assert browser().sign_in("MIA-2").status_code == 303
        assert browser().sign_in("mia.s").status_code == 422
        assert name_it(mia, "").status_code == 303
        assert browser().sign_in("mia-2").status_code == 422
        assert [letter.kind for letter in mailbox.letters(town.mia.email)] == ["login_changed"] * 3
        with reading():
            found = [row.changes["User name"] for row in rows("changed the user name of")]
            assert found == [["", "Mia.S"], ["Mia.S", "mia-2"], ["mia-2", ""]]

    @pytest.mark.parametrize("password", ["wrong wrong wrong", ""])
    def test_asks_for_the_current_password(self, town, browser, password):
        answer = name_it(browser(town.mia), "mia.s", password)
        assert answer.status_code == 422
        assert form_fields(answer.text)["username"] == "mia.s"
        assert browser().sign_in("mia.s").status_code == 422

    @pytest.mark.parametrize("typed", ["MAX.R", "max.r", "\uff4d\uff41\uff58.r"])
    def test_taken_says_no_more_than_that(self, town, browser, typed):
        """L11, T56: compared folded; who has it is not told."""
        assert name_it(browser(town.max), "Max.R").status_code == 303
        answer = name_it(browser(town.stan), typed)
        assert answer.status_code == 422
        assert "This user name is taken." in answer.text
        assert "Reed" not in answer.text
        assert "Acme" not in answer.text

    def test_free_again_once_its_login_is_closed(self, town, browser, writing):
        """L10: a login that serves nobody any more keeps no name from others."""
        assert name_it(browser(town.max), "Max.R").status_code == 303
        with writing():
            user_of(town.max.email).closed_at = now()
        assert name_it(browser(town.stan), "max.r").status_code == 303

    @pytest.mark.parametrize(
        "typed",
        [
            *("ab", "x" * 41, "a b c", "mia@acme.example", "+442079460123", "02079460123", "12-34.56"),
            *("Admin", "support", "SUPPORT.1", "a.d.m.i.n", "no-reply", "Gatehouse", "root"),
        ],
    )
    def test_what_is_no_user_name(self, town, browser, reading, typed):
        answer = name_it(browser(town.mia), typed)
        assert answer.status_code == 422
        assert form_fields(answer.text)["username"] == typed
        with reading():
            assert user_of(town.mia.email).username is None

    def test_unchanged_leaves_no_trace(self, town, browser, mailbox, reading):
        """B74."""
        mia = browser(town.mia)
        name_it(mia, "mia.s")
        name_it(mia, "mia.s")
        with reading():
            assert len(rows("changed the user name of")) == 1
        assert len(mailbox.letters(town.mia.email)) == 1


HOME = "mia@recovery.example"


def recover_by(browser, address: str, password: str = PASSWORD):
    form = {"recovery_email": address, "current_password": password}
    return browser.post("/profile/recovery", form)


@pytest.fixture
def forgot(browser, mailbox):
    """Submits "forgot password?" and has the worker answer; gives the letters that went out for it."""

    def ask(address: str) -> list[tuple[str, str]]:
        before = len(mailbox.letters())
        assert browser().post("/forgot", {"email": address}).status_code == 200
        mailbox.answer_requests()
        return [(letter.kind, letter.to) for letter in mailbox.letters()[before:]]

    return ask


@pytest.fixture
def recovering(town, browser, mailbox):
    """Mia has a recovery e-mail that its owner has confirmed."""
    assert recover_by(browser(town.mia), HOME).status_code == 303
    assert browser().post(mailbox.link(HOME)).status_code == 200


class TestRecovery:
    """C14, reliability.md: it counts only once confirmed; the login's own address is told at every use."""

    def test_counts_for_nothing_before_it_is_confirmed(self, town, browser, forgot, mailbox):
        """T44."""
        recover_by(browser(town.mia), HOME)
        assert forgot(HOME) == []
        assert browser().get(mailbox.link(HOME)).status_code == 200
        assert forgot(HOME) == []

    def test_gets_the_link_and_the_own_address_is_told(self, town, browser, forgot, mailbox, recovering):
        assert forgot(HOME) == [("password_reset", HOME), ("recovery_used", town.mia.email)]
        answer = browser().post(mailbox.link(HOME), {"new_password": NEW})
        assert answer.status_code == 303
        assert browser().sign_in(town.mia.email, NEW).status_code == 303
        assert mailbox.letters(town.mia.email)[-1].kind == "password_changed"

    def test_the_own_address_works_as_before(self, town, forgot, recovering):
        assert forgot(town.mia.email) == [("password_reset", town.mia.email)]

    def test_never_proves_the_own_address(self, town, browser, forgot, mailbox, recovering, writing, reading):
        """C14: a login made by an admin owns its address only by a link sent there."""
        with writing():
            user_of(town.mia.email).email_confirmed_at = None
        forgot(HOME)
        browser().post(mailbox.link(HOME), {"new_password": NEW})
        with reading():
            assert user_of(town.mia.email).email_confirmed_at is None

    @pytest.mark.parametrize("address", ["", "other@recovery.example"])
    def test_removed_or_changed_it_is_dead(self, town, browser, forgot, mailbox, recovering, address):
        """T31: with every link that waits there."""
        forgot(HOME)
        link = mailbox.link(HOME)
        assert recover_by(browser(town.mia), address).status_code == 303
        assert forgot(HOME) == []
        assert browser().get(link).status_code == 410
        assert browser().post(link, {"new_password": NEW}).status_code == 410

    def test_an_old_confirmation_confirms_no_new_address(self, town, browser, mailbox, reading):
        """T44: the link of the address before is dead."""
        mia = browser(town.mia)
        recover_by(mia, HOME)
        recover_by(mia, "other@recovery.example")
        assert browser().post(mailbox.link(HOME)).status_code == 410
        with reading():
            assert user_of(town.mia.email).recovery_confirmed_at is None

    def test_disabled_gets_nothing(self, town, forgot, recovering, writing):
        """L8, B14."""
        with writing():
            user_of(town.mia.email).disabled_at = now()
        assert forgot(HOME) == []

    @pytest.mark.parametrize("typed", ["no address", "MIA.STONE@acme.example"])
    def test_what_cannot_be_one(self, town, browser, reading, typed):
        assert recover_by(browser(town.mia), typed).status_code == 422
        with reading():
            assert user_of(town.mia.email).recovery_email is None

    def test_asks_for_the_current_password(self, town, browser, recovering, reading):
        assert recover_by(browser(town.mia), "", "wrong wrong wrong").status_code == 422
        with reading():
            assert user_of(town.mia.email).recovery_email == HOME

    def test_every_change_is_told_and_on_record(self, town, browser, recovering, mailbox, reading):
        """L10."""
        recover_by(browser(town.mia), "")
        told = [letter.kind for letter in mailbox.letters(town.mia.email)]
        assert told == ["login_changed", "login_changed"]
        with reading():
            assert len(rows("changed the recovery e-mail of")) == 1
            assert len(rows("removed the recovery e-mail of")) == 1

    def test_an_admins_typed_one_is_asked_to_confirm_at_once(self, town, browser, mailbox, forgot, reading):
        """C14."""
        form = {"first_name": "Kim", "last_name": "Fresh", "email": "kim@acme.example", "access": "portal"}
        form |= {"initial_password": NEW, "recovery_email": "kim@recovery.example"}
        assert browser(town.mia).post("/acme/contacts/new", form).status_code == 303
        (letter,) = mailbox.letters("kim@recovery.example")
        assert letter.kind == "confirm_recovery"
        assert forgot("kim@recovery.example") == []
        with reading():
            assert user_of("kim@acme.example").recovery_confirmed_at is None
        assert browser().post(letter.link).status_code == 200
        with reading():
            assert user_of("kim@acme.example").recovery_confirmed_at is not None


class TestShortcuts:
    """WCAG 2.1.4: single keys can be switched off."""

    def test_off_and_on(self, town, browser):
        mia = browser(town.mia)
        assert 'data-keys="off"' not in mia.get("/profile").text
        mia.post("/profile/look", {"theme": "system", "density": "comfortable"})
        page = mia.get("/profile").text
        assert 'data-keys="off"' in page
        mia.post("/profile/look", {"theme": "system", "density": "comfortable", "shortcuts": "y"})
        assert 'data-keys="off"' not in mia.get("/profile").text


def test_no_row_holds_a_link(town, link, reading):
    """L2, T46."""
    mark = link.rpartition(".")[2]
    with reading():
        for table in db.metadata.sorted_tables:
            assert all(mark not in repr(row) for row in db.session.execute(select(table)))
        assert db.session.scalars(select(LoginLink)).all()
