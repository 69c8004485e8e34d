"""The access review page: everybody with access, and keep, change or deactivate in place (issue 3)."""

from typing import Any

from flask import Response, abort, request, url_for

from portal import htmx, lifecycle, policy
from portal.actions import reviews as deciding
from portal.guards import actor, load, safe_next
from portal.lifecycle import Move
from portal.models import Contact
from portal.queries import reviews as listing
from portal.queries.paging import COUNTED, LONGEST_SEARCH, PAGE, Wish
from portal.queries.reviews import Row
from portal.templating import say
from portal.views.within import company_blueprint

blueprint = company_blueprint("reviews", __name__, "/access-review")


@blueprint.get("")
def show() -> Response:
    """Show everybody with access, what was decided about them, and the last review."""
    policy.demand_admin(actor())
    asked, known = _asked(), listing.reviews(actor())
    found = listing.page(actor(), asked, known.open)
    return htmx.page(
        "reviews/show.html",
        block="list",
        page=found,
        rows=[_shown(row) for row in found.rows],
        undecided=[row.contact.id for row in found.rows if not row.decision],
        reviews=known,
        wish=asked,
        url=lambda **changes: _address(asked, **changes),
        counts=listing.counts(actor(), asked, known.open),
        most=COUNTED,
        progress=listing.progress(actor(), known.open),
        here=_address(asked, after=asked.after, before=asked.before),
    )


@blueprint.post("/<id:contact_id>/<any(keep, deactivate, activate, 'cancel-invitation'):what>")
def decide(contact_id: int, what: str) -> Response:
    """Decide about one person and show their row as it is now."""
    policy.demand_admin(actor())
    contact = load(Contact, contact_id, to=Move.VIEW if what == deciding.KEEP else Move(what))
    if listing.row(actor(), contact_id, listing.reviews(actor()).open) is None:
        abort(404)
    if what == deciding.KEEP:
        notice = deciding.keep([contact], actor())
    elif what == Move.ACTIVATE:
        notice = deciding.give_back(contact, actor())
    else:
        notice = deciding.take_away(contact, Move(what), actor())
    return _decided(contact_id, what, notice) if htmx.wants_part() else _back(notice)


@blueprint.post("/keep")
def keep_page() -> Response:
    """Keep the access of everybody on one page about whom nothing was decided."""
    policy.demand_admin(actor())
    ids = [int(each) for each in request.form.getlist("contacts")[:PAGE] if each]
    people = listing.undecided(actor(), ids, listing.reviews(actor()).open)
    return _back(
        deciding.keep(people, actor()) if people else "Everybody on this page was looked at already."
    )


@blueprint.post("")
def finish() -> Response:
    """Close the review. Raises NotNow where nobody was looked at."""
    policy.demand_admin(actor())
    say(deciding.finish(actor()))
    return htmx.go(url_for(".show"))


def _decided(contact_id: int, what: str, notice: str) -> Response:
    """Answer htmx with the row, the notice and how far the review is."""
    known = listing.reviews(actor())
    row = listing.row(actor(), contact_id, known.open)
    undo = url_for(".decide", contact_id=contact_id, what=Move.ACTIVATE) if what == Move.DEACTIVATE else ""
    return htmx.page(
        "reviews/_decided.html",
        each=_shown(row) if row else None,
        contact_id=contact_id,
        notice=notice,
        undo=undo,
        reviews=known,
        counts=listing.counts(actor(), Wish(), known.open),
        most=COUNTED,
        progress=listing.progress(actor(), known.open),
        here=safe_next(htmx.current_path()) or url_for(".show"),
    )


def _back(notice: str) -> Response:
    say(notice)
    return htmx.go(safe_next(request.form.get("back")) or url_for(".show"))


def _shown(row: Row) -> dict[str, Any]:
    """Return one person with what can be done about them here; never what would fail."""
    contact = row.contact
    return {
        "row": row,
        "edit_href": url_for("contacts.edit", contact_id=contact.id, tab="login")
        if _may(row, Move.EDIT)
        else "",
        "moves": [move for move in (Move.DEACTIVATE, Move.CANCEL, Move.ACTIVATE) if _may(row, move)],
    }


def _may(row: Row, move: Move) -> bool:
    possible = lifecycle.objection(row.contact, move) is None
    return possible and policy.objection(actor(), move, row.contact, admin=row.admin) is None


def _asked() -> Wish:
    args = request.args
    return Wish(
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        view=args["view"] if args.get("view") in listing.VIEWS else "",
        after=args.get("after", "")[:500],
        before=args.get("before", "")[:500],
    )


def _address(asked: Wish, **changes: str) -> str:
    values = {"q": asked.q, "view": asked.view, **changes}
    return url_for(".show", **{name: value for name, value in values.items() if value})  # type: ignore[arg-type]
