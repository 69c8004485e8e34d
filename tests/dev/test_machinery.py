"""The real parts do what the tests that stand on them believe."""

import smtplib
import time

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from tests.machinery import postgres, smtp_sink, valkey


@pytest.fixture
def sink():
    with smtp_sink.running() as running:
        yield running


def send(sink, to="a@northgate.example"):
    """Send a mail; gives the code of the answer, 250 for taken."""
    try:
        with smtplib.SMTP(sink.host, sink.port, timeout=5) as line:
            line.sendmail("portal@alder.example", [to], "Subject: Hello\n\nHello")
    except smtplib.SMTPRecipientsRefused as refused:
        return refused.recipients[to][0]
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    except smtplib.SMTPServerDisconnected:
        return 0
    return 250


class TestSink:
    def test_keeps_what_it_takes(self, sink):
        assert send(sink) == 250
        (mail,) = sink.wait(1)
        assert mail.recipients == ("a@northgate.example",)
        assert mail.message["Subject"] == "Hello"

    def test_says_no_as_often_as_told(self, sink):
        sink.reply("451 later", times=2)
        assert [send(sink) for _ in range(3)] == [451, 451, 250]
        assert len(sink.messages) == 1

    def test_says_no_to_one_address(self, sink):
        sink.reply("550 nobody here", at="RCPT", to="b@northgate.example")
        assert send(sink, "b@northgate.example") == 550
        assert send(sink, "a@northgate.example") == 250

    def test_drops_the_line_after_taking_the_mail(self, sink):
        sink.drop_after_data()
        assert send(sink) == 0
        assert len(sink.unanswered) == 1
        assert send(sink) == 250

    def test_refuses_connections_and_comes_back_on_its_port(self, sink):
        sink.refuse()
        with pytest.raises(ConnectionRefusedError):
            send(sink)
        sink.accept()
        assert send(sink) == 250

    def test_answers_byte_by_byte(self, sink):
        sink.slow(0.005)
        began = time.monotonic()
        assert send(sink) == 250
        assert time.monotonic() - began > 0.3


class TestValkey:
    def test_a_kill_keeps_what_was_written_unless_told_to_forget(self):
        with valkey.running() as server:
            line = redis.Redis.from_url(server.url)
            line.set("a", 1)
            server.kill()
            server.start()
            assert line.get("a") == b"1"
            server.kill(forget=True)
            server.start()
            assert line.get("a") is None

    def test_frozen_it_answers_nothing(self):
        with valkey.running() as server:
            line = redis.Redis.from_url(server.url, socket_timeout=0.2, retry=None)
            server.freeze()
            with pytest.raises(redis.exceptions.TimeoutError):
                line.ping()
            server.thaw()
            assert redis.Redis.from_url(server.url).ping()


@pytest.fixture(scope="module")
def server():
    with postgres.running() as running:
        yield running


class TestPostgres:
    def ask(self, url, statement):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as line:
            answer = line.execute(statement)
            return answer.fetchone() if answer.description else None

    def test_a_database_can_be_copied_and_dropped(self, server):
        first = server.new_database()
        self.ask(first, "CREATE TABLE a AS SELECT 7 AS b")
        second = server.new_database(like=first)
        assert self.ask(second, "SELECT b FROM a") == (7,)
        server.drop_database(first)
        server.drop_database(second)
        with pytest.raises(psycopg.OperationalError):
            self.ask(first, "SELECT 1")

    def test_letters_of_every_language_have_two_cases(self, server):
        assert self.ask(server.url, "SELECT lower('ÉŁЖ')") == ("éłж",)
