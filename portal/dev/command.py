"""`flask dev`: check that it can run, make things ready, keep the parts running, say where the portal is."""

import signal
import sys
from pathlib import Path
from types import FrameType

from flask import Flask

from portal.dev import house, plan, ready, welcome
from portal.dev.supervisor import Supervisor
from portal.dev.valkey import NoValkey


class _Asked(BaseException):
    """Somebody asked for the end: Ctrl-C, a signal, or the parent that started us is gone."""


def _asked(_number: int, _frame: FrameType | None) -> None:
    raise _Asked


def _listen(handler: signal.Handlers | object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)  # type: ignore[arg-type]


def run(app: Flask, parent: int | None) -> int:
    """Run everything until asked to stop; returns the code to exit with.

    With `parent`, the end of that process is such a request too. What stands in the way is said plainly.
    """
    _listen(_asked)
    try:
        return _run(app, parent)
    except (house.CannotRun, NoValkey) as problem:
        print(problem, file=sys.stderr)
        return 1
    except _Asked:
        return 0


def _run(app: Flask, parent: int | None) -> int:
    port, folder = app.config["PORT"], Path(app.config["INSTANCE_DIR"])
    with house.alone(folder) as lock:
        house.port_is_free(port)
        supervisor = Supervisor(parent)
        try:
            supports, settings = plan.supports(app, lock)
            supervisor.start(supports)
            ready.make(app)
            supervisor.start(plan.workers(app, settings, lock))
            supervisor.watch(when_ready=lambda: welcome.say(app))
        finally:
            # From here on a second Ctrl-C would only leave things half stopped.
            _listen(signal.SIG_IGN)
            supervisor.stop()
    return 0
