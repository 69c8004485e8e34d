"""Where to go on after something was done from a list: back to that list, as it was searched and paged."""

from urllib.parse import urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from portal import doors, guards

# The pages that list contacts with their menus.
_LISTS = {"contacts.index", "contacts.search", "client.contacts", "roles.show", "dashboard.show"}


def to_list() -> str:
    """Return the list that a form or a link was on: what the form says, else the page it was sent from."""
    said = guards.safe_next(request.form.get("back"))
    return said or _sent_from() or url_for("contacts.index")


def _sent_from() -> str | None:
    """Return the page behind the request where it lists contacts; browsers name pages of our own in full."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return None
    page = guards.safe_next(f"{parts.path}?{parts.query}".rstrip("?"))
    adapter: MapAdapter | None = current_app.create_url_adapter(request)
    try:
        endpoint, _ = adapter.match(parts.path, method="GET") if adapter else ("", {})
    except HTTPException:
        return None
    return page if doors.plain(endpoint) in _LISTS else None
