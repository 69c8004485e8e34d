"""Rings the worker through Redis; a Redis that is away or frozen costs half a second once, never an error."""

import logging
import time
from collections.abc import Iterable

import redis
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

QUEUE = "gatehouse"
# Connecting and one answer together stay within the half second that a request may lose.
WAIT_SECONDS = 0.24
QUIET_SECONDS = 10.0
JOB_SECONDS = 330
log = logging.getLogger(__name__)


class Doorbell:
    """One application's way to the queue. After a failure it stays quiet for a while."""

    def __init__(self, url: str) -> None:
        # A connection that went stale (Redis was restarted) is worth a second try; one that hangs is not.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._redis = redis.Redis.from_url(
            url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS, retry=retry
        )
        self._queue: Queue | None = None
        self._quiet_until = 0.0
        self._lost = False

    def ring(self, job: str, row_id: int) -> None:
        """Ask for `job` with `row_id`. Raises nothing: what is not rung now, the clock finds."""
        if time.monotonic() >= self._quiet_until:
            self._ring_all([(job, row_id)], known=False)

    def ring_missing(self, jobs: Iterable[tuple[str, int]]) -> None:
        """Ask for those of `jobs` that do not wait in the queue already. Raises nothing."""
        self._ring_all(list(jobs), known=True)

    def _ring_all(self, jobs: list[tuple[str, int]], *, known: bool) -> None:
        try:
            waiting = set(self._open().get_job_ids()) if known else set()
            for job, row_id in jobs:
                if _job_id(job, row_id) not in waiting:
                    self._enqueue(job, row_id)
        except redis.RedisError as problem:
            self._hush(problem)
        else:
            self._lost = False

    def _open(self) -> Queue:
        # The queue asks the server for its version once, so making it anew each time costs a round trip.
        if self._queue is None:
            self._queue = Queue(QUEUE, connection=self._redis, serializer="json")
        return self._queue

    def _enqueue(self, job: str, row_id: int) -> None:
        self._open().enqueue(
            f"portal.jobs.{job}",
            row_id,
            job_id=_job_id(job, row_id),
            job_timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=60,
        )

    def _hush(self, problem: redis.RedisError) -> None:
        self._quiet_until = time.monotonic() + QUIET_SECONDS
        if not self._lost:
            log.warning("Redis does not answer (%s); the clock will find what waits", type(problem).__name__)
        self._lost = True


def _job_id(job: str, row_id: int) -> str:
    return f"{job}-{row_id}"


def doorbell() -> Doorbell | None:
    """The running application's doorbell, or None where no REDIS_URL is set."""
    url = current_app.config.get("REDIS_URL")
    if not url:
        return None
    kept: Doorbell = current_app.extensions.setdefault("doorbell", Doorbell(url))
    return kept
