"""The doctor on Redis, mail, clocks and work: a real Valkey, a real SMTP server, a real web server."""

import http.server
import ssl
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import redis
import time_machine
import trustme
from rq import SimpleWorker

from portal import jobs
from portal.clock import now
from portal.dev import processes
from portal.dev import valkey as program
from portal.doctor import clocks, mail_server, redis_server, work
from portal.extensions import db
from portal.models import Letter, LetterState, Pulse, Webhook
from tests.machinery import smtp_sink, valkey
from tests.machinery.smtp_sink import free_port
from tests.machinery.waiting import until


@pytest.fixture(scope="module")
def socket():
    """A Valkey as we recommend it."""
    with valkey.running() as server:
        yield {"REDIS_URL": server.url}


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    """A Valkey on a port, without password, unprotected, that writes nothing down."""
    port, folder = free_port(), tmp_path_factory.mktemp("careless")
    words = ["--port", str(port), "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]
    leash = processes.start(
        [program.program(), *words, "--dir", str(folder)], output=subprocess.DEVNULL, grace=1.0
    )
    line = redis.Redis(port=port)
    until(lambda: _answers(line), what="Valkey")
    yield port
    processes.stop(leash)


def _answers(line) -> bool:
    try:
        return line.ping()
    except redis.RedisError:
        return False


class TestRedis:
    @pytest.mark.parametrize("check", [*redis_server.CHECKS, *redis_server.INSIDE, *clocks.WITH_REDIS])
    def test_a_good_one(self, asked, socket, check):
        assert asked(check, PRODUCTION=True, **socket).result == "ok"

    def test_none(self, asked):
        assert asked(redis_server.there, PRODUCTION=True, REDIS_URL="").result == "fail"
        assert asked(redis_server.there, REDIS_URL=f"redis://127.0.0.1:{free_port()}").result == "fail"

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
    def test_an_open_one(self, asked, careless, host):
        """T89."""
        here = {"PRODUCTION": True, "REDIS_URL": f"redis://{host}:{careless}/0"}
        assert asked(redis_server.there, **here).result == "ok"
        assert asked(redis_server.shut, **here).result == "fail"

    def test_protected_on_loopback(self, asked, careless):
        line = redis.Redis(port=careless)
        here = {"PRODUCTION": True, "REDIS_URL": f"redis://127.0.0.1:{careless}/0"}
        line.config_set("protected-mode", "yes")
        assert asked(redis_server.shut, **here).result == "ok"
        line.config_set("protected-mode", "no")

    def test_on_another_machine(self, asked):
        """12.3.1."""
        hosts = {"redis://:pw@cache.example": "warn", "rediss://:pw@cache.example": "ok"}
        hosts |= {"redis://localhost": "ok", "unix:///run/redis.sock": "ok", "": "ok"}
        found = {url: asked(redis_server.encrypted, PRODUCTION=True, REDIS_URL=url).result for url in hosts}
        assert found == hosts

    def test_with_a_password(self, asked):
        found = asked(redis_server.shut, PRODUCTION=True, REDIS_URL="redis://:long-one@0.0.0.0:6379/0")
        assert found.result == "ok"

    def test_one_that_forgets(self, asked, careless):
        here, line = {"REDIS_URL": f"redis://127.0.0.1:{careless}"}, redis.Redis(port=careless)
        assert asked(redis_server.keeps, **here).result == "warn"
        line.config_set("appendonly", "yes")
        assert asked(redis_server.keeps, **here).result == "ok"
        line.config_set("maxmemory-policy", "allkeys-lru")
        assert asked(redis_server.keeps, **here).result == "warn"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class TestMail:
    @pytest.fixture
    def trusted(self, authority, tmp_path, monkeypatch):
        file = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    @pytest.fixture
    def post(self, app, asked):
        """Asks a check about one server: `post(sink, check, tls=True)`."""

        def ask(port, check, *, tls=False, host="127.0.0.1"):
            settings = {"MAIL_SERVER": host, "MAIL_PORT": port, "MAIL_USE_TLS": tls, "MAIL_USE_SSL": False}
            line = app.extensions["mail"]
            kept = line.server, line.port, line.use_tls, line.use_ssl
            line.server, line.port, line.use_tls, line.use_ssl = host, port, tls, False
            try:
                return asked(check, PRODUCTION=True, **settings)
            finally:
                line.server, line.port, line.use_tls, line.use_ssl = kept

        return ask

    @contextmanager
    def server(self, authority, **more):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", **more).configure_cert(context)
        with smtp_sink.running(tls_context=context, require_starttls=True) as sink:
            yield sink.port

    def test_a_good_one(self, post, authority, trusted):
        with self.server(authority) as port:
            for check in mail_server.CHECKS:
                assert post(port, check, tls=True).result == "ok", check

    def test_nobody_there(self, post):
        found = post(free_port(), mail_server.reached)
        assert (found.result, "ConnectionRefusedError" in found.words) == ("fail", True)

    def test_a_certificate_of_nobody(self, post, authority):
        with self.server(authority) as port:
            found = post(port, mail_server.reached, tls=True)
        assert (found.result, "not to be trusted" in found.words) == ("fail", True)

    def test_a_certificate_that_ends_soon(self, post, authority, trusted):
        with self.server(authority, not_after=now() + timedelta(days=5)) as port:
            assert post(port, mail_server.reached, tls=True).result == "ok"
            assert post(port, mail_server.certificate, tls=True).result == "warn"

    def test_no_encryption_where_it_is_asked_for(self, post):
        with smtp_sink.running() as sink:
            found = post(sink.port, mail_server.reached, tls=True)
        assert (found.result, "MAIL_USE_TLS" in found.cure) == ("fail", True)

    def test_in_clear_over_the_network(self, post):
        with smtp_sink.running() as sink:
            assert post(sink.port, mail_server.reached, host="0.0.0.0").result == "ok"
            assert post(sink.port, mail_server.encrypted, host="0.0.0.0").result == "fail"
            assert post(sink.port, mail_server.encrypted).result == "ok"


class TestClocks:
    """T47: five minutes are tolerated, more is told."""

    def test_the_database(self, asked):
        assert asked(clocks.of_the_database).result == "ok"
        with time_machine.travel(now() + timedelta(minutes=4)):
            assert asked(clocks.of_the_database).result == "ok"

    @pytest.mark.postgresql_only
    @pytest.mark.parametrize("away", [timedelta(minutes=6), timedelta(days=-1)])
    def test_the_database_is_elsewhere(self, asked, away):
        with time_machine.travel(now() + away):
            assert asked(clocks.of_the_database).result == "fail"

    @pytest.mark.parametrize("away", [timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=1)])
    def test_redis(self, asked, socket, away):
        with time_machine.travel(now() + away):
            assert asked(clocks.of_redis, **socket).result == "fail"

    def test_the_front_door(self, asked):
        with front_door() as (port, door):
            here = {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
            assert asked(clocks.front_door, **here).result == "ok"
            door.ahead = timedelta(minutes=10)
            found = asked(clocks.front_door, **here)
            assert (found.result, "10 minutes" in found.words) == ("fail", True)
            door.ahead, door.body = timedelta(), b"Welcome to nginx!"
            assert asked(clocks.front_door, **here).result == "fail"
        assert asked(clocks.front_door, **here).result == "warn"


@contextmanager
def front_door():
    """A web server that answers /health, with a clock of its own."""

    class Door(http.server.BaseHTTPRequestHandler):
        ahead, body = timedelta(), b"ok\n"

        def do_GET(self):
            self.send_response_only(200)
            self.send_header("Date", format_datetime(datetime.now(UTC) + self.ahead, usegmt=True))
            self.end_headers()
            self.wfile.write(self.body)

    server = http.server.HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port, Door
    server.shutdown()
    thread.join()
    server.server_close()


class TestWork:
    def test_worker(self, asked, socket):
        """M1: without one, mail waits."""
        assert asked(work.worker, REDIS_URL="").result == "ok"
        assert asked(work.worker, **socket).result == "fail"
        line = redis.Redis.from_url(socket["REDIS_URL"])
        worker = SimpleWorker(["gatehouse"], connection=line, serializer="json")
        worker.register_birth()
        assert asked(work.worker, **socket).result == "ok"
        with time_machine.travel(now() + timedelta(minutes=6)):
            assert asked(work.worker, **socket).result == "fail"
        worker.register_death()
        assert asked(work.worker, **socket).result == "fail"

    def test_clock(self, app, asked):
        assert asked(work.clock).result == "fail"
        with app.app_context():
            jobs.beat()
        assert asked(work.clock).result == "ok"
        with time_machine.travel(now() + timedelta(minutes=6)):
            assert asked(work.clock).result == "fail"
            with app.app_context():
                jobs.beat()
            assert asked(work.clock).result == "ok"

    def test_the_clock_beats_once(self, app, reading):
        for _ in range(2):
            with app.app_context():
                jobs.beat()
        with reading():
            assert [pulse.name for pulse in db.session.scalars(db.select(Pulse))] == ["clock"]

    def test_oldest_mail(self, asked, writing):
        """Over 5 minutes."""
        with writing():
            db.session.execute(db.update(Letter).values(due_at=now() - timedelta(minutes=4)))
        assert asked(work.oldest_mail).result == "ok"
        with writing():
            db.session.execute(db.update(Letter).values(due_at=now() - timedelta(minutes=6)))
        assert asked(work.oldest_mail).result == "fail"
        with writing():
            db.session.execute(db.update(Letter).values(state=LetterState.SENT, sent_at=now()))
        assert asked(work.oldest_mail).result == "ok"

    def test_paused_webhooks(self, asked, writing):
        with writing():
            hook = Webhook(url="https://crm.example/x?key=1", events=[], sealed_secret="", made_by="Sue")
            db.session.add(hook)
        assert asked(work.paused).result == "ok"
        with writing():
            db.session.execute(db.update(Webhook).values(paused_at=now()))
        assert asked(work.paused).words == "Paused: crm.example."
