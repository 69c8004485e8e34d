"""The catcher keeps real mail, and the pages of development show it without letting it do anything."""

import smtplib
import sys
from email.message import EmailMessage

import pytest

from portal import create_app
from portal.dev import caught, processes
from portal.dev.pages import linked
from portal.extensions import db
from tests.machinery.smtp_sink import free_port
from tests.machinery.waiting import until
from tests.machinery.whole_portal import ROOT

LINK = "http://127.0.0.1:5000/invitations/abc-123"


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """An instance folder whose catcher runs; gives the folder and the port."""
    folder, port = tmp_path_factory.mktemp("instance"), free_port()
    run = f"catcher.main({port}, pathlib.Path({str(folder)!r}) / 'mail')"
    leash = processes.start(
        [sys.executable, "-c", f"import pathlib; from portal.dev import catcher; {run}"], cwd=ROOT
    )
    until(lambda: _listens(port), what="the start of the catcher")
    yield folder, port
    processes.stop(leash)


def _listens(port):
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
    except OSError:
        return False
    return True


def send(port, subject, *, to="robin@northgate.example", html=""):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "portal@alder.example", to
    mail.set_content(f"Hello,\n\nset your password here: {LINK}.\n\n<script>alert(1)</script>\n")
    if html:
        mail.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
        line.send_message(mail, to_addrs=[to])


@pytest.fixture
def client(instance):
    folder = str(instance[0])
    app = create_app({"INSTANCE_DIR": folder, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/portal.db"})
    with app.app_context():
        db.create_all()
    return app.test_client()


class TestCatcher:
    def test_keeps_what_is_sent_newest_first(self, instance):
        folder, port = instance
        for subject in ("first", "second", "Grüße aus Zürich"):
            send(port, subject)
        mails = caught.newest(folder / "mail")
        assert [mail.subject for mail in mails[:3]] == ["Grüße aus Zürich", "second", "first"]
        assert mails[0].to == "robin@northgate.example"

    def test_an_unknown_mail_is_none(self, instance):
        assert caught.read(instance[0] / "mail", "../../etc/passwd") is None

    def test_no_folder_is_an_empty_box(self, tmp_path):
        assert caught.newest(tmp_path / "mail") == []


class TestPages:
    def key_of(self, instance, subject, **more):
        send(instance[1], subject, **more)
        return caught.newest(instance[0] / "mail")[0].key

    def test_the_list_leads_to_the_mail(self, instance, client):
        key = self.key_of(instance, "An invitation")
        page = client.get("/dev/mail")
        assert page.status_code == 200
        assert "An invitation" in page.text
        assert f"/dev/mail/{key}" in page.text

    def test_the_links_of_the_text_can_be_followed_and_nothing_else_is_markup(self, instance, client):
        page = client.get(f"/dev/mail/{self.key_of(instance, 'An invitation')}").text
        assert f'<a href="{LINK}">{LINK}</a>.' in page
        assert "<script>alert" not in page

    def test_the_html_is_shown_in_a_frame_that_may_do_nothing(self, instance, client):
        key = self.key_of(instance, "With HTML", html="<html><head></head><body><p>Hello</p></body></html>")
        assert f'src="/dev/mail/{key}/html"' in client.get(f"/dev/mail/{key}").text
        answer = client.get(f"/dev/mail/{key}/html")
        assert "<p>Hello</p>" in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script" not in policy

    @pytest.mark.parametrize("path", ["/dev/mail/nothing", "/dev/mail/nothing/html", "/dev/mail/%2e%2e"])
    def test_an_unknown_mail_is_404(self, client, path):
        assert client.get(path).status_code == 404

    def test_nothing_of_it_exists_in_production(self, tmp_path):
        app = create_app({"PRODUCTION": True, "INSTANCE_DIR": str(tmp_path)})
        assert not [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dev")]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        (
            "see https://x.example/a?b=1&c=2.",
            'see <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>.',
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", ""),
    ],
)
def test_linked(text, html):
    assert linked(text) == html
