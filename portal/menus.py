"""The menus: the main navigation of a reader and the row menu of a contact, both computed, never hand-cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g, request, url_for

from portal import doors, guards, lifecycle, policy, words
from portal.lifecycle import Move
from portal.models import Area, Permission
from portal.policy import Actor
from portal.queries.contacts import Row
from portal.queries.sign_in import Membership, SignedIn

_DIALOGS = (Move.LINK, Move.DELETE)
_PAGES = {
    Move.VIEW: "contacts.show",
    Move.EDIT: "contacts.edit",
    Move.LINK: "property_links.link",
    Move.DELETE: "contacts.delete",
}


def row_menu(row: Row) -> list[dict[str, Any]]:
    """Return the entries of a contact's menu: what its state allows, cut by what the reader may do (L1)."""
    actor, contact = guards.actor(), row.contact
    if contact.id == actor.contact_id:
        profile = {**_blank(), "label": "My profile", "href": _profile(g.get("membership"))}
        return [_page(contact.id, Move.VIEW), *([profile] if guards.signed_in() else [])]
    moves = lifecycle.possible(contact)
    if lifecycle.situation(contact) is lifecycle.Situation.INACTIVE:
        moves = tuple(move for move in moves if move is Move.ACTIVATE)
    allowed = policy.menu(actor, contact, moves, admin=row.admin)
    return [_page(contact.id, move) if move in _PAGES else _button(contact.id, move) for move in allowed]


def _page(contact_id: int, move: Move) -> dict[str, Any]:
    entry = {**_blank(), "move": move.value, "label": words.MOVE[move]}
    return entry | {
        "href": url_for(_PAGES[move], contact_id=contact_id),
        "dialog": move in _DIALOGS,
        "danger": move is Move.DELETE,
    }


def _button(contact_id: int, move: Move) -> dict[str, Any]:
    action = url_for("access.take", contact_id=contact_id, move=move.value)
    return {**_blank(), "move": move.value, "label": words.MOVE[move], "action": action}


def _blank() -> dict[str, Any]:
    return {"move": "profile", "label": "", "href": None, "action": None, "danger": False, "dialog": False}


@dataclass(frozen=True)
class Entry:
    """One entry of the main menu: where it leads, and for whom it is there."""

    group: str
    label: str
    icon: str
    endpoint: str
    opens: Callable[[Actor], bool]
    short: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)


def _area(area: Area) -> Callable[[Actor], bool]:
    return lambda actor: policy.opens(actor, area)


def _admin(actor: Actor) -> bool:
    return actor.is_admin


MENU = (
    Entry("", "Home", "house", "dashboard.show", lambda actor: True),
    Entry("Account", "Contacts", "users", "contacts.index", policy.browses_contacts),
    Entry(
        "Account",
        "Authorized users",
        "user-check",
        "contacts.index",
        policy.browses_contacts,
        "Authorized",
        {"authorized": "any"},
    ),
    Entry("Account", "Roles", "shield-check", "roles.index", _admin),
    Entry("Account", "Access review", "clipboard-check", "reviews.show", _admin),
    Entry("Account", "Activity", "activity", "activity.index", _admin),
    Entry("Account", "Client", "building", "client.show", policy.sees_client),
    Entry("Services", "Properties", "map-pin-house", "properties.index", _area(Area.PROPERTIES)),
    Entry("Services", "Work orders", "clipboard-list", "work_orders.index", _area(Area.WORK_ORDERS), "Work"),
    Entry("Services", "Contracts", "file-text", "contracts.index", _area(Area.CONTRACTS)),
    Entry("Services", "RFPs", "gavel", "rfps.index", _area(Area.RFPS)),
    Entry("Finance", "Billing", "receipt", "billing.index", _area(Area.BILLING)),
    Entry("Finance", "Reports", "chart-column", "reports.index", _area(Area.REPORTS)),
)
# The phone's bar has room for four: these first, then whatever else the reader has.
_THUMB = ("Home", "Contacts", "Work orders", "Billing")


def main_menu() -> dict[str, Any]:
    """Return the navigation of the signed-in reader: only what would open (P11)."""
    person, entered = guards.signed_in(), g.get("membership")
    here: Membership | None = entered or (_home(person) if person else None)
    items = [
        (entry.group, _item(entry, here.company.slug))
        for entry in MENU
        if here and entry.endpoint in current_app.view_functions and entry.opens(here.actor())
    ]
    groups = [
        {"label": name or None, "items": [item for group, item in items if group == name]} for name in _GROUPS
    ]
    return {
        "groups": [group for group in groups if group["items"]],
        "tabs": sorted((item for _, item in items), key=_thumb)[:4],
        "more_href": url_for("dashboard.more", company=here.company.slug)
        if here
        else url_for("companies.choose"),
        "company": {"name": here.company.name, "initials": words.initials(here.company.name)}
        if here
        else None,
        "companies": [_switch(each) for each in _memberships() if here is None or each is not here],
        "user": _user(here, person),
        "menu": _user_menu(here) if person else [],
    }


_GROUPS = ("", "Account", "Services", "Finance")


def _thumb(item: dict[str, Any]) -> int:
    return _THUMB.index(item["label"]) if item["label"] in _THUMB else len(_THUMB)


def _home(person: SignedIn) -> Membership | None:
    """Return the company whose menu stands on pages outside any: the one the address names, else the own."""
    named = person.membership(request.args.get("company", ""))
    return named or person.place()


def _item(entry: Entry, slug: str) -> dict[str, Any]:
    return {
        "label": entry.label,
        "short": entry.short or entry.label,
        "icon": entry.icon,
        "href": url_for(entry.endpoint, company=slug, **entry.query),
        "current": _is_current(entry),
        "count": None,
    }


def _is_current(entry: Entry) -> bool:
    """Return whether the page at hand belongs to `entry`; a filtered list is its own entry's."""
    # The menu as a page of its own is served by the dashboard's file, but is not the dashboard.
    here = doors.page()
    elsewhere = here == "dashboard.more"
    if elsewhere or here.partition(".")[0] != entry.endpoint.partition(".")[0]:
        return False
    filtered = here == "contacts.index" and request.args.get("authorized") == "any"
    return filtered == bool(entry.query)


def _switch(membership: Membership) -> dict[str, str]:
    name = membership.company.name
    return {
        "name": name,
        "initials": words.initials(name),
        "switch_href": url_for("companies.enter", slug=membership.company.slug),
    }


def _user(here: Membership | None, person: SignedIn | None) -> dict[str, Any]:
    line = role_line(here) if here else ""
    shown = here.contact.name if here else person.user.name if person else ""
    slot = (here.contact.id if here else person.user.id if person else 0) % 6
    return {"name": shown, "role_line": line, "initials": words.initials(shown), "slot": slot}


def role_line(membership: Membership) -> str:
    """Return in a few words what somebody is in a company."""
    if Permission.ADMIN in membership.permissions:
        return "Client admin"
    return membership.contact.job_title or "Contact"


def _user_menu(here: Membership | None) -> list[dict[str, str]]:
    entries = [{"label": "My profile", "href": _profile(here), "icon": "user"}]
    if here and policy.browses_contacts(here.actor()):
        href = url_for("contacts.index", company=here.company.slug, authorized="any")
        entries.append({"label": "Authorized users", "href": href, "icon": "user-check"})
    person = guards.signed_in()
    if person is not None and person.vendor.privacy_link:
        entries.append({"label": "Privacy", "href": person.vendor.privacy_link, "icon": "lock"})
    if here is None or len(_memberships()) > 1:
        entries.append({"label": "Companies", "href": url_for("companies.choose"), "icon": "building"})
    return entries


def _profile(here: Membership | None) -> str:
    """Return the address of the own profile; where there are several companies, with those at this one."""
    several = here is not None and len(_memberships()) > 1
    return url_for("profile.show", company=here.company.slug if here and several else None)


def _memberships() -> list[Membership]:
    person = guards.signed_in()
    return person.memberships if person else []
