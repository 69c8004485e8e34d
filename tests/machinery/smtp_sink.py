"""A real SMTP server on a free port that keeps what it gets and misbehaves on request."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Received:
    """One mail as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    authenticated: bool = False

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass
class _Reply:
    words: str
    at: str
    to: str
    left: int


class _Server(SMTP):
    pause: float = 0.0

    async def push(self, status: Any) -> None:
        """Answer as usual, or byte by byte when the sink was told to be slow."""
        if not self.pause:
            return await super().push(status)
        line = status if isinstance(status, bytes) else str(status).encode()
        for byte in line + b"\r\n":
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(self.pause)
        return None


@dataclass
class Sink:
    """The server. `messages` are the mails it said 250 to, `unanswered` those it dropped the line on.

    `options` go to aiosmtpd's SMTP: `tls_context`, `require_starttls`, `authenticator`, `auth_required` ...
    """

    options: dict[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    unanswered: list[Received] = field(default_factory=list)
    _replies: list[_Reply] = field(default_factory=list)
    _drops: int = 0
    _pause: float = 0.0
    _news: threading.Condition = field(default_factory=threading.Condition)
    _controller: Controller | None = None

    def start(self) -> None:
        """Listen; after `refuse()` on the same port as before."""
        self.port = self.port or free_port()
        self._controller = _Controller(self, hostname=self.host, port=self.port, **self.options)
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._controller:
            self._controller.stop()
        self._controller = None

    # -- how it misbehaves

    def refuse(self) -> None:
        """Refuse connections until `accept()`."""
        self.stop()

    def accept(self) -> None:
        """Take connections again, and behave."""
        self._replies.clear()
        self._drops, self._pause = 0, 0.0
        if self._controller is None:
            self.start()

    def reply(self, words: str, *, times: int = 1_000_000, at: str = "DATA", to: str = "") -> None:
        """Answer the next `times` mails at the stage `at` ("RCPT" or "DATA") with `words`, say "451 later".

        With `to`, only mails for that address.
        """
        self._replies.append(_Reply(words, at, to, times))

    def drop_after_data(self, times: int = 1) -> None:
        """Take the next `times` mails whole and drop the line instead of answering."""
        self._drops = times

    def slow(self, seconds_a_byte: float) -> None:
        """Send every answer byte by byte (0 for the usual speed); holds for new connections."""
        self._pause = seconds_a_byte

    # -- what it got

    def clear(self) -> None:
        """Forget what came so far."""
        self.messages.clear()
        self.unanswered.clear()

    def to(self, address: str) -> list[Received]:
        """The mails for one address, oldest first."""
        return [mail for mail in self.messages if address in mail.recipients]

    def wait(self, count: int, *, within: float = 10.0) -> list[Received]:
        """Wait until at least `count` mails have been taken; raises TimeoutError when they do not come."""
        deadline = time.monotonic() + within
        with self._news:
            while len(self.messages) < count:
                if not self._news.wait(timeout=max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"{len(self.messages)} of {count} mails came within {within} s")
        return self.messages

    # -- aiosmtpd's hooks, called in the server's thread

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer("RCPT", [address])
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self._answer("DATA", envelope.rcpt_tos)
        if not answer.startswith("250"):
            return answer
        mail = Received(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            envelope.original_content or b"",
            bool(session.authenticated),
        )
        if self._drops > 0:
            self._drops -= 1
            self.unanswered.append(mail)
            if isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
            return "421 the line is gone"
        with self._news:
            self.messages.append(mail)
            self._news.notify_all()
        return answer

    def _answer(self, at: str, recipients: list[str]) -> str:
        for reply in self._replies:
            if reply.at == at and reply.left > 0 and (not reply.to or reply.to in recipients):
                reply.left -= 1
                return reply.words
        return "250 OK"


class _Controller(Controller):
    def __init__(self, sink: Sink, **options: Any) -> None:
        super().__init__(sink, server_hostname="localhost", **options)

    def factory(self) -> SMTP:
        server = _Server(self.handler, **self.SMTP_kwargs)
        server.pause = self.handler._pause
        return server


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(**options: Any) -> Iterator[Sink]:
    """A sink for the length of the block."""
    sink = Sink(options)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()
