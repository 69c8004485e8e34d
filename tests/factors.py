"""People with a second factor, and what their authenticator apps show."""

from collections.abc import Callable
from types import SimpleNamespace

import pyotp
from sqlalchemy import delete, select

from portal import second_factor
from portal.clock import now
from portal.extensions import db
from portal.models import PortalUser, SecondFactor
from tests.surfing import Browser
from tests.town import PASSWORD


class App:
    """An authenticator app: the secret of one login and its recovery codes."""

    def __init__(self, email: str, secret: str, codes: list[str]) -> None:
        self.email, self.secret, self.codes = email, secret, codes

    def code(self, *, later: int = 0) -> str:
        """What the app shows now, or `later` seconds from now."""
        return pyotp.TOTP(self.secret).at(int(now().timestamp()) + later)

    def wrong(self) -> str:
        """A code that the app shows at no time near now."""
        near = {self.code(later=step * 30) for step in range(-3, 4)}
        return next(each for each in ("111111", "222222", "333333", "444444") if each not in near)

    def sign_in(self, browser: Browser, **more: str):
        """Sign in with password and code; the answer to the code."""
        assert browser.sign_in(self.email, PASSWORD, **more).location == "/sign-in/code"
        return browser.post("/sign-in/code", {"code": self.code()})


def user_of(email: str) -> PortalUser:
    """The login with this address."""
    return db.session.scalars(select(PortalUser).where(PortalUser.email == email)).one()


def give(writing: Callable, *people: SimpleNamespace) -> list[App]:
    """Give people a second factor behind the portal's back; no code of theirs was used yet."""
    apps = []
    with writing():
        for person in people:
            user, secret = user_of(person.email), second_factor.new_secret()
            codes = second_factor.start(user, secret, pyotp.TOTP(secret).at(int(now().timestamp())))
            assert codes is not None
            factor = second_factor.of(user)
            assert factor is not None
            factor.last_step = 0
            apps.append(App(person.email, secret, codes))
    return apps


def take(writing: Callable, person: SimpleNamespace) -> None:
    """Take somebody's second factor away behind the portal's back."""
    with writing():
        db.session.execute(
            delete(SecondFactor).where(SecondFactor.portal_user_id == user_of(person.email).id)
        )
