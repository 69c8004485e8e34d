"""`flask doctor` and `flask check` as they are run: words, JSON and the code to exit with."""

import json
import runpy
import ssl
import sys
import threading
from datetime import timedelta

import pytest
import redis
import trustme
from flask.cli import FlaskGroup
from rq import SimpleWorker
from werkzeug.serving import make_server

from portal import create_app, doctor, jobs, standing
from portal.clock import now
from portal.config import ROOT, settings
from portal.extensions import db
from portal.models import Contact, Letter, LetterState, PortalUser, StaffUser
from tests.machinery import smtp_sink, valkey
from tests.machinery.smtp_sink import free_port
from tests.test_headers import GOOD_KEY


def run(app, *words):
    door = FlaskGroup(create_app=lambda: app, add_default_commands=False)
    return app.test_cli_runner().invoke(door, words)


@pytest.fixture
def good(app, writing, tmp_path, monkeypatch):
    """A production portal on which nothing is amiss: TLS everywhere, a worker, a clock, an administrator."""
    with writing():
        _move_to_real_addresses()
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    tmp_path.chmod(0o700)
    with valkey.running() as store, smtp_sink.running(tls_context=context, require_starttls=True) as sink:
        port = free_port()
        env = {
            "GATEHOUSE_ENV": "production",
            "SECRET_KEY": GOOD_KEY,
            "PUBLIC_URL": f"https://localhost:{port}",
            "TRUSTED_PROXIES": "1",
            "INSTANCE_DIR": str(tmp_path),
            "REDIS_URL": store.url,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(sink.port),
            "MAIL_USE_TLS": "true",
            "MAIL_DEFAULT_SENDER": "portal@customer.com",
            "SECURITY_CONTACT": "security@customer.com",
        }
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        made = create_app({**settings(env), "SQLALCHEMY_DATABASE_URI": url, "ARGON2_COST": "cheap"})
        with made.app_context():
            jobs.beat()
        SimpleWorker(
            ["gatehouse"], connection=redis.Redis.from_url(store.url), serializer="json"
        ).register_birth()
        # The web server in front, as far as the doctor comes.
        web = make_server("127.0.0.1", port, made, ssl_context=context, threaded=True)
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield made
        web.shutdown()
        thread.join()
        web.server_close()
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def _move_to_real_addresses():
    for person in [*db.session.scalars(db.select(PortalUser)), *db.session.scalars(db.select(StaffUser))]:
        person.email_key = person.email_key.replace(".example", ".com")
    db.session.add(StaffUser(email="a@b.com", email_key="a@b.com", name="A", role="administrator"))
    db.session.execute(db.update(Letter).values(state=LetterState.SENT, sent_at=now(), attempts=1))


# The tests' own PostgreSQL is used as its superuser, and the disk is whatever it is.
NOT_OURS = {"disk", "database role", "activity", "Python", "database version"}


class TestDoctor:
    def test_a_good_set_up(self, good):
        result = run(good, "doctor", "--json")
        found = json.loads(result.stdout)
        wrong = {each["name"]: each["words"] for each in found if each["result"] != "ok"}
        assert {name: words for name, words in wrong.items() if name not in NOT_OURS} == {}
        assert len(found) >= 36
        failed = any(each["result"] == "fail" for each in found)
        assert result.exit_code == int(failed)

    @pytest.mark.sqlite_only
    def test_exits_well_and_badly(self, good):
        result = run(good, "doctor")
        assert result.exit_code == 0, result.output
        assert "0 must change" in result.output
        good.config["SECRET_KEY"] = "changeme"
        result = run(good, "doctor")
        assert result.exit_code == 1
        assert "FAIL  secret key" in result.output
        assert "-> Set SECRET_KEY" in result.output
        assert "changeme" not in result.output

    def test_every_check_has_a_name_of_its_own_and_a_cure(self, app):
        with app.app_context():
            found = doctor.examine()
        assert len({each.name for each in found}) == len(found)
        assert [each.name for each in found if each.result != "ok" and not each.cure] == []

    def test_the_page_lists_every_check(self, app, good):
        page = (ROOT / "docs" / "operations.md").read_text()
        with good.app_context():
            found = doctor.examine()
        assert [each.name for each in found if f"| {each.name} |" not in page] == []

    def test_a_check_that_breaks_holds_up_no_other(self, app, monkeypatch):
        monkeypatch.setitem(app.config, "TRUSTED_PROXIES", "many")
        with app.app_context():
            found = {each.name: each for each in doctor.examine()}
        assert found["proxies"].result == "warn"
        assert found["schema"].result == "ok"

    @pytest.fixture
    def refused(self, tmp_path, monkeypatch):
        """Loads wsgi.py under settings that production refuses: `refused("doctor")` is the application."""
        wrong = {"GATEHOUSE_ENV": "production", "SECRET_KEY": "changeme", "FLASK_DEBUG": "1"}
        wrong |= {"INVITATION_HOURS": "soon", "INSTANCE_DIR": str(tmp_path), "MAIL_PORT": "1"}
        for name, value in wrong.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("PUBLIC_URL", raising=False)

        def load(*words):
            monkeypatch.setattr(sys, "argv", ["flask", *words])
            return runpy.run_path(str(ROOT / "wsgi.py"))["app"]

        return load

    def test_settings_that_are_refused_are_all_named(self, refused):
        """T55, T90: where the portal does not start at all, the doctor still comes."""
        result = run(refused("doctor"), "doctor")
        assert result.exit_code == 1
        for words in ("SECRET_KEY is missing", "PUBLIC_URL is not set", "FLASK_DEBUG is on"):
            assert words in result.output
        assert "INVITATION_HOURS is" in result.output

    def test_nobody_else_comes(self, refused):
        with pytest.raises(SystemExit, match=r"does not start: .*\n.*doctor` names everything"):
            refused("worker")


class TestCheck:
    def test_nothing_is_broken(self, app):
        result = run(app, "check")
        assert (result.exit_code, f"{len(standing.RULES)} rules looked at, 0 rows" in result.output) == (
            0,
            True,
        )

    def test_something_is(self, app, town, writing):
        with writing():
            db.session.get_one(Contact, town.stan.id).user.disabled_at = now()
            db.session.get_one(Contact, town.duo_globex.id).deactivated_at = now()
        with writing():
            db.session.get_one(Contact, town.stan.id).user.last_sign_in_at = now() - timedelta(days=1)
        result = run(app, "check", "--json")
        assert result.exit_code == 1
        assert [each["words"] for each in json.loads(result.stdout)] == [
            "Globex has no admin who can sign in."
        ]


class TestSecurityTxt:
    """RFC 9116."""

    def test_nobody_is_named(self, town, browser):
        assert browser().get("/.well-known/security.txt").status_code == 404

    def test_somebody_is(self, app, town, browser):
        app.config["SECURITY_CONTACT"] = "mailto:security@customer.com"
        answer = browser().get("/.well-known/security.txt")
        assert answer.status_code == 200
        assert answer.content_type == "text/plain; charset=utf-8"
        told = dict(line.split(": ", 1) for line in answer.text.splitlines())
        assert told["Contact"] == "mailto:security@customer.com"
        assert told["Canonical"] == "http://localhost/.well-known/security.txt"
        days = (now().fromisoformat(told["Expires"]) - now()).days
        assert 30 < days < 365

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("security@customer.com", "mailto:security@customer.com"),
            ("https://customer.com/report", "https://customer.com/report"),
            ("mailto:a@b.com", "mailto:a@b.com"),
        ],
    )
    def test_the_setting(self, given, shown):
        assert settings({"SECRET_KEY": "x", "SECURITY_CONTACT": given})["SECURITY_CONTACT"] == shown

    @pytest.mark.parametrize(
        "given", ["nobody", "http://customer.com", "a@b.com\nExpires: never", "a b@c.com"]
    )
    def test_a_setting_that_is_none(self, given):
        from portal import ConfigError

        with pytest.raises(ConfigError, match="SECURITY_CONTACT"):
            settings({"SECRET_KEY": "x", "SECURITY_CONTACT": given})
