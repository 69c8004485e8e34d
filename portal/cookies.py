"""The session cookies: signed, and of no age of their own, because how long one holds is said by its row.

Portal users have one, the vendor's staff another; one browser may hold both (behaviour S1).
"""

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface, SessionMixin
from itsdangerous import BadSignature

from portal.sides import api_side, staff_side


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


class StaffSessions(Sessions):
    """The staff's own: another name and another signature, so neither is ever taken for the other (T15)."""

    salt = "staff cookie"

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name of the staff's cookie."""
        return str(app.config["STAFF_COOKIE_NAME"])


class BothSides(SessionInterface):
    """Opens and saves the cookie that belongs to the side of the request, and leaves the other one alone.

    At the API no cookie is read and none is set.
    """

    def __init__(self) -> None:
        self._of = {True: StaffSessions(), False: Sessions()}

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie of this side holds."""
        if api_side(request.path):
            return SecureCookieSession()
        return self._of[staff_side(request.path)].open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the session into the cookie of this side."""
        if not api_side(request.path):
            self._of[staff_side(request.path)].save_session(app, session, response)
