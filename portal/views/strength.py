"""How strong a password is, in words, while it is typed; nothing of what was typed is kept or repeated."""

from flask import Blueprint, Response, abort, current_app, request

from portal import htmx, passwords
from portal.extensions import limiter
from portal.guards import public, reads_first, signed_in
from portal.templating import branding

blueprint = Blueprint("strength", __name__)
_FIELDS = ("new_password", "password", "initial_password")
# What stands beside the field on its page and is guessed first.
_ABOUT = ("about", "first_name", "last_name", "email")
_LONGEST_ABOUT = 300


def _rate() -> str:
    return str(current_app.config["STRENGTH_LIMIT"])


@blueprint.post("/password-strength")
@public
@reads_first
@limiter.limit(_rate)
def judge() -> Response:
    """Return the strength of what is being typed; the page that takes the password judges it again."""
    if not htmx.wants_part():
        abort(404)
    typed = next((request.form[name] for name in _FIELDS if name in request.form), "")
    judged = passwords.verdict(typed[: passwords.LONGEST + 1], _known_words()) if typed else None
    return htmx.page("_strength.html", judged=judged)


def _known_words() -> list[str]:
    words = [request.form.get(name, "")[:_LONGEST_ABOUT] for name in _ABOUT]
    person = signed_in()
    if person is not None:
        words += [person.user.name, person.user.email, *(each.company.name for each in person.memberships)]
    return [branding().name, *(word for word in words if word)]
