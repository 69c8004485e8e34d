"""The limits without Redis: every try is counted, once, also when many come at the same moment (T57)."""

import threading
import time

from portal import create_app
from portal.extensions import limiter
from portal.tallies import OneProcess
from tests.conftest import SETTINGS

AT_ONCE = 6


def test_all_of_six_first_tries_count(quick_switches):
    """Not one is lost and none breaks, in 1,000 rounds of a new count each."""
    counts, broken = OneProcess(), []
    start = threading.Barrier(AT_ONCE)

    def add() -> None:
        for number in range(1_000):
            start.wait()
            try:
                counts.incr(f"try {number}", 60)
            except Exception as error:
                broken.append(error)

    threads = [threading.Thread(target=add) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken
    assert {counts.get(f"try {number}") for number in range(1_000)} == {AT_ONCE}


def test_a_count_ends_with_its_time_and_makes_room(monkeypatch):
    counts, at = OneProcess(), time.time()
    assert [counts.incr("a", 60), counts.incr("a", 600), counts.incr("b", 600, 5)] == [1, 2, 5]
    assert counts.get_expiry("a") - at < 61
    monkeypatch.setattr(time, "time", lambda: at + 62)
    assert [counts.get("a"), counts.get("b")] == [0, 5]
    assert counts.incr("b", 600) == 6
    assert counts.reset() == 1  # what had ended was let go of
    assert counts.get("b") == 0


def test_the_portal_counts_there(tmp_path):
    """Without Redis, and where it goes away meanwhile."""
    without = {**SETTINGS, "INSTANCE_DIR": str(tmp_path), "SQLALCHEMY_DATABASE_URI": "sqlite://"}
    create_app(without)
    assert type(limiter._storage) is OneProcess
    create_app(
        {
            **without,
            "RATELIMIT_STORAGE_URI": "redis://127.0.0.1:1",
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        }
    )
    assert type(limiter._fallback_storage) is OneProcess
    assert limiter._fallback_limiter.storage is limiter._fallback_storage
