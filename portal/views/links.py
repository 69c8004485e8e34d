"""The page that a dead link leads to; it never ends in a bare error (behaviour L4)."""

from datetime import datetime
from typing import NoReturn

from flask import Response, abort

from portal import htmx
from portal.models import Ended, Invitation, LoginLink
from portal.queries.links import newest_invitation, newest_login_link
from portal.templating import branding

_STATUS = 410


def dead_invitation(invitation: Invitation, *, again_url: str, sent: bool = False) -> Response:
    """Say why an invitation's link is dead and what to do."""
    why = _why(invitation)
    return _page(
        "invitation",
        why,
        newer_at=newest_invitation(invitation) if why == "replaced" else None,
        moved=why == "replaced" and invitation.contact.email != invitation.email,
        ask=invitation.invited_by,
        again_url=again_url if why == "expired" and not sent else None,
        sent=sent,
    )


def dead_login_link(link: LoginLink) -> Response:
    """Say why a login's link is dead and what to do."""
    why = _why(link)
    return _page(
        link.purpose,
        why,
        newer_at=newest_login_link(link) if why == "replaced" else None,
        ask=branding().name,
    )


def no_such_link() -> NoReturn:
    """End the request with a page (404) for what no mail of ours held: a changed, cut or made-up link."""
    abort(_page("", "unknown", newer_at=None, ask="", status=404))


def _why(link: Invitation | LoginLink) -> str:
    if link.ended_as == Ended.USED:
        return "used"
    if link.ended_as == Ended.REPLACED:
        return "replaced"
    return "expired" if link.ended_at is None and link.expired else "cancelled"


def _page(
    purpose: str,
    why: str,
    *,
    newer_at: datetime | None,
    ask: str,
    again_url: str | None = None,
    sent: bool = False,
    moved: bool = False,
    status: int = _STATUS,
) -> Response:
    return htmx.page(
        "links/dead.html",
        status=200 if sent else status,
        purpose=purpose,
        why=why,
        newer_at=newer_at,
        ask=ask,
        again_url=again_url,
        sent=sent,
        moved=moved,
    )
