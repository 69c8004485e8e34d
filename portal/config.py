"""The settings: read from the environment once, checked, and refused with a sentence when they are wrong."""

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from limits import parse_many

from portal import money
from portal.secret_files import ConfigError as ConfigError
from portal.secret_files import with_files

ROOT = Path(__file__).resolve().parent.parent
# What keys copied from examples are made of; random ones hold none of these.
_EXAMPLES = ("secret", "changeme", "change-me", "change_me", "default", "example", "password", "gatehouse")
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_KEPT = (("MAIL_TEXT", 30), ("MAIL", 180), ("SESSIONS", 90))


def settings(env: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return Flask's configuration made from `env`.

    Raises ConfigError with one sentence about the first setting that cannot be used.
    """
    env = with_files(env)
    production = _production(env)
    instance = Path(env.get("INSTANCE_DIR") or ROOT / "instance").resolve()
    public_url = _public_url(env, port := _whole(env, "PORT", 5000), production)
    return {
        "PRODUCTION": production,
        "INSTANCE_DIR": str(instance),
        "PORT": port,
        "PUBLIC_URL": public_url,
        "SECRET_KEY": _secret_key(env, instance, production),
        "SECRET_KEY_FALLBACKS": _older_keys(env, production),
        "TRUSTED_HOSTS": _hosts(public_url, production),
        "TRUSTED_PROXIES": _whole(env, "TRUSTED_PROXIES", 0),
        "DEFAULT_COUNTRY": env.get("DEFAULT_COUNTRY", "GB"),
        "TIME_ZONE": _zone(env),
        "CURRENCY": _currency(env),
        **_signing_in(env),
        **_lifetimes(env),
        **_limits(env),
        **_database(env, instance),
        **_redis(env),
        **_mail(env),
        **_web(production, public_url),
    }


def _production(env: Mapping[str, str]) -> bool:
    name = env.get("GATEHOUSE_ENV") or "development"
    if name not in ("production", "development"):
        raise ConfigError(f"GATEHOUSE_ENV is {name!r}. Say production or development.")
    if name == "production" and _flag(env, "FLASK_DEBUG", False):
        raise ConfigError(
            "FLASK_DEBUG is on. It shows the inside of the program; take it away in production."
        )
    return name == "production"


def _signing_in(env: Mapping[str, str]) -> dict[str, Any]:
    return {
        "SELF_SIGN_UP": _flag(env, "SELF_SIGN_UP", False),
        "PASSWORD_MIN": _whole(env, "PASSWORD_MIN", 12),
    }


def _lifetimes(env: Mapping[str, str]) -> dict[str, Any]:
    remembered = timedelta(days=_hours(env, "REMEMBER_DAYS", 30))
    return {
        "INVITATION_LIFE": timedelta(hours=_hours(env, "INVITATION_HOURS", 24)),
        "RESET_LIFE": timedelta(hours=_hours(env, "RESET_HOURS", 24)),
        "CONFIRM_LIFE": timedelta(hours=_hours(env, "CONFIRM_HOURS", 24)),
        "INITIAL_PASSWORD_LIFE": timedelta(hours=24),
        "SESSION_IDLE": timedelta(minutes=_hours(env, "SESSION_IDLE_MINUTES", 30)),
        "SESSION_LIFE": timedelta(hours=_hours(env, "SESSION_HOURS", 12)),
        "STAFF_IDLE": timedelta(minutes=_hours(env, "STAFF_IDLE_MINUTES", 15)),
        "STAFF_LIFE": timedelta(hours=_hours(env, "STAFF_HOURS", 8)),
        "STAFF_LINK_LIFE": timedelta(hours=_hours(env, "STAFF_LINK_HOURS", 24)),
        **{f"KEEP_{each}": timedelta(days=_hours(env, f"KEEP_{each}_DAYS", days)) for each, days in _KEPT},
        **dict.fromkeys(("REMEMBERED_LIFE", "PERMANENT_SESSION_LIFETIME"), remembered),
    }


def _limits(env: Mapping[str, str]) -> dict[str, Any]:
    return {
        "SIGN_IN_LIMIT": _rate(env, "SIGN_IN_LIMIT", "10", "5 minutes"),
        "CODE_LIMIT": _rate(env, "CODE_LIMIT", "30", "hour"),
        "ADDRESS_LIMIT": _rate(env, "ADDRESS_LIMIT", "100", "5 minutes"),
        "EXPORT_LIMIT": _rate(env, "EXPORT_LIMIT", "60", "5 minutes"),
        "IMPORT_LIMIT": _rate(env, "IMPORT_LIMIT", "20", "5 minutes"),
        "STRENGTH_LIMIT": _rate(env, "STRENGTH_LIMIT", "600", "5 minutes"),
        "RESEND_LIMIT": _rate(env, "RESEND_LIMIT", "5", "hour"),
        "INVITE_LIMIT": _rate(env, "INVITE_LIMIT", "1000", "day"),
        "API_LIMIT": _rate(env, "API_LIMIT", "600", "minute"),
    }


def _database(env: Mapping[str, str], instance: Path) -> dict[str, Any]:
    url = env.get("DATABASE_URL") or f"sqlite:///{instance / 'gatehouse.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url[len(prefix) :]
    if not url.startswith("postgresql"):
        return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": {}}
    options: dict[str, Any] = {"pool_pre_ping": True}
    longest = int(_hours(env, "STATEMENT_SECONDS", 30) * 1_000)
    if "options=" not in url:  # whoever names options of their own says this there too
        options["connect_args"] = {"options": f"-c statement_timeout={longest}"}
    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options}


def _redis(env: Mapping[str, str]) -> dict[str, Any]:
    url = env.get("REDIS_URL", "")
    # The limiter's storage names a socket differently from redis-py.
    storage = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
    waits = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    return {
        "REDIS_URL": url,
        "RATELIMIT_STORAGE_URI": storage or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": waits if storage else {},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": bool(storage),
        "RATELIMIT_HEADERS_ENABLED": False,
    }


def _mail(env: Mapping[str, str]) -> dict[str, Any]:
    tls = _flag(env, "MAIL_USE_TLS", False)
    return {
        "MAIL_SERVER": env.get("MAIL_SERVER", "127.0.0.1"),
        "MAIL_PORT": _whole(env, "MAIL_PORT", 587 if tls else 25),
        **{name: env.get(name) or None for name in ("MAIL_USERNAME", "MAIL_PASSWORD")},
        "MAIL_USE_TLS": tls,
        "MAIL_USE_SSL": _flag(env, "MAIL_USE_SSL", False),
        "MAIL_TIMEOUT": _whole(env, "MAIL_TIMEOUT", 20),
        "SECURITY_CONTACT": _contact(env),
        "WEBHOOK_NETWORKS": _networks(env),
        "DEACTIVATION_MAIL": _flag(env, "DEACTIVATION_MAIL", False),
        "MAIL_DEFAULT_SENDER": env.get("MAIL_DEFAULT_SENDER") or "portal@gatehouse.example",
    }


def _web(production: bool, public_url: str) -> dict[str, Any]:
    secure = urlsplit(public_url).scheme == "https"
    return {
        **dict.fromkeys(("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE"), 1_000_000),
        # Only where files are taken: six of the largest and what stands around them.
        "MAX_UPLOAD_LENGTH": 61_000_000,
        "MAX_FORM_PARTS": 1_000,
        "THEME_COOKIE_NAME": "__Host-theme" if secure else "theme",
        "SESSION_COOKIE_NAME": "__Host-gatehouse" if secure else "gatehouse",
        "STAFF_COOKIE_NAME": "__Host-gatehouse-staff" if secure else "gatehouse-staff",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "HSTS": production and secure,
        "COMPRESS_MIMETYPES": ["text/html", "text/css", "application/json"],
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 5,
    }


def _public_url(env: Mapping[str, str], port: int, production: bool) -> str:
    url = env.get("PUBLIC_URL", "").rstrip("/")
    if not url:
        if production:
            raise ConfigError(
                "PUBLIC_URL is not set. Give the address people use, like https://portal.example.com."
            )
        return f"http://127.0.0.1:{port}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ConfigError(
            f"PUBLIC_URL is {url!r}. It must look like https://portal.example.com, without a path."
        )
    return url


def _hosts(public_url: str, production: bool) -> list[str]:
    host = urlsplit(public_url).hostname or "localhost"
    return [host] if production else list({host, "localhost", "127.0.0.1"})


def _secret_key(env: Mapping[str, str], instance: Path, production: bool) -> str:
    key = env.get("SECRET_KEY", "")
    if production:
        if guessable(key):
            raise ConfigError(
                "SECRET_KEY is missing, too short or too simple. Give at least 32 random characters, for "
                'example from: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return key
    return key or _kept_key(instance / "secret_key")


def _older_keys(env: Mapping[str, str], production: bool) -> list[str]:
    keys = [key.strip() for key in env.get("SECRET_KEY_FALLBACKS", "").split(",") if key.strip()]
    if production and any(map(guessable, keys)):
        raise ConfigError("SECRET_KEY_FALLBACKS holds a key that is too short or too simple. Leave it out.")
    return keys


def guessable(key: str) -> bool:
    """Return whether `key` is short, repeats itself or was copied from an example."""
    repeats = key in (key + key)[1:-1]
    return len(key) < 32 or len(set(key)) < 10 or repeats or any(word in key.casefold() for word in _EXAMPLES)


def _contact(env: Mapping[str, str]) -> str:
    """Return where holes are reported, as an address that can be opened; empty where nobody is named."""
    text = env.get("SECURITY_CONTACT", "").strip()
    parts = urlsplit(text)
    if not text or (parts.scheme in ("https", "mailto") and not set(text) & set(" \r\n\t")):
        return text
    if "@" in text.strip("@") and text.isprintable() and not set(text) & set(" <>,:"):
        return f"mailto:{text}"
    raise ConfigError(f"SECURITY_CONTACT is {text!r}. Give an e-mail address or an https:// address.")


def _networks(env: Mapping[str, str]) -> list[str]:
    """Return the networks that are not on the internet and that webhooks may still lead to."""
    try:
        return [str(ip_network(name)) for name in env.get("WEBHOOK_NETWORKS", "").replace(",", " ").split()]
    except ValueError as wrong:
        raise ConfigError(f"WEBHOOK_NETWORKS: {wrong}. Give networks like 10.1.0.0/16.") from None


def _kept_key(file: Path) -> str:
    """Return the development key of this instance folder, made on first use, so links outlive a restart."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
        return file.read_text().strip()


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal():
        raise ConfigError(f"{name} is {text!r}. It must be a whole number.")
    return int(text)


def _zone(env: Mapping[str, str]) -> str:
    name = env.get("TIME_ZONE") or "UTC"
    if name not in available_timezones():
        raise ConfigError(f"TIME_ZONE is {name!r}. Give a name like Europe/London.")
    return name


def _currency(env: Mapping[str, str]) -> str:
    code = env.get("CURRENCY") or money.DEFAULT_CURRENCY
    if code not in money.SIGNS:
        raise ConfigError(f"CURRENCY is {code!r}. It must be one of {', '.join(sorted(money.SIGNS))}.")
    return code


def _hours(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else float(default)
    except ValueError:
        value = -1.0
    if not 0 < value < 100_000:
        raise ConfigError(f"{name} is {text!r}. It must be a number above 0; decimals are allowed.")
    return value


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name, "").strip().casefold()
    if name not in env:
        return default
    if text not in YES | NO:
        raise ConfigError(f"{name} is {text!r}. Say true or false.")
    return text in YES


def _rate(env: Mapping[str, str], name: str, count: str, per: str) -> str:
    """Return a rate such as "10 per 5 minutes"; a bare number keeps the usual period."""
    text = env.get(name, "").strip() or count
    rate = f"{text} per {per}" if text.isdecimal() else text
    try:
        parse_many(rate)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}. Give a number, or a rate like '10 per 5 minutes'.") from None
    return rate
