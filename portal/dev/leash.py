"""A leash: runs a program and lets nothing of it outlive whoever holds the other end.

Also a script, run by path and with the standard library alone, so that it starts in a few milliseconds:
`python leash.py FD SIGNAL GRACE USER -- PROGRAM ARGUMENTS`. USER is whom it runs as ("" for the same); the
rest is as for `hold`. Exits as the program did, with 128 + signal when it was killed.
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
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36


def hold(start: Callable[[], int], held: int, stop: signal.Signals, grace: float) -> int:
    """Call `start` for a program in a group of its own (it gives the pid) and stay until that has ended.

    It is asked to end with `stop` when this process gets SIGTERM or `held`, the read end of a pipe, closes
    because the holder is gone; after `grace` seconds it is killed, and so is what it left running. Returns
    its code.
    """
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = start()
    code = _watch(child, held, stop, grace)
    _sweep(child)
    return 128 - code if code < 0 else code


def prctl(option: int, value: int | bytes) -> None:
    """Ask Linux for something about this process; elsewhere nothing happens."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def go_with_the_leash() -> None:
    """Have Linux kill this process when the leash that started it is killed itself."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


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


def _watch(child: int, held: int, stop: signal.Signals, grace: float) -> int:
    """Wait until the program ends, by itself or because it was asked to."""
    woken, asked = _listen()
    deadline = None
    while True:
        ended = _reap()
        if child in ended:
            return ended[child]
        ready, _, _ = select.select([woken] if asked else [woken, held], [], [], 0.5)
        if woken in ready:
            os.read(woken, 512)
        if held in ready:
            asked.append(signal.SIGHUP)
        if asked and deadline is None:
            deadline = time.monotonic() + grace
            _send(child, stop)
        if deadline is not None and time.monotonic() > deadline:
            _send(child, signal.SIGKILL)


def _listen() -> tuple[int, list[int]]:
    """Collect requests to end; the descriptor becomes readable at each, and when a child ends."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    asked: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: asked.append(got))
    return woken, asked


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _program(words: list[str], user: str) -> int:
    child = subprocess.Popen(
        words,
        process_group=0,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=go_with_the_leash,
    )
    return child.pid


def main(arguments: list[str]) -> int:
    """Run the program named after `--`; returns the code to exit with."""
    held, stop, grace, user = arguments[:4]
    return hold(lambda: _program(arguments[5:], user), int(held), signal.Signals(int(stop)), float(grace))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
