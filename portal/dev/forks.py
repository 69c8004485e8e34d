"""Running a part of the portal in a fork of this process, so that it need not load everything once more."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import NoReturn

from portal.dev import leash, processes

_OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Forked:
    """The leash of a fork, with what of Popen its holder needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """The code it ended with, or None while it runs."""
        return self._look(os.WNOHANG)

    def wait(self) -> int:
        """Wait for the end; returns the code."""
        code = None
        while code is None:
            code = self._look(0)
        return code

    def terminate(self) -> None:
        """Ask it to stop; returns at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _look(self, options: int) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, options)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code


def start(run: Callable[[], object], *, name: str, env: Mapping[str, str], grace: float = 10.0) -> Forked:
    """Call `run` in a process of its own, called `name` in lists of processes, with the settings `env`.

    It is on a leash like every program of ours. Only for a process without threads.
    """
    held, holding = processes.pipe()
    pid = _fork()
    if pid == 0:
        # Only the holder may keep this end, else its death would go unnoticed.
        os.close(holding)
        os.setsid()
        _end(lambda: leash.hold(lambda: _start(run, name, env, held), held, signal.SIGTERM, grace))
    return Forked(pid)


def _start(run: Callable[[], object], name: str, env: Mapping[str, str], held: int) -> int:
    pid = _fork()
    if pid == 0:
        os.close(held)
        os.setpgid(0, 0)
        leash.go_with_the_leash()
        leash.prctl(leash.PR_SET_NAME, name.encode())
        os.environ.update(env)
        _end(run)
    return pid


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        for number in _OURS:
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
    return pid


def _end(run: Callable[[], object]) -> NoReturn:
    """Call `run` and leave with its code, past everything that the forked program would do at its own end."""
    try:
        code = run()
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
