"""Whether mail goes out: a worker and the clock are at it, and nothing lies around."""

from datetime import UTC, datetime, timedelta

import redis
from flask import current_app
from rq import Queue, Worker

from portal import outbox
from portal.clock import now
from portal.doctor import redis_server
from portal.doctor.finding import Finding, fail, ok, warn
from portal.doorbell import QUEUE
from portal.extensions import db
from portal.models import Pulse
from portal.queries.standing import longest_due, paused_webhooks

SILENT = timedelta(minutes=5)
LATE = timedelta(minutes=5)
_WORKER = "Start: flask --app wsgi worker"
_CLOCK = "Start: flask --app wsgi clock"


def worker() -> Finding:
    """Whether a worker that sends mail was seen lately; without Redis the clock does its work."""
    if not current_app.config["REDIS_URL"]:
        return ok("worker", "Without Redis the clock sends the mail.")
    try:
        queue = Queue(QUEUE, connection=redis_server.line(decoded=False))
        beats = [each.last_heartbeat for each in Worker.all(queue=queue)]
    except redis.RedisError as problem:
        return warn("worker", f"Redis could not be asked ({type(problem).__name__}).", "See: Redis.")
    seen = [beat for beat in beats if beat and now() - beat.replace(tzinfo=UTC) < SILENT]
    if not seen:
        return fail("worker", "No worker was seen in the last 5 minutes: mail waits.", _WORKER)
    return ok("worker", f"{len(seen)} at work.")


def clock() -> Finding:
    """Whether the clock, which finds what nobody was told of, was seen lately."""
    pulse = db.session.get(Pulse, "clock")
    if pulse is None:
        return fail("clock", "The clock has never been at work here.", _CLOCK)
    if now() - pulse.at > SILENT:
        return fail("clock", f"The clock was last seen on {_said(pulse.at)}.", _CLOCK)
    return ok("clock", "It is at work.")


def oldest_mail() -> Finding:
    """Whether a mail that should have left is still there."""
    waiting = longest_due(outbox.due(now()))
    if waiting is not None and now() - waiting > LATE:
        words = f"A mail waits since {_said(waiting)} to be sent."
        return fail("mail", words, "Look at worker and clock, and at the log of the worker.")
    return ok("mail", "Nothing waits longer than it should.")


def paused() -> Finding:
    """Whether a webhook is called no more, because it failed or somebody paused it."""
    found = paused_webhooks()
    if found:
        cure = "Mend what is called, then resume it under API in the staff menu."
        return warn("webhooks", f"Paused: {', '.join(found)}.", cure)
    return ok("webhooks", "None is paused.")


def _said(at: datetime) -> str:
    return f"{at:%d %B %Y, %H:%M} UTC"


CHECKS = (worker, clock, oldest_mail, paused)
