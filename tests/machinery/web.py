"""Web processes as production runs them, beside the test and on its database."""

import http.client
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from portal.config import ROOT
from portal.dev import processes
from tests.machinery.smtp_sink import free_port
from tests.machinery.waiting import until

_COMMAND = [sys.executable, "-m", "gunicorn", "wsgi:app", "--worker-class", "gthread", "--threads", "4"]
_COMMAND += ["--no-control-socket", "--limit-request-line", "8190", "--log-level", "warning"]
_COMMAND += ["--graceful-timeout", "1"]
# What the tests' own surroundings may have set must not lead the process elsewhere.
_OURS = ("REDIS_URL", "MAIL_SERVER", "GATEHOUSE_ENV", "FLASK_DEBUG", "TRUSTED_PROXIES")


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers (names in small letters) and the body."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Web:
    """One running web process."""

    port: int

    def get(self, path: str, cookie: str = "", *, htmx: bool = False) -> Answer:
        """Ask for a page as the browser that holds `cookie`."""
        return self._ask("GET", path, b"", cookie, htmx)

    def post(self, path: str, form: Mapping[str, Any], cookie: str = "", *, htmx: bool = False) -> Answer:
        """Send a form as the browser that holds `cookie`."""
        return self._ask("POST", path, _encoded(form).encode(), cookie, htmx)

    def _ask(self, method: str, path: str, body: bytes, cookie: str, htmx: bool) -> Answer:
        headers = {"Host": "localhost", "Cookie": f"gatehouse={cookie}"}
        headers |= {"HX-Request": "true"} if htmx else {}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, body=body or None, headers=headers)
            came = line.getresponse()
            names = {name.lower(): value for name, value in came.getheaders()}
            return Answer(came.status, names, came.read().decode())
        finally:
            line.close()

    def raw_form(self, target: str, form: Mapping[str, Any], *, cookie: str) -> int:
        """Send a form with `target` on the request line just as it is; return the status."""
        body = _encoded(form)
        head = [f"POST {target} HTTP/1.1", "Host: localhost", f"Cookie: gatehouse={cookie}"]
        head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return self.raw("\r\n".join([*head, "Connection: close", "", body]).encode())

    def raw(self, request: bytes) -> int:
        """Send bytes as they are and return the status of the answer, 0 where the line was just closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.sendall(request)
            answer = b""
            while chunk := line.recv(65_536):
                answer += chunk
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return int(found[1]) if found else 0


def _encoded(form: Mapping[str, Any]) -> str:
    """What a browser sends: a list for each of its values, None not at all."""
    return urlencode({name: value for name, value in form.items() if value is not None}, doseq=True)


@contextmanager
def process(app: Flask, **more: str) -> Iterator[Web]:
    """One web process on the database and with the key of `app` while the block runs."""
    with processes_of(app, 1, **more) as (only,):
        yield only


@contextmanager
def processes_of(app: Flask, count: int, **more: str) -> Iterator[list[Web]]:
    """`count` web processes on the database and with the key of `app` while the block runs."""
    env = {name: value for name, value in os.environ.items() if name not in _OURS} | _settings(app) | more
    with ExitStack() as stack:
        webs = [stack.enter_context(_started(env)) for _ in range(count)]
        for web in webs:
            until(partial(_answers, web), within=60, what="the first answer of a web process")
        yield webs


def _settings(app: Flask) -> dict[str, str]:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    shown = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    return {
        "DATABASE_URL": shown,
        "SECRET_KEY": app.config["SECRET_KEY"],
        "INSTANCE_DIR": app.config["INSTANCE_DIR"],
        "PUBLIC_URL": app.config["PUBLIC_URL"],
        "SIGN_IN_LIMIT": "100000 per 1 minute",
        "ADDRESS_LIMIT": "100000 per 1 minute",
        "RESEND_LIMIT": "100000 per hour",
    }


@contextmanager
def _started(env: Mapping[str, str]) -> Iterator[Web]:
    port = free_port()
    output = Path(env["INSTANCE_DIR"]) / f"web-{port}.output"
    with output.open("wb") as file:
        leash = processes.start(
            [*_COMMAND, "--bind", f"127.0.0.1:{port}"], env=env, cwd=ROOT, output=file.fileno(), grace=5.0
        )
    try:
        yield Web(port)
    finally:
        processes.stop(leash)


def _answers(web: Web) -> bool:
    try:
        return web.get("/health").status == 200
    except OSError:
        return False
