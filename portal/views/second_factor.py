"""One's own second factor: set up, moved to another app, given new recovery codes, switched off (C34)."""

from flask import Blueprint, Response, abort, make_response, request, session, url_for

from portal import htmx, second_factor, words
from portal.actions.factors import prove, renew_codes, switch_off, switch_on
from portal.clock import now
from portal.forms.second_factor import CodeForm, PasswordAndCodeForm, PasswordForm
from portal.guards import SAFE_METHODS, reads_first, safe_next, signed_in
from portal.models import PortalUser
from portal.queries.factors import requiring
from portal.queries.sign_in import SignedIn
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views.current_password import guessing, knows_password

blueprint = Blueprint("second_factor", __name__, url_prefix="/profile/second-factor")
# The secret on its way into the app, sealed, until a code has proved that it arrived.
_OFFERED = "second factor"


def _person() -> SignedIn:
    person = signed_in()
    assert person is not None, "the gate lets nobody else in"
    return person


def _next() -> str:
    return safe_next(request.values.get("next")) or ""


@blueprint.route("/set-up", methods=["GET", "POST"])
@reads_first
@guessing
def set_up() -> Response:
    """Ask for the password, with a second factor for a code too, and lead on to the picture for the app."""
    user = _person().user
    form = PasswordAndCodeForm() if user.has_second_factor else PasswordForm()
    if not form.validate_on_submit() or not _proved(form, user):
        return _ask("set_up", form, user, required_by=requiring(user))
    session[_OFFERED] = second_factor.seal(second_factor.new_secret(), user)
    return htmx.go(url_for(".app", next=_next() or None))


@blueprint.route("/app", methods=["GET", "POST"])
@guessing
def app() -> Response:
    """Show the picture and the secret for the app; a code of it switches the second factor on."""
    person = _person()
    sealed = session.get(_OFFERED, "")
    secret = second_factor.unseal(sealed, person.user, within=second_factor.SETUP_LIFE)
    if secret is None:
        return _without_offer(person.user)
    form = CodeForm()
    if form.validate_on_submit():
        codes = switch_on(person.user, secret, form.code.data, person.actor())
        if codes is not None:
            session.pop(_OFFERED)
            return _codes(codes, person.user, is_new=True)
        form.code.errors = ["That code does not work. Wait for the next one and type that."]
    return _app(form, secret, person.user)


def _without_offer(user: PortalUser) -> Response:
    """Begin anew; whoever has just finished and loads the page with the codes again is led to new ones."""
    session.pop(_OFFERED, None)
    factor = second_factor.of(user)
    if factor is None or factor.created_at < now() - second_factor.SETUP_LIFE:
        return htmx.go(url_for(".set_up", next=_next() or None))
    say("Your second factor is on. Its recovery codes were shown once: make new ones if you kept none.")
    return htmx.go(url_for(".codes", next=_next() or None))


def _app(form: CodeForm, secret: str, user: PortalUser) -> Response:
    uri = second_factor.provisioning_uri(secret, user.email, branding().name)
    return htmx.page(
        "second_factor/app.html",
        form=form,
        picture=second_factor.picture(uri, "QR code for the authenticator app"),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        uri=uri,
        next=_next(),
        status=422 if form.errors else 200,
    )


@blueprint.route("/recovery-codes", methods=["GET", "POST"])
@reads_first
@guessing
def codes() -> Response:
    """Ask for password and code, as a password alone must not earn a way past, and show new codes, once."""
    person = _person()
    form = PasswordAndCodeForm() if person.user.has_second_factor else PasswordForm()
    if not form.validate_on_submit() or not _proved(form, person.user):
        return _ask("codes", form, person.user)
    return _codes(renew_codes(person.user, person.actor()), person.user, is_new=False)


def _codes(codes: list[str], user: PortalUser, *, is_new: bool) -> Response:
    """Show the codes; what the download needs travels sealed in the page, because nothing else keeps them."""
    return htmx.page(
        "second_factor/codes.html",
        codes=codes,
        sealed=second_factor.seal(" ".join(codes), user),
        is_new=is_new,
        next=_next() or url_for("profile.show"),
    )


@blueprint.post("/recovery-codes.txt")
def text() -> Response:
    """Give the recovery codes that a page of a moment ago showed as a text file."""
    user = _person().user
    sealed = request.form.get("sealed", "")[:2_000]
    shown = second_factor.unseal(sealed, user, within=second_factor.SETUP_LIFE) or abort(404)
    lines = [f"Recovery codes of {user.email} for {branding().name}. Each works once.", "", *shown.split()]
    answer = make_response("\n".join(lines) + "\n")
    answer.mimetype = "text/plain"
    answer.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return answer


@blueprint.route("/switch-off", methods=["GET", "POST"])
@reads_first
@guessing
def off() -> Response:
    """Ask for password and code, and switch the second factor off; refused while a company requires it."""
    person = _person()
    form, names = PasswordAndCodeForm(), requiring(person.user)
    if not person.user.has_second_factor:
        return htmx.go(url_for("profile.show"))
    if not names and (not form.validate_on_submit() or not _proved(form, person.user)):
        return _ask("off", form, person.user)
    if request.method in SAFE_METHODS:
        return _ask("off", form, person.user, required_by=names)
    switch_off(person.user, person.actor())
    say("Your second factor is switched off.")
    return htmx.go(url_for("profile.show"))


def _proved(form: PasswordForm, user: PortalUser) -> bool:
    """Return whether password and code are right; each says why not. Writing begins behind it."""
    if not knows_password(form, user):
        return False
    start_writing()
    if isinstance(form, PasswordAndCodeForm) and prove(user, form.code.data) is None:
        form.code.errors = ["That code does not work. Wait for the next one, or use a recovery code."]
        return False
    return True


def _ask(
    what: str, form: PasswordForm, user: PortalUser, *, required_by: list[str] | None = None
) -> Response:
    return htmx.page(
        "second_factor/ask.html",
        what=what,
        form=form,
        has_one=user.has_second_factor,
        required_by=words.listed(required_by or [], "and"),
        heading=_headings(user)[what],
        next=_next(),
        status=422 if form.errors else 200,
    )


def _headings(user: PortalUser) -> dict[str, str]:
    return {
        "set_up": "Move to another app" if user.has_second_factor else "Set up a second factor",
        "codes": "New recovery codes",
        "off": "Switch off the second factor",
    }
