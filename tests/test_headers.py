"""Protective headers on every answer, cookies, and a production mode that refuses to start half set up."""

import secrets

import pytest
from flask.cli import FlaskGroup

from portal import ConfigError, create_app
from portal.config import settings
from portal.extensions import db
from portal.transaction import transaction

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
GOOD_KEY = "I1yYCE-kL2BOsFECjP8hntQUBBmgjvhmlEVLPLqVQLisV8Nw6_jw6TytVAQBckZR"
PRODUCTION = {
    "GATEHOUSE_ENV": "production",
    "SECRET_KEY": GOOD_KEY,
    "PUBLIC_URL": "https://portal.example.com",
}


def assert_protected(answer, what: str) -> None:
    for name, value in ALWAYS.items():
        assert answer.headers.get(name) == value, (what, name)
    policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert part in policy, what
    assert "unsafe" not in policy
    assert "camera=()" in answer.headers["Permissions-Policy"]


class TestEveryAnswer:
    """T74, B27, reliability.md: the headers stand on every answer, whatever its status."""

    def test_of_each_status(self, app, town, browser):
        mia, bill, stranger = browser(town.mia), browser(town.bill), browser()
        strange = browser()
        strange.headers["Host"] = "evil.example"
        app.config["SIGN_IN_LIMIT"] = "1 per 5 minutes"
        stranger.sign_in("nobody@x.example")
        kept = app.view_functions["well_known.robots"]
        app.view_functions["well_known.robots"] = lambda: 1 / 0
        answers = {
            200: mia.get("/acme/contacts"),
            204: mia.post("/profile/look", {"theme": "dark", "density": "compact"}, htmx=True),
            302: mia.get("/"),
            303: stranger.get("/acme/"),
            401: stranger.get("/acme/", htmx=True),
            400: mia.post("/acme/contacts/new", token=False),
            403: bill.get("/acme/contacts"),
            404: mia.get("/no/such/page"),
            405: mia.get(f"/acme/contacts/{town.ava.id}/resend"),
            409: mia.post(f"/acme/contacts/{town.ava.id}/resend"),
            413: mia.post("/profile", {"notes": "x" * 1_500_000}),
            422: mia.post("/acme/contacts/new", {}),
            429: stranger.sign_in("nobody@x.example"),
            500: mia.get("/robots.txt"),
        }
        app.view_functions["well_known.robots"] = kept
        for status, answer in answers.items():
            assert answer.status_code == status
            assert_protected(answer, str(status))
            assert answer.headers["Cache-Control"] == "no-store", status
            assert {"cookie", "hx-request"} <= {each.lower() for each in answer.vary}, status
        foreign = strange.get("/sign-in")
        assert foreign.status_code == 400
        assert_protected(foreign, "foreign host")

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE"])
    def test_of_each_method(self, town, browser, method):
        for path in ("/sign-in", "/health", "/brand.css", "/acme/contacts", "/no/such"):
            assert_protected(browser().client.open(path, method=method), f"{method} {path}")

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_of_static_files(self, app, town, browser, method):
        for name in ("portal.css", "portal.js", "icons.svg"):
            path = app.jinja_env.globals["asset"](name)
            answer = browser().client.open(path, method=method)
            assert_protected(answer, f"{method} {name}")
            if method == "GET":
                assert answer.status_code == 200
                assert "immutable" in answer.headers["Cache-Control"]
                assert "Access-Control-Allow-Origin" not in answer.headers
            answer.close()

    @pytest.mark.parametrize(
        "path", ["/static/", "/static/x/portal.css", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py"]
    )
    def test_of_static_files_that_are_none(self, town, browser, path):
        answer = browser().get(path)
        assert answer.status_code == 404
        assert_protected(answer, path)

    def test_of_a_link_in_a_mail(self, town, browser, mailbox):
        """T38: the address of a link is told to nobody."""
        answer = browser().get(mailbox.link(town.ann.email))
        assert_protected(answer, "invitation")
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_names_no_software(self, town, browser):
        assert "Server" not in browser().get("/sign-in").headers
        assert "X-Powered-By" not in browser().get("/sign-in").headers

    def test_each_answer_has_its_own_number(self, town, browser):
        numbers = {browser().get("/sign-in").headers["X-Request-Id"] for _ in range(3)}
        assert len(numbers) == 3

    def test_public_files_may_be_kept(self, town, browser):
        assert "no-store" not in browser().get("/brand.css?v=195").headers["Cache-Control"]


class TestCookies:
    """Reliability.md: HttpOnly, SameSite=Lax; one cookie for the session, one for the look."""

    def test_session_and_look(self, town, browser):
        mia = browser()
        signed = mia.sign_in(town.mia.email).headers["Set-Cookie"]
        looked = mia.post("/profile/look", {"theme": "dark", "density": "compact"})
        cookies = [signed, *looked.headers.getlist("Set-Cookie")]
        assert {each.split("=")[0] for each in cookies} == {"gatehouse", "theme"}
        for cookie in cookies:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert "Domain=" not in cookie

    def test_every_cookie_belongs_to_this_host(self, app, town, browser):
        """Outside development: `__Host-` and Secure on each of them."""
        found = settings(PRODUCTION)
        names = ("SESSION_COOKIE_NAME", "STAFF_COOKIE_NAME", "THEME_COOKIE_NAME")
        assert all(found[name].startswith("__Host-") for name in names)
        app.config.update({"THEME_COOKIE_NAME": "__Host-theme", "SESSION_COOKIE_SECURE": True})
        client, there = app.test_client(), {"base_url": "https://localhost"}
        client.set_cookie("__Host-theme", "dark", domain="localhost", secure=True, path="/")
        assert 'data-theme="dark"' in client.get("/sign-in", **there).text

    def test_signing_out_clears_what_the_browser_kept(self, town, browser):
        mia = browser(town.mia)
        answer = mia.post("/sign-out")
        assert '"storage"' in answer.headers["Clear-Site-Data"]
        assert answer.headers["Cache-Control"] == "no-store"


BAD_KEYS = [
    None,
    "",
    " ",
    "dev",
    "secret",
    "changeme",
    "x" * 31,
    "a" * 64,
    "ab" * 32,
    "0123456789" * 5,
    "abcdefghijklmnop" * 2,
    "please-change-me-" + "q8Wz" * 6,
    "my-very-SECRET-key-for-flask-2026-abc",
    "CHANGEME-CHANGEME-CHANGEME-1234567890",
    "default-key-of-the-portal-0123456789",
    GOOD_KEY[:31],
]


class TestProductionRefuses:
    """T55, T90: no start with a weak key, without an address, or with debugging on; each time a sentence."""

    def test_starts_when_all_is_well(self):
        found = settings(PRODUCTION)
        assert found["PRODUCTION"] is True
        assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
        assert found["SESSION_COOKIE_SECURE"] is True
        assert found["TRUSTED_HOSTS"] == ["portal.example.com"]

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_weak_keys(self, key):
        env = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
        with pytest.raises(ConfigError, match="SECRET_KEY") as refused:
            settings(env if key is None else env | {"SECRET_KEY": key})
        assert len(key or "") < 9 or key not in str(refused.value)

    def test_random_keys_are_taken(self):
        for _ in range(50):
            settings(PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(32)})
            settings(PRODUCTION | {"SECRET_KEY": secrets.token_hex(32)})

    def test_older_keys(self):
        """They still open what they signed, so they are judged like the key itself."""
        older = f"{GOOD_KEY[::-1]}, {GOOD_KEY[5:]}"
        found = settings(PRODUCTION | {"SECRET_KEY_FALLBACKS": older})
        assert found["SECRET_KEY_FALLBACKS"] == [GOOD_KEY[::-1], GOOD_KEY[5:]]
        with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS") as refused:
            settings(PRODUCTION | {"SECRET_KEY_FALLBACKS": f"{GOOD_KEY[::-1]},changeme"})
        assert "changeme" not in str(refused.value)

    @pytest.mark.parametrize(
        "url",
        [
            None,
            "",
            "portal.example.com",
            "ftp://portal.example.com",
            "https://",
            "https://portal.example.com/path",
            "https://x.example?y=1",
        ],
    )
    def test_addresses_that_are_none(self, url):
        env = {name: value for name, value in PRODUCTION.items() if name != "PUBLIC_URL"}
        with pytest.raises(ConfigError, match="PUBLIC_URL"):
            settings(env if url is None else env | {"PUBLIC_URL": url})

    @pytest.mark.parametrize("debug", ["1", "true", "True", "yes", "on"])
    def test_debugging(self, debug):
        with pytest.raises(ConfigError, match="FLASK_DEBUG"):
            settings(PRODUCTION | {"FLASK_DEBUG": debug})
        assert settings(PRODUCTION | {"FLASK_DEBUG": "0"})["PRODUCTION"]
        assert not settings({"FLASK_DEBUG": debug, "SECRET_KEY": "x"})["PRODUCTION"]

    @pytest.mark.parametrize("name", ["prod", "Production", "staging"])
    def test_a_mode_that_is_none(self, name):
        """A typing error must not quietly mean development."""
        with pytest.raises(ConfigError, match="GATEHOUSE_ENV"):
            settings(PRODUCTION | {"GATEHOUSE_ENV": name})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "abc"),
            ("PORT", "-1"),
            ("MAIL_PORT", "25.5"),
            ("INVITATION_HOURS", "0"),
            ("INVITATION_HOURS", "-1"),
            ("INVITATION_HOURS", "nan"),
            ("RESET_HOURS", "inf"),
            ("RESET_HOURS", "soon"),
            ("SIGN_IN_LIMIT", "many"),
            ("ADDRESS_LIMIT", "10 per"),
            ("RESEND_LIMIT", "-3"),
            ("MAIL_USE_TLS", "perhaps"),
            ("TIME_ZONE", "Mars/Base"),
            ("TRUSTED_PROXIES", "x"),
        ],
    )
    def test_wrong_settings_get_a_sentence(self, name, value):
        with pytest.raises(ConfigError, match=name) as refused:
            settings({"SECRET_KEY": "x", name: value})
        assert str(refused.value).endswith(".")
        assert value in str(refused.value)

    @pytest.mark.parametrize(
        ("name", "value", "seconds"), [("INVITATION_HOURS", "0.5", 1800), ("RESET_HOURS", "0.001", 3.6)]
    )
    def test_lifetimes_take_decimals(self, name, value, seconds):
        """B11, B39."""
        found = settings({"SECRET_KEY": "x", name: value})
        assert found[name.replace("HOURS", "LIFE")].total_seconds() == seconds


class TestProduction:
    """Issue 2: no demo data, no /dev/*, no people to try; Secure cookies and HSTS."""

    @pytest.fixture
    def production(self, app, monkeypatch, tmp_path):
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
        same = {
            name: app.config[name]
            for name in ("SQLALCHEMY_DATABASE_URI", "ARGON2_COST", "RATELIMIT_STORAGE_URI")
        }
        made = create_app(same)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()

    def client(self, production):
        return production.test_client(), {"base_url": "https://portal.example.com"}

    def test_headers_and_cookies(self, production, town):
        client, there = self.client(production)
        answer = client.get("/sign-in", **there)
        assert answer.status_code == 200
        assert_protected(answer, "production")
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-gatehouse=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        css = client.get(production.jinja_env.globals["asset"]("portal.css"), **there)
        assert "max-age=31536000" in css.headers["Strict-Transport-Security"]
        css.close()

    def test_development_knows_no_hsts(self, production, town, browser):
        assert "Strict-Transport-Security" not in browser().get("/sign-in").headers

    def test_nothing_of_development_is_there(self, production, town):
        assert not [rule for rule in production.url_map.iter_rules() if rule.rule.startswith("/dev")]
        client, there = self.client(production)
        assert client.get("/dev/mail", **there).status_code in (303, 404)
        assert "Try as" not in client.get("/sign-in", **there).text
        for host in ("localhost", "127.0.0.1"):
            assert client.get("/sign-in", base_url=f"https://{host}").status_code == 400

    def test_demo_command_changes_nothing(self, production, town):
        with production.app_context(), transaction(write=False):
            before = len(db.session.execute(db.text("SELECT id FROM contact")).all())
        door = FlaskGroup(create_app=lambda: production, add_default_commands=False)
        result = production.test_cli_runner().invoke(door, ["demo", "--json"])
        assert result.exit_code != 0
        assert "development only" in result.output
        with production.app_context(), transaction(write=False):
            assert len(db.session.execute(db.text("SELECT id FROM contact")).all()) == before
