"""A browser without a screen: the test client with the CSRF token of its own pages and htmx's headers."""

import re
from datetime import timedelta
from typing import Any

import html5lib
import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from portal.clock import now
from tests.town import PASSWORD, STAFF_SECRET

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
LINK = re.compile(
    r"http://localhost(/(?:invitations|reset|confirm|request-access|staff/password|staff/confirm)/[\w.\-]+)"
)


class Browser:
    """One person's browser: cookies of its own, forms sent with the token they were given."""

    side = ""

    def __init__(self, app: Flask, **headers: str) -> None:
        self.client = app.test_client()
        self.headers = headers

    def get(self, path: str, *, htmx: bool = False, **more: Any) -> TestResponse:
        return self.client.get(path, headers=self._headers(htmx), **more)

    def post(
        self, path: str, data: Any = None, *, htmx: bool = False, token: bool = True, **more: Any
    ) -> TestResponse:
        """Send a form; with `token` it carries the CSRF token that any page of the portal holds."""
        form = dict(data or {})
        headers = self._headers(htmx)
        if token and htmx:
            headers["X-CSRFToken"] = self.token()
        elif token:
            form["csrf_token"] = self.token()
        return self.client.post(path, data=form, headers=headers, **more)

    def token(self) -> str:
        """The CSRF token, from a page that needs nothing."""
        found = TOKEN.search(self.client.get(self.side + "/no-such-page/at-all").text)
        assert found, "no page without a token"
        return found[1]

    def sign_in(self, identity: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/sign-in", {"identity": identity, "password": password, **more})

    def cookie(self) -> str | None:
        found = self.client.get_cookie("gatehouse")
        return found.value if found else None

    def _headers(self, htmx: bool) -> dict[str, str]:
        return {**self.headers, **({"HX-Request": "true"} if htmx else {})}


class StaffBrowser(Browser):
    """A browser on the vendor's side, with the token of that side's own cookie."""

    side = "/staff"

    def give_password(self, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/staff/sign-in", {"email": email, "password": password, **more})

    def give_code(self, code: str, **more: str) -> TestResponse:
        return self.post("/staff/sign-in/code", {"code": code, **more})

    def cookie(self) -> str | None:
        found = self.client.get_cookie("gatehouse-staff")
        return found.value if found else None


def app_code(secret: str = STAFF_SECRET, steps: int = 0) -> str:
    """Return what an authenticator app shows now, or `steps` half minutes later."""
    return pyotp.TOTP(secret).at(now() + timedelta(seconds=30 * steps))


def form_fields(page: str, form_id: str = "") -> dict[str, Any]:
    """Return what a browser would send for a form: names and values, lists where a name repeats."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    forms = [form for form in tree.iter("form") if not form_id or form.get("id") == form_id]
    values: dict[str, list[str]] = {}
    for field in forms[0].iter():
        for value in _sent(field):
            values.setdefault(field.get("name"), []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _sent(field: Any) -> list[str]:
    if not field.get("name") or field.get("disabled") is not None:
        return []
    kind = field.get("type", "text")
    if field.tag == "input" and kind in ("checkbox", "radio"):
        return [field.get("value", "on")] if field.get("checked") is not None else []
    if field.tag == "input" and kind not in ("submit", "button", "file"):
        return [field.get("value", "")]
    if field.tag == "textarea":
        return [(field.text or "").removeprefix("\n")]
    if field.tag == "select":
        options = list(field.iter("option"))
        chosen = [each for each in options if each.get("selected") is not None] or options[:1]
        return [each.get("value", each.text or "") for each in chosen]
    return []
