"""One's own profile: details, password, devices, companies, look; nothing here changes own rights (C34)."""

from typing import Any

from flask import Blueprint, Response, abort, current_app, request, session, url_for

from portal import htmx, passwords, second_factor
from portal.actions.passwords import ask_to_confirm, change_password
from portal.actions.profile import (
    choose_default_company,
    choose_look,
    choose_own_topics,
    edit_own_details,
)
from portal.actions.sign_in import end_session
from portal.forms.people import ChangePasswordForm, DefaultCompanyForm, LookForm, OwnDetailsForm, TopicsForm
from portal.guards import SAFE_METHODS, reads_first, safe_next, signed_in
from portal.menus import role_line
from portal.models import Purpose
from portal.queries.devices import live_sessions
from portal.queries.links import waiting_change
from portal.queries.sign_in import Membership, SignedIn
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views.current_password import guessing, knows_password
from portal.views.sign_in import enter

blueprint = Blueprint("profile", __name__, url_prefix="/profile")
DETAILS = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile")


def _person() -> SignedIn:
    person = signed_in()
    assert person is not None, "the gate lets nobody else in"
    return person


def _place(person: SignedIn, slug: str | None) -> Membership:
    """Return the company whose details are shown or kept: the one named, else where the person works.

    Not one of theirs: 404. A form that names none although there are several: 400.
    """
    if slug:
        named = person.membership(slug)
        return named or abort(404)
    if request.method not in SAFE_METHODS and len(person.memberships) > 1:
        abort(400)  # what is kept at a company must say at which
    return person.place() or person.memberships[0]


def _shut(person: SignedIn, place: Membership) -> bool:
    """Return whether nothing of the company can be changed yet: it requires a second factor (L9)."""
    return place.needs_factor and not person.user.has_second_factor


@blueprint.route("", methods=["GET", "POST"])
def show() -> Response:
    """Show the profile, or save one's own details at one company."""
    person = _person()
    place = _place(person, request.values.get("company"))
    form = OwnDetailsForm(data=_known(place))
    if not form.validate_on_submit():
        return _page(person, place, form, status=422 if form.errors else 200)
    if _shut(person, place):
        return htmx.go(url_for("second_factor.set_up", next=url_for(".show", company=place.company.slug)))
    details = {name: getattr(form, name).data for name in DETAILS}
    changed = edit_own_details(place.contact, details, place.actor())
    say("Your details were saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show", company=place.company.slug))


def _known(place: Membership) -> dict[str, Any]:
    return {**{name: getattr(place.contact, name) for name in DETAILS}, "company": place.company.slug}


def _page(person: SignedIn, place: Membership, form: OwnDetailsForm, *, status: int = 200) -> Response:
    user = person.user
    factor = second_factor.of(user)
    return htmx.page(
        "profile/show.html",
        status=status,
        form=form,
        user=user,
        place=place,
        memberships=[{"company": each.company, "role_line": role_line(each)} for each in person.memberships],
        factor=factor,
        codes_left=second_factor.recovery_codes_left(factor) if factor else 0,
        sessions=live_sessions(user, person.session),
        look_form=LookForm(
            formdata=None,
            data={"theme": user.theme, "density": user.density, "shortcuts": user.shortcuts},
        ),
        default_form=_default_form(person),
        topics_form=TopicsForm(
            formdata=None, data={"topics": sorted(place.contact.topics), "company": place.company.slug}
        ),
        unconfirmed=user.email_confirmed_at is None,
        recovery_unconfirmed=bool(user.recovery_email) and user.recovery_confirmed_at is None,
        waiting=waiting_change(user),
    )


def _default_form(person: SignedIn) -> DefaultCompanyForm:
    """Return the choice as it stands; a company that is theirs no more is none."""
    ids = {each.company.id: each.company.slug for each in person.memberships}
    form = DefaultCompanyForm(
        formdata=None, data={"default": ids.get(person.user.default_company_id or 0, "")}
    )
    form.default.choices = [
        ("", "Ask me"),
        *((each.company.slug, each.company.name) for each in person.memberships),
    ]
    return form


@blueprint.post("/topics")
def topics() -> Response:
    """Keep what one wants mail about at one company."""
    person = _person()
    place = _place(person, request.form.get("company"))
    form = TopicsForm()
    if not form.validate():
        abort(400)
    if _shut(person, place):
        return htmx.go(url_for("second_factor.set_up", next=url_for(".show", company=place.company.slug)))
    changed = choose_own_topics(place.contact, frozenset(form.topics.data or []), place.actor())
    say("Your topics were saved." if changed else "Nothing changed.")
    return htmx.go(url_for(".show", company=place.company.slug))


@blueprint.post("/default-company")
def default_company() -> Response:
    """Keep which company opens after signing in, or none: then the person is asked."""
    person, slug = _person(), request.form.get("default", "")
    place = person.membership(slug) if slug else None
    if slug and place is None:
        abort(404)
    choose_default_company(person.user, place.company if place else None)
    say(f"{place.company.name} opens after signing in." if place else "You are asked after signing in.")
    return htmx.go(url_for(".show", company=request.form.get("company")))


@blueprint.post("/look")
def look() -> Response:
    """Keep how the portal shall look to this person."""
    form = LookForm()
    if not form.validate():
        abort(400)
    choose_look(_person().user, form.theme.data, form.density.data, shortcuts=form.shortcuts.data)
    say("The look was saved.")
    answer = htmx.go(url_for(".show"))
    name, secure = (current_app.config[key] for key in ("THEME_COOKIE_NAME", "SESSION_COOKIE_SECURE"))
    answer.set_cookie(name, form.theme.data, max_age=31536000, httponly=True, samesite="Lax", secure=secure)
    return answer


@blueprint.route("/password", methods=["GET", "POST"])
@reads_first
@guessing
def password() -> Response:
    """Change one's own password; every other browser is signed out and this one gets a new session."""
    person = _person()
    form = ChangePasswordForm()
    if not form.validate_on_submit() or not _good(form, person):
        must = person.user.must_change_password
        status = 422 if form.errors else 200
        return htmx.page("profile/password.html", form=form, must=must, next=_next(), status=status)
    password_hash = passwords.hashed(form.new_password.data)
    start_writing()
    change_password(person.user, password_hash, person.actor())
    enter(person.user, remembered=person.session.remembered, renewed=True)
    say("Your password is changed. Every other device was signed out.")
    return htmx.go(safe_next(_next()) or url_for("sign_in.home"))


def _next() -> str:
    return request.values.get("next", "")


def _good(form: ChangePasswordForm, person: SignedIn) -> bool:
    """Return whether the current password is right and the new one good and another; each says why not."""
    user = person.user
    if not knows_password(form, user):
        return False
    names = [user.name, user.email, branding().name, *(each.company.name for each in person.memberships)]
    reason = passwords.objection(form.new_password.data, names)
    if reason is None and passwords.fits(user.password_hash, form.new_password.data):
        reason = "Choose a password that is not the current one."
    form.new_password.errors = [reason] if reason else []
    return reason is None


@blueprint.post("/confirm/<any(email, recovery):which>")
def confirm(which: str) -> Response:
    """Send a link that proves one of one's own addresses."""
    person = _person()
    user = person.user
    purpose = Purpose.CONFIRM_EMAIL if which == "email" else Purpose.CONFIRM_RECOVERY
    done = user.email_confirmed_at if which == "email" else user.recovery_confirmed_at
    if done is not None or (which == "recovery" and not user.recovery_email):
        abort(409)
    say(f"A link was sent to {ask_to_confirm(user, purpose, person.actor())}.")
    return htmx.go(url_for(".show"))


@blueprint.post("/devices/<id:session_id>/sign-out")
def sign_out_device(session_id: int) -> Response:
    """End one of one's own sessions."""
    person = _person()
    own = [each for each in live_sessions(person.user, person.session) if each["id"] == session_id]
    if not own:
        abort(404)
    end_session(own[0]["session"], person.actor())
    if own[0]["current"]:
        session.clear()
        return htmx.go(url_for("sign_in.sign_in"))
    say("That device was signed out.")
    return htmx.go(url_for(".show"))
