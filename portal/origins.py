"""From where a form may be sent: the portal's own pages, no other site's, whatever token it has (T67)."""

from urllib.parse import urlsplit

from flask import request
from flask_wtf.csrf import CSRFError

from portal.guards import SAFE_METHODS
from portal.sides import api_side

# Sent from a page of this very address, or by the person alone: typed, or loaded again.
_OWN = frozenset({"same-origin", "none"})


def refuse_foreign() -> None:
    """Raise CSRFError (400) for what a browser says comes from another site's page.

    No page can make a browser lie in these headers. One that sends neither is judged by the token alone, and
    so is the API, which knows no cookie.
    """
    if request.method in SAFE_METHODS or api_side(request.path):
        return
    site = request.headers.get("Sec-Fetch-Site")
    own = site in _OWN if site is not None else _of_this_host(request.headers.get("Origin", "null"))
    if not own:
        raise CSRFError("Sent from another site's page.")


def _of_this_host(origin: str) -> bool:
    """Return whether `origin`, as older browsers send it, is no other host's; "null" names none."""
    return origin == "null" or urlsplit(origin).netloc == request.host
