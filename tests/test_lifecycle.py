"""The life of a contact end to end: every row of the table in behaviour 4, L1, L10 and L11."""

import re
from datetime import timedelta

import html5lib
import pytest
import time_machine

from portal import lifecycle
from portal.actions.passwords import answer_request
from portal.clock import now
from portal.extensions import db
from portal.models import Contact, Invitation, PasswordRequest, PortalUser
from tests import ledger

NEW_PASSWORD = "seven purple otters dancing"
MOVES = {
    "authorize",
    "resend",
    "cancel-invitation",
    "send-reset",
    "reset-second-factor",
    "unlink",
    "deactivate",
    "activate",
    "delete",
}


class Life:
    """One contact followed by an admin of its company: what is stored, what is shown, what was sent."""

    def __init__(self, contact_id, admin, reading):
        self.id, self.admin, self.reading = contact_id, admin, reading
        self.mark()

    def mark(self):
        """From here on, letters and activity count."""
        with self.reading():
            self.letter, self.act = ledger.last_letter(), ledger.last_activity()

    def do(self, move, **more):
        self.mark()
        return self.admin.post(f"/acme/contacts/{self.id}/{move}", **more)

    def save(self, **changes):
        """Press Save on the edit page after `changes`."""
        self.mark()
        with self.reading():
            form = ledger.edit_form(self.id, **changes)
        return self.admin.post(f"/acme/contacts/{self.id}/edit", form)

    def letters(self):
        with self.reading():
            return ledger.letters(self.letter)

    def acts(self):
        with self.reading():
            return [(row.what, row.result) for row in ledger.activity(self.act)]

    def stands(self):
        """Status and login state, and the access that is stored."""
        with self.reading():
            contact = ledger.contact(self.id)
            return (
                lifecycle.status(contact).value,
                lifecycle.login_state(contact).value,
                contact.access,
            )

    def badges(self):
        """The two badges of the row, as the list shows them."""
        page = html5lib.parse(self.admin.get("/acme/contacts").text, namespaceHTMLElements=False)
        row = next(row for row in page.iter("tr") if row.get("id") == f"contact-{self.id}")
        cell = next(cell for cell in row.iter("td") if "state" in cell.get("class", "").split())
        return " ".join("".join(cell.itertext()).split())

    def link(self):
        with self.reading():
            return ledger.invitation_link(self.id)

    def live(self):
        with self.reading():
            return ledger.live_invitations(self.id)


@pytest.fixture
def life(town, browser, reading):
    """Follows a person of the town through the eyes of its admin: life("ann")."""
    admin = browser(town.mia)
    return lambda who: Life(getattr(town, who).id if isinstance(who, str) else who, admin, reading)


@pytest.fixture
def created(town, browser, reading):
    """Fills in the add form and follows who came of it."""
    admin = browser(town.mia)

    def create(**changes):
        with reading():
            letter, act = ledger.last_letter(), ledger.last_activity()
        answer = admin.post("/acme/contacts/new", ledger.new_form(**changes))
        assert answer.status_code == 303, answer.text[-3000:]
        found = Life(int(re.findall(r"/contacts/(\d+)", answer.headers["Location"])[0]), admin, reading)
        found.letter, found.act = letter, act
        return found

    return create


def opens(browser, link):
    """What a stranger gets who follows a link: 200 the form, 410 the page of a dead one."""
    return browser().get(link).status_code


def accept(stranger, link, **more):
    data = {"password": NEW_PASSWORD, "accept_terms": "y", **more}
    return stranger.post(link, data)


class TestCreate:
    """The rows that begin with create: exactly one mail or none (behaviour 7)."""

    def test_access_none(self, created):
        nell = created(access="none")
        assert nell.stands() == ("active", "no_login", "none")
        assert nell.letters() == []
        assert nell.acts() == [("added", "done")]

    def test_without_address(self, created):
        """C12: the e-mail is required unless access is No."""
        assert created(access="none", email="").stands() == ("active", "no_login", "none")

    def test_access_email_only(self, created, reading):
        nell = created(access="email_only")
        assert nell.stands() == ("active", "email_only", "email_only")
        assert nell.letters() == [("email_only", "nell@acme.example")]
        assert nell.live() == 0
        assert nell.acts()[0] == ("added", "done")

    def test_access_portal(self, created, browser):
        nell = created(access="portal")
        assert nell.stands() == ("pending", "invited", "portal")
        assert nell.letters() == [("invitation", "nell@acme.example")]
        assert opens(browser, nell.link()) == 200
        assert "added" in [what for what, _ in nell.acts()]

    def test_portal_is_the_default(self, town, browser):
        page = browser(town.mia).get("/acme/contacts/new").text
        radio = next(
            tag for tag in re.findall(r"<input[^>]*>", page) if 'name="access"' in tag and "checked" in tag
        )
        assert 'value="portal"' in radio

    def test_initial_password(self, created, browser, reading):
        nell = created(access="portal", initial_password=NEW_PASSWORD, username="nell.n")
        assert nell.stands() == ("active", "login", "portal")
        assert nell.letters() == []
        assert nell.live() == 0
        with reading():
            user = ledger.contact(nell.id).user
            assert user.must_change_password
            assert user.email_confirmed_at is None
            assert NEW_PASSWORD not in user.password_hash
        nells = browser()
        assert nells.sign_in("nell.n", NEW_PASSWORD).status_code == 303
        assert nells.get("/acme/").headers["Location"].startswith("/profile/password")

    def test_initial_password_for_an_address_that_has_a_login(self, created, town, reading):
        """C14: the typed password is dropped and an invitation goes out, with the same answer."""
        nell = created(access="portal", initial_password=NEW_PASSWORD, email=town.stan.email)
        assert nell.stands() == ("pending", "invited", "portal")
        assert nell.letters() == [("invitation", town.stan.email)]
        with reading():
            stan = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.stan.email)).one()
            assert not stan.must_change_password


class TestAuthorize:
    @pytest.mark.parametrize("who", ["ava", "eva", "oda"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_by_menu_at_once(self, life, browser, town, who, htmx):
        ava = life(who)
        assert ava.do("authorize", htmx=htmx).status_code == (200 if htmx else 303)
        assert ava.stands() == ("pending", "invited", "portal")
        assert ava.letters() == [("invitation", getattr(town, who).email)]
        assert ava.acts() == [("authorized", "done")]
        assert opens(browser, ava.link()) == 200

    @pytest.mark.parametrize("who", ["ava", "eva"])
    def test_by_form_with_save(self, life, who, town):
        ava = life(who)
        assert ava.save(access="portal").status_code == 303
        assert ava.stands() == ("pending", "invited", "portal")
        assert ava.letters() == [("invitation", getattr(town, who).email)]

    def test_by_form_goes_to_the_saved_address(self, life):
        """A new address in the same save is the saved one."""
        ava = life("ava")
        ava.save(access="portal", email="ava.new@acme.example")
        assert ava.letters() == [("invitation", "ava.new@acme.example")]

    def test_needs_an_address(self, life):
        abe = life("abe")
        assert abe.do("authorize").status_code == 409
        assert abe.stands() == ("active", "no_login", "none")
        assert abe.save(access="portal").status_code == 422
        assert abe.letters() == []


class TestPending:
    @pytest.mark.parametrize("who", ["ann", "exa"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_resend(self, life, browser, town, who, htmx):
        """Every earlier link dies at once; the new one lives 24 h."""
        ann = life(who)
        old = ann.link()
        assert ann.do("resend", htmx=htmx).status_code == (200 if htmx else 303)
        assert ann.stands() == ("pending", "invited", "portal")
        assert ann.letters() == [("invitation_again", getattr(town, who).email)]
        assert ann.acts() == [("resent the invitation to", "done")]
        new = ann.link()
        assert new != old
        assert (opens(browser, old), opens(browser, new), ann.live()) == (410, 200, 1)
        with time_machine.travel(now() + timedelta(hours=23, minutes=59)):
            assert opens(browser, new) == 200
        with time_machine.travel(now() + timedelta(hours=24, minutes=1)):
            assert opens(browser, new) == 410

    def test_three_links_one_lives(self, life, browser):
        """B42."""
        ann = life("ann")
        links = [ann.link()]
        for _ in range(2):
            ann.do("resend")
            links.append(ann.link())
        assert [accept(browser(), link).status_code for link in links] == [410, 410, 303]

    @pytest.mark.parametrize("who", ["ann", "exa"])
    def test_address_changed(self, life, browser, who):
        """B44: the old link dies, one new mail goes to the new address."""
        ann = life(who)
        old = ann.link()
        assert ann.save(email="corrected@acme.example").status_code == 303
        assert ann.stands() == ("pending", "invited", "portal")
        assert [address for _, address in ann.letters()] == ["corrected@acme.example"]
        assert (opens(browser, old), opens(browser, ann.link()), ann.live()) == (410, 200, 1)

    def test_something_else_changed(self, life, browser):
        """Only a new address makes a new link."""
        ann = life("ann")
        old = ann.link()
        assert ann.save(job_title="Owner").status_code == 303
        assert ann.letters() == []
        assert opens(browser, old) == 200

    @pytest.mark.parametrize("who", ["ann", "exa"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_cancel(self, life, browser, who, htmx):
        ann = life(who)
        link = ann.link()
        assert ann.do("cancel-invitation", htmx=htmx).status_code == (200 if htmx else 303)
        assert ann.stands() == ("active", "no_login", "none")
        assert (ann.letters(), ann.live()) == ([], 0)
        assert ann.acts() == [("cancelled the invitation of", "done")]
        assert opens(browser, link) == 410

    @pytest.mark.parametrize(("access", "badge"), [("none", "no_login"), ("email_only", "email_only")])
    def test_authorize_set_to_no_or_email_only(self, life, browser, access, badge):
        ann = life("ann")
        link = ann.link()
        assert ann.save(access=access).status_code == 303
        assert ann.stands() == ("active", badge, access)
        assert [kind for kind, _ in ann.letters()] in ([], ["email_only"])
        assert (ann.live(), opens(browser, link)) == (0, 410)

    def test_a_cancelled_link_is_not_revived(self, life, browser):
        """B47."""
        ann = life("ann")
        link = ann.link()
        ann.do("cancel-invitation")
        ann.do("authorize")
        assert opens(browser, link) == 410
        assert accept(browser(), link).status_code == 410
        assert opens(browser, ann.link()) == 200

    def test_accepts(self, life, browser, town, reading):
        """Login made, linked, terms accepted, signed in; permissions as the contact has them."""
        ann = life("ann")
        stranger, link = browser(), ann.link()
        ann.mark()
        answer = accept(stranger, link, username="ann.i")
        assert answer.status_code == 303
        assert ann.stands() == ("active", "login", "portal")
        assert ann.live() == 0
        assert ("accepted the invitation", "done") in ann.acts()
        assert stranger.get("/acme/").status_code == 200
        assert opens(browser, link) == 410
        with reading():
            user = ledger.contact(ann.id).user
            assert (user.username, user.email, user.email_confirmed_at is None) == (
                "ann.i",
                town.ann.email,
                False,
            )
        for identity in ("ann.i", town.ann.email.upper()):
            assert browser().sign_in(identity, NEW_PASSWORD).status_code == 303

    @pytest.mark.parametrize("who", ["ann", "exa"])
    def test_asks_for_a_reset(self, life, browser, town, writing, who):
        """Gets a fresh invitation instead; no dead end."""
        ann = life(who)
        old = ann.link()
        ann.mark()
        assert browser().post("/forgot", {"email": getattr(town, who).email}).status_code == 200
        with writing():
            answer_request(db.session.scalars(db.select(PasswordRequest.id)).one())
        assert ann.stands() == ("pending", "invited", "portal")
        assert ann.letters() == [("invitation_again", getattr(town, who).email)]
        assert (opens(browser, old), opens(browser, ann.link()), ann.live()) == (410, 200, 1)


class TestActiveWithLogin:
    def test_send_reset(self, life, town, reading, browser):
        nora = life("nora")
        assert nora.do("send-reset").status_code == 303
        assert nora.stands() == ("active", "login", "portal")
        assert nora.letters() == [("password_reset", town.nora.email)]
        assert nora.acts() == [("sent a password reset to", "done")]
        with reading():
            link = ledger.reset_link(ledger.contact(town.nora.id).portal_user_id)
        assert opens(browser, link) == 200

    def test_send_reset_goes_to_the_logins_own_address(self, life, town):
        """L5: never to the contact's."""
        nora = life("nora")
        assert nora.save(email="elsewhere@acme.example").status_code == 303
        assert nora.letters() == []
        nora.do("send-reset")
        assert nora.letters() == [("password_reset", town.nora.email)]

    @pytest.mark.parametrize("htmx", [False, True])
    def test_unlink(self, life, browser, reading, town, htmx):
        """Only this contact leaves the login; the login, its other companies and its history stay."""
        duo = life("duo")
        with reading():
            user_id = ledger.contact(duo.id).portal_user_id
        assert duo.do("unlink", htmx=htmx).status_code == (200 if htmx else 303)
        assert duo.stands() == ("active", "no_login", "none")
        assert (duo.letters(), duo.acts()) == ([], [("unlinked the user name of", "done")])
        with reading():
            user = db.session.get_one(PortalUser, user_id)
            assert user.closed_at is None
            assert user.password_hash
            assert ledger.contact(town.duo_globex.id).portal_user_id == user_id
        assert browser(town.duo).get("/globex/contacts").status_code == 200
        assert duo.do("authorize").status_code == 303
        assert duo.stands() == ("pending", "invited", "portal")

    def test_unlinked_from_the_only_company(self, life, reading, browser, town):
        """The login stays, but lets into nothing."""
        with reading():
            user_id = ledger.contact(town.nora.id).portal_user_id
        life("nora").do("unlink")
        with reading():
            user = db.session.get_one(PortalUser, user_id)
            assert (user.closed_at, bool(user.password_hash)) == (None, True)
        assert browser().sign_in(town.nora.email).status_code == 422

    @pytest.mark.parametrize(("access", "badge"), [("none", "no_login"), ("email_only", "email_only")])
    def test_access_set_to_no_or_email_only(self, life, browser, town, access, badge):
        nora = life("nora")
        assert nora.save(access=access).status_code == 303
        assert nora.stands() == ("active", badge, access)
        assert ("unlinked the user name of", "done") in nora.acts()
        assert browser().sign_in(town.nora.email).status_code == 422

    def test_none_to_email_only(self, life, town):
        ava = life("ava")
        assert ava.save(access="email_only").status_code == 303
        assert ava.stands() == ("active", "email_only", "email_only")
        assert ava.letters() == [("email_only", town.ava.email)]

    def test_email_only_to_none(self, life):
        eva = life("eva")
        assert eva.save(access="none").status_code == 303
        assert eva.stands() == ("active", "no_login", "none")
        assert eva.letters() == []


class TestInactive:
    @pytest.mark.parametrize("who", ["nora", "ava", "eva"])
    def test_there_and_back(self, life, who, reading):
        """Password, roles and links are kept."""
        one = life(who)
        before = one.stands()
        with reading():
            kept = ledger.rights(one.id), ledger.contact(one.id).portal_user_id
        assert one.do("deactivate").status_code == 303
        assert one.stands()[0] == "inactive"
        assert (one.letters(), one.acts()) == ([], [("deactivated", "done")])
        assert one.do("activate").status_code == 303
        assert one.stands() == before
        assert (one.letters(), one.acts()) == ([], [("activated", "done")])
        with reading():
            assert (ledger.rights(one.id), ledger.contact(one.id).portal_user_id) == kept

    def test_the_password_still_fits(self, life, browser, town):
        nora = life("nora")
        nora.do("deactivate")
        assert browser().sign_in(town.nora.email).status_code == 422
        nora.do("activate")
        assert browser().sign_in(town.nora.email).status_code == 303

    def test_the_vendors_disable_still_counts(self, life, browser, town):
        """L8: a customer never undoes a disable."""
        dan = life("dan")
        dan.do("deactivate")
        dan.do("activate")
        assert dan.stands() == ("active", "disabled", "portal")
        assert browser().sign_in(town.dan.email).status_code == 422
        assert dan.do("send-reset").status_code == 409
        assert dan.letters() == []

    def test_the_profile_opens_read_only(self, life):
        """L1."""
        ian = life("ian")
        assert ian.admin.get(f"/acme/contacts/{ian.id}").status_code == 200
        assert ian.admin.get(f"/acme/contacts/{ian.id}/edit").status_code == 409
        assert ian.save(notes="x").status_code == 409


class TestDelete:
    @pytest.mark.parametrize("who", ["ava", "eva", "ann", "exa", "nora", "duo", "oda"])
    @pytest.mark.parametrize("htmx", [False, True])
    def test_gone(self, life, who, htmx, reading):
        one = life(who)
        assert one.do("delete", htmx=htmx).status_code == (200 if htmx else 303)
        assert (one.letters(), one.acts(), one.live()) == ([], [("deleted", "done")], 0)
        assert one.admin.get(f"/acme/contacts/{one.id}").status_code == 404
        assert f"contact-{one.id}" not in one.admin.get("/acme/contacts").text
        with reading():
            found = ledger.contact(one.id)
            assert (found.portal_user_id, found.access) == (None, "none")
            assert found.deleted_at is not None

    def test_links_die_and_the_address_is_free(self, life, created, browser, town):
        """B46: a new contact with the address inherits nothing; the first link stays dead."""
        ann = life("ann")
        old = ann.link()
        ann.do("delete")
        assert opens(browser, old) == 410
        again = created(access="portal", email=town.ann.email)
        assert again.id != ann.id
        assert again.letters() == [("invitation", town.ann.email)]
        assert again.link() != old
        assert accept(browser(), old).status_code == 410
        assert accept(browser(), again.link()).status_code == 303
        assert again.stands() == ("active", "login", "portal")

    def test_a_login_left_alone_is_closed(self, life, created, browser, town, reading):
        """Sessions and password go; the next invitation sets a new password."""
        nora = life("nora")
        with reading():
            user_id = ledger.contact(nora.id).portal_user_id
        live = browser(town.nora)
        nora.do("send-reset")
        with reading():
            reset = ledger.reset_link(user_id)
        nora.do("delete")
        with reading():
            user = db.session.get_one(PortalUser, user_id)
            assert (user.closed_at is None, user.password_hash) == (False, None)
        assert live.get("/profile").status_code == 303
        assert opens(browser, reset) == 410
        again = created(access="portal", email=town.nora.email)
        assert accept(browser(), again.link()).status_code == 303
        assert browser().sign_in(town.nora.email).status_code == 422
        assert browser().sign_in(town.nora.email, NEW_PASSWORD).status_code == 303
        with reading():
            assert ledger.contact(again.id).portal_user_id != user_id
            assert ledger.rights(again.id)[:2] == (set(), set())

    def test_a_login_with_another_company_lives_on(self, life, browser, town):
        life("duo").do("delete")
        duo = browser(town.duo)
        assert duo.get("/globex/contacts").status_code == 200
        assert duo.get("/acme/").status_code == 404


class TestBadges:
    """Behaviour 4: the status and the login state, in the words of the contract."""

    @pytest.mark.parametrize(
        ("who", "status", "login"),
        [
            ("ava", "Active", "No login"),
            ("eva", "Active", "E-mail only"),
            ("ann", "Pending", "Invited"),
            ("exa", "Pending", "Invitation expired"),
            ("nora", "Active", "Login"),
            ("dan", "Active", "Disabled by vendor"),
            ("ian", "Inactive", "Login"),
        ],
    )
    def test_words(self, life, who, status, login):
        shown = life(who).badges()
        assert shown.startswith(status)
        assert login in shown

    def test_mail_failed(self, life, writing, town):
        with writing():
            live = db.select(Invitation).where(
                Invitation.contact_id == town.ann.id, Invitation.ended_at.is_(None)
            )
            db.session.scalars(live).one().mail_failed_at = now()
        ann = life("ann")
        assert ann.stands() == ("pending", "mail_failed", "portal")
        assert "Mail failed" in ann.badges()
        assert ann.do("resend").status_code == 303
        assert ann.stands() == ("pending", "invited", "portal")

    def test_expiry_is_computed_from_the_clock(self, life):
        """L2: nobody has to mark anything."""
        ann = life("ann")
        with time_machine.travel(now() + timedelta(hours=24, minutes=1)):
            assert ann.stands() == ("pending", "expired", "portal")


# L1: the menu of each state, exactly and in this order.
ACTIVE = ["Profile details", "Edit", "Link to specific properties", "Authorize user", "Deactivate", "Delete"]
PENDING = ["Profile details", "Edit", "Link to specific properties", "Resend", "Cancel invitation", "Delete"]
LOGIN = [
    "Profile details",
    "Edit",
    "Link to specific properties",
    "Send password reset",
    "Unlink user name",
    "Deactivate",
    "Delete",
]
MENUS = {
    "ava": ACTIVE,
    "eva": ACTIVE,
    "oda": ACTIVE,
    "ann": PENDING,
    "exa": PENDING,
    "nora": LOGIN,
    "max": LOGIN,
    "ian": ["Activate"],
    "mia": ["Profile details", "My profile"],
    # C6: never an entry that would fail.
    "abe": [entry for entry in ACTIVE if entry != "Authorize user"],
    "dan": [entry for entry in LOGIN if entry != "Send password reset"],
}


def menu_of(page: str, contact_id: int) -> list[str]:
    """The labels of a row's menu, without the two that phones have besides."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    row = next(row for row in tree.iter("tr") if row.get("id") == f"contact-{contact_id}")
    entries = [item for item in row.iter("li") if "phone-only" not in item.get("class", "")]
    return [" ".join("".join(item.itertext()).split()) for item in entries]


class TestMenus:
    """L1, C6."""

    @pytest.mark.parametrize("who", MENUS)
    def test_an_admin(self, town, browser, who):
        page = browser(town.mia).get("/acme/contacts").text
        assert menu_of(page, getattr(town, who).id) == MENUS[who]

    def test_the_primary_is_neither_deleted_nor_deactivated(self, town, browser):
        page = browser(town.max).get("/acme/contacts").text
        wanted = [entry for entry in LOGIN if entry not in ("Deactivate", "Delete")]
        assert menu_of(page, town.mia.id) == wanted

    @pytest.mark.parametrize("who", ["ava", "ann", "nora", "abe"])
    def test_an_editor(self, town, browser, who):
        page = browser(town.ed).get("/acme/contacts").text
        assert menu_of(page, getattr(town, who).id) == ["Profile details", "Edit"]

    def test_an_editor_at_an_admin_and_at_inactive(self, town, browser):
        page = browser(town.ed).get("/acme/contacts").text
        assert menu_of(page, town.max.id) == ["Profile details"]
        assert menu_of(page, town.ian.id) == []

    @pytest.mark.parametrize("who", ["ava", "ann", "nora", "max"])
    def test_a_viewer(self, town, browser, who):
        page = browser(town.vic).get("/acme/contacts").text
        assert menu_of(page, getattr(town, who).id) == ["Profile details"]

    @pytest.mark.parametrize(
        ("move", "who", "after"),
        [
            ("authorize", "ava", PENDING),
            ("cancel-invitation", "ann", ACTIVE),
            ("unlink", "nora", ACTIVE),
            ("deactivate", "nora", ["Activate"]),
            ("activate", "ian", LOGIN),
        ],
    )
    def test_the_row_that_htmx_gets_has_the_new_menu(self, town, browser, move, who, after):
        contact_id = getattr(town, who).id
        answer = browser(town.mia).post(f"/acme/contacts/{contact_id}/{move}", htmx=True)
        assert menu_of(f"<table>{answer.text}</table>", contact_id) == after


# Behaviour 4 and L1: what each state allows; everything else is 409 and changes nothing.
ALLOWED = {
    "ava": {"authorize", "deactivate", "delete"},
    "eva": {"authorize", "deactivate", "delete"},
    "abe": {"deactivate", "delete"},
    "ann": {"resend", "cancel-invitation", "delete"},
    "exa": {"resend", "cancel-invitation", "delete"},
    "nora": {"send-reset", "unlink", "deactivate", "delete"},
    "dan": {"unlink", "deactivate", "delete"},
    "ian": {"activate"},
}


class TestNotNow:
    @pytest.mark.parametrize("who", ALLOWED)
    def test_every_other_move(self, life, who, reading):
        """L1: 409 with the reason, nothing changed, one trace of the refusal (L10, B74)."""
        one = life(who)
        with reading():
            before = ledger.everything()
        for move in sorted(MOVES - ALLOWED[who]):
            for htmx in (False, True):
                answer = one.do(move, htmx=htmx)
                assert (move, answer.status_code) == (move, 409)
                assert [result for _, result in one.acts()] == ["refused"]
        with reading():
            assert ledger.everything() == before

    @pytest.mark.parametrize("path", ["edit", "properties", "delete"])
    def test_pages_of_an_inactive_contact(self, life, path):
        ian = life("ian")
        for htmx in (False, True):
            answer = ian.admin.get(f"/acme/contacts/{ian.id}/{path}", htmx=htmx)
            assert answer.status_code == 409
            assert "Activate" in answer.text

    def test_a_deleted_contact_has_no_moves(self, life):
        ava = life("ava")
        ava.do("delete")
        assert {move: ava.do(move).status_code for move in MOVES} == dict.fromkeys(MOVES, 404)


REFUSING = {
    "sqlite": [
        "CREATE TRIGGER full_disk BEFORE INSERT ON activity WHEN NEW.what = 'authorized' "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    ],
    "postgresql": ["ALTER TABLE activity ADD CONSTRAINT full_disk CHECK (what <> 'authorized') NOT VALID"],
}
TAKING = {
    "sqlite": ["DROP TRIGGER full_disk"],
    "postgresql": ["ALTER TABLE activity DROP CONSTRAINT full_disk"],
}


@pytest.fixture
def full_disk(app, writing):
    """A database that takes no trace of "authorized"; afterwards it is whole again (only rows come back)."""

    def run(statements):
        with writing():
            for statement in statements[db.engine.dialect.name]:
                db.session.execute(db.text(statement))

    run(REFUSING)
    yield
    run(TAKING)


class TestTraces:
    """L10: no change without a trace, no mail for a change that was rolled back."""

    @pytest.mark.parametrize(
        ("who", "move"),
        [(who, move) for who in ("ava", "ann", "nora", "ian") for move in sorted(ALLOWED[who])],
    )
    def test_one_row_for_each_move(self, life, town, reading, who, move):
        """B74: who, company, whom, when, what; and no secret."""
        one = life(who)
        one.do(move)
        with reading():
            (row,) = ledger.activity(one.act)
            assert (row.result, row.actor_kind, row.actor_name) == ("done", "contact", "Mia Stone")
            assert (row.actor_contact_id, row.company_id) == (town.mia.id, town.acme.id)
            assert (row.contact_id, row.target_name) == (one.id, getattr(town, who).name)
            assert abs(row.at - now()) < timedelta(minutes=1)

    def test_an_unchanged_save_leaves_none(self, life):
        nora = life("nora")
        assert nora.save().status_code == 303
        assert (nora.acts(), nora.letters()) == ([], [])

    def test_what_was_and_what_is(self, life, reading):
        nora = life("nora")
        nora.save(job_title="Caretaker")
        with reading():
            (row,) = ledger.activity(nora.act)
            assert row.changes == {"Job title": ["", "Caretaker"]}

    def test_rights_have_a_row_of_their_own(self, life, reading):
        nora = life("nora")
        nora.save(permissions=["billing"])
        with reading():
            (row,) = ledger.activity(nora.act)
            assert row.changes == {"Permissions": ["", "billing"]}

    def test_no_change_where_the_trace_cannot_be_written(self, life, reading, full_disk):
        """The database itself refuses the row; the letter, written just before, falls with the change."""
        ava = life("ava")
        with reading():
            before = ledger.everything()
        assert ava.do("authorize").status_code == 500
        with reading():
            assert ledger.everything() == before
        assert (ava.letters(), ava.acts()) == ([], [])

    def test_no_row_holds_a_link(self, life, reading):
        """L2, B55: neither letters, nor activity, nor anything else in the database."""
        ann = life("ann")
        ann.do("resend")
        mark = ann.link().rpartition(".")[2]
        with reading():
            rows = [repr(db.session.execute(db.select(table)).all()) for table in db.metadata.sorted_tables]
        assert len(mark) > 20
        assert not [text for text in rows if mark in text]


class TestAddresses:
    """L11: compared case-folded and normalized; unique per company among live contacts."""

    @pytest.mark.parametrize(
        "same",
        [
            "nora.nothing@acme.example",
            "NORA.NOTHING@ACME.EXAMPLE",
            "  Nora.Nothing@acme.example ",
            "\uff4eora.nothing@acme.example",
        ],
    )
    @pytest.mark.parametrize("door", ["new", "edit"])
    def test_one_live_contact_for_an_address(self, town, browser, reading, same, door):
        """B52: the field's error names who has it; nothing is sent."""
        mia = browser(town.mia)
        with reading():
            before = ledger.everything()
            form = ledger.new_form(email=same, access="portal")
            path = "new"
            if door == "edit":
                form, path = ledger.edit_form(town.ava.id, email=same), f"{town.ava.id}/edit"
        answer = mia.post(f"/acme/contacts/{path}", form)
        assert answer.status_code == 422
        assert "Nora Nothing" in answer.text or "\uff4e" in same
        with reading():
            assert ledger.everything() == before

    def test_another_company_is_no_matter(self, created, town):
        """T23: the same answer whether or not the address exists elsewhere."""
        assert created(email="gus.globe@globex.example").stands()[0] == "active"

    @pytest.mark.parametrize("who", ["ava", "ian"])
    def test_inactive_ones_keep_their_address(self, town, browser, writing, who):
        with writing():
            db.session.get_one(Contact, getattr(town, who).id).deactivated_at = now()
        form = ledger.new_form(email=getattr(town, who).email)
        assert browser(town.mia).post("/acme/contacts/new", form).status_code == 422

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("Zoë", "O'Brien-Łukasz"),
            ("李", "小龍"),
            ("محمد", "العلي"),
            ("Nguyễn", "Thị Ánh"),
            ("Anne\u2019Marie", "d'Arc, Jr."),
            ("D\u017duro", "Đặng 3rd"),
        ],
    )
    def test_names_keep_every_character(self, created, reading, first, last):
        nell = created(first_name=first, last_name=last)
        with reading():
            found = ledger.contact(nell.id)
            assert (found.first_name, found.last_name) == (first, last)
