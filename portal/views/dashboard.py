"""The first page of a company for one reader, and the phone's page with the whole menu (C33)."""

from typing import Any

from flask import Response, url_for

from portal import htmx, policy, words
from portal.clock import now, today
from portal.guards import member
from portal.lifecycle import Status
from portal.queries import contacts, dashboard
from portal.queries.contacts import Wish
from portal.queries.dashboard import SHOWN, Numbers
from portal.queries.reach import reach
from portal.templating import amount, day_greeting, day_month
from portal.views.within import company_blueprint

blueprint = company_blueprint("dashboard", __name__)
# A company with fewer contacts than this is shown how to begin.
FEW = 6


@blueprint.get("/")
def show() -> Response:
    """Show what this reader may do and, to admins, what needs attention."""
    here = member()
    actor = here.actor()
    admin = policy.adds_contacts(actor)
    known = dashboard.numbers(actor, today())
    wish = Wish(authorized="any", sort="name")
    return htmx.page(
        "dashboard/show.html",
        greeting=day_greeting(now()),
        first_name=here.contact.first_name,
        today=now(),
        can_do=words.can_do(here.permissions),
        attention=dashboard.attention(actor) if known.attention else [],
        authorized=contacts.page(actor, wish).rows[:SHOWN] if admin else [],
        tiles=_tiles(known),
        steps=_steps(known),
        can_add=admin,
        can_ask=policy.asks_for_work(actor),
        reach=reach(actor),
    )


def _tiles(known: Numbers) -> list[dict[str, str]]:
    """Return a tile for each area that there is for the reader."""
    tiles = [_work(known), _money(known), *_people(known), _places(known), _spend(known)]
    return [tile for tile in tiles if tile]


def _work(known: Numbers) -> dict[str, str]:
    if known.work is None:
        return {}
    line = f"{_of(known.visits or 0, 'visit', 'visits')} today" if known.visits else "no visit today"
    return _tile("Open work orders", f"{known.work:,}", line, "clipboard-list", url_for("work_orders.index"))


def _money(known: Numbers) -> dict[str, str]:
    if known.owed is None:
        return {}
    line = f"next due {day_month(known.next_due)}" if known.next_due else "nothing is due"
    if known.late:
        line = f"{amount(known.late)} is overdue"
    return _tile("Amount due", amount(known.owed), line, "receipt", url_for("billing.index"))


def _people(known: Numbers) -> list[dict[str, str]]:
    if known.contacts is None:
        return []
    line = f"{_number(known.active or 0)} active"
    tiles = [_tile("Contacts", _number(known.contacts), line, "users", url_for("contacts.index"))]
    if known.pending is not None:
        stuck = _of(known.attention or 0, "needs attention", "need attention")
        line = stuck if known.attention else "waiting to be accepted" if known.pending else "nothing waits"
        href = url_for("contacts.index", status=Status.PENDING)
        tiles.append(_tile("Pending invitations", _number(known.pending), line, "send", href))
    return tiles


def _places(known: Numbers) -> dict[str, str]:
    if known.properties is None:
        return {}
    line = f"{known.lonely:,} without an active contact" if known.lonely else "each has an active contact"
    line = line if known.properties else "none yet"
    return _tile("Properties", f"{known.properties:,}", line, "map-pin-house", url_for("properties.index"))


def _spend(known: Numbers) -> dict[str, str]:
    if known.spent is None:
        return {}
    href = url_for("reports.index")
    return _tile("Spend this month", amount(known.spent), "billed so far", "chart-column", href)


def _tile(label: str, value: str, line: str, icon: str, href: str) -> dict[str, str]:
    return {"label": label, "value": value, "line": line, "icon": icon, "href": href}


def _steps(known: Numbers) -> list[dict[str, Any]]:
    """Return how to set a new company up, empty once that is done or the company is no longer new."""
    if known.admins is None or (known.contacts or 0) >= FEW:
        return []
    steps = [
        _step("Add the people who work with us", known.contacts, 2, "contacts.add"),
        _step("Let them sign in or deal with us by e-mail", known.authorized, 2, "contacts.index"),
        _step("Give them roles", known.with_rights, 2, "roles.index"),
        _step("Make a second person an admin", known.admins, 2, "contacts.index"),
    ]
    if known.properties:
        steps.append(_step("Link people to their properties", known.linked, 1, "contacts.index"))
    return steps if any(not step["done"] for step in steps) else []


def _step(text: str, have: int | None, needed: int, endpoint: str) -> dict[str, Any]:
    return {"text": text, "done": (have or 0) >= needed, "href": url_for(endpoint)}


def _number(count: int) -> str:
    return f"over {contacts.COUNTED:,}" if count > contacts.COUNTED else f"{count:,}"


def _of(count: int, one: str, many: str) -> str:
    return f"{_number(count)} {one if count == 1 else many}"


@blueprint.get("/more")
def more() -> Response:
    """Show the whole menu as a page, for phones."""
    return htmx.page("more/show.html")
