"""What the vendor has set for all clients; where it has set nothing, what the server's environment says."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from portal.clock import now
from portal.extensions import db
from portal.models import Area, Branding, Logo, SignInSession, VendorArea


def vendor() -> Branding:
    """Return the vendor's settings, or what counts before there are any; nothing is added."""
    return db.session.get(Branding, 1) or unset()


def unset() -> Branding:
    """Return the settings of a vendor that has set nothing, as a row that is in no database yet."""
    empty = dict.fromkeys(("support_email", "support_phone", "about", "privacy_url", "logo_hash"), "")
    return Branding(id=1, name="Gatehouse", hue=195, logo_width=0, second_factor="optional", **empty)


def invitation_life() -> timedelta:
    """Return how long the link of an invitation made now works (L2)."""
    hours = vendor().invitation_hours
    life: timedelta = current_app.config["INVITATION_LIFE"]
    return timedelta(hours=hours) if hours else life


def idle(settings: Branding, *, remembered: bool) -> timedelta:
    """Return how long a customer's session may be left alone."""
    if remembered or not settings.idle_minutes:
        life: timedelta = current_app.config["REMEMBERED_LIFE" if remembered else "SESSION_IDLE"]
        return life
    return timedelta(minutes=settings.idle_minutes)


def session_life(settings: Branding, *, remembered: bool) -> timedelta:
    """Return how long a customer's session may last at all."""
    if remembered or not settings.session_hours:
        life: timedelta = current_app.config["REMEMBERED_LIFE" if remembered else "SESSION_LIFE"]
        return life
    return timedelta(hours=settings.session_hours)


def alive(session: SignInSession, settings: Branding) -> bool:
    """Return whether a customer's session still works, by what the vendor has set by now."""
    at, remembered = now(), session.remembered
    ends = session.created_at + session_life(settings, remembered=remembered)
    return ends > at and session.alive(at, at - idle(settings, remembered=remembered))


def areas_off() -> frozenset[Area]:
    """Return the areas that the vendor has switched off for all clients."""
    return frozenset(Area(word) for word in db.session.scalars(select(VendorArea.area)))


def logo() -> Logo | None:
    """Return the vendor's logo, None where there is none."""
    return db.session.get(Logo, 1)
