"""How one signs in: changing one's own address, user name and recovery e-mail (behaviour L7, C34)."""

from typing import Any

from flask import Blueprint, Response, url_for

from portal import htmx
from portal.actions.email_change import ask_email_change, cancel_email_change
from portal.actions.recovery import choose_recovery, remove_recovery
from portal.actions.user_name import choose_username
from portal.forms.people import CurrentPasswordForm, EmailForm, RecoveryForm, UsernameForm
from portal.guards import reads_first, signed_in
from portal.models import PortalUser
from portal.queries.links import waiting_change
from portal.queries.sign_in import SignedIn, companies_with_address
from portal.refusals import FieldRefusal
from portal.templating import say
from portal.transaction import part, start_writing
from portal.views.current_password import guessing, knows_password

blueprint = Blueprint("own_login", __name__, url_prefix="/profile")


def _person() -> SignedIn:
    person = signed_in()
    assert person is not None, "the gate lets nobody else in"
    return person


def _typed_well(form: CurrentPasswordForm, user: PortalUser) -> bool:
    """Return whether the form was sent, everything fits, and who sent it knows the password."""
    return form.validate_on_submit() and knows_password(form, user)


def _form(template: str, form: CurrentPasswordForm, **more: Any) -> Response:
    return htmx.page(template, status=422 if form.errors else 200, form=form, user=_person().user, **more)


@blueprint.route("/email", methods=["GET", "POST"])
@reads_first
@guessing
def email() -> Response:
    """Show the form for another address, or send the link that makes it the login's."""
    person = _person()
    form = EmailForm(data={"contacts_follow": True})
    if not _typed_well(form, person.user):
        return _email_page(form, person.user)
    start_writing()
    try:
        with part():
            follow = bool(form.contacts_follow.data)
            ask_email_change(person.user, form.email.data, person.actor(), contacts_follow=follow)
    except FieldRefusal as refusal:
        form.email.errors = [refusal.sentence]
        return _email_page(form, person.user)
    say(f"A link was sent to {form.email.data}. Your address changes once it is used there.")
    return htmx.go(url_for("profile.show"))


def _email_page(form: EmailForm, user: PortalUser) -> Response:
    return _form(
        "profile/email.html", form, companies=companies_with_address(user), waiting=waiting_change(user)
    )


@blueprint.post("/email/cancel")
def cancel_email() -> Response:
    """Let the link that waits at the new address die."""
    person = _person()
    cancel_email_change(person.user, person.actor())
    say("Your address stays as it is. The link no longer works.")
    return htmx.go(url_for("profile.show"))


@blueprint.route("/user-name", methods=["GET", "POST"])
@reads_first
@guessing
def username() -> Response:
    """Show the form for the user name, or set, change or remove it."""
    person = _person()
    form = UsernameForm(data={"username": person.user.username or ""})
    if not _typed_well(form, person.user):
        return _form("profile/username.html", form)
    start_writing()
    try:
        with part():
            changed = choose_username(person.user, form.username.data or "", person.actor())
    except FieldRefusal as refusal:
        form.username.errors = [refusal.sentence]
        return _form("profile/username.html", form)
    say("Your user name was saved." if changed else "Nothing changed.")
    return htmx.go(url_for("profile.show"))


@blueprint.route("/recovery", methods=["GET", "POST"])
@reads_first
@guessing
def recovery() -> Response:
    """Show the form for the recovery e-mail, or set, change or remove it."""
    person = _person()
    form = RecoveryForm(data={"recovery_email": person.user.recovery_email or ""})
    if not _typed_well(form, person.user):
        return _form("profile/recovery.html", form)
    start_writing()
    try:
        with part():
            say(_choose(person, form.recovery_email.data or ""))
    except FieldRefusal as refusal:
        form.recovery_email.errors = [refusal.sentence]
        return _form("profile/recovery.html", form)
    return htmx.go(url_for("profile.show"))


def _choose(person: SignedIn, address: str) -> str:
    """Keep or forget the recovery e-mail and return what became of it in words."""
    if address == (person.user.recovery_email or ""):
        return "Nothing changed."
    if address:
        choose_recovery(person.user, address, person.actor())
        return f"A link was sent to {address}. The recovery e-mail counts once it is used there."
    remove_recovery(person.user, person.actor())
    return "The recovery e-mail was removed."
