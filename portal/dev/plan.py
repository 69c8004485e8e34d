"""Which parts a running portal has, in the order they start: what it leans on, then what does the work."""

import http.client
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from portal.config import ROOT
from portal.dev import catcher, forks, house, processes, valkey
from portal.dev.parts import Part

_WEB = "gunicorn wsgi:app --worker-class gthread --workers 2 --threads 4 --preload --no-control-socket"
# The longest line that is read: what is typed into a search box must reach us, to be answered in our words.
_WEB += " --limit-request-line 8190 --graceful-timeout 5 --timeout 60 --log-level warning"


def supports(settings: Mapping[str, Any], lock: int) -> tuple[list[Part], dict[str, str]]:
    """The parts nobody gave us, and the environment that leads the others to them. Raises NoValkey."""
    folder = Path(settings["INSTANCE_DIR"])
    parts, env = [], {"PORT": str(settings["PORT"]), "INSTANCE_DIR": str(folder)}
    if not os.environ.get("REDIS_URL"):
        parts.append(_valkey(folder / "valkey", lock))
        env["REDIS_URL"] = valkey.url(folder / "valkey")
    if not os.environ.get("MAIL_SERVER"):
        port = house.free_port()
        serve = partial(catcher.main, port, folder / "mail")
        parts.append(Part("mail catcher", partial(forks.start, serve, name="gh-catcher", env={})))
        env |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(port), "MAIL_USE_TLS": "0"}
        env |= {"MAIL_USE_SSL": "0", "MAIL_USERNAME": "", "MAIL_PASSWORD": ""}
    return parts, env


def workers(settings: Mapping[str, Any], env: Mapping[str, str]) -> list[Part]:
    """The parts that are the portal: who sends mail, who looks at the clock, who answers the browser."""
    port = settings["PORT"]
    return [
        Part("worker", partial(forks.start, partial(_flask, "worker"), name="gh-worker", env=env)),
        Part("clock", partial(forks.start, partial(_flask, "clock"), name="gh-clock", env=env)),
        Part(
            "web server",
            partial(forks.start, partial(_web, port), name="gh-web", env=env),
            ready=partial(_answers, port),
        ),
    ]


def _valkey(folder: Path, lock: int) -> Part:
    folder.mkdir(parents=True, exist_ok=True)
    launch = partial(processes.start, valkey.command(folder), keep_open=(lock,))
    return Part("Valkey", launch, ready=partial(valkey.answers, folder))


def _flask(command: str) -> None:
    """What `flask --app wsgi COMMAND` does."""
    from wsgi import app

    with app.app_context():
        app.cli.commands[command].main([], prog_name=command)


def _web(port: int) -> None:
    from gunicorn.app.wsgiapp import run

    place = ["--config", str(ROOT / "gunicorn.conf.py"), "--chdir", str(ROOT), "--bind", f"127.0.0.1:{port}"]
    sys.argv = [*_WEB.split(), *place]
    run()


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/sign-in")
        return line.getresponse().status < 500
    except OSError:
        return False
    finally:
        line.close()
