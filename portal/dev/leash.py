"""A small program that runs another one and lets nothing of it outlive whoever holds the leash.

Run as a script, by path and with the standard library alone, so that it starts in a few milliseconds:
`python leash.py FD SIGNAL GRACE USER -- PROGRAM ARGUMENTS`. FD is the read end of a pipe that stays open as
long as the holder lives; SIGNAL asks the program to stop; GRACE is how many seconds it gets before it is
killed; USER is whom it runs as ("" for the same). Exits as the program did, with 128 + signal when killed.
"""

import contextlib
import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _children() -> list[int]:
    """The processes under this one; strays come here too, because Linux hands them to the subreaper."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _reap() -> dict[int, int]:
    """Bury every child that has ended; gives pid -> exit code."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = os.waitstatus_to_exitcode(found[1])
    return ended


def _sweep(group: int) -> None:
    """Kill what the program left behind: its group, then every stray that came back here."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(100):
        _reap()
        strays = _children()
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _start(program: list[str], user: str) -> int:
    # Should the leash itself be killed, Linux takes the program along.
    child = subprocess.Popen(
        program,
        process_group=0,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
    )
    return child.pid


def _watch(child: int, held: int, stop: signal.Signals, grace: float) -> int:
    """Wait until the program ends, by itself or because it was asked to."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    asked: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.append(1))
    deadline = None
    while True:
        ended = _reap()
        if child in ended:
            return ended[child]
        ready, _, _ = select.select([woken] if asked else [woken, held], [], [], 0.5)
        if woken in ready:
            os.read(woken, 512)
        if held in ready:
            asked.append(1)
        if asked and deadline is None:
            deadline = time.monotonic() + grace
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, stop)
        if deadline is not None and time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Run the program named after `--`; returns the code to exit with."""
    held, stop, grace, user = arguments[:4]
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = _start(arguments[5:], user)
    code = _watch(child, int(held), signal.Signals(int(stop)), float(grace))
    _sweep(child)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
