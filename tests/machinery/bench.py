"""What the portal costs: seconds to the first page, bytes over the wire, time per page; run by `make bench`.

Starts the whole portal on demo data in a folder of its own and asks it over loopback as a browser would.
"""

import gzip
import http.client
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import brotli

from tests.machinery.counts import count
from tests.machinery.whole_portal import WholePortal

_ASSETS = re.compile(r'(?:href|src)="(/[^"#]+\.(?:css|js|svg))(?:#[^"]*)?"')
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass
class Visitor:
    """A browser as far as bytes go: it keeps its cookie and its assets, and speaks br and gzip."""

    port: int
    cookie: str = ""
    kept: set[str] = field(default_factory=set)

    def ask(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; gives the answer and its body as it came over the wire."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers |= {"Accept-Encoding": "br, gzip", "Cookie": self.cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, body or None, headers)
        answer = line.getresponse()
        packed = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = cookie.split(";")[0]
        line.close()
        return answer, packed

    def visit(self, path: str, **headers: str) -> int:
        """A page with whatever it needs and is not kept yet; gives the bytes of all bodies."""
        answer, packed = self.ask("GET", path, **headers)
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}")
        total = len(packed)
        for asset in set(_ASSETS.findall(plain(answer, packed))) - self.kept:
            self.kept.add(asset)
            total += len(self.ask("GET", asset)[1])
        return total

    def sign_in(self, identity: str, password: str) -> None:
        """Sign in. Raises RuntimeError when that is refused."""
        answer, packed = self.ask("GET", "/sign-in")
        token = _TOKEN.search(plain(answer, packed))
        form = {"identity": identity, "password": password, "csrf_token": token[1] if token else ""}
        answer, _ = self.ask("POST", "/sign-in", urlencode(form))
        if answer.status not in (302, 303):
            raise RuntimeError(f"signing in as {identity} answers {answer.status}")


def plain(answer: http.client.HTTPResponse, packed: bytes) -> str:
    """The body as text, whatever it was packed with."""
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(
        answer.headers.get("Content-Encoding", "")
    )
    return (unpack(packed) if unpack else packed).decode()


def milliseconds(visitor: Visitor, path: str, **headers: str) -> str:
    """Median and 95th percentile of one page."""
    times = []
    for _ in range(count(60, 400)):
        began = time.perf_counter()
        visitor.ask("GET", path, **headers)
        times.append((time.perf_counter() - began) * 1000)
    return f"median {statistics.median(times):6.1f} ms   p95 {statistics.quantiles(times, n=20)[-1]:6.1f} ms"


def starting(portal: WholePortal) -> float:
    """Seconds from the command to the first page."""
    began = time.perf_counter()
    portal.start().ready()
    if portal.get("/sign-in")[0] != 200:
        raise RuntimeError(portal.said())
    return time.perf_counter() - began


def main() -> int:
    """Measure and print; returns the code to exit with."""
    with tempfile.TemporaryDirectory() as folder:
        portal = WholePortal(Path(folder) / "instance", SIGN_IN_LIMIT="1000")
        print(f"first start, demo data included   {starting(portal):6.2f} s")
        portal.stop()
        print(f"second start                      {starting(portal):6.2f} s")
        try:
            measure(portal)
        finally:
            portal.stop()
    return 0


def measure(portal: WholePortal) -> None:
    """Bytes and times of the contacts list, as the administrator of the largest company sees it."""
    demo = json.loads((portal.folder / "demo.json").read_text())
    for slug in ("northgate", "metro"):
        visitor = Visitor(portal.port)
        person = next((one for one in demo["people"] if slug in one["email"]), None)
        if person is None:
            print(f"{slug}: the demo data names nobody who can sign in there")
            continue
        visitor.sign_in(person["email"], demo["password"])
        part = {"HX-Request": "true"}
        print(f"{slug}, first visit of the list    {visitor.visit(f'/{slug}/contacts'):6d} bytes")
        print(f"{slug}, its next visit             {visitor.visit(f'/{slug}/contacts'):6d} bytes")
        search = f"/{slug}/contacts/search?q=an"
        print(f"{slug}, a search                   {visitor.visit(search, **part):6d} bytes")
        print(f"{slug}, the list     {milliseconds(visitor, f'/{slug}/contacts')}")
        print(f"{slug}, a search     {milliseconds(visitor, search, **part)}")


if __name__ == "__main__":
    sys.exit(main())
