"""Calls to addresses that somebody typed: only where they may lead, and never further than asked (SSRF).

The name is looked up once, every address it has is judged, and the connection goes to one that was judged: a
name that means something else a moment later leads nowhere. Redirects are not followed, and proxies of the
environment are not asked.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import current_app

PAUSE_SECONDS = 10.0
LONGEST_SECONDS = 15.0
FIRST_BYTES = 500
LONGEST_URL = 500
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Of IPv6, all that is given to the internet (IANA). `is_global` alone takes much for it that leads elsewhere:
# fec0::/10, 64:ff9b:1::/48, ::127.0.0.1.
_GIVEN = ipaddress.ip_network("2000::/3")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotReached(Exception):
    """There was no answer; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the first of the body as text."""

    status: int
    words: str


def objection(url: str) -> str | None:
    """Return why `url` is no address to call, as a sentence; None for one that can be tried."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "Enter a full address, like https://crm.example.com/hooks."
    if not host or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return "Enter a full address, like https://crm.example.com/hooks."
    if parts.username is not None or parts.fragment:
        return "Leave out names, passwords and what follows a #."
    if parts.scheme != "https" and not (parts.scheme == "http" and _at_home(host)):
        return "The address must begin with https://."
    with suppress(ValueError):
        if not may_reach(ipaddress.ip_address(host)):
            return "This address is not on the internet. WEBHOOK_NETWORKS can allow networks of your own."
    return None


def _at_home(host: str) -> bool:
    """Return whether plain HTTP will do: development, on this machine."""
    return not current_app.config["PRODUCTION"] and host in ("localhost", "127.0.0.1", "::1")


def may_reach(address: Address) -> bool:
    """Return whether calls may go to `address`: the internet, and what WEBHOOK_NETWORKS allows."""
    found = _within(address)
    if any(found in ipaddress.ip_network(each) for each in current_app.config["WEBHOOK_NETWORKS"]):
        return True
    if found.is_loopback and not current_app.config["PRODUCTION"]:
        return True
    return found.is_global and not found.is_multicast and (found.version == 4 or found in _GIVEN)


def _within(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send `body` to `url` and return what came back. Raises NotReached with the reason, as a sentence."""
    wrong = objection(url)
    if wrong is not None:
        raise NotReached(wrong)
    parts = urlsplit(url)
    connection = _Judged(parts, _places(parts))
    try:
        with _at_most(LONGEST_SECONDS, connection):
            path = parts.path or "/"
            connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, _readable(answer.read(FIRST_BYTES)))
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise NotReached(_reason(problem)) from problem
    finally:
        connection.close()


def _places(parts: SplitResult) -> list[Any]:
    """Return the addresses of the host, every one of them judged. Raises NotReached."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("Its name could not be found.") from None
    for *_kind, place in found:
        if not may_reach(ipaddress.ip_address(str(place[0]).partition("%")[0])):
            raise NotReached("Its name leads to an address that is not on the internet.")
    return found


class _Judged(http.client.HTTPConnection):
    """A connection to addresses that were judged, under the name that was asked for."""

    def __init__(self, parts: SplitResult, places: Sequence[Any]) -> None:
        self.default_port = 443 if parts.scheme == "https" else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=PAUSE_SECONDS)
        self.places, self.secure = places, parts.scheme == "https"
        self.line: socket.socket | None = None

    def connect(self) -> None:
        """Open the first address that answers."""
        problem: OSError = OSError("no address")
        for family, kind, protocol, _name, place in self.places:
            line = socket.socket(family, kind, protocol)
            line.settimeout(PAUSE_SECONDS)
            try:
                line.connect(place)
            except OSError as found:
                line.close()
                problem = found
            else:
                self.sock = self.line = self._secured(line)
                return
        raise problem

    def _secured(self, line: socket.socket) -> socket.socket:
        if not self.secure:
            return line
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=self.host)
        except OSError:
            line.close()
            raise


@contextmanager
def _at_most(seconds: float, connection: _Judged) -> Iterator[None]:
    """End the conversation after so long, however slowly the other side goes on talking."""

    def hang_up() -> None:
        with suppress(OSError):
            if connection.line is not None:
                connection.line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _readable(said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]


def _reason(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"Its certificate is not trusted: {problem.verify_message}."
    if isinstance(problem, TimeoutError):
        return "It did not answer in time."
    if isinstance(problem, ConnectionRefusedError):
        return "It refused the connection."
    return f"The connection failed ({type(problem).__name__})."
