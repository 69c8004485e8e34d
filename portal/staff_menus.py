"""The main navigation of the vendor's staff: only what would open (P11)."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from portal import doors, guards, lifecycle, policy, staff_gate, staff_policy, words
from portal.lifecycle import Move
from portal.models import Contact, StaffUser
from portal.queries import clients
from portal.staff_policy import Deed


@dataclass(frozen=True)
class Entry:
    """One entry of the menu: where it leads, and what one must be allowed for it."""

    label: str
    short: str
    icon: str
    endpoint: str
    deed: Deed | None = None
    setting: str = ""  # the switch without which there is nothing behind it


MENU = (
    Entry("Clients", "Clients", "building", "staff.clients.index"),
    Entry("Client portal users", "Users", "users", "staff.portal_users.index"),
    Entry("Look up", "Look up", "search", "staff.look_up.index"),
    Entry("Mail", "Mail", "mail", "staff.mails.index"),
    Entry("Activity", "Activity", "activity", "staff.activity.index"),
    Entry("Access requests", "Requests", "user-plus", "staff.access_requests.index", setting="SELF_SIGN_UP"),
    Entry("Settings", "Settings", "settings-2", "staff.settings.index", Deed.KEEP_SETTINGS),
    Entry("Import", "Import", "plus", "staff.imports.index", Deed.KEEP_CLIENTS),
    Entry("Privacy", "Privacy", "lock", "staff.privacy.index", Deed.SEE_HELD),
    Entry("API", "API", "key-round", "staff.api.index", Deed.KEEP_API),
    Entry("Staff", "Staff", "shield-check", "staff.people.index", Deed.KEEP_STAFF),
    Entry("My account", "Account", "user", "staff.account.show"),
)
# The phone's bar: with more than that, the last place leads to all of them.
_ROOM = 5
ROLE = {"support": "Support", "administrator": "Administrator"}


def staff_menu(person: StaffUser) -> dict[str, Any]:
    """Return the navigation of `person`."""
    there = [each for each in MENU if not each.setting or current_app.config[each.setting]]
    opens = [each for each in there if each.deed is None or staff_policy.may(person.role, each.deed)]
    items = [_item(entry) for entry in opens]
    account = {"label": "My account", "href": url_for("staff.account.show"), "icon": "user"}
    return {
        "groups": [{"label": "Staff", "items": items}],
        "tabs": items[:4] if len(items) > _ROOM else items,
        "more_href": url_for("staff.more") if len(items) > _ROOM else None,
        "company": None,
        "companies": [],
        "side": "Staff",
        "sign_out": url_for("staff.sign_in.sign_out"),
        "user": {
            "name": person.name,
            "role_line": ROLE[person.role],
            "initials": words.initials(person.name),
            "slot": person.id % 6,
        },
        "menu": [account],
    }


# The parts of a client, in the order of the tabs: page, label, which count stands beside it.
_PARTS = (
    ("client.show", "Details", ""),
    ("contacts.index", "Contacts", "contacts"),
    ("properties.index", "Properties", "properties"),
    ("contracts.index", "Contracts", "contracts"),
    ("rfps.index", "RFPs", "rfps"),
    ("billing.index", "Invoices", ""),
    ("work_orders.index", "Work orders", ""),
    ("reports.index", "Reports", ""),
    ("roles.index", "Roles", ""),
    ("activity.index", "Activity", ""),
)


def client_tabs(numbers: dict[str, int] | None = None) -> list[tuple[str, str, int | None, bool]]:
    """Return the parts of the client at hand: label, address, how many there are, whether it is this page.

    `numbers` are what `clients.parts` gives, where the page has asked for them already.
    """
    who, here = guards.actor(), _room(doors.page())
    numbers = clients.parts(who) if numbers is None else numbers
    return [
        (label, url_for(page), numbers.get(counted), _room(page) == here)
        for page, label, counted in _PARTS
        if who.is_admin or page != "roles.index"
    ]


def import_href(kind: str) -> str:
    """Return where somebody of the staff who is in a client imports this kind; empty for everybody else."""
    if doors.door() != doors.CLIENTS or not guards.actor().is_admin:
        return ""
    return url_for("staff.imports.hand_in", table=kind, client=guards.membership().company.number)


# Where a page of a client is no page of a tab by its own name.
_UNDER = {
    "bulk": "contacts",
    "imports": "contacts",
    "exports": "contacts",
    "access": "contacts",
    "access_requests": "contacts",
    "property_links": "contacts",
    "contract_forms": "contracts",
    "rfp_forms": "rfps",
    "invoices": "billing",
    "payments": "billing",
    "progress": "work_orders",
}


def _room(page: str) -> str:
    """Return to which part of a client a page belongs."""
    name = page.partition(".")[0]
    return _UNDER.get(name, name)


# What a call is about: somebody cannot get in, or left.
_ON_A_CALL = (
    *(Move.AUTHORIZE, Move.RESEND, Move.SEND_RESET, Move.RESET_FACTOR),
    *(Move.ACTIVATE, Move.DEACTIVATE, Move.DELETE),
)


def moves_at(contact: Contact) -> list[dict[str, Any]]:
    """Return what the person of the staff at hand may do to a contact right where it was looked up (S5).

    Label and move, and either an address to send to or one that asks first.
    """
    who = staff_gate.acting()
    if contact.company.exited_at is not None:
        return []
    possible = tuple(move for move in lifecycle.possible(contact) if move in _ON_A_CALL)
    allowed = policy.menu(who, contact, possible, admin=False)
    found = [_move(contact, move) for move in sorted(allowed, key=_ON_A_CALL.index)]
    user = contact.user
    if user is not None and user.disabled_at is None and staff_policy.may(who.staff_role, Deed.DISABLE):
        asks = url_for("staff.portal_users.ask", user_id=user.id)
        found.append({"move": Deed.DISABLE.value, "label": "Disable login", "asks": asks})
    return found


def primary_word(contact: Contact) -> dict[str, str]:
    """Return why a Primary contact who left can be neither deactivated nor deleted yet, and where to choose
    another (P13); empty for whom it keeps from nothing."""
    who = staff_gate.acting()
    reason = lifecycle.objection(contact, Move.DELETE) if contact.is_primary else None
    may = policy.objection(who, Move.DELETE, contact) is None
    if reason is None or contact.deleted_at or contact.company.exited_at or not may:
        return {}
    others = url_for("staff.clients.contacts.index", company=contact.company.slug)
    return {"sentence": reason, "label": "Choose among the contacts", "href": others}


def _move(contact: Contact, move: Move) -> dict[str, Any]:
    place: dict[str, Any] = {"company": contact.company.slug, "contact_id": contact.id}
    entry: dict[str, Any] = {"move": move.value, "label": words.MOVE[move]}
    if move is Move.DELETE:
        return entry | {"asks": url_for("staff.clients.contacts.delete", **place) + "?from=view"}
    return entry | {"action": url_for("staff.clients.access.take", **place, move=move.value)}


def _item(entry: Entry) -> dict[str, Any]:
    room = entry.endpoint.rpartition(".")[0]
    return {
        "label": entry.label,
        "short": entry.short,
        "icon": entry.icon,
        "href": url_for(entry.endpoint),
        "current": (request.endpoint or "").startswith(f"{room}."),
        "count": None,
    }
