"""Secrets that stand in files of their own, written by whatever keeps them: NAME_FILE names the file."""

from collections.abc import Mapping
from pathlib import Path

NAMES = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "MAIL_PASSWORD")


class ConfigError(Exception):
    """A setting is missing or wrong; the text says which and what to do."""


def with_files(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return `env` with what those files hold. Raises ConfigError where one cannot be read or is too much."""
    found = dict(env)
    for name in NAMES:
        file = env.get(f"{name}_FILE")
        if file and env.get(name):
            raise ConfigError(f"{name}_FILE and {name} are both set. Leave one of them out.")
        if file:
            found[name] = _held(name, file)
    return found


def _held(name: str, file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except (OSError, ValueError):
        raise ConfigError(f"{name}_FILE is {file!r}, which cannot be read as text.") from None
