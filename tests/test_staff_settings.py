"""The vendor's settings (behaviour S6): who changes them, what counts then, and the trace."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image, PngImagePlugin

from portal.clock import now
from portal.extensions import db
from portal.models import (
    Category,
    Contact,
    ContactType,
    Invitation,
    SignInSession,
    TermsAcceptance,
    TermsVersion,
)
from tests import ledger
from tests.surfing import form_fields
from tests.town import PASSWORD

ROOM = "/staff/settings"
BRANDING = {"name": "Alder Services", "hue": "195", "support_email": "help@alder.example"}
RULES = {"invitation_hours": "", "idle_minutes": "", "session_hours": "", "second_factor": "optional"}


@pytest.fixture
def sue(town, on_duty):
    """The administrator's browser."""
    return on_duty(town.sue)


def seen(browser, path):
    """What the form at `path` was filled from."""
    return re.search(r'name="seen"[^>]* value="([^"]*)"', browser.get(path).text)[1]


def save(browser, path, form, **more):
    """Save a settings form as it stands now."""
    return browser.post(path, {**form, "seen": seen(browser, path), **more})


@pytest.fixture
def last(reading):
    """The newest line of the activity: what, about what, which change, of which company."""

    def note(number=-1):
        with reading():
            row = ledger.activity()[number]
            return row.what, row.target_name, row.changes, row.company_id

    return note


def word(model, name):
    return db.session.scalars(db.select(model).where(model.name == name)).one()


class TestWords:
    """Contact types and categories: archived and merged, never deleted."""

    def test_a_life_of_a_category(self, town, sue, browser, last, writing, reading):
        """Add, rename, order, archive, use again; each leaves its trace."""
        at = f"{ROOM}/categories"
        assert sue.post(at, {"name": "Legal"}).status_code == 303
        assert last()[:2] == ("added the category", "Legal")
        for taken in ("Legal", " lEGÁL ", ""):
            assert sue.post(at, {"name": taken}).status_code == 422
        with reading():
            legal, finance = word(Category, "Legal").id, word(Category, "Finance").id
        assert sue.post(f"{at}/{legal}/up").status_code == 303
        assert last()[2] == {"Order": ["Finance, Legal", "Legal, Finance"]}
        old = {"name": "Law", "seen": "Legal"}
        assert sue.post(f"{at}/{legal}", old).status_code == 303
        assert last() == ("renamed the category", "Law", {"Name": ["Legal", "Law"]}, None)
        stale = sue.post(f"{at}/{legal}", {"name": "Lawyers", "seen": "Legal"})
        assert (stale.status_code, 'value="Lawyers"' in stale.text) == (409, True)
        with writing():
            ledger.contact(town.ava.id).category_id = finance
        form = browser(town.mia).get(f"/acme/contacts/{town.ava.id}/edit").text
        assert re.findall(r'<option[^>]* value="([a-z]+)"', form.split('id="category"')[1][:400]) == [
            "legal",
            "finance",
        ]
        assert sue.post(f"{at}/{finance}/archive", {"successor": "keep"}).status_code == 303
        self.keeps_what_is_archived(town, browser(town.mia), reading)
        assert sue.post(f"{at}/{finance}/archive", {"successor": "keep"}).status_code == 409
        assert sue.post(f"{at}/{finance}/restore").status_code == 303
        assert last()[0] == "brought back the category"

    def keeps_what_is_archived(self, town, mia, reading):
        """Forms offer what is live; who has an archived one keeps it, also through a save."""
        assert 'value="finance"' not in mia.get("/acme/contacts/new").text
        path = f"/acme/contacts/{town.ava.id}/edit"
        form = form_fields(mia.get(path).text, "contact-form")
        assert form["category"] == "finance"
        assert mia.post(path, {**form, "job_title": "Clerk"}).status_code == 303
        with reading():
            ava = ledger.contact(town.ava.id)
            assert (ava.job_title, ava.category.name) == ("Clerk", "Finance")

    def test_merged(self, town, sue, browser, last, reading):
        """Its people get the other one at once, each company is told once, old lines keep the old word."""
        mia = browser(town.mia)
        with reading():
            manager, secondary = word(ContactType, "Manager").id, word(ContactType, "Secondary").id
            people = db.session.scalar(
                db.select(db.func.count(Contact.id)).where(Contact.contact_type_id == secondary)
            )
            before = ledger.contact(town.ava.id).version
        stale = form_fields(mia.get(f"/acme/contacts/{town.ava.id}/edit").text, "contact-form")
        page = sue.get(f"{ROOM}/contact-types/{secondary}/archive").text
        assert f"{people} people" in page
        assert "Primary" not in page.split('name="successor"')[1]
        answer = sue.post(f"{ROOM}/contact-types/{secondary}/archive", {"successor": str(manager)})
        assert answer.status_code == 303
        assert last()[0:2] == ("merged the contact type", "Secondary")
        assert last(-2)[0] == "changed the contact type of"
        assert {last(-2)[3], last(-3)[3]} == {town.acme.id, town.globex.id}
        with reading():
            ava = ledger.contact(town.ava.id)
            assert (ava.contact_type.name, ava.version) == ("Manager", before + 1)
            assert word(ContactType, "Secondary").archived_at is not None
        assert "changed the contact type of" in mia.get("/acme/activity").text
        # C15: whoever had the form open is shown the difference and overwrites nothing.
        assert mia.post(f"/acme/contacts/{town.ava.id}/edit", stale).status_code == 409
        added = {"first_name": "Neo", "last_name": "Lin", "access": "none", "contact_type": "secondary"}
        assert mia.post("/acme/contacts/new", added).status_code == 422

    def test_what_stays(self, sue, reading):
        """P13: the Primary, and one type beside it for whoever was the Primary before."""
        at = f"{ROOM}/contact-types"
        with reading():
            kinds = list(db.session.scalars(db.select(ContactType).order_by(ContactType.position)))
            primary, *others = [kind.id for kind in kinds]
        for method in (sue.get, sue.post):
            assert method(f"{at}/{primary}/archive").status_code == 409
        for each in others[:-1]:
            assert sue.post(f"{at}/{each}/archive", {"successor": "keep"}).status_code == 303
        assert sue.post(f"{at}/{others[-1]}/archive", {"successor": "keep"}).status_code == 409
        assert sue.post(f"{at}/{others[-1]}/archive", {"successor": str(primary)}).status_code == 409


class TestTerms:
    def test_from_draft_to_everybody(self, town, sue, browser, last, reading):
        """L9: nobody is asked for a draft; everybody for what is published, at the next request, once."""
        bill = browser(town.bill)
        answer = sue.post(f"{ROOM}/terms/draft")
        at = answer.headers["Location"].removesuffix("/edit")
        assert sue.post(f"{ROOM}/terms/draft").headers["Location"] == f"{at}/edit"
        text = {"title": "Terms of use", "changes": "Two is new.", "body": "# One\nBe kind.\n\n- <b>Two</b>"}
        assert save(sue, f"{at}/edit", text).status_code == 303
        assert last()[2]["What changed"] == ["", "Two is new."]
        shown = sue.get(at).text
        assert all(
            part in shown for part in ("<h2>One</h2>", "<li>&lt;b&gt;Two&lt;/b&gt;</li>", "Two is new.")
        )
        assert bill.get("/acme/billing").status_code == 200
        asked = sue.get(f"{at}/publish").text
        assert "Everyone must accept before going on" in asked
        state = seen(sue, f"{at}/publish")
        save(sue, f"{at}/edit", {**text, "body": "# One\nBe kinder."})
        assert sue.post(f"{at}/publish", {"seen": state}).status_code == 409
        assert save(sue, f"{at}/publish", {}).status_code == 303
        assert last()[:2] == ("published the terms", "version 2")
        assert bill.get("/acme/billing").headers["Location"].startswith("/terms?")
        assert bill.get("/acme/billing", htmx=True).headers["HX-Redirect"].startswith("/terms")
        accept = {"accept_terms": "y", "version": "2"}
        assert bill.post("/terms", {**accept, "version": "1"}).status_code == 422
        assert bill.post("/terms", accept).status_code == 303
        assert bill.get("/acme/billing").status_code == 200
        with reading():
            logins = db.session.scalar(db.text("SELECT count(*) FROM portal_user WHERE closed_at IS NULL"))
        assert f"accepted by 1 of {logins}" in sue.get(f"{ROOM}/terms").text
        assert "Be kind." in sue.get(f"{ROOM}/terms/1").text
        for move in ("edit", "publish"):
            assert sue.post(f"{at}/{move}", {**text, "seen": state}).status_code == 409

    def test_nobody_is_asked_twice(self, town, browser, mailbox, reading, writing):
        """L6: who accepted this version and joins a second company; who did not is asked there."""
        browser(town.stan).post(
            "/globex/contacts/new",
            {
                "first_name": "Bill",
                "last_name": "Ing",
                "email": town.bill.email,
                "access": "portal",
                "contact_type": "secondary",
                "form_key": "k1",
            },
        )
        link, stranger = mailbox.link(town.bill.email), browser()
        assert "I accept" not in stranger.get(link).text
        with writing():
            db.session.add(TermsVersion(number=2, title="T", body="B", published_at=now()))
        assert "I accept" in stranger.get(link).text
        assert stranger.post(link, {"password": PASSWORD}).status_code == 422
        with writing():
            db.session.execute(db.delete(TermsVersion).where(TermsVersion.number == 2))
        assert stranger.post(link, {"password": PASSWORD}).status_code == 303
        with reading():
            user_id = ledger.contact(town.bill.id).portal_user_id
            mine = db.select(db.func.count()).where(TermsAcceptance.portal_user_id == user_id)
            assert db.session.scalar(mine) == 1


def png(size=(300, 100), **info):
    out, text = io.BytesIO(), PngImagePlugin.PngInfo()
    for name, value in info.items():
        text.add_text(name, value)
    Image.new("RGBA", size, (10, 120, 60, 128)).save(out, "PNG", pnginfo=text)
    return out.getvalue()


class TestBranding:
    def test_seen_everywhere(self, town, sue, browser, mailbox, last):
        """M4: name, colour, help and privacy on pages and in mails, at the next request."""
        assert (
            save(
                sue,
                f"{ROOM}/branding",
                {
                    "name": "Birch & Co",
                    "hue": "40",
                    "support_email": "care@birch.example",
                    "support_phone": "0161 496 0100",
                    "privacy_url": "www.birch.example/privacy",
                },
            ).status_code
            == 303
        )
        assert last()[2]["Brand hue"] == ["195", "40"]
        page = browser().get("/sign-in").text
        for words in (
            "Birch &amp; Co",
            "care@birch.example",
            "0161 496 0100",
            'href="https://www.birch.example/privacy"',
            "/brand.css?v=40",
        ):
            assert words in page
        browser(town.mia).post(f"/acme/contacts/{town.ann.id}/resend")
        assert browser(town.bill).get("/acme").text.count("https://www.birch.example/privacy") == 1
        letter = mailbox.letters(town.ann.email)[-1]
        assert "Birch & Co" in letter.text
        assert ("0161 496 0100" in letter.text, "0161 496 0100" in letter.html) == (True, True)
        assert "You can see invoices and statements." in letter.text
        assert "https://www.birch.example/privacy" in letter.text
        assert "https://www.birch.example/privacy" in letter.html

    def test_what_is_wrong_and_what_is_stale(self, sue, last):
        """Every error beside its field; what was typed stays; nothing is overwritten unseen."""
        at, before = f"{ROOM}/branding", last()
        wrong = {"name": "", "hue": "361", "support_email": "x", "privacy_url": "javascript:alert(1)"}
        answer = save(sue, at, wrong)
        assert answer.status_code == 422
        assert all(f'id="{name}-error"' in answer.text for name in wrong)
        assert 'value="361"' in answer.text
        for value in ("-1", "1e2", "٣", "12.5", ""):
            assert save(sue, at, {**BRANDING, "hue": value}).status_code == 422
        old = seen(sue, at)
        assert last() == before
        save(sue, at, {**BRANDING, "hue": "100"})
        stale = sue.post(at, {**BRANDING, "hue": "300", "seen": old})
        assert stale.status_code == 409
        assert '<td role="cell">300</td><td role="cell">100</td>' in stale.text

    def test_preview(self, sue):
        """UI 3.3, 8.7: drawn by the server, in both themes, without saving, also without JavaScript."""
        drawn = save(sue, f"{ROOM}/branding", {**BRANDING, "hue": "300"}, preview="1")
        assert 'data-dirty="1"' in drawn.text
        assert 'data-dirty=""' in sue.get(f"{ROOM}/branding").text
        assert (drawn.status_code, "preview.css?hue=300" in drawn.text) == (200, True)
        assert "--h:195" in sue.get("/brand.css").text
        slid = sue.get(f"{ROOM}/branding/preview?slide=212", htmx=True).text
        assert re.search(r'id="hue"[^>]* value="212" hx-swap-oob', slid)
        assert slid.count("Passes.") == 2
        css = sue.get(f"{ROOM}/branding/preview.css?hue=195")
        assert css.mimetype == "text/css"
        assert "--on:#ffffff" in css.text
        assert "--pri:#6ecdcc" in css.text

    def test_logo(self, town, sue, browser, last):
        """Nothing but pixels is kept, and nothing but a picture can it be: an SVG is refused."""
        at = f"{ROOM}/branding/logo"
        assert browser().get("/logo.png").status_code == 404
        good = png(Comment="<script>zq</script>")
        assert sue.post(at, {"logo": (io.BytesIO(good), "logo.svg")}).status_code == 303
        assert last()[0] == "changed the logo"
        source = re.search(
            r'<img class="logo" src="(/logo\.png\?v=\w{16})" alt="" width="(\d+)" height="28">',
            browser().get("/sign-in").text,
        )
        assert source[2] == "84"
        got = browser().get(source[1])
        assert (got.mimetype, b"zq" in got.data) == ("image/png", False)
        assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "immutable" in got.headers["Cache-Control"]
        assert "immutable" not in browser().get("/logo.png?v=x").headers["Cache-Control"]
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        bomb = png((5_000, 5_000))
        jpeg = io.BytesIO()
        Image.new("RGB", (28, 28)).save(jpeg, "JPEG")
        for bad in (svg, b"", jpeg.getvalue(), good[:60], good + b" " * 41_000, bomb):
            answer = sue.post(at, {"logo": (io.BytesIO(bad), "logo.png")})
            assert (answer.status_code, 'id="logo-error"' in answer.text) == (422, True)
        assert sue.post(at).status_code == 422
        assert browser().get(source[1]).data == got.data
        assert sue.post(f"{at}/remove").status_code == 303
        assert browser().get("/logo.png").status_code == 404


class TestAreas:
    def test_off_for_all_clients(self, town, sue, browser, last, writing):
        """C31, S6: at the next request of a live session, menu and page; admins cannot switch it on."""
        bill, mia, at = browser(town.bill), browser(town.mia), f"{ROOM}/areas"
        assert bill.get("/acme/billing").status_code == 200
        others = ["properties", "contracts", "rfps", "reports", "work_orders"]
        assert save(sue, at, {"areas": others}).status_code == 303
        assert last()[2] == {"Areas switched off": ["", "Billing"]}
        assert bill.get("/acme/billing").status_code == 404
        assert "/acme/billing" not in bill.get("/acme").text
        assert browser(town.duo).get("/globex/billing").status_code == 404
        assert "Switched off by Alder Services" in mia.get("/acme/roles").text
        assert mia.post("/acme/roles/areas", {"areas": ["billing"]}).status_code == 403
        client = "/staff/clients/acme"
        assert "Off for all clients." in sue.get(f"{client}/client").text
        assert sue.post(f"{client}/areas", {"areas": [*others, "billing"]}).status_code == 303
        assert bill.get("/acme/billing").status_code == 404
        stale = sue.post(at, {"areas": [], "seen": "x"})
        assert (stale.status_code, "Somebody else" in stale.text) == (409, True)
        assert save(sue, at, {"areas": [*others, "billing", "nonsense"]}).status_code == 303
        assert bill.get("/acme/billing").status_code == 200


class TestSignIn:
    def test_invitations(self, town, sue, browser, mailbox, reading, app):
        """L2: the vendor's hours count for what is sent from now on; empty is what the server says."""
        at = f"{ROOM}/sign-in"
        assert "Empty: 24 hours, as this server" in sue.get(at).text
        for hours, life in (("2", timedelta(hours=2)), ("168", timedelta(days=7)), ("", timedelta(hours=24))):
            assert save(sue, at, {**RULES, "invitation_hours": hours}).status_code == 303
            mia = browser(town.mia)
            mia.post(f"/acme/contacts/{town.ann.id}/resend")
            said = f"works for {life.total_seconds() / 3600:.0f} hours"
            assert said in mia.get("/acme/contacts/new").text
            with reading():
                made = db.session.scalars(db.select(Invitation).order_by(Invitation.id.desc())).first()
                assert abs(made.expires_at - made.created_at - life) < timedelta(seconds=1)
        assert "24 hours" in mailbox.letters(town.ann.email)[-1].text
        for wrong in (
            {"invitation_hours": "169"},
            {"idle_minutes": "4"},
            {"session_hours": "0"},
            {"idle_minutes": "61", "session_hours": "1"},
            {"second_factor": "never"},
        ):
            assert save(sue, at, {**RULES, **wrong}).status_code == 422

    def test_how_long_a_session_lasts(self, town, sue, browser, writing, reading, last):
        """P12: for sessions that live already, but for devices that somebody stays signed in on."""
        bill, kept = browser(town.bill), browser()
        kept.sign_in(town.rita.email, remember="y")
        with writing():
            ago = now() - timedelta(minutes=10)
            db.session.execute(db.update(SignInSession).values(last_seen_at=ago, created_at=ago))
        save(sue, f"{ROOM}/sign-in", {**RULES, "idle_minutes": "5"})
        assert last()[2] == {"Minutes left alone": ["", "5"]}
        assert bill.get("/acme/billing").headers["Location"].startswith("/sign-in")
        assert kept.get("/acme/reports").status_code == 200
        save(sue, f"{ROOM}/sign-in", {**RULES, "session_hours": "1"})
        rita = browser(town.wes)
        with writing():
            ago = now() - timedelta(minutes=61)
            db.session.execute(db.update(SignInSession).values(created_at=ago))
        assert rita.get("/acme").headers["Location"].startswith("/sign-in")
        assert kept.get("/acme/reports").status_code == 200

    def test_second_factor(self, town, sue, browser):
        """S6: of admins only, or of everybody; the page that sets it up is the one way on."""
        mia, bill, at = browser(town.mia), browser(town.bill), f"{ROOM}/sign-in"
        # Said before it is required: logins at all clients that can sign in somewhere, each once.
        page = " ".join(sue.get(at).text.split())
        assert "before they go on there. 6 people have none yet." in page
        assert "before going on. 14 people have none yet." in page
        asked = []
        for rule in ("optional", "admins", "everybody"):
            save(sue, at, {**RULES, "second_factor": rule})
            asked.append(tuple(each.get("/acme").status_code for each in (mia, bill)))
        assert asked == [(200, 200), (303, 200), (303, 303)]
        assert "/second-factor" in bill.get("/acme").headers["Location"]


def test_support_changes_nothing(town, on_duty, reading):
    """S1: Support looks, resends, resets and disables; the settings are the administrators'."""
    tom = on_duty(town.tom)
    with reading():
        before = ledger.everything()
    for part in ("", "/categories", "/terms", "/branding", "/areas", "/sign-in"):
        assert tom.get(f"{ROOM}{part}").status_code == 403
    assert tom.post(f"{ROOM}/branding", BRANDING).status_code == 403
    with reading():
        after = ledger.everything()
    assert {name for name in before if before[name] != after[name]} <= {"staff_session"}
    assert ROOM not in tom.get("/staff/account").text
