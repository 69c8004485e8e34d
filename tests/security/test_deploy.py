"""What the set-up adds: secrets in files, an end to statements, units that reach little (ASVS 13)."""

import configparser
import time

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from portal.config import ROOT, ConfigError, settings

DEPLOY = ROOT / "deploy"


def unit(name: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(DEPLOY / "systemd" / name)
    return parser["Service"]


def test_the_web_process_reaches_this_machine_alone():
    """13.2.4."""
    web = unit("gatehouse-web.service")
    assert (web["IPAddressDeny"], web["IPAddressAllow"]) == ("any", "localhost")


def test_only_the_web_server_in_front_reaches_gunicorn():
    """T77: whoever is slow is slow there; it has time-outs and hands on what is whole."""
    assert "--bind 127.0.0.1:8000 " in unit("gatehouse-web.service")["ExecStart"]
    assert 'ports: ["127.0.0.1:8000:8000"]' in (DEPLOY / "compose.yml").read_text()
    words = (DEPLOY / "README.md").read_text()
    assert {"read_header 10s", "read_body 60s", "request_buffers 64MiB"} <= set(
        map(str.strip, words.splitlines())
    )


def test_the_database_needs_no_password():
    """13.2.1: over its socket PostgreSQL asks the system who is there."""
    lines = (DEPLOY / "gatehouse.env.example").read_text().splitlines()
    addresses = [line for line in lines if line.startswith("DATABASE_")]
    assert addresses == [
        "DATABASE_URL=postgresql://gatehouse@/gatehouse?host=/var/run/postgresql",
        "DATABASE_OWNER_URL=postgresql://gatehouse_owner@/gatehouse?host=/var/run/postgresql",
    ]


def test_secrets_from_files(tmp_path):
    """13.3.1: as a vault's agent or systemd writes them; one that is not there stops the portal."""
    wanted = {
        "SECRET_KEY": "kD8u2nQz7vR4tY1wX5bM9cL3fG6hJ0pS",
        "SECRET_KEY_FALLBACKS": "Zq3vT8yN1mB6xC4kL9wR2hJ7gF5dS0pA",
        "REDIS_URL": "rediss://:pw@cache.example:6379/0",
        "MAIL_PASSWORD": "of the mail server",
    }
    env = {"INSTANCE_DIR": str(tmp_path)}
    for name, value in wanted.items():
        (tmp_path / name).write_text(value + "\n")
        env[f"{name}_FILE"] = str(tmp_path / name)
    (tmp_path / "db").write_text("postgresql://gatehouse:pw@db.example/gatehouse\n")
    found = settings({**env, "DATABASE_URL_FILE": str(tmp_path / "db")})
    assert {**wanted, "SECRET_KEY_FALLBACKS": [wanted["SECRET_KEY_FALLBACKS"]]} == {
        name: found[name] for name in wanted
    }
    assert found["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://gatehouse:pw@db.example/gatehouse"
    with pytest.raises(ConfigError, match=r"^REDIS_URL_FILE and REDIS_URL are both set"):
        settings({**env, "REDIS_URL": "redis://127.0.0.1"})
    with pytest.raises(ConfigError, match=r"^MAIL_PASSWORD_FILE is '.*/none', which cannot be read"):
        settings({**env, "MAIL_PASSWORD_FILE": str(tmp_path / "none")})


@pytest.mark.postgresql_only
def test_a_statement_has_an_end(database, database_url):
    """T73: PostgreSQL ends what takes longer than STATEMENT_SECONDS."""
    shown = database_url.replace("postgresql+psycopg://", "postgresql://")
    found = settings({"DATABASE_URL": shown, "STATEMENT_SECONDS": "0.2"})
    engine = create_engine(found["SQLALCHEMY_DATABASE_URI"], **found["SQLALCHEMY_ENGINE_OPTIONS"])
    began = time.monotonic()
    with engine.connect() as connection, pytest.raises(OperationalError, match="statement timeout"):
        connection.execute(text("SELECT pg_sleep(20)"))
    assert time.monotonic() - began < 5
    engine.dispose()
    usual = settings({"DATABASE_URL": shown})["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    assert usual == {"options": "-c statement_timeout=30000"}
