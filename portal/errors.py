"""From an exception to a page, or to a notice where htmx asked: every error says what to do next."""

import logging
import math
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request, session
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from portal import api_gate, audit, doors, guards, htmx, problems, staff_gate, visibility
from portal.attempts import tried
from portal.clock import now
from portal.extensions import db, limiter
from portal.forms.staff import NoAdminForm
from portal.models import Company, Contact
from portal.policy import Actor
from portal.queries.people import admin_names
from portal.queries.sign_in import Membership
from portal.queries.staff.people import administrator_names
from portal.refusals import FieldRefusal, NoAdminLeft, Refusal, TooMany
from portal.shapes.problem import Refused
from portal.transaction import transaction

log = logging.getLogger(__name__)
SHOWN = frozenset({400, 403, 404, 405, 409, 413, 422, 429})
STRANGE_HOST = "This portal does not answer under that address. Use the one in your mail or bookmark.\n"
STALE = "Somebody else changed this at the same moment. Look at it again and repeat what you meant to do."


def register(app: Flask) -> None:
    """Answer every exception of `app` with a page of ours."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(Refused, problems.unfit)
    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(RateLimitExceeded, too_many)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(StaleDataError, lambda _error: error_page(409, STALE))
    app.register_error_handler(OperationalError, database_away)
    app.register_error_handler(InterfaceError, database_away)
    app.register_error_handler(Exception, broken)


def refused(refusal: Refusal) -> Response:
    """Answer a refusal; one that stopped a change leaves its trace in a transaction of its own."""
    _unsay()
    if isinstance(refusal, NoAdminLeft) and staff_gate.overrides():
        return _ask_why(refusal)
    if request.method not in guards.SAFE_METHODS and not isinstance(refusal, (FieldRefusal, TooMany)):
        _leave_trace(refusal)
    if isinstance(refusal, TooMany):
        return _wait(refusal.wait, refusal.sentence)
    if api_gate.here():
        return problems.refused(refusal)
    return error_page(refusal.status, refusal.sentence)


def _unsay() -> None:
    """Take back what this request was about to tell: all of it was rolled back (L10)."""
    said = g.pop("said", 0)
    if said:
        session["_flashes"] = session.get("_flashes", [])[:-said]


def _ask_why(refusal: NoAdminLeft) -> Response:
    """Ask staff for the reason to do all the same what leaves the client without an admin (P8)."""
    unsaid = ("csrf_token", "no_admin_reason")
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in unsaid]
    asked = {"sent": sent, "sentence": refusal.sentence, "form": NoAdminForm()}
    answer = htmx.page("staff/clients/no_admin.html", block="dialog", status=refusal.status, **asked)
    return htmx.into(answer, "#dialog", "innerHTML") if htmx.wants_part() else answer


def _leave_trace(refusal: Refusal) -> None:
    args = request.view_args or {}
    what = tried(doors.page(), args)
    with transaction(write=True):
        who = api_gate.acting() if api_gate.here() else staff_gate.acting()
        contact = _own_contact(who, args.get("contact_id"))
        audit.record(what, by=who, contact=contact, result="refused", reason=refusal.sentence)


def _own_contact(who: Actor, contact_id: Any) -> Contact | None:
    """Return the contact a refusal was about, where it is one of the reader's company."""
    if not isinstance(contact_id, int):
        return None
    return db.session.scalars(visibility.own(who, Contact).where(Contact.id == contact_id)).unique().first()


def forged(_error: CSRFError) -> Response:
    """Answer a form without a fitting token: sign in again where the session has ended, else explain."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "is_public", False):
        if staff_gate.here() and staff_gate.on_duty_now() is None:
            return error_page(404, "") if staff_gate.hides() else staff_gate.leave()
        if not staff_gate.here() and guards.signed_in() is None:
            return guards.leave()
    sentence = (
        "This form was open for too long or came from another page. Go back, reload it and send it again."
    )
    return error_page(400, sentence)


def too_many(_error: RateLimitExceeded) -> Response:
    """Answer a reached limit with how long to wait."""
    reached = limiter.current_limit
    wait = max(1, math.ceil(reached.window[0] - now().timestamp())) if reached else 60
    minutes = max(1, round(wait / 60))
    span = "1 minute" if minutes == 1 else f"{minutes} minutes"
    return _wait(wait, f"Too many tries. Wait {span} and try again.")


def _wait(seconds: int, sentence: str) -> Response:
    answer = error_page(429, sentence, wait=seconds)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def http_error(error: HTTPException) -> Response:
    """Answer what Werkzeug raises; redirects pass as they are."""
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    if error.code >= 500:
        return broken(error)
    if isinstance(error, SecurityError):  # under a foreign host no address of ours can be written
        if api_gate.here():
            return problems.problem(error.code, STRANGE_HOST.strip())
        return Response(STRANGE_HOST, error.code, mimetype="text/plain")
    if api_gate.here():
        return problems.of_http(error)
    answer = error_page(error.code if error.code in SHOWN else 400, "")
    answer.status_code = error.code
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def database_away(error: Exception) -> Response:
    """Say that the database cannot be reached just now, and when to try again."""
    log.error("database away: %s", type(error).__name__)
    _unsay()
    answer = plain_page("errors/503.html", 503)
    answer.headers["Retry-After"] = "5"
    return answer


def broken(error: Exception) -> Response:
    """Answer what nobody foresaw: a page without a database, with the reference that stands in the log."""
    log.exception("unforeseen error", exc_info=error)
    _unsay()
    return plain_page("errors/500.html", 500)


def plain_page(template: str, status: int) -> Response:
    """Render a page that needs neither session nor database."""
    if api_gate.here():
        return problems.problem(
            status, "Try again later." if status == 503 else "This should not have happened."
        )
    page = current_app.jinja_env.get_template(template)
    return make_response(page.render(reference=str(g.get("request_id", ""))), status)


def _whom_to_ask(status: int) -> list[str]:
    """Return the names of admins who could do what was refused; nobody is sent to themselves."""
    if status != 403:
        return []
    if staff_gate.here() and not g.get("view_as"):
        who = staff_gate.on_duty_now()
        return administrator_names() if who and who.passed and not who.person.is_administrator else []
    if not g.get("membership"):
        return []
    here = guards.membership()
    return admin_names(here.company.id, except_id=here.contact.id) if isinstance(here, Membership) else []


def _ways_back(status: int) -> list[Company]:
    """Return the companies a lost reader can enter, the same whether or not the address exists (P11)."""
    person = None if staff_gate.here() or g.get("membership") else guards.signed_in()
    return [each.company for each in person.memberships] if person and status == 404 else []


def error_page(status: int, sentence: str, *, wait: int = 0) -> Response:
    """Return the page for `status`, or the same words as a notice for htmx; `wait` counts down on a page."""
    if api_gate.here():
        return problems.problem(status, sentence)
    template = f"errors/{status if status in SHOWN else 400}.html"
    part = htmx.wants_part()
    context = {"status": status, "sentence": sentence, "admins": _whom_to_ask(status), "wait": wait}
    context["companies"] = _ways_back(status)
    answer = make_response(render_template("errors/_notice.html" if part else template, **context), status)
    return htmx.as_notice(answer) if part else answer
