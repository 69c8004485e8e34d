"""Whether this machine's clock agrees with those of the database, of Redis and of the web server in front."""

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import redis
from flask import current_app
from sqlalchemy import func, select

from portal.clock import now
from portal.doctor import redis_server
from portal.doctor.finding import Finding, fail, ok, warn
from portal.extensions import db

TOLERATED = timedelta(minutes=5)
WAIT_SECONDS = 5
_CURE = "Set the clocks by NTP (timedatectl set-ntp true): links and sign-ins end by the clock."


def of_the_database() -> Finding:
    """Whether the database server's clock agrees with ours (T47)."""
    if db.engine.dialect.name == "sqlite":
        return ok("clock of the database", "The database is on this machine.")
    theirs: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    return _compared("clock of the database", theirs)


def of_redis() -> Finding:
    """Whether the clock of Redis, by which limits end, agrees with ours."""
    try:
        seconds, _ = redis_server.line().time()  # type: ignore[misc]
    except redis.RedisError as problem:
        return warn("clock of Redis", f"It could not be asked ({type(problem).__name__}).", "See: Redis.")
    return _compared("clock of Redis", datetime.fromtimestamp(seconds, UTC))


def front_door() -> Finding:
    """Whether PUBLIC_URL leads to this portal, and whether the clock there agrees with ours."""
    url, name = f"{current_app.config['PUBLIC_URL']}/health", "public address"
    cure = "Look at the name's address, the certificate and the web server in front."
    try:
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:  # noqa: S310 - our own setting, http(s)
            said, date = answer.read(100), answer.headers.get("Date")
    except (OSError, ValueError) as problem:
        return warn(name, f"{url} was not reached from here: {problem}", cure)
    if said.strip() != b"ok":
        return fail(name, f"{url} is answered by something else.", cure)
    return _compared(name, parsedate_to_datetime(date)) if date else ok(name, f"{url} answers.")


def _compared(name: str, theirs: datetime) -> Finding:
    apart = abs(now() - theirs)
    if apart > TOLERATED:
        return fail(name, f"It is {_span(apart)} apart from the clock here.", _CURE)
    return ok(name, "It agrees with the clock here.")


def _span(apart: timedelta) -> str:
    minutes = round(apart.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"


CHECKS = (front_door,)
WITH_DATABASE = (of_the_database,)
WITH_REDIS = (of_redis,)
