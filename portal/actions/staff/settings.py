"""Changing what the vendor has set for all clients: branding, logo, areas, how customers sign in (S6)."""

from collections.abc import Collection, Mapping
from typing import Any

from portal import audit, logos, staff_policy
from portal.extensions import db
from portal.models import Area, Branding, Logo, VendorArea
from portal.policy import Actor
from portal.queries import settings
from portal.staff_policy import Deed
from portal.words import AREA

BRANDING = {
    "name": "Portal name",
    "hue": "Brand hue",
    "support_email": "Support e-mail",
    "support_phone": "Support phone",
    "privacy_url": "Privacy link",
}
SIGN_IN = {
    "invitation_hours": "Hours of an invitation link",
    "idle_minutes": "Minutes left alone",
    "session_hours": "Hours signed in",
    "second_factor": "Second factor",
}
FACTOR = {"optional": "each client decides", "admins": "admins need one", "everybody": "everybody needs one"}


def row_to_change() -> Branding:
    """Return the settings; nobody else changes them until this transaction ends."""
    row = db.session.get(Branding, 1, with_for_update=True, populate_existing=True)
    if row is None:
        row = settings.unset()
        db.session.add(row)
        db.session.flush()
    return row


def brand(wanted: Mapping[str, Any], by: Actor) -> bool:
    """Bring name, colour and addresses to what is `wanted`; return whether anything changed."""
    return _change(wanted, BRANDING, "changed the branding", by)


def sign_in_rules(wanted: Mapping[str, Any], by: Actor) -> bool:
    """Bring how customers sign in to what is `wanted`; return whether anything changed.

    It counts for everybody at their next request, and for invitations that are sent from now on.
    """
    return _change(wanted, SIGN_IN, "changed how customers sign in", by)


def _change(wanted: Mapping[str, Any], labels: Mapping[str, str], what: str, by: Actor) -> bool:
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    row, changes = row_to_change(), {}
    for name, label in labels.items():
        before, after = getattr(row, name), wanted[name]
        if before != after:
            setattr(row, name, after)
            changes[label] = (_said(before), _said(after))
    if changes:
        audit.record(what, by=by, changes=changes)
    return bool(changes)


def _said(value: Any) -> str:
    return "" if value is None else FACTOR.get(str(value), str(value))


def show_logo(logo: logos.Drawn, by: Actor) -> None:
    """Show `logo` beside the vendor's name everywhere."""
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    row, kept = row_to_change(), db.session.get(Logo, 1)
    if kept is None:
        db.session.add(Logo(id=1, content=logo.content))
    else:
        kept.content = logo.content
    row.logo_hash, row.logo_width = logo.hash, logo.width
    audit.record("changed the logo", by=by)


def remove_logo(by: Actor) -> bool:
    """Show the leaf again instead of a logo; return whether there was one."""
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    row, kept = row_to_change(), db.session.get(Logo, 1)
    if kept is None:
        return False
    db.session.delete(kept)
    row.logo_hash, row.logo_width = "", 0
    audit.record("removed the logo", by=by)
    return True


def switch_areas(on: Collection[Area], by: Actor) -> bool:
    """Let clients have the areas `on` and no other; return whether anything changed.

    What is off for one client, or hidden by its admins, stays off there (C31).
    """
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    row_to_change()
    before, after = settings.areas_off(), frozenset(set(Area) - set(on))
    for area in sorted(after - before):
        db.session.add(VendorArea(area=area))
    for area in sorted(before - after):
        db.session.delete(db.session.get_one(VendorArea, area))
    if before != after:
        changes = {"Areas switched off": (_named(before), _named(after))}
        audit.record("changed the areas of all clients", by=by, changes=changes)
    return before != after


def _named(areas: Collection[Area]) -> str:
    return ", ".join(AREA[area] for area in Area if area in areas)
