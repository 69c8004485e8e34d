"""Nothing on a leash outlives whoever holds it, whichever of them is killed."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from portal.dev import processes
from tests.machinery.waiting import until
from tests.machinery.whole_portal import ROOT, gone

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)",
]
# Starts a child that leaves its parent's session, as a server that puts itself in the background does.
STRAYING = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; sleep = [sys.executable, '-c', 'import time; time.sleep(60)'];"
    "subprocess.Popen(sleep, start_new_session=True); time.sleep(60)",
]


def programs(leash: int) -> list[psutil.Process]:
    return until(lambda: psutil.Process(leash).children(recursive=True), what="the start of the program")


def test_a_program_that_ends_ends_its_leash_with_its_code():
    assert processes.start([sys.executable, "-c", "raise SystemExit(7)"]).wait(10) == 7


def test_a_killed_program_shows_by_which_signal():
    leash = processes.start(SLEEP)
    programs(leash.pid)[0].kill()
    assert leash.wait(10) == 128 + signal.SIGKILL


def test_a_missing_program_is_an_error_code_and_no_hang():
    assert processes.start(["/does/not/exist"], output=subprocess.DEVNULL).wait(10) != 0


def listens(leash: int) -> bool:
    """Whether the leash has come to where it passes a request to end on; before, it just ends."""
    caught = int(Path(f"/proc/{leash}/status").read_text().partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_stop_asks_first():
    leash = processes.start(SLEEP)
    programs(leash.pid)
    until(lambda: listens(leash.pid), what="the leash to listen")
    assert processes.stop(leash) == 128 + signal.SIGTERM


def test_who_does_not_listen_is_killed_after_the_grace(tmp_path):
    with (tmp_path / "said").open("wb") as output:
        leash = processes.start(STUBBORN, grace=0.3, output=output.fileno())
    until(lambda: "deaf" in (tmp_path / "said").read_text())
    began = time.monotonic()
    assert processes.stop(leash) == 128 + signal.SIGKILL
    assert time.monotonic() - began < 5


def test_strays_go_with_the_program():
    leash = processes.start(STRAYING)
    started = until(lambda: programs(leash.pid) if len(programs(leash.pid)) == 2 else None)
    processes.stop(leash)
    assert gone(started, within=5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its parent died")
def test_killing_the_leash_takes_the_program_along():
    leash = processes.start(SLEEP)
    started = programs(leash.pid)
    leash.kill()
    leash.wait()
    assert gone(started, within=5)


def test_killing_the_holder_takes_everything_along():
    holder = subprocess.Popen([sys.executable, "-c", holding(STRAYING)], cwd=ROOT)
    try:
        started = until(lambda: below(holder.pid) if len(below(holder.pid)) == 3 else None)
    finally:
        holder.kill()
        holder.wait()
    assert gone(started, within=5)


def below(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def holding(program: list[str]) -> str:
    # The package above is the whole application, which a holder does not need.
    return textwrap.dedent(f"""
        import importlib.util, time
        spec = importlib.util.spec_from_file_location("processes", {str(Path(processes.__file__))!r})
        processes = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(processes)
        processes.start({program!r})
        time.sleep(60)
    """)
