"""The staff's own door: nobody gets past it without a session of the staff and the second factor (S1)."""

from flask import Response, abort, current_app, g, redirect, request, session, url_for

from portal import doors, guards, htmx, named, policy, staff_policy
from portal.actions.staff.logins import leave_without_admin
from portal.clock import now
from portal.policy import Actor
from portal.queries.sign_in import membership_of
from portal.queries.staff import clients, view_as
from portal.queries.staff.sign_in import OnDuty, on_duty
from portal.refusals import NotAllowed
from portal.sides import staff_side
from portal.staff_policy import Deed

# What the rules of moves judge by themselves; whatever else is sent to a client is for administrators.
_SUPPORT_SENDS = {"access.take", "starting.start"}
# What is done to the client itself, whether or not it has left.
_OF_THE_CLIENT = {"keeping.leave", "keeping.take_back"}
_HALFWAY = {"staff.sign_in.code", "staff.sign_in.set_up"}


def here() -> bool:
    """Return whether the running request belongs to the vendor's side."""
    return staff_side(request.path)


def gate() -> Response | None:
    """Return where a request must go instead, or None if it may enter.

    Whoever was never signed in here gets a 404 for everything that has an id (T15).
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "is_public", False):
        return None
    who = on_duty_now()
    if who is None:
        return abort(404) if hides() else leave()
    if not who.passed:
        cure = "staff.sign_in.code" if who.has_factor else "staff.sign_in.set_up"
        return None if request.endpoint == cure else htmx.go(url_for(cure, next=_back()))
    if request.endpoint in _HALFWAY:
        return htmx.go(url_for("staff.home"))
    guards.touch(who.session)
    if doors.door() == doors.VIEW_AS:
        return _look(who)
    if g.get("slug"):
        _enter(who, g.slug)
    return None


def _look(who: OnDuty) -> Response | None:
    """Let somebody of the staff see what a contact sees, as long as their look goes on, and change nothing.

    No look at this contact: 404, and when its time is up, the page that asks why. Anything that is sent, and
    whole lists as files: NotAllowed (403).
    """
    demand(Deed.VIEW_AS)
    look = view_as.newest(who.person, g.seen_as, g.slug) or abort(404)
    g.view_as = look
    if request.method not in guards.SAFE_METHODS:
        raise NotAllowed("You only look here. Stop that first, then change it as yourself.")
    if makes_a_file(request.endpoint):
        raise NotAllowed("You only look here. Stop that first, then download it as yourself.")
    seen = membership_of(look.contact_id, g.slug)
    if not look.stands(now()) or seen is None:
        place = {"company": g.slug, "contact_id": look.contact_id}
        return htmx.go(url_for("staff.clients.starting.start", **place))
    g.membership = seen
    return None


def makes_a_file(endpoint: str | None) -> bool:
    """Return whether the view behind `endpoint` makes a whole list or paper to take along."""
    return getattr(current_app.view_functions.get(endpoint or ""), "makes_a_file", False)


def _enter(who: OnDuty, slug: str) -> None:
    """Let somebody of the staff into a client, as `guards.gate` lets in its members.

    No such client, or a form that names something of another one: 404. Sending what only administrators
    may: NotAllowed (403). Sending anything to a client that has left: NotNow (409).
    """
    writes = request.method not in guards.SAFE_METHODS
    if writes:
        guards.lock(slug)
    g.membership = clients.visit(slug, who) or abort(404)
    if writes and doors.page() not in _OF_THE_CLIENT:
        g.membership.demand_open()
        if doors.page() not in _SUPPORT_SENDS:
            demand(Deed.KEEP_CLIENTS)
        named.demand_own(guards.actor())


def overrides() -> bool:
    """Return whether whoever sent this may leave the client without an admin, and say why."""
    who = on_duty_now() if doors.door() == doors.CLIENTS else None
    return who is not None and staff_policy.may(who.person.role, Deed.LEAVE_NO_ADMIN)


def settle() -> None:
    """Let what was done leave the client without an admin, where an administrator said why (P8)."""
    reason = " ".join(request.form.get("no_admin_reason", "").split()) if overrides() else ""
    if reason and request.method not in guards.SAFE_METHODS:
        leave_without_admin(guards.actor(), reason[:100])


def on_duty_now() -> OnDuty | None:
    """Return the person of the staff behind this request, the second factor given or not; None for others."""
    if "on_duty" not in g:
        key = session.get("key") if here() else None
        g.on_duty = on_duty(key) if isinstance(key, str) else None
    found: OnDuty | None = g.on_duty
    return found


def person() -> OnDuty:
    """Return the person of the staff behind this request; the gate has let them in."""
    who = on_duty_now()
    assert who is not None, "the gate lets nobody else in"
    return who


def acting() -> Actor:
    """Return who acts in this request, on whichever side it is."""
    if g.get("view_as"):
        return person().actor(g.view_as.company_id)
    if not here() or g.get("membership"):
        return guards.actor()
    who = on_duty_now()
    return who.actor() if who and who.passed else policy.STRANGER


def demand(deed: Deed) -> None:
    """Raise NotAllowed (403) unless the person behind this request may do `deed`."""
    staff_policy.demand(person().person.role, deed)


def hides() -> bool:
    """Return whether the address does not exist for this browser: it has an id, and nobody was ever here."""
    return bool(request.view_args or g.get("slug")) and "key" not in session


def leave() -> Response:
    """Return the answer for a request without a session: sign in, then back to the place."""
    url = url_for("staff.sign_in.show", next=_back())
    if htmx.wants_part():
        return htmx.sign_in_again(url)
    answer: Response = current_app.make_response(redirect(url, 303))
    return answer


def safe_next(target: str | None) -> str | None:
    """Return `target` if it is a page of the vendor's side, else None."""
    found = guards.safe_next(target)
    return found if found and staff_side(found.partition("?")[0]) else None


def _back() -> str | None:
    """Return the page to come back to, where there is one."""
    if request.method in guards.SAFE_METHODS and not htmx.wants_part():
        asked = safe_next(request.args.get("next"))
        return asked or safe_next(request.full_path.rstrip("?"))
    return safe_next(htmx.current_path() if htmx.wants_part() else None)
