"""Which parts a running portal has, in the order they start: what it leans on, then what does the work."""

import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from portal.config import ROOT
from portal.dev import house, valkey
from portal.dev.parts import Part, environment

_WEB = "-m gunicorn wsgi:app --worker-class gthread --workers 2 --threads 4 --preload --no-control-socket"
_WEB += " --graceful-timeout 5 --timeout 60 --log-level warning"


def supports(app: Flask, lock: int) -> tuple[list[Part], dict[str, str]]:
    """The parts nobody gave us, and the settings that lead the others to them. Raises NoValkey."""
    folder = Path(app.config["INSTANCE_DIR"])
    parts, changes = [], {"PORT": str(app.config["PORT"]), "INSTANCE_DIR": str(folder)}
    if not os.environ.get("REDIS_URL"):
        parts.append(_valkey(folder / "valkey", lock))
        changes["REDIS_URL"] = valkey.url(folder / "valkey")
    if not os.environ.get("MAIL_SERVER"):
        port = house.free_port()
        parts.append(_catcher(folder / "mail", port, lock))
        changes |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(port), "MAIL_USE_TLS": "0"}
        changes |= {"MAIL_USE_SSL": "0", "MAIL_USERNAME": "", "MAIL_PASSWORD": ""}
    return parts, changes


def workers(app: Flask, changes: Mapping[str, str], lock: int) -> list[Part]:
    """The parts that are the portal: who sends mail, who looks at the clock, who answers the browser."""
    port, env = app.config["PORT"], environment({**changes, "PYTHONUNBUFFERED": "1"})
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    web = [sys.executable, *_WEB.split(), "--bind", f"127.0.0.1:{port}"]
    return [
        Part("worker", [*flask, "worker"], env, ROOT, keep_open=(lock,)),
        Part("clock", [*flask, "clock"], env, ROOT, keep_open=(lock,)),
        Part("web server", web, env, ROOT, keep_open=(lock,), ready=lambda: _answers(port)),
    ]


def _valkey(folder: Path, lock: int) -> Part:
    folder.mkdir(parents=True, exist_ok=True)
    return Part(
        "Valkey",
        valkey.command(folder),
        os.environ,
        ROOT,
        keep_open=(lock,),
        ready=lambda: valkey.answers(folder),
    )


def _catcher(folder: Path, port: int, lock: int) -> Part:
    # -P keeps the script's own folder, with its modules named like libraries, off the path.
    command = [sys.executable, "-P", str(ROOT / "portal/dev/catcher.py"), str(port), str(folder)]
    return Part("mail catcher", command, os.environ, ROOT, keep_open=(lock,))


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/sign-in")
        return line.getresponse().status < 500
    except OSError:
        return False
    finally:
        line.close()
