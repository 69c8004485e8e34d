"""The browsers a login is signed in with."""

import re
from typing import Any

from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import PortalUser, SignInSession
from portal.queries import settings

_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "Chrome", "Safari")
_NAMES = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet"}
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS X", "CrOS", "Linux")


def live_sessions(user: PortalUser, current: SignInSession | None) -> list[dict[str, Any]]:
    """Return the sessions of `user` that still work, the newest first, each in words a person recognizes."""
    query = select(SignInSession).where(
        SignInSession.portal_user_id == user.id,
        SignInSession.ended_at.is_(None),
        SignInSession.expires_at > now(),
    )
    vendor = settings.vendor()
    found = db.session.scalars(query.order_by(SignInSession.last_seen_at.desc()).limit(50))
    return [
        {
            "id": each.id,
            "session": each,
            "browser": device(each.browser),
            "since": each.created_at,
            "last": each.last_seen_at,
            "current": current is not None and each.id == current.id,
        }
        for each in found
        if settings.alive(each, vendor)
    ]


def device(user_agent: str) -> str:
    """Return a browser's own words about itself as "Safari, iPhone"."""
    browser = next((name for name in _BROWSERS if re.search(rf"\b{name}", user_agent)), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    words = [_NAMES.get(browser, browser), {"Mac OS X": "Mac", "CrOS": "Chromebook"}.get(system, system)]
    return ", ".join(word for word in words if word) or "Unknown device"
