"""Outgoing mail: the list, one mail with its tries and its words, failing addresses, health, a test (S7)."""

from flask import Blueprint, Response, abort, make_response, url_for

from portal import doctor, htmx, mail
from portal.actions.staff import mails as actions
from portal.models import Letter
from portal.queries.staff import mails
from portal.staff_gate import acting, person
from portal.staff_policy import Deed
from portal.templating import say
from portal.views.asked import Listing

blueprint = Blueprint("mails", __name__, url_prefix="/mail")
LIST = Listing(mails.VIEWS, ("when",))
FAILING = Listing(("",), ("when",))
VIEW_WORDS = {"": "All", "waiting": "Waiting", "sent": "Sent", "failed": "Failed", "cancelled": "Cancelled"}
DEED_WORDS = {Deed.RETRY_MAIL: "Retry now", Deed.SEND_AGAIN: "Send a new link", Deed.CANCEL_MAIL: "Cancel"}
# A mail brings its own styles and nothing else, and nothing in it leads anywhere.
PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"


@blueprint.get("")
def index() -> Response:
    """Show the list; search, view and paging stand in the address."""
    who, asked = acting(), LIST.wish()
    page, counts = mails.page(who, asked), mails.count(who, asked)
    return htmx.page(
        "staff/mails/index.html",
        block="list",
        **LIST.context(asked),
        page=page,
        counts=counts,
        matching=counts[asked.view or "all"],
        clients=mails.clients(who, [row.Letter.company_id for row in page.rows]),
        view_words=VIEW_WORDS,
    )


@blueprint.get("/failing")
def failing() -> Response:
    """Show the addresses that mail fails to, with the contacts where they can be corrected."""
    who, asked = acting(), FAILING.wish()
    page = mails.failing(who, asked)
    return htmx.page(
        "staff/mails/failing.html",
        block="list",
        **FAILING.context(asked),
        page=page,
        known=mails.known_by(who, [row.to_email for row in page.rows]),
    )


@blueprint.get("/health")
def health() -> Response:
    """Show whether mail goes out: what waits, and when worker, clock and Redis were last seen."""
    return htmx.page(
        "staff/mails/health.html",
        figures=mails.health(),
        findings=doctor.sending(),
        me=person().person,
    )


@blueprint.post("/test")
def test() -> Response:
    """Send a mail to oneself."""
    say(actions.send_test(person().person, acting()))
    return htmx.go(url_for("staff.mails.health"))


@blueprint.get("/<id:letter_id>")
def show(letter_id: int) -> Response:
    """Show one mail: to whom, of which kind, each try with the server's words, and what it says."""
    letter, who = _find(letter_id), acting()
    return htmx.page(
        "staff/mails/show.html",
        letter=letter,
        words=mail.preview(letter),
        client=mails.clients(who, [letter.company_id]).get(letter.company_id or 0),
        login=mails.login_of(letter),
        tries=mails.tries(letter),
        deeds=[(deed, DEED_WORDS[deed]) for deed in actions.possible(letter, who)],
        just_sent=actions.just_sent(letter),
        known=mails.known_by(who, [letter.to_email])[letter.to_email],
    )


@blueprint.get("/<id:letter_id>/html")
def html(letter_id: int) -> Response:
    """Send the HTML of one mail for the frame on its page: no link in it, and nothing it could do."""
    words = mail.preview(_find(letter_id)) or abort(404)
    answer = make_response(words.html)
    answer.headers["Content-Security-Policy"] = PREVIEW_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@blueprint.post("/<id:letter_id>/<any('retry', 'cancel', 'send-again'):deed>")
def do(letter_id: int, deed: str) -> Response:
    """Do one deed about the mail, and show it as it is then."""
    letter = _find(letter_id, lock=True)
    say(actions.ACTIONS[Deed(deed)](letter, acting()))
    return htmx.go(url_for("staff.mails.show", letter_id=letter_id))


def _find(letter_id: int, *, lock: bool = False) -> Letter:
    return mails.found(acting(), letter_id, lock=lock) or abort(404)
