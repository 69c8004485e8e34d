"""Which areas clients have, how long links and sessions last, who needs a second factor (S6)."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from portal import htmx, words
from portal.actions.staff import settings as actions
from portal.forms.records import fingerprint
from portal.forms.settings import SignInRulesForm, VendorAreasForm
from portal.guards import SAFE_METHODS
from portal.models import Area
from portal.queries import settings
from portal.queries.factors import without_one_anywhere
from portal.queries.paging import COUNTED
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say

blueprint = Blueprint("rules", __name__)
_NUMBERS = ("invitation_hours", "idle_minutes", "session_hours")
_TOO_LONG = "This is longer than the time after which everybody is signed out."


@blueprint.route("/areas", methods=["GET", "POST"])
def areas() -> Response:
    """Show which areas clients have, or switch them; a state that changed meanwhile is shown first."""
    demand(Deed.KEEP_SETTINGS)
    off = settings.areas_off()
    state = fingerprint({"off": sorted(off)})
    form = VendorAreasForm(data={"areas": [area for area in Area if area not in off], "seen": state})
    if request.method == "POST" and form.validate():
        stale = form.seen.data != state
        if not stale:
            chosen = [Area(value) for value in form.areas.data or [] if value in set(Area)]
            say("The areas were saved." if actions.switch_areas(chosen, acting()) else "Nothing changed.")
            return htmx.go(url_for(".areas"))
        form.seen.data, form.seen.raw_data = state, None
        return _areas(form, off, 409)
    return _areas(form, off, 422 if form.errors else 200)


def _areas(form: VendorAreasForm, off: frozenset[Area], status: int) -> Response:
    shown = [(area, words.AREA[area], area in (form.areas.data or []), area in off) for area in Area]
    return htmx.page("staff/settings/areas.html", status=status, form=form, areas=shown, stale=status == 409)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """Show how customers come in and how long they stay, or save it; a stale save shows both versions."""
    demand(Deed.KEEP_SETTINGS)
    known = _known()
    form = SignInRulesForm.over(known)
    if request.method in SAFE_METHODS or not form.validate() or _too_long(form):
        return _sign_in(form, status=422 if form.errors else 200)
    if form.stale(known):
        return _sign_in(form, status=409, conflict=form.differences(known))
    values: dict[str, Any] = form.values()
    values |= {name: int(values[name]) if values[name] else None for name in _NUMBERS}
    say("The rules were saved." if actions.sign_in_rules(values, acting()) else "Nothing changed.")
    return htmx.go(url_for(".sign_in"))


def _sign_in(form: SignInRulesForm, *, status: int, conflict: list[dict[str, str]] | None = None) -> Response:
    context: dict[str, Any] = {
        "form": form,
        "conflict": conflict,
        "without": {rule: _none_yet(number) for rule, number in without_one_anywhere(acting()).items()},
        "usual": {name: words.span(life) for name, life in _usual().items()},
        "cancel_href": url_for("staff.settings.index"),
    }
    return htmx.page("staff/settings/sign_in.html", block="form", status=status, **context)


def _none_yet(number: int) -> str:
    """Return in words how many people would have to set up a second factor."""
    if number == 0:
        return "All of them have one already."
    some = f"over {COUNTED:,} people" if number > COUNTED else words.people(number)
    return f"{some} {'has' if number == 1 else 'have'} none yet."


def _known() -> dict[str, str]:
    row = settings.vendor()
    return {name: str(getattr(row, name) or "") for name in actions.SIGN_IN}


def _usual() -> dict[str, timedelta]:
    """Return what counts where a number is left empty: what the server's environment says."""
    config = current_app.config
    lives = (config["INVITATION_LIFE"], config["SESSION_IDLE"], config["SESSION_LIFE"])
    return dict(zip(_NUMBERS, lives, strict=True))


def _too_long(form: SignInRulesForm) -> bool:
    """Nobody can be left alone for longer than they can be signed in."""
    idle, longest = _usual()["idle_minutes"], _usual()["session_hours"]
    if form.idle_minutes.data:
        idle = timedelta(minutes=int(form.idle_minutes.data))
    if form.session_hours.data:
        longest = timedelta(hours=int(form.session_hours.data))
    if idle <= longest:
        return False
    form.idle_minutes.errors = [_TOO_LONG]
    return True
