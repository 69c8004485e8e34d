"""What the doctor says about one thing: its name, whether it is well, the words and the cure."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

from flask import current_app


class Result(StrEnum):
    """How a thing stands; only `fail` makes the command exit with 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing."""

    name: str
    result: Result
    words: str
    cure: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the finding as plain strings."""
        return {key: str(value) for key, value in asdict(self).items()}


Check = Callable[[], Finding]


def ok(name: str, words: str) -> Finding:
    """Return that all is well."""
    return Finding(name, Result.OK, words)


def warn(name: str, words: str, cure: str) -> Finding:
    """Return that something could be better."""
    return Finding(name, Result.WARN, words, cure)


def fail(name: str, words: str, cure: str) -> Finding:
    """Return that something must be put right."""
    return Finding(name, Result.FAIL, words, cure)


def grave(name: str, words: str, cure: str) -> Finding:
    """Return what must be put right in production, and may stay as it is in development."""
    return (fail if current_app.config["PRODUCTION"] else warn)(name, words, cure)
