"""A system of the vendor's that uses the API: the test client with a bearer token and no cookies."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal.actions.staff import api_tokens
from portal.extensions import db
from portal.models import ApiScope, StaffUser
from portal.queries.staff.sign_in import acting
from portal.transaction import transaction

API = "/api/v1"


class System:
    """One system with its token; `secret` is what it sends."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client, self.secret = app.test_client(use_cookies=False), secret

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a request; `If_Match="..."` becomes the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.secret}", **named}
        return self.client.open(API + path, method=method, json=body, headers=sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call("GET", path, **headers)


def made(app: Flask, staff_id: int, *scopes: ApiScope | str, days: int = 30, name: str = "CRM") -> System:
    """Have an administrator make a token with `scopes` (all where none is said), and return its system."""
    with app.app_context(), transaction(write=True):
        by = acting(db.session.get_one(StaffUser, staff_id))
        _token, secret = api_tokens.make(name, [ApiScope(each) for each in scopes or ApiScope], days, by)
    return System(app, secret)
