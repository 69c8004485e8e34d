"""The doors to a company: its members' own, and those of the vendor's staff, who use the same views.

Behind a door of the staff the same blueprints stand a second time, below another address.
"""

from flask import current_app, has_request_context, request

# Staff at work in a client, and staff who see what one of its contacts sees.
CLIENTS = "staff.clients"
VIEW_AS = "staff.view_as"


def door() -> str:
    """Return through which door of the staff the running request comes; empty for every other request."""
    endpoint = (request.endpoint or "") if has_request_context() else ""
    return next((each for each in (CLIENTS, VIEW_AS) if endpoint.startswith(f"{each}.")), "")


def through(endpoint: str) -> str:
    """Return the endpoint of the page `endpoint` behind the door at hand; as it is where none is there."""
    behind = f"{door()}.{endpoint}"
    return behind if behind in current_app.view_functions else endpoint


def plain(endpoint: str | None) -> str:
    """Return `endpoint` as the customers' side calls it, whatever door it is behind."""
    found = endpoint or ""
    return next(
        (found.removeprefix(f"{each}.") for each in (CLIENTS, VIEW_AS) if found.startswith(f"{each}.")), found
    )


def page() -> str:
    """Return the endpoint of the running request as the customers' side calls it."""
    return plain(request.endpoint)
