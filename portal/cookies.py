"""The session's cookie: signed, and of no age of its own, because how long it holds is said by its row."""

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature


class Sessions(SecureCookieSessionInterface):
    """Reads the cookie without a look at the clock.

    Flask would take one for invalid that another machine, whose clock is a second ahead, has just made (T47).
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie of `request` holds; nothing where there is none or it was not made here."""
        maker = self.get_signing_serializer(app)
        signed = request.cookies.get(self.get_cookie_name(app))
        if maker is None or not signed:
            return None if maker is None else self.session_class()
        try:
            return self.session_class(maker.loads(signed))
        except BadSignature:
            return self.session_class()
