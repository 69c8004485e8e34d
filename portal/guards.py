"""The porch: everybody is a stranger until the session says otherwise; nothing is loaded without a reason."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from flask import Response, abort, current_app, g, redirect, request, session, url_for
from flask_login import current_user, logout_user
from sqlalchemy import update
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import HTTPException

from portal import htmx, invariants, lifecycle, named, policy, visibility
from portal.clock import now
from portal.extensions import db, writing
from portal.lifecycle import Move
from portal.models import Area, Company, Contact, Role, SignInSession, StaffSession
from portal.policy import Actor
from portal.queries.sign_in import Membership, SignedIn
from portal.queries.staff.clients import Visit
from portal.transaction import unless_busy

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_SECONDS = 60
# Where a person with an open gate may still go (L9).
_CURES = {
    "must_change": {"profile.password", "sign_in.sign_out"},
    "terms_due": {"terms.accept", "terms.show", "profile.password", "sign_in.sign_out"},
}


def public(view: View) -> View:
    """Mark a view that needs nobody signed in; every other view does."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def reads_first(view: View) -> View:
    """Mark a view whose POST starts by reading and hashing, and takes the write lock by `start_writing()`."""
    view.reads_first = True  # type: ignore[attr-defined]
    return view


def takes_files(view: View) -> View:
    """Mark a view that is sent files: its requests may be as large as a few of them."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def polled(view: View) -> View:
    """Mark a view that its own page asks again and again; that alone keeps no session in use."""
    view.is_polled = True  # type: ignore[attr-defined]
    return view


def in_use() -> bool:
    """Return whether the running request shows that somebody is there, not only a page that waits."""
    view = current_app.view_functions.get(request.endpoint or "")
    return not (getattr(view, "is_polled", False) and htmx.wants_part())


def make_room() -> None:
    """Let a signed-in person's request be larger where its view takes files; runs before the body is read.

    Whether the session still lives is asked later, at the gate; a stranger has no session to show.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_files", False) and ("_user_id" in session or "key" in session):
        request.max_content_length = current_app.config["MAX_UPLOAD_LENGTH"]


def writes() -> bool:
    """Return whether the running request takes the write lock from its start."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method not in SAFE_METHODS and not getattr(view, "reads_first", False)


def gate() -> Response | None:
    """Return where the request must go instead, or None if it may enter.

    Raises 404 for a foreign company, and for a form that names something of another company.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "is_public", False):
        return None
    slug = (request.view_args or {}).get("company", g.get("slug"))
    if slug and request.method not in SAFE_METHODS:
        lock(slug)
    person = signed_in()
    if person is None:
        return _to_sign_in()
    touch(person.session)
    cure = _cure(person)
    if cure is not None:
        return cure
    if slug:
        cure = _enter(person, slug)
        if cure is None and request.method not in SAFE_METHODS:
            named.demand_own(actor())
    return cure


def signed_in() -> SignedIn | None:
    """Return the person behind this request, or None for a stranger."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def membership() -> Membership | Visit:
    """Return the membership this request works in, or the visit of staff. Raises 404 outside a company."""
    found: Membership | Visit | None = g.get("membership")
    if found is None:
        abort(404)
    return found


def member() -> Membership:
    """Return the membership this request works in. Raises 404 where staff are there on a visit."""
    found = membership()
    return found if isinstance(found, Membership) else abort(404)


def actor() -> Actor:
    """Return who acts in this request."""
    if g.get("acting") is not None:  # a door of its own said so
        acting: Actor = g.acting
        return acting
    if g.get("membership") is not None:
        return membership().actor()
    person = signed_in()
    return person.actor() if person else policy.STRANGER


def load(model: type[Contact], thing_id: int, *, to: Move) -> Contact:
    """Return the row of `model` with `thing_id`, asked for with an intention.

    Not of this company: 404. No such right in one's own company: NotAllowed (403). Out of scope: 404.
    Not now: NotNow (409).
    """
    who = actor()
    query = visibility.own(who, model).where(model.id == thing_id).add_columns(visibility.seen(who, model))
    held = (joinedload(model.boxes), joinedload(model.topic_links), joinedload(model.live_invitation))
    row = db.session.execute(query.options(*held)).unique().one_or_none()
    found, seen = row or abort(404)
    if found.id != who.contact_id:
        policy.demand_browsing(who)
    if not seen:
        abort(404)
    policy.demand(who, to, found)
    lifecycle.take(found, to)
    contact: Contact = found
    return contact


def enter_area(area: Area) -> None:
    """Let the reader into `area` of the company. Switched off: 404. Missing right: NotAllowed (403)."""
    if area in actor().areas_off:
        abort(404)
    policy.demand_area(actor(), area)


def find(model: type[Row], row_id: int, *, area: Area | Callable[[Row], Area]) -> Row:
    """Return the row of `model` with `row_id`, in an area that the reader may enter.

    `area` may be a function where the row says to which area it belongs. Not of this company: 404. No right
    for the area: NotAllowed (403). Out of scope: 404.
    """
    who = actor()
    wanted = model.id == row_id  # type: ignore[attr-defined]
    there: Row | None = db.session.scalars(visibility.own(who, model).where(wanted)).unique().one_or_none()
    if there is None:
        abort(404)
    enter_area(area if isinstance(area, Area) else area(there))
    found: Row | None = (
        db.session.scalars(visibility.visible(who, model).where(wanted)).unique().one_or_none()
    )
    return found if found is not None else abort(404)


def find_role(role_id: int) -> Role:
    """Return the role with `role_id`, a preset or the company's own.

    Not of this company: 404. No admin: NotAllowed (403). Archived meanwhile: NotNow (409).
    """
    who = actor()
    query = visibility.own(who, Role).where(Role.id == role_id)
    found: Role | None = db.session.scalars(query).unique().one_or_none()
    if found is None:
        abort(404)
    policy.demand_admin(who)
    lifecycle.take_role(found)
    return found


def safe_next(target: str | None) -> str | None:
    """Return `target` if it is a page of this portal, else None: only what a rule of ours answers counts."""
    if not target or len(target) > 1_000 or not target.startswith("/") or target.startswith("//"):
        return None
    plain = unquote(target)
    if any(char in plain for char in "\\\r\n\t\0") or plain.startswith("//") or not target.isprintable():
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "//" in plain.split("?")[0] or "/.." in plain:
        return None
    return target if _is_page(parts.path) else None


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:
        return False


def lock(slug: str) -> None:
    """Take the company's lock before rights are read, so nothing can change between reading and acting."""
    company_id = db.session.scalar(db.select(Company.id).where(Company.slug == slug))
    if company_id is not None:
        invariants.watch(db.session(), company_id)


def _enter(person: SignedIn, slug: str) -> Response | None:
    """Let a member in; whoever lacks the second factor that is required there is sent to set it up.

    That is the last of the cures, because it belongs to one company: the others go on working.
    """
    found = person.membership(slug)
    if found is None:
        abort(404)
    g.membership = found
    if found.needs_factor and not person.user.has_second_factor:
        return htmx.go(url_for("second_factor.set_up", next=_here()))
    return None


def _cure(person: SignedIn) -> Response | None:
    """Send whoever must change the password or accept the terms to the page that does it (L9)."""
    if person.user.must_change_password:
        open_pages, page = _CURES["must_change"], "profile.password"
    elif person.terms_due:
        open_pages, page = _CURES["terms_due"], "terms.accept"
    else:
        return None
    return None if request.endpoint in open_pages else htmx.go(url_for(page, next=_here()))


def _to_sign_in() -> Response:
    logout_user()
    url = url_for("sign_in.sign_in", next=_here())
    if htmx.wants_part():
        return htmx.sign_in_again(url)
    answer: Response = current_app.make_response(redirect(url, 303))
    return answer


def leave() -> Response:
    """Return the answer for a request whose session has ended: sign in, then back to the place."""
    return _to_sign_in()


def _here() -> str | None:
    """Return the page to come back to, where there is one."""
    if htmx.wants_part():
        return safe_next(htmx.current_path())
    if request.method in SAFE_METHODS:
        path = request.full_path.rstrip("?")
        return safe_next(path) if path != "/" else None
    return safe_next(urlsplit(request.referrer or "").path)


def touch(seen_in: SignInSession | StaffSession) -> None:
    """Note that a session is in use, once a minute at most; who only reads does it apart and never waits."""
    if (now() - seen_in.last_seen_at).total_seconds() < TOUCH_SECONDS or not in_use():
        return
    if writing.get():
        seen_in.last_seen_at = now()
        return
    model = type(seen_in)
    unless_busy(update(model).where(model.id == seen_in.id).values(last_seen_at=now()))
