"""What the browser tests can ask for: the portal served on a free port, and windows on it."""

import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.stage import Stage
from tests.machinery.chromium import launch
from tests.machinery.waiting import until
from tests.surfing import Browser

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# Policy violations are reported to the page; the page tells the console.
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`Policy: ${event.violatedDirective} stopped ${event.blockedURI}`));"""


class Quiet(WSGIRequestHandler):
    """Serves without a line for every request, and knows how many lines are open."""

    open_lines: ClassVar[list[object]] = []

    def handle(self) -> None:
        """Answer what comes over one line."""
        self.open_lines.append(self)
        try:
            super().handle()
        finally:
            self.open_lines.remove(self)

    def log_request(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The one Chromium of the run."""
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(built) -> Iterator[str]:
    """Serve the application over loopback; gives the address."""
    server = make_server("127.0.0.1", 0, _unpacked(built), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _unpacked(app):
    """Never send a packed copy: those beside the static files may be older than the files."""

    def serve(environ, start_response):
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return app(environ, start_response)

    return serve


class Window:
    """One person's browser window, and everything its console complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"{error.error}"))
        self.page = context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium calls every refused answer an error; which answers are right is said by the tests.
        refused = "the server responded with a status of" in message.text
        refused = refused and "/static/" not in message.location["url"]
        # htmx calls it one that a newer request took the place of an older.
        replaced = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))
        if message.type == "error" and not refused and not replaced:
            self.complaints.append(message.text)


@pytest.fixture
def window(chromium, served, app) -> Iterator[Callable[..., Window]]:
    """Opens windows: `window()` for a stranger, `window(town.mia)` for somebody signed in.

    `phone`, `javascript` and whatever a browser context takes say what it is like. No window may complain.
    """
    opened: list[Window] = []

    def open_window(person=None, *, phone: bool = False, javascript: bool = True, **facts) -> Window:
        context = chromium.new_context(
            base_url=served,
            viewport=PHONE if phone else DESKTOP,
            has_touch=phone,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **facts,
        )
        context.set_default_timeout(10_000)
        context.add_init_script(REPORT_VIOLATIONS)
        if person is not None:
            context.add_cookies([{"name": "gatehouse", "value": session_of(app, person), "url": served}])
        opened.append(Window(context))
        return opened[-1]

    yield open_window
    complaints = [complaint for each in opened for complaint in each.complaints]
    for each in opened:
        each.context.close()
    # A request still on its way would find its database replaced by that of the next test.
    until(lambda: not Quiet.open_lines, within=20, what="the last answer")
    assert complaints == []


def session_of(app, person) -> str:
    """Sign somebody in without a screen; gives the cookie."""
    visitor = Browser(app)
    assert visitor.sign_in(person.email).status_code == 303
    cookie = visitor.cookie()
    assert cookie
    return cookie


@pytest.fixture
def page(window, town) -> Page:
    """A page in the window of Mia, who is admin of Acme Estates."""
    return window(town.mia).page


@pytest.fixture
def stage(app, town, mailbox, writing, window) -> Stage:
    """The town and windows on it, for whoever looks at pages."""
    return Stage(app, town, mailbox, writing, window)
