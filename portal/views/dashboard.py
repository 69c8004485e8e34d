"""The first page of a company for one reader, and the phone's page with the whole menu."""

from flask import Response, url_for

from portal import htmx, policy, words
from portal.clock import now
from portal.guards import membership
from portal.lifecycle import Status
from portal.policy import Actor
from portal.queries import contacts
from portal.queries.contacts import Counts, Wish
from portal.queries.sign_in import Membership
from portal.templating import day_greeting
from portal.views.within import company_blueprint

blueprint = company_blueprint("dashboard", __name__)
SHOWN = 6


@blueprint.get("/")
def show() -> Response:
    """Show what this reader may do and, to admins, what needs attention."""
    here = membership()
    actor = here.actor()
    admin = policy.adds_contacts(actor)
    pending = contacts.page(actor, Wish(status=Status.PENDING, sort="name")).rows[:SHOWN] if admin else []
    authorized = contacts.page(actor, Wish(authorized="any", sort="name")).rows[:SHOWN] if admin else []
    return htmx.page(
        "dashboard/show.html",
        greeting=day_greeting(now()),
        first_name=here.contact.first_name,
        today=now(),
        can_do=words.can_do(here.permissions),
        attention=pending,
        authorized=authorized,
        tiles=_tiles(actor),
        can_add=admin,
        sees=_reach(here),
    )


def _tiles(actor: Actor) -> list[dict[str, str]]:
    if not policy.browses_contacts(actor):
        return []
    counts = contacts.counts(actor, Wish())
    tiles = [_tile("Contacts", counts.all, f"{_number(counts.active)} active", "")]
    if policy.adds_contacts(actor):
        tiles.append(_tile("Pending invitations", counts.pending, _waiting(counts), Status.PENDING))
        tiles.append(_tile("Inactive", counts.inactive, "cannot sign in", Status.INACTIVE))
    return tiles


def _tile(label: str, count: int, line: str, status: str) -> dict[str, str]:
    href = url_for("contacts.index", status=status) if status else url_for("contacts.index")
    return {"label": label, "value": _number(count), "line": line, "href": href}


def _waiting(counts: Counts) -> str:
    return "waiting to be accepted" if counts.pending else "nothing is waiting"


def _number(count: int) -> str:
    return f"over {contacts.COUNTED:,}" if count > contacts.COUNTED else f"{count:,}"


def _reach(here: Membership) -> str:
    return "" if here.actor().sees_everything else "You see what belongs to the properties you look after."


@blueprint.get("/more")
def more() -> Response:
    """Show the whole menu as a page, for phones."""
    return htmx.page("more/show.html")
