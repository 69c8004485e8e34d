"""Faults around worker and Redis: no letter is lost, none sent twice but the one in flight (F01 to F10)."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import select

from portal.claims import LEASE
from portal.dev import processes
from portal.extensions import db
from portal.models import Letter, LetterState
from portal.transaction import transaction
from tests.machinery import post_office, valkey
from tests.machinery.counts import LONG, count
from tests.machinery.post_office import Office, until, words

pytestmark = [pytest.mark.fault, pytest.mark.xdist_group("faults")]


@pytest.fixture
def redis():
    with valkey.running() as server:
        yield server


@pytest.fixture
def office(tmp_path, redis):
    with post_office.opened(tmp_path, redis=redis.url) as office:
        yield office


@contextmanager
def running(office: Office, *commands: str) -> Iterator[list]:
    """The processes of these commands for the length of the block."""
    leashes = [office.start(command) for command in commands]
    try:
        yield leashes
    finally:
        for leash in leashes:
            processes.stop(leash)


def kill(leash) -> None:
    """Kill the program on the leash and, with it, whatever it started."""
    for process in psutil.Process(leash.pid).children():
        process.send_signal(signal.SIGKILL)
    leash.wait()


def invite(office: Office, number: int) -> list[str]:
    addresses = [f"person{each}@northgate.example" for each in range(number)]
    for address in addresses:
        office.invite(address)
    return addresses


def all_sent(office: Office, number: int) -> bool:
    return office.states() == {"sent": number}


def report(office: Office, addresses: list[str]) -> tuple[int, int]:
    """Count the addresses that got nothing and the mails beyond the first to one address.

    Fails where a second mail is not the first once more: same Message-ID, same link.
    """
    got = Counter(mail.recipients[0] for mail in office.sink.messages)
    for address in addresses:
        mails = office.sink.to(address)
        assert len({mail.message["Message-ID"] for mail in mails}) <= 1
        assert len({words(mail) for mail in mails}) <= 1
    lost = sum(1 for address in addresses if not got[address])
    return lost, sum(got.values()) - len(got)


def a_while_passes(office: Office) -> None:
    """What a killed worker held was claimed so much earlier: nobody waits for the half minute to pass."""
    with office.writing():
        for letter in db.session.scalars(select(Letter).where(Letter.state == LetterState.SENDING)):
            letter.leased_until -= LEASE - timedelta(seconds=2)


def test_worker_killed_at_random(office):
    """F01: the worker dies again and again in the middle of its work; somebody starts it anew."""
    mails, kills = count(15, 300), count(1, 30)
    chance = random.Random(2)
    with running(office, "clock"):
        worker = office.start("worker")
        try:
            addresses = invite(office, mails)
            for _ in range(kills):
                done = len(office.sink.messages)
                # Never before it has begun: a process that is killed while it starts proves nothing.
                until(
                    lambda done=done: len(office.sink.messages) > done or all_sent(office, mails), within=60
                )
                time.sleep(chance.uniform(0, 0.3))
                kill(worker)
                if not LONG:
                    a_while_passes(office)
                worker = office.start("worker")
            drained = until(lambda: all_sent(office, mails), within=120)
        finally:
            processes.stop(worker)
    lost, twice = report(office, addresses)
    print(f"F01: {mails} mails, {kills} kills: {lost} lost, {twice} twice, drained in {drained:.1f} s")
    assert lost == 0
    assert drained < 60
    assert twice <= kills


def test_commit_without_a_ring(office, redis):
    """F04: the web process died between the commit and the ring, so only the clock can find the letter."""
    office.app.config["REDIS_URL"] = ""
    with running(office, "worker", "clock"):
        addresses = invite(office, 5)
        spent = until(lambda: all_sent(office, 5), within=60)
    print(f"F04: delivered {spent:.1f} s after the commit")
    assert report(office, addresses) == (0, 0)


@pytest.mark.long
def test_redis_absent_then_there(office, redis):
    """F06: Redis was never there; changes happen, and the mail leaves once it comes."""
    redis.stop()
    with running(office, "worker", "clock"):
        times = timed_invitations(office, 30)
        assert office.sink.messages == []
        redis.start()
        spent = until(lambda: all_sent(office, 30), within=60)
    print(f"F06: p95 {p95(times):.3f} s for a change, delivered {spent:.1f} s after Redis came")
    assert p95(times) < 0.5


@pytest.mark.long
def test_redis_frozen(office, redis):
    """F07: Redis holds its connections and answers nothing."""
    with running(office, "worker", "clock"):
        office.invite("before@northgate.example")
        until(lambda: all_sent(office, 1), within=60)
        redis.freeze()
        times = timed_invitations(office, 30)
        redis.thaw()
        spent = until(lambda: all_sent(office, 31), within=60)
    print(f"F07: p95 {p95(times):.3f} s for a change, delivered {spent:.1f} s after Redis thawed")
    assert p95(times) < 0.5


@pytest.mark.long
def test_redis_killed_and_emptied(office, redis):
    """F08: every job that waited is gone with Redis; the rows are not."""
    number = count(40, 500)
    addresses = invite(office, number)
    redis.kill(forget=True)
    redis.start()
    with running(office, "worker", "clock"):
        spent = until(lambda: all_sent(office, number), within=count(60, 240))
    print(f"F08: {number} waiting when Redis was emptied, all delivered after {spent:.1f} s")
    assert report(office, addresses) == (0, 0)


@pytest.mark.long
def test_redis_restarted_under_a_running_worker(office, redis):
    """M1: worker and clock find Redis again by themselves."""
    with running(office, "worker", "clock"):
        office.invite("before@northgate.example")
        until(lambda: all_sent(office, 1), within=60)
        redis.kill()
        office.invite("meanwhile@northgate.example")
        time.sleep(count(2, 20))
        redis.start()
        spent = until(lambda: all_sent(office, 2), within=60)
    print(f"Redis restarted: delivered {spent:.1f} s after it was back")


def timed_invitations(office: Office, number: int) -> list[float]:
    times = []
    for each in range(number):
        began = time.monotonic()
        office.invite(f"timed{each}@northgate.example")
        times.append(time.monotonic() - began)
    return times


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def test_smtp_away_then_back(office):
    """F10: the mail server refuses; the letters are put off and leave at the next try."""
    office.sink.refuse()
    with running(office, "worker", "clock"):
        addresses = invite(office, 5)
        until(lambda: all_put_off(office), within=60)
        office.sink.accept()
        make_due(office)
        until(lambda: all_sent(office, 5), within=60)
    assert report(office, addresses) == (0, 0)


def all_put_off(office: Office) -> bool:
    with office.app.app_context(), transaction(write=False):
        left = db.session.execute(
            db.text("SELECT count(*) FROM letter WHERE state <> 'waiting' OR attempts = 0")
        )
        return left.scalar_one() == 0


def make_due(office: Office) -> None:
    """Let the first minute's pause be over, in a process that does not share our clock."""
    with office.writing():
        db.session.execute(db.text("UPDATE letter SET due_at = created_at"))
