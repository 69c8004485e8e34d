"""The menus: the main navigation of a reader and the row menu of a contact, both computed, never hand-cut."""

from typing import Any

from flask import g, request, url_for

from portal import guards, lifecycle, policy, words
from portal.lifecycle import Move
from portal.models import Permission
from portal.queries.contacts import Row
from portal.queries.sign_in import Membership

_DIALOGS = (Move.LINK, Move.DELETE)
_PAGES = {
    Move.VIEW: "contacts.show",
    Move.EDIT: "contacts.edit",
    Move.LINK: "properties.link",
    Move.DELETE: "contacts.delete",
}


def row_menu(row: Row) -> list[dict[str, Any]]:
    """Return the entries of a contact's menu: what its state allows, cut by what the reader may do (L1)."""
    actor, contact = guards.actor(), row.contact
    if contact.id == actor.contact_id:
        return [
            _page(contact.id, Move.VIEW),
            {**_blank(), "label": "My profile", "href": url_for("profile.show")},
        ]
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


def main_menu() -> dict[str, Any]:
    """Return the navigation of the signed-in reader: only what would open (P11)."""
    person = guards.signed_in()
    assert person is not None
    here: Membership | None = g.get("membership")
    items = _items(here) if here else []
    groups: list[dict[str, Any]] = [
        {"label": None, "items": items[:1]},
        {"label": "Account", "items": items[1:]},
    ]
    return {
        "groups": [group for group in groups if group["items"]],
        "tabs": items[:4],
        "more_href": url_for("dashboard.more") if here else url_for("companies.choose"),
        "company": {"name": here.company.name, "initials": words.initials(here.company.name)}
        if here
        else None,
        "companies": [_switch(each) for each in person.memberships if here is None or each is not here],
        "user": _user(person.user.name, here, person.user.id),
        "menu": _user_menu(here),
    }


def _items(here: Membership) -> list[dict[str, Any]]:
    items = [_item("Home", "house", url_for("dashboard.show"), "dashboard.show")]
    if policy.browses_contacts(here.actor()):
        filtered = "authorized" in request.args and request.endpoint == "contacts.index"
        items.append(_item("Contacts", "users", url_for("contacts.index"), "contacts.", off=filtered))
        everyone = _item("Authorized users", "user-check", url_for("contacts.index", authorized="any"), "-")
        items.append(everyone | {"current": filtered, "short": "Authorized"})
    return items


def _item(label: str, icon: str, href: str, endpoint: str, *, off: bool = False) -> dict[str, Any]:
    current = (request.endpoint or "").startswith(endpoint) and not off
    return {"label": label, "short": label, "icon": icon, "href": href, "current": current, "count": None}


def _switch(membership: Membership) -> dict[str, str]:
    name = membership.company.name
    return {
        "name": name,
        "initials": words.initials(name),
        "switch_href": url_for("companies.enter", slug=membership.company.slug),
    }


def _user(name: str, here: Membership | None, user_id: int) -> dict[str, Any]:
    line = role_line(here) if here else ""
    shown = here.contact.name if here else name
    slot = (here.contact.id if here else user_id) % 6
    return {"name": shown, "role_line": line, "initials": words.initials(shown), "slot": slot}


def role_line(membership: Membership) -> str:
    """Return in a few words what somebody is in a company."""
    if Permission.ADMIN in membership.permissions:
        return "Client admin"
    return membership.contact.job_title or "Contact"


def _user_menu(here: Membership | None) -> list[dict[str, str]]:
    entries = [{"label": "My profile", "href": url_for("profile.show"), "icon": "user"}]
    if here and policy.browses_contacts(here.actor()):
        href = url_for("contacts.index", authorized="any")
        entries.append({"label": "Authorized users", "href": href, "icon": "user-check"})
    if here is None or len(_memberships()) > 1:
        entries.append({"label": "Companies", "href": url_for("companies.choose"), "icon": "building"})
    return entries


def _memberships() -> list[Membership]:
    person = guards.signed_in()
    return person.memberships if person else []
