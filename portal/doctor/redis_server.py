"""Whether Redis is there, shut to strangers, and keeps what it holds over a restart."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import current_app, has_request_context

from portal.doctor.finding import Finding, fail, grave, ok, warn

WAIT_SECONDS = 2
PAGE_SECONDS = 0.5
_START = "Start Redis or Valkey, and set REDIS_URL to it."


def line(*, decoded: bool = True) -> "redis.Redis":
    """Return a connection to the configured server that waits for WAIT_SECONDS at most; a page waits less."""
    wait = PAGE_SECONDS if has_request_context() else WAIT_SECONDS
    waits: dict[str, Any] = {"socket_timeout": wait, "socket_connect_timeout": wait}
    return redis.Redis.from_url(current_app.config["REDIS_URL"], decode_responses=decoded, **waits)


def there() -> Finding:
    """Whether there is one that answers."""
    if not current_app.config["REDIS_URL"]:
        words = "There is none: mail waits for the clock, and each web process counts its limits alone."
        return grave("Redis", words, _START)
    try:
        line().ping()
    except redis.RedisError as problem:
        return fail("Redis", f"It does not answer ({type(problem).__name__}).", _START)
    return ok("Redis", "It answers.")


def shut() -> Finding:
    """Whether nobody but us can reach it without a password (T89)."""
    url = urlsplit(current_app.config["REDIS_URL"])
    if not url.scheme.startswith("redis") or url.password:
        return ok("Redis access", "A password or a socket of its own keeps strangers out.")
    cure = "Let it listen on a socket or on loopback with protected-mode yes, or give it a password."
    if not is_local(url.hostname or ""):
        return grave("Redis access", f"Redis on {url.hostname} asks for no password.", cure)
    try:
        told: dict[str, str] = line().config_get("protected-mode")  # type: ignore[assignment]
    except redis.RedisError as problem:
        return warn("Redis access", f"It could not be asked ({type(problem).__name__}).", cure)
    if told.get("protected-mode") == "no":
        return grave("Redis access", "Its protected-mode is off and it has no password.", cure)
    return ok("Redis access", "Only this machine reaches it.")


def encrypted() -> Finding:
    """Whether what goes to a Redis on another machine is encrypted on its way."""
    url = urlsplit(current_app.config["REDIS_URL"])
    if url.scheme == "redis" and not is_local(url.hostname or "localhost"):
        words = f"What goes to {url.hostname} can be read on its way."
        return warn("Redis encryption", words, "Use rediss://, unless the network between is yours alone.")
    return ok("Redis encryption", "Nobody on the way can read along.")


def keeps() -> Finding:
    """Whether it writes down what it holds; nothing of value is in it, but the limits start anew without."""
    cure = "Set appendonly yes and maxmemory-policy noeviction."
    try:
        told: dict[str, str] = line().config_get("appendonly", "save", "maxmemory-policy")  # type: ignore[assignment]
    except (redis.RedisError, ValueError) as problem:
        return warn("Redis persistence", f"It could not be asked ({type(problem).__name__}).", cure)
    if told.get("appendonly") != "yes" and not told.get("save"):
        return warn("Redis persistence", "It writes nothing down: a restart forgets who is limited.", cure)
    if told.get("maxmemory-policy", "noeviction") != "noeviction":
        return warn("Redis persistence", "It throws away what it holds when its memory is full.", cure)
    return ok("Redis persistence", "It writes down what it holds.")


def is_local(host: str) -> bool:
    """Return whether `host` is this machine, named or by its loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


CHECKS = (there, encrypted)
# Asked only where it answers.
INSIDE = (shut, keeps)
