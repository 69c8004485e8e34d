"""Group E, htmx and injection: lines that are more than one, and an editor's letters in a log."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests import ledger
from tests.machinery import web
from tests.machinery.counts import count

NASTY = [
    "a\r\nb",
    "a\n[INFO] somebody else signed in",
    "\x1b[31mred\x1b[0m",
    "a\u2028b\u2029c\u0085d",
    '{"event": "forged"}',
    'a", "status": 200, "x": "',
]


@pytest.mark.sqlite_only
def test_one_line_for_each_event(app, town, browser):
    """T71: in production's form every line of the log is one JSON object, whatever was asked."""
    folder = Path(app.config["INSTANCE_DIR"])
    before = set(folder.glob("web-*.output"))
    key = "I1yYCE-kL2BOsFECjP8hntQUBBmgjvhmlEVLPLqVQLisV8Nw6_jw6TytVAQBckZR"
    more = {"GATEHOUSE_ENV": "production", "SECRET_KEY": key, "PUBLIC_URL": "https://localhost"}
    with web.process(app, **more) as server:
        for nasty in NASTY[:: count(3, 1)]:
            quoted = "".join(f"%{byte:02X}" for byte in nasty.encode())
            for path in (
                f"/{quoted}",
                f"/acme/contacts?q={quoted}",
                f"/reset/{quoted}",
                f"/sign-in?next={quoted}",
            ):
                assert server.get(path).status < 500
            server.post("/sign-in", {"identity": nasty, "password": nasty})
        server.raw(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \x1b[31m\x07x\r\nConnection: close\r\n\r\n"
        )
    (output,) = set(folder.glob("web-*.output")) - before
    lines = [line for line in output.read_bytes().decode().split("\n") if line]
    ours = [line for line in lines if not line.startswith("[")]  # gunicorn's own words
    assert len(ours) >= len(NASTY[:: count(3, 1)]) * 4
    for line in ours:
        assert isinstance(json.loads(line), dict), line
        assert "forged" not in line
        assert "\x1b" not in line


def test_one_line_for_each_activity(town, browser, reading):
    """T71: what was typed stays inside its cell of the activity and of its CSV."""
    mia = browser(town.mia)
    for nasty in NASTY:
        with reading():
            form = ledger.edit_form(town.ava.id, notes=nasty, job_title=nasty[:40])
        assert mia.post(f"/acme/contacts/{town.ava.id}/edit", form).status_code in (303, 422)
    with reading():
        rows = [row for row in ledger.activity() if row.company_id == town.acme.id]
    table = list(csv.reader(io.StringIO(mia.get("/acme/activity/export").text[1:], newline="")))
    assert len({len(line) for line in table}) == 1
    assert len(table) == len(rows) + 1
    assert "\x1b" not in mia.get("/acme/activity").text
