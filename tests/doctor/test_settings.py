"""The doctor on settings, folders, versions and people (reliability.md, T55, T90)."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from portal import passwords
from portal.clock import now
from portal.config import ROOT
from portal.doctor import folders, people, settings, versions
from portal.extensions import db
from portal.models import Company, PortalUser, StaffUser
from tests.test_headers import BAD_KEYS, GOOD_KEY
from tests.town import PASSWORD

GOOD = {
    "PRODUCTION": True,
    "SECRET_KEY": GOOD_KEY,
    "TESTING": False,
    "PROPAGATE_EXCEPTIONS": None,
    "PUBLIC_URL": "https://portal.customer.com",
    "TRUSTED_HOSTS": ["portal.customer.com"],
    "TRUSTED_PROXIES": 1,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-gatehouse",
    "STAFF_COOKIE_NAME": "__Host-gatehouse-staff",
    "THEME_COOKIE_NAME": "__Host-theme",
    "HSTS": True,
    "SECURITY_CONTACT": "mailto:security@customer.com",
    "MAIL_DEFAULT_SENDER": "Portal <portal@customer.com>",
}


class TestSettings:
    @pytest.mark.parametrize("check", settings.CHECKS)
    def test_a_good_set_up(self, asked, check):
        assert asked(check, **GOOD).result == "ok", asked(check, **GOOD)

    @pytest.mark.parametrize("key", [key for key in BAD_KEYS if key is not None])
    def test_keys_that_can_be_guessed(self, asked, key):
        """T55."""
        assert asked(settings.secret_key, SECRET_KEY=key).result == "fail"

    def test_an_older_key_counts_too(self, asked):
        found = asked(settings.secret_key, SECRET_KEY=GOOD_KEY, SECRET_KEY_FALLBACKS=["dev"])
        assert found.result == "fail"

    @pytest.mark.parametrize(
        ("check", "wrong", "words"),
        [
            (settings.debug, {"DEBUG": True}, "DEBUG"),
            (settings.debug, {"TESTING": True}, "TESTING"),
            (settings.address, {"PUBLIC_URL": "http://portal.customer.com"}, "in clear"),
            (settings.cookies, {"SESSION_COOKIE_SECURE": False}, "SESSION_COOKIE_SECURE"),
            (settings.cookies, {"SESSION_COOKIE_HTTPONLY": False}, "SESSION_COOKIE_HTTPONLY"),
            (settings.cookies, {"SESSION_COOKIE_SAMESITE": None}, "SESSION_COOKIE_SAMESITE"),
            (settings.cookies, {"SESSION_COOKIE_NAME": "gatehouse"}, "SESSION_COOKIE_NAME"),
            (settings.cookies, {"STAFF_COOKIE_NAME": "gatehouse-staff"}, "STAFF_COOKIE_NAME"),
            (settings.hsts, {"HSTS": False}, "Strict-Transport-Security"),
            (settings.hosts, {"TRUSTED_HOSTS": None}, "every host"),
            (settings.hosts, {"TRUSTED_HOSTS": ["portal.customer.com", "localhost"]}, "localhost"),
            (settings.proxies, {"TRUSTED_PROXIES": 0}, "share one address"),
            (settings.proxies, {"TRUSTED_PROXIES": 9}, "X-Forwarded-For"),
            (settings.proxies, {"PUBLIC_URL": "http://portal.customer.com"}, "X-Forwarded-For"),
            (settings.lifetimes, {"PASSWORD_MIN": 6}, "PASSWORD_MIN is 6"),
            (settings.lifetimes, {"INVITATION_LIFE": timedelta(days=30)}, "INVITATION_HOURS"),
            (settings.lifetimes, {"RESET_LIFE": timedelta(days=8)}, "RESET_HOURS"),
            (settings.lifetimes, {"SESSION_IDLE": timedelta(days=1)}, "SESSION_IDLE_MINUTES"),
            (settings.sender, {"MAIL_DEFAULT_SENDER": "portal@gatehouse.example"}, "cannot exist"),
            (settings.sender, {"MAIL_DEFAULT_SENDER": "portal"}, "no address"),
        ],
    )
    def test_each_that_is_wrong(self, asked, check, wrong, words):
        found = asked(check, **{**GOOD, **wrong})
        assert found.result == "fail"
        assert words in found.words
        assert found.cure

    def test_flask_debug(self, asked, monkeypatch):
        monkeypatch.setenv("FLASK_DEBUG", "1")
        assert asked(settings.debug, **GOOD).result == "fail"

    def test_gunicorn_believes_everybody(self, asked, monkeypatch):
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
        assert asked(settings.proxies, **GOOD).result == "fail"

    def test_nobody_is_named_for_holes(self, asked):
        assert asked(settings.security_contact, SECURITY_CONTACT="").result == "warn"

    def test_development_is_told_and_let_be(self, asked):
        assert asked(settings.mode).result == "warn"
        assert asked(settings.address).result == "warn"


class TestFolders:
    @pytest.fixture
    def instance(self, tmp_path):
        tmp_path.chmod(0o700)
        return {"PRODUCTION": True, "INSTANCE_DIR": str(tmp_path)}

    def test_instance_folder(self, asked, instance):
        assert asked(folders.instance_folder, **instance).result == "ok"
        os.chmod(instance["INSTANCE_DIR"], 0o755)
        assert asked(folders.instance_folder, **instance).result == "fail"

    def test_a_new_instance_folder_is_shut(self, tmp_path):
        from portal.config import settings as read

        read({"INSTANCE_DIR": str(tmp_path / "new")})
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0

    def test_database_file(self, asked, instance):
        file = Path(instance["INSTANCE_DIR"]) / "gatehouse.db"
        file.touch(mode=0o644)
        os.chmod(file, 0o644)
        instance["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{file}"
        assert asked(folders.database_file, **instance).result == "ok"
        os.chmod(file.parent, 0o755)
        assert asked(folders.database_file, **instance).result == "fail"
        os.chmod(file, 0o600)
        assert asked(folders.database_file, **instance).result == "ok"

    def test_settings_files(self, asked, tmp_path, monkeypatch):
        file = tmp_path / ".env"
        monkeypatch.setattr(folders, "SETTINGS_FILES", (file,))
        assert asked(folders.settings_files).result == "ok"
        file.write_text("SECRET_KEY=x")
        tmp_path.chmod(0o755)
        file.chmod(0o644)
        assert asked(folders.settings_files).result == "fail"
        file.chmod(0o640)
        assert asked(folders.settings_files).result == "ok"

    def test_uploads(self, asked, instance):
        assert asked(folders.uploads, **instance).result == "ok"
        assert asked(folders.uploads, INSTANCE_DIR=str(ROOT / "static" / "kept")).result == "fail"

    def test_space(self, asked, instance, monkeypatch):
        """The disk is real; how much it must have free is what the test raises."""
        monkeypatch.setattr(folders, "LEAST_FREE", 0)
        monkeypatch.setattr(folders, "LITTLE_FREE", 0)
        assert asked(folders.space, **instance).result == "ok"
        monkeypatch.setattr(folders, "LITTLE_FREE", 10**18)
        assert asked(folders.space, **instance).result == "warn"
        monkeypatch.setattr(folders, "LEAST_FREE", 10**18)
        assert asked(folders.space, **instance).result == "fail"


class TestVersions:
    def test_python(self, asked, monkeypatch):
        assert asked(versions.python).result == "ok"
        with time_machine.travel(datetime(2040, 1, 1, tzinfo=UTC)):
            assert asked(versions.python).result == ("warn" if sys.version_info.minor <= 14 else "ok")
        monkeypatch.setattr(versions, "LEAST_PYTHON", (99, 0))
        assert asked(versions.python).result == "fail"

    def test_database(self, asked, monkeypatch):
        assert asked(versions.engine).result in ("ok", "warn")
        monkeypatch.setattr(versions, "LEAST_SQLITE", (99, 0))
        monkeypatch.setattr(versions, "LEAST_POSTGRESQL", 99)
        assert asked(versions.engine).result == "fail"


class TestPeople:
    def test_administrator(self, asked, writing):
        with writing():
            db.session.execute(db.update(StaffUser).values(disabled_at=now()))
        assert asked(people.administrator, PRODUCTION=True).result == "fail"
        with writing():
            db.session.add(StaffUser(email="a@b.com", email_key="a@b.com", name="A", role="administrator"))
        assert asked(people.administrator, PRODUCTION=True).result == "ok"
        with writing():
            db.session.execute(db.update(StaffUser).values(disabled_at=now()))
        assert asked(people.administrator, PRODUCTION=True).result == "fail"

    def test_companies_without_an_admin(self, asked, town, writing):
        """P8, T11."""
        assert asked(people.admins).result == "ok"
        with writing():
            stan = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.stan.email)).one()
            duo = db.session.scalars(db.select(PortalUser).where(PortalUser.email == town.duo.email)).one()
            stan.disabled_at = duo.disabled_at = now()
        found = asked(people.admins)
        assert (found.result, "Globex" in found.words, "Acme" in found.words) == ("warn", True, False)
        with writing():
            db.session.get_one(Company, town.globex.id).exited_at = now()
        assert asked(people.admins).result == "ok"

    def test_people_of_the_demo(self, asked, tmp_path):
        """T90: development may have them, production may not."""
        assert asked(people.demo).result == "ok"
        found = asked(people.demo, PRODUCTION=True, INSTANCE_DIR=str(tmp_path))
        assert found.result == "fail"
        assert "cannot exist" in found.words

    def test_the_demo_password(self, asked, town, writing, tmp_path):
        with writing():
            db.session.execute(db.update(StaffUser).values(disabled_at=now()))
            for user in db.session.scalars(db.select(PortalUser)):
                user.email_key = user.email_key.replace(".example", ".com")
            user.password_hash = passwords.hashed("saffron-fern-falcon-ember")
            someone = user.email_key
        here = {"PRODUCTION": True, "INSTANCE_DIR": str(tmp_path)}
        assert asked(people.demo, **here).result == "ok"
        told = {"people": [{"email": someone}], "password": "not the one"}
        (tmp_path / "demo.json").write_text(json.dumps(told))
        assert asked(people.demo, **here).result == "warn"
        told["password"] = "saffron-fern-falcon-ember"
        (tmp_path / "demo.json").write_text(json.dumps(told))
        found = asked(people.demo, **here)
        assert (found.result, "demo.json opens" in found.words) == ("fail", True)
        assert PASSWORD not in found.words
