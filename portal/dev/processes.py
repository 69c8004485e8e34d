"""Starting a real program so that it stops when asked and never outlives this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")


@cache
def pipe() -> tuple[int, int]:
    """One pipe for every child: its write end lives in this process alone, so the kernel closes it when this
    process ends, however it ends, and every leash notices."""
    return os.pipe()


def start(
    program: list[str],
    *,
    env: Mapping[str, str] | None = None,
    stop_with: signal.Signals = signal.SIGTERM,
    grace: float = 10.0,
    user: str = "",
    output: int | None = None,
    cwd: Path | None = None,
    keep_open: tuple[int, ...] = (),
) -> "subprocess.Popen[bytes]":
    """Start `program` on a leash and give the leash back.

    `stop_with` and `grace` say how the program is asked to stop and how many seconds it gets before it is
    killed; `user` runs it as somebody else (root only); `output` is a file descriptor for what it prints;
    `keep_open` are descriptors (a lock, say) that the leash holds until the program is gone. Raises OSError
    when Python itself cannot be started; a missing program ends the leash with code 1.
    """
    held, _ = pipe()
    leash = [sys.executable, "-I", "-S", str(_LEASH), str(held), str(int(stop_with)), str(grace), user, "--"]
    return subprocess.Popen(
        [*leash, *program],
        env=None if env is None else dict(env),
        pass_fds=(held, *keep_open),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=cwd,
    )


def stop(leash: "subprocess.Popen[bytes]") -> int:
    """Ask the program on this leash to stop, wait until all it started is gone; returns its code."""
    if leash.poll() is None:
        leash.terminate()
    return leash.wait()
