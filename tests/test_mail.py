"""The letters in words: what they say, and what strangers cannot make them say (M3 to M5, L2, T39, T70)."""

import re
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal import mail, tokens
from portal.clock import now
from portal.extensions import db
from portal.harmless import harmless
from portal.hue import hex_colour
from portal.models import Access, Branding, Invitation, Letter, LoginLink, PortalUser, Purpose
from portal.transaction import transaction
from tests.machinery import post_office
from tests.machinery.post_office import Office

# T39 and T70: what comes as a name, company or inviter, and what must not be readable in the mail afterwards.
NASTY = [
    ("Ann\r\nBcc: victim@other.example", "victim@other.example"),
    ("Ann\nSubject: You won", "\nSubject: You won"),
    ("Ann\r\n\r\n<h1>Pay here</h1>", "<h1>Pay here"),
    ("http://evil.example/pay", "http://evil"),
    ("HTTPS://EVIL.EXAMPLE", "HTTPS://"),
    ("Visit evil.com now", "evil.com"),
    ("www.evil.example", "www.evil"),
    ("evil。com", "evil。com"),
    ("evil．com", "evil．com"),
    ("пример.рф", "пример.рф"),
    ("भारत.भारत", "भारत.भारत"),
    ("write to mallory@evil.example", "mallory@evil"),
    ("mallory＠evil.example", "mallory＠evil"),
    ("ftp://evil.example", "ftp://"),
    (r"\\evil\share", r"\\evil"),
    ("<a href='http://evil.example'>click</a>", "<a href='http"),
    ("<img src=x onerror=alert(1)>", "<img"),
    ("</td></table><script>alert(1)</script>", "<script"),
    ('" onmouseover="alert(1)', '" onmouseover="'),
    ("\u202egro.live\u202c", "\u202e"),
    ("\u2066Ann\u2069", "\u2066"),
    ("Ann\u200fHart", "\u200f"),
    ("Ann\x00Hart", "\x00"),
    ("Ann\x1b[31mHart", "\x1b"),
    ("Ann\u2028Hart", "\u2028"),
    ("Ann\x85Hart", "\x85"),
    ("{{ 7 * 7 }}", "Hello 49"),
    ("{% for x in y %}", "no such thing"),
    ("${7*7} %(name)s {0}", "Hello 49"),
    ("W" * 5000, "W" * 100),
    ("e" + "\u0301" * 3000, "\u0301" * 6),
]
# What a name may be, and stays to the letter.
EXACT = [
    "Zoë",
    "Ngũgĩ",
    "O’Brien",
    "D'Arcy",
    "Jean-Luc",
    "J.R.R.",
    "St. John",
    "Smith, Jr.",
    "李小龍",
    "さくら",
    "محمد",
    "שרה",
    "नेहा",
    "Владимир",
    "Αλέξανδρος",
    "किशोर",
    "می‌خواهم",
    "Ann 🦊",
    "👩‍💻",
    "Nguyễn Thị Ánh",
    "Ægir Þór",
    "Smith & Sons",
    "Müller GmbH & Co. KG",
    "24/7 Cleaning",
    "Ann (Annie)",
    "Σίσυφος",
    "Łukasz",
    "Ọlá",
]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with post_office.opened(tmp_path_factory.mktemp("office")) as office:
        yield office


def sent(office: Office, letter_id: int) -> EmailMessage:
    """Send the letter for real; return what arrived. The sink keeps nothing else."""
    office.sink.clear()
    assert office.send(letter_id).state == "sent"
    [received] = office.sink.messages
    return received.message


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


HEADERS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
HEADERS |= {"MIME-Version", "Content-Type"}


class Page(HTMLParser):
    """The links, the tags and the readable text of a mail's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.links += [named["href"] or ""] if "href" in named else []
        assert not [name for name in named if name.startswith("on")]
        assert "src" not in named

    def handle_data(self, data: str) -> None:
        self.text += data


class TestInvitation:
    def test_says_who_what_and_until_when(self, office):
        letter_id = office.invite("says@northgate.example", first_name="Robin", by="Amelia Hart")
        message = sent(office, letter_id)
        invitation = office.invitation_of(letter_id)
        text, html = parts(message)
        assert message["Subject"] == "Amelia Hart invited you to Northgate Estates' portal"
        assert "Hello Robin," in text
        assert "for 24 hours" in text
        assert f"{invitation.expires_at:%H:%M} UTC" in text
        for words in ("Amelia Hart", "Northgate Estates", "Alder Services", "24 hours", "Set your password"):
            assert words in Page(html).text

    def test_link_is_the_rows_and_from_the_public_url(self, office):
        letter_id = office.invite("link@northgate.example")
        with office.app.test_request_context("/", headers={"Host": "evil.example"}):
            message = sent(office, letter_id)
            token = tokens.link_token(office.invitation_of(letter_id))
        text, html = parts(message)
        address = f"http://127.0.0.1:5000/invitations/{token}"
        assert re.findall(r"https?://\S+", text) == [address]
        assert Page(html).links == [address, address]
        assert Page(html).text.count(address) == 1
        assert b"evil.example" not in office.sink.messages[0].raw

    def test_headers(self, office):
        letter_id = office.invite("headers@northgate.example")
        message = sent(office, letter_id)
        assert message["From"].addresses[0].addr_spec == "portal@gatehouse.example"
        assert message["From"].addresses[0].display_name == "Alder Services"
        assert message["Reply-To"] == "help@alder.example"
        assert message["To"] == "headers@northgate.example"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"] == office.letter(letter_id).message_id
        assert abs(message["Date"].datetime - now()) < timedelta(minutes=1)
        assert message.get_content_type() == "multipart/alternative"

    def test_html_is_one_light_page(self, office):
        _, html = parts(sent(office, office.invite("light@northgate.example")))
        page = Page(html)
        assert len(html.encode()) < 20_000
        assert '<html lang="en" dir="ltr">' in html
        assert page.tags.count("h1") == 1
        assert not {"img", "script", "link", "iframe", "form", "object"} & set(page.tags)
        assert "url(" not in html

    def test_no_row_holds_the_link(self, office):
        letter_id = office.invite("norow@northgate.example")
        sent(office, letter_id)
        with office.app.app_context():
            token = tokens.link_token(office.invitation_of(letter_id))
            assert token not in repr(vars(office.letter(letter_id)))
        database = Path(office.env["INSTANCE_DIR"], "office.db")
        mark = token.partition(".")[2].encode()
        assert not [f for f in database.parent.glob("office.db*") if mark in f.read_bytes()]

    def test_again_says_that_the_old_link_died(self, office):
        letter_id = office.invite("again@northgate.example")
        with office.writing():
            first = db.session.get_one(Letter, letter_id)
            letter = mail.invitation(db.session.get_one(Invitation, first.invitation_id), again=True)
        message = sent(office, letter.id)
        assert message["Subject"] == "Your new invitation to Northgate Estates' portal"
        assert "Every earlier link no longer works" in parts(message)[0]


class TestOtherKinds:
    def test_email_only_notice_has_no_link(self, office):
        with office.writing():
            contact = office.contact("post@northgate.example", "Paul", access=Access.EMAIL_ONLY)
            letter = mail.email_only_notice(contact, "Amelia Hart")
        message = sent(office, letter.id)
        text, html = parts(message)
        assert "Amelia Hart authorized you" in message["Subject"]
        assert "http" not in text
        assert Page(html).links == []

    @pytest.mark.parametrize(
        ("purpose", "path", "subject"),
        [
            (Purpose.RESET, "reset", "Reset your password"),
            (Purpose.CONFIRM_EMAIL, "confirm", "Confirm your address"),
            (Purpose.CONFIRM_RECOVERY, "confirm", "Confirm your recovery address"),
        ],
    )
    def test_links_of_logins(self, office, purpose, path, subject):
        with office.writing():
            link = office.login_link(purpose, f"{purpose}@northgate.example")
            letter = mail.password_reset(link) if purpose is Purpose.RESET else mail.confirm_address(link)
            token = tokens.link_token(link)
        message = sent(office, letter.id)
        assert message["Subject"] == subject
        assert re.findall(r"https?://\S+", parts(message)[0]) == [f"http://127.0.0.1:5000/{path}/{token}"]

    def test_password_changed_says_when_and_what_to_do(self, office):
        with office.writing():
            user = db.session.get_one(
                PortalUser, office.login_link(Purpose.RESET, "new@northgate.example").portal_user_id
            )
            letter = mail.password_changed(user)
        message = sent(office, letter.id)
        text, html = parts(message)
        assert message["To"] == "new@northgate.example"
        assert f"{now():%Y}" in text
        assert Page(html).links[0] == "http://127.0.0.1:5000/forgot"

    def test_a_reset_link_confirms_no_address(self, office):
        with office.app.app_context(), pytest.raises(ValueError, match="confirms no address"):
            mail.confirm_address(LoginLink(purpose=Purpose.RESET))


class TestNames:
    @pytest.mark.parametrize(("name", "forbidden"), NASTY)
    def test_nasty_names_are_only_names(self, office, name, forbidden):
        letter_id = office.invite("nasty@northgate.example", first_name=name[:100], by=name[:100])
        message = sent(office, letter_id)
        text, html = parts(message)
        page = Page(html)
        assert office.sink.messages[0].recipients == ("nasty@northgate.example",)
        assert set(message.keys()) == HEADERS
        # Marks of HTML may be read as what they are; they only must not work.
        marks = set(forbidden) & set('<"')
        assert forbidden not in (html if marks else message["Subject"] + text + page.text)
        assert len(re.findall(r"https?://", text)) == 1
        assert len(set(page.links)) == 1
        assert not {"script", "img"} & set(page.tags)
        assert len(html.encode()) < 20_000
        with office.writing():
            contact = office.invitation_of(letter_id).contact_id
            db.session.execute(
                db.text("UPDATE contact SET deleted_at = created_at WHERE id = :id"), {"id": contact}
            )

    @pytest.mark.parametrize("name", EXACT)
    def test_good_names_stay(self, office, name):
        assert harmless(name) == name
        with office.app.app_context(), transaction(write=False):
            letter = Letter(kind="email_only", facts={"first_name": name, "inviter": name, "company": name})
            words = mail.render(letter)
        assert words.subject.startswith(f"{name} authorized you")
        assert f"Hello {name}," in words.text
        assert name in Page(words.html).text

    @pytest.mark.parametrize(
        "name", ["Alder, Östberg & Co. <x@y.example>", "李 Services", "A\r\nBcc: x@y.example"]
    )
    def test_brand_is_one_sender(self, office, name):
        with office.writing():
            db.session.get_one(Branding, 1).name = name
        try:
            message = sent(office, office.invite(f"b{abs(hash(name))}@northgate.example"))
        finally:
            with office.writing():
                db.session.get_one(Branding, 1).name = "Alder Services"
        assert [each.addr_spec for each in message["From"].addresses] == ["portal@gatehouse.example"]
        assert message["Bcc"] is None

    def test_long_words_are_cut_at_the_end(self):
        assert harmless("Ann " * 100, 20) == "Ann Ann Ann Ann Ann…"


class TestAddresses:
    @pytest.mark.parametrize(
        "email", ["jörg@northgate.example", "李@例え.example", "плюс+тег@пример.example"]
    )
    def test_local_parts_in_any_script(self, office, email):
        """The sink speaks SMTPUTF8; one that does not is in test_outbox."""
        sent(office, office.invite(email))
        [mail] = office.sink.messages
        local = email.partition("@")[0]
        assert mail.recipients[0].partition("@")[0] == local
        assert f"To: {local}@".encode() in mail.raw

    def test_domains_in_any_script_travel_as_dns_knows_them(self, office):
        sent(office, office.invite("ann@bücher.example"))
        assert office.sink.messages[0].recipients == ("ann@xn--bcher-kva.example",)

    @pytest.mark.parametrize(
        "email",
        [
            "",
            "nobody",
            "@northgate.example",
            "a@",
            "a b@northgate.example",
            "a@x.example,b@y.example",
            "a@b@c.example",
            "a@x.example\r\nRCPT TO:<b@y.example>",
            "<a@x.example>",
            "a@" + "x" * 70 + ".example",
            "a@.example",
            "a@x..example",
        ],
    )
    def test_what_cannot_be_an_address_fails_alone(self, office, email):
        office.sink.clear()
        letter_id = office.invite(f"ok{abs(hash(email))}@northgate.example")
        with office.writing():
            db.session.get_one(Letter, letter_id).to_email = email
        letter = office.send(letter_id)
        assert letter.state == "failed"
        assert office.invitation_of(letter_id).mail_failed_at
        assert office.sink.messages == []


def test_colours_are_those_of_the_style_guide():
    assert hex_colour(0.79, 0.09, 195) == "#6ecdcc"
    assert hex_colour(1, 0, 0) == "#ffffff"
