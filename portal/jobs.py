"""What happens later: the worker's jobs, and the clock that finds what nobody was told of."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from types import FrameType

import click
import redis
from flask import Flask, current_app
from rq import Queue, SimpleWorker
from sqlalchemy import update

from portal import delivery, listeners, mail, outbox, webhook_delivery, webhooks
from portal.actions import notices, passwords, retention
from portal.clock import now, zone
from portal.doorbell import QUEUE, doorbell
from portal.extensions import db
from portal.importing import steps
from portal.models import Pulse
from portal.queries.imports import due_ids as due_imports
from portal.transaction import transaction

TICK_SECONDS = 5.0
PULSE_SECONDS = 60.0
TELL_EVERY, MORNING = timedelta(hours=1), 7
HANDFUL, FEW_CALLS = 500, 10
# A request just made has its own job on the way; one older than a day is of no use to anybody.
FRESH, STALE = timedelta(seconds=5), timedelta(days=1)
log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Give `app` the commands `flask worker` and `flask clock`."""
    app.cli.add_command(worker_command)
    app.cli.add_command(clock_command)


@contextmanager
def _own_context() -> Iterator[None]:
    """A context, and with it a database session, for one job alone; the command gave the application."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.app_context():
        yield


def send_letter(letter_id: int) -> None:
    """Job: send this letter if it is due. Doing it twice sends it once."""
    with _own_context():
        delivery.send(letter_id, mail.render)


def call_webhook(delivery_id: int) -> None:
    """Job: tell a webhook what happened, if that is due. Doing it twice tells it once."""
    with _own_context():
        webhook_delivery.send(delivery_id)


def answer_password_request(request_id: int) -> None:
    """Job: answer this password request. Doing it twice answers it once."""
    with _own_context(), transaction(write=True):
        passwords.answer_request(request_id)


def run_import(import_id: int) -> None:
    """Job: go on with this import for a few seconds. Two at once do no harm: one of them finds it taken."""
    _go_on(import_id, "continue_import")


def continue_import(import_id: int) -> None:
    """Job: as run_import. A job that rings itself would be taken away with the one that just ended."""
    _go_on(import_id, "run_import")


def _go_on(import_id: int, next_job: str) -> None:
    with _own_context():
        bell = doorbell()
        if steps.step(import_id) and bell:
            bell.ring(next_job, import_id)


class _SteadyWorker(SimpleWorker):
    # No fork for each letter: that takes longer than sending it, and what a dying worker leaves behind is
    # found by its row.
    # Redis may have been away for long: look for it often enough to be back soon after it is.
    max_connection_wait_time = 5.0
    asked_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


@click.command("worker")
def worker_command() -> None:
    """Send mail and do what else was put off; needs Redis."""
    if not current_app.config["REDIS_URL"]:
        sys.exit("A worker needs REDIS_URL. Without it the clock does the work: flask --app wsgi clock")
    line = redis.Redis.from_url(current_app.config["REDIS_URL"], socket_connect_timeout=5)
    _until_it_answers(line)
    # The time to live bounds how long it listens to a line that has gone dead.
    queue = Queue(QUEUE, connection=line, serializer="json")
    worker = _SteadyWorker([queue], connection=line, serializer="json", worker_ttl=30)
    # It says goodbye to Redis, which may be what went away.
    with suppress(redis.RedisError):
        worker.work(logging_level="WARNING")
    if not worker.asked_to_stop:
        sys.exit("The worker lost Redis and stops; start it again.")


def _until_it_answers(line: "redis.Redis") -> None:
    while True:
        try:
            line.ping()
        except redis.RedisError as problem:
            log.warning("waiting for Redis (%s)", type(problem).__name__)
            time.sleep(1)
        else:
            return


@click.command("clock")
def clock_command() -> None:
    """Look every few seconds for mail that is due, hourly for what the day brought; clean up once a day."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cleaned = told = now() - timedelta(days=1)
    beaten = time.monotonic() - PULSE_SECONDS
    while True:
        if time.monotonic() - beaten >= PULSE_SECONDS:
            beaten = time.monotonic()
            _quietly(beat)
        _quietly(find_due)
        if now() - told >= TELL_EVERY:
            told = now()
            _quietly(tell)
        if now() - cleaned >= timedelta(days=1):
            cleaned = now()
            _quietly(clean_up)
        if stop.wait(TICK_SECONDS):
            return


def _quietly(step: Callable[..., None], *row: int) -> None:
    """The clock goes on whatever happens: the database may be away as well."""
    try:
        with _own_context():
            step(*row)
    except Exception:
        log.exception("the clock could not do %s", step.__name__)


def beat() -> None:
    """Write down that the clock is at work."""
    with transaction(write=True):
        seen = db.session.execute(update(Pulse).where(Pulse.name == "clock").values(at=now()))
        if not seen.rowcount:  # type: ignore[attr-defined]
            db.session.add(Pulse(name="clock", at=now()))


def find_due() -> None:
    """Have what is due taken up by a worker or, without Redis, here: mail, requests, webhooks, imports."""
    with transaction(write=False):
        letters = outbox.due_ids(HANDFUL)
        requests = outbox.unanswered_ids(now() - STALE, now() - FRESH, HANDFUL)
        hooks = webhooks.due_ids(HANDFUL)
        tables = due_imports(HANDFUL)
    jobs = [("answer_password_request", row_id) for row_id in requests]
    jobs += [("send_letter", row_id) for row_id in letters]
    jobs += [("call_webhook", row_id) for row_id in hooks]
    jobs += [("run_import", row_id) for row_id in tables]
    bell = doorbell()
    if bell:
        bell.ring_missing(jobs)
        return
    for row_id in requests:
        _quietly(answer_password_request, row_id)
    for row_id in letters:
        _quietly(send_letter, row_id)
    # Each may take its time, and the next letters are not to wait for all of them.
    for row_id in hooks[:FEW_CALLS]:
        _quietly(call_webhook, row_id)
    for row_id in tables:
        _quietly(run_import, row_id)


def tell() -> None:
    """Tell the people of every company what the day brought, from the morning on; nobody twice (M3)."""
    if _local().hour < MORNING:
        return
    with transaction(write=False):
        companies = listeners.companies(notices.TIMED)
    for company_id in companies:
        _quietly(_tell_company, company_id)


def _tell_company(company_id: int) -> None:
    with transaction(write=True):
        notices.tell_the_day(company_id, _local().date(), zone())


def _local() -> datetime:
    return now().astimezone(zone())


def clean_up() -> None:
    """Forget what has been kept long enough."""
    with transaction(write=True):
        retention.forget()
