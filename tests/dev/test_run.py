"""`make run`, for real: it comes up, what is killed comes back, and nothing stays when it goes.

One portal for the whole file, in this order; `--dist loadscope` keeps a file's functions on one worker.
"""

import json
import signal
import smtplib
import socket
import sys

import psutil
import pytest

from tests.machinery.waiting import until
from tests.machinery.whole_portal import WholePortal, gone

# Starts the portal as make does, and stays.
PARENT = """
import os, subprocess, sys, time
subprocess.Popen([*sys.argv[1:], "--until-gone", str(os.getpid())])
time.sleep(120)
"""
PARTS = {"valkey", "catcher", "worker", "clock", "web"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "instance"


@pytest.fixture(scope="module")
def portal(folder):
    whole = WholePortal(folder).start().ready()
    yield whole
    whole.stop()


def test_the_first_page_answers(portal):
    status, page = portal.get("/sign-in")
    assert status == 200
    assert "password" in page


def test_it_says_where_it_is_and_who_can_sign_in(portal, folder):
    demo = json.loads((folder / "demo.json").read_text())
    assert f"http://127.0.0.1:{portal.port}" in portal.said()
    assert demo["password"] in portal.said()
    assert "amelia.hart@northgate.example" in portal.said()
    assert f"http://127.0.0.1:{portal.port}/staff/sign-in" in portal.said()


def test_its_secrets_are_for_its_owner_alone(portal, folder):
    assert (folder / "secret_key").stat().st_mode & 0o077 == 0


def _asked(line, body: bytes, **headers: str):
    """Send a form and read the whole answer."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", "/sign-in", body, {**kind, **headers})
    answer = line.getresponse()
    answer.read()
    return answer


@pytest.mark.parametrize(("fields", "kept"), [(2_000, True), (30_000, False), (400_000, False)])
def test_what_is_too_large_ends_the_connection_only_where_the_answer_says_so(portal, fields, kept):
    """Too many fields, or 1.6 MB: 413, and a next request that is answered or knows that it will not be."""
    line = portal.line()
    answer = _asked(line, b"a=1&" * fields)
    assert answer.status == 413
    assert (answer.getheader("Connection") == "close") != kept
    if kept:
        assert _asked(line, b"identity=a").status == 400
    line.close()


def test_a_refused_upload_is_not_read_to_its_end(portal):
    """20 MB for a stranger: the answer stands at once, and is not lost with the connection."""
    with socket.create_connection(("127.0.0.1", portal.port), timeout=10) as line:
        head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\nContent-Length: 20000000\r\n\r\n"
        line.sendall(head.encode() + b"a" * 200_000)
        answer = line.makefile("rb").read().partition(b"\r\n\r\n")[0]
    assert b" 413 " in answer
    assert b"Connection: close" in answer


def test_every_part_runs(portal):
    until(lambda: portal.parts().keys() == PARTS, what="the start of every part")


def test_mail_sent_to_it_is_shown(portal):
    (port,) = {
        line.laddr.port for line in portal.parts()["catcher"].net_connections() if line.status == "LISTEN"
    }
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
        line.sendmail("a@alder.example", ["b@northgate.example"], "Subject: Seen here\n\nHello")
    assert "Seen here" in portal.get("/dev/mail")[1]


@pytest.mark.parametrize("name", ["web", "worker", "clock", "catcher", "valkey"])
def test_a_killed_part_comes_back(portal, name):
    old = until(lambda: portal.parts().get(name), within=30, what=f"the start of the {name}")
    old.kill()
    until(lambda: portal.parts().get(name) not in (None, old), within=20, what=f"a new {name}")
    until(lambda: portal.get("/sign-in")[0] == 200, within=20, what="the first page")


@pytest.mark.long
def test_a_second_one_in_the_same_folder_is_refused(portal, folder):
    second = WholePortal(folder)
    second.output = folder.with_name("second.output")
    second.start()
    assert second.process.wait(30) == 1
    assert "already running" in second.said()
    assert "Traceback" not in second.said()


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        portal = WholePortal(tmp_path / "instance", port=other.getsockname()[1]).start()
        assert portal.process.wait(30) == 1
    assert len(portal.said().strip().splitlines()) == 1
    assert f"Port {portal.port}" in portal.said()


def test_ctrl_c_stops_everything_in_order(portal):
    running = portal.everything()
    assert portal.stop(signal.SIGINT) == 0
    assert gone(running, within=1)


def test_the_second_start_keeps_data_and_password(folder):
    password = json.loads((folder / "demo.json").read_text())["password"]
    again = WholePortal(folder).start().ready()
    try:
        assert password in again.said()
    finally:
        again.stop()


@pytest.mark.long
def test_killed_it_leaves_nothing_behind_and_can_start_again(folder):
    killed = WholePortal(folder).start().ready()
    running = killed.everything()
    killed.process.kill()
    assert gone(running)
    again = WholePortal(folder).start().ready()
    assert again.stop() == 0


def test_it_goes_with_the_parent_it_was_told_of(folder):
    portal = WholePortal(folder)
    with portal.output.open("wb") as output:
        parent = psutil.Popen(
            [sys.executable, "-c", PARENT, *portal.command], env=portal.env, stdout=output, stderr=output
        )
    try:
        until(lambda: "is running at" in portal.said(), within=60, what="the greeting")
        running = parent.children(recursive=True)
    finally:
        parent.kill()
        parent.wait()
    assert gone(running)
