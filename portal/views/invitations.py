"""What an invitation's link opens: a new login, joining with one, or what to do when it is dead."""

from flask import Blueprint, Response, request, url_for

from portal import htmx, passwords, tokens
from portal.actions import accepting
from portal.extensions import db, limiter
from portal.forms.people import AcceptForm, JoinForm
from portal.guards import public, reads_first, signed_in
from portal.limits import per_account, per_address
from portal.models import Invitation, PortalUser
from portal.queries.sign_in import owner_of
from portal.refusals import FieldRefusal
from portal.templating import branding, say
from portal.transaction import start_writing
from portal.views import code_due
from portal.views.links import dead_invitation, no_such_link
from portal.views.sign_in import enter
from portal.views.terms import not_accepted

blueprint = Blueprint("invitations", __name__, url_prefix="/invitations")


@blueprint.route("/<token>", methods=["GET", "POST"])
@public
@reads_first
@limiter.limit(per_address, methods=["POST"])
@limiter.limit(per_account, methods=["POST"], key_func=lambda: f"{request.remote_addr} {request.path}")
def show(token: str) -> Response:
    """Show the form behind the link; only a POST uses the link up (L3)."""
    invitation = _find(token)
    if not accepting.stands(invitation):
        return dead_invitation(invitation, again_url=url_for(".again", token=token))
    mode = _mode(invitation)
    if mode == "other":
        return _page(invitation, mode, None)
    return _accept_new(invitation) if mode == "new" else _join(invitation, mode)


@blueprint.post("/<token>/again")
@public
@limiter.limit(per_address)
@limiter.limit(per_account, key_func=lambda: f"{request.remote_addr} {request.path}")
def again(token: str) -> Response:
    """Take the wish for a new link; the answer is the same whatever the case."""
    invitation = _find(token)
    accepting.lock(invitation)
    accepting.ask_again(invitation)
    return dead_invitation(invitation, again_url="", sent=True)


def _mode(invitation: Invitation) -> str:
    """Return how this browser can accept: new login, existing one, at once, or not as who is signed in."""
    person, owner = signed_in(), owner_of(invitation.email)
    if person is not None:
        return "confirm" if owner is not None and owner.id == person.user.id else "other"
    return "new" if owner is None else "join"


def _accept_new(invitation: Invitation) -> Response:
    form = AcceptForm()
    if not form.validate_on_submit():
        return _page(invitation, "new", form)
    names = [invitation.contact.name, invitation.email, invitation.contact.company.name, branding().name]
    reason = passwords.objection(form.password.data, names)
    if reason:
        form.password.errors = [reason]
    if _terms_missing(form, None) or reason:
        return _page(invitation, "new", form)
    password_hash = passwords.hashed(form.password.data)
    _take_lock(invitation)
    try:
        with db.session.begin_nested():
            user = accepting.accept_with_new_login(
                invitation, password_hash, form.username.data or None, request.remote_addr or ""
            )
    except FieldRefusal as refusal:
        form.username.errors = [refusal.sentence]
        return _page(invitation, "new", form)
    return welcome(invitation, user)


def _join(invitation: Invitation, mode: str) -> Response:
    form = JoinForm()
    if not form.validate_on_submit():
        return _page(invitation, mode, form)
    user = _proved(invitation, mode, form)
    if user is None:
        form.password.errors = ["That password does not match the login of this address."]
        return _page(invitation, mode, form)
    if _terms_missing(form, user):
        return _page(invitation, mode, form)
    if mode == "join" and user.has_second_factor:
        return code_due.ask(user, invitation=invitation.id)
    _take_lock(invitation)
    accepting.accept_with_login(invitation, user, request.remote_addr or "")
    return welcome(invitation, user)


def _proved(invitation: Invitation, mode: str, form: JoinForm) -> PortalUser | None:
    """Return the login that this browser has proved to be: by its session, or by its password now."""
    person = signed_in()
    if mode == "confirm" and person is not None:
        return person.user
    owner = owner_of(invitation.email)
    fits = owner is not None and passwords.fits(owner.password_hash, form.password.data or "")
    return owner if fits and owner is not None and owner.able else None


def _take_lock(invitation: Invitation) -> None:
    start_writing()
    accepting.lock(invitation)


def _terms_missing(form: AcceptForm | JoinForm, user: PortalUser | None) -> bool:
    terms = accepting.terms_for(user)
    return terms is not None and not_accepted(form, terms, "Tick the box to accept the terms of use.")


def welcome(invitation: Invitation, user: PortalUser) -> Response:
    """Sign in whoever has accepted, and lead into the company that invited them."""
    enter(user)
    say(f"Welcome to {invitation.contact.company.name}.")
    return htmx.go(url_for("dashboard.show", company=invitation.contact.company.slug))


def _page(invitation: Invitation, mode: str, form: AcceptForm | JoinForm | None) -> Response:
    person = signed_in()
    if form is not None and form.errors and form.password.data and not form.password.errors:
        form.password.errors = ["Type the password again: it is not kept while something else is missing."]
    return htmx.page(
        "invitations/show.html",
        status=422 if form is not None and form.errors else 200,
        invitation=invitation,
        company_name=invitation.contact.company.name,
        mode=mode,
        form=form,
        terms=accepting.terms_for(owner_of(invitation.email)),
        signed_in_as=person.user.email if person else "",
    )


def _find(token: str) -> Invitation:
    row_id = tokens.row_id(token)
    invitation = db.session.get(Invitation, row_id) if row_id else None
    if invitation is None or not tokens.fits(invitation, token):
        no_such_link()
    return invitation
