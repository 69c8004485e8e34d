"""Running everything: check that it can, make ready, keep the parts running, say where the portal is."""

import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from portal.config import ConfigError, settings
from portal.dev import forks, house, plan, ready, welcome
from portal.dev.supervisor import Supervisor
from portal.dev.valkey import NoValkey


class _Asked(BaseException):
    """Somebody asked for the end by a signal, Ctrl-C for one."""


def _asked(_number: int, _frame: FrameType | None) -> None:
    raise _Asked


def _listen(handler: Callable[[int, FrameType | None], Any] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def run(parent: int | None) -> int:
    """Run everything until asked to stop; returns the code to exit with.

    With `parent`, the end of that process is such a request too. What stands in the way is said plainly.
    """
    _listen(_asked)
    try:
        given = settings()
        if given["PRODUCTION"]:
            raise house.CannotRun(
                "This runs everything for development only. deploy/README.md says what runs in earnest."
            )
        return _run(given, parent)
    except (ConfigError, house.CannotRun, NoValkey) as problem:
        print(problem, file=sys.stderr)
        return 1
    except _Asked:
        return 0


def _run(given: Mapping[str, Any], parent: int | None) -> int:
    with house.alone(Path(given["INSTANCE_DIR"])) as lock:
        house.port_is_free(given["PORT"])
        supervisor = Supervisor(parent)
        try:
            supports, env = plan.supports(given, lock)
            supervisor.start(supports)
            if not _made_ready(env):
                return 1
            supervisor.start(plan.workers(given, env))
            supervisor.watch(when_ready=lambda: welcome.say(given))
        finally:
            # From here on a second Ctrl-C would only leave things half stopped.
            _listen(signal.SIG_IGN)
            supervisor.stop()
    return 0


def _made_ready(env: Mapping[str, str]) -> bool:
    """Make ready in a process of its own, so that this one never holds the database."""
    making = forks.start(ready.make, name="gh-ready", env=env)
    try:
        return making.wait() == 0
    finally:
        making.terminate()
        making.wait()
