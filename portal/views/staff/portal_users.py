"""Client Portal Users: every login over all companies, and View User Details (behaviour S3, S4)."""

from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from portal import htmx, lifecycle, policy, second_factor, staff_policy, words
from portal.actions.staff import logins
from portal.forms.staff import AddressForm, PortalUserForm, ReasonForm
from portal.models import Contact, PortalUser
from portal.queries.devices import live_sessions
from portal.queries.paging import COUNTED
from portal.queries.staff import portal_users
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say
from portal.transaction import part
from portal.views.asked import Listing

blueprint = Blueprint("portal_users", __name__, url_prefix="/portal-users")
LIST = Listing(portal_users.VIEWS, tuple(portal_users.ORDERS))
VIEW_WORDS = {
    "": "All",
    "disabled": "Disabled",
    "never": "Never signed in",
    "must_change": "Must change password",
    "alone": "No linked account",
    "terms": "Terms outstanding",
}
DEED_WORDS = {
    Deed.SEND_RESET: "Send password reset",
    Deed.REQUIRE_PASSWORD: "Require password change",
    Deed.SIGN_OUT: "Sign out everywhere",
    Deed.RESET_FACTOR: "Reset second factor",
    Deed.DISABLE: "Disable",
    Deed.ENABLE: "Enable",
}


@blueprint.get("")
def index() -> Response:
    """Show the list; search, filter, order and paging stand in the address."""
    who, asked = acting(), LIST.wish()
    matching = portal_users.count(who, asked)
    page = portal_users.page(who, asked, few=matching <= COUNTED)
    return htmx.page(
        "staff/portal_users/index.html",
        block="list",
        **LIST.context(asked),
        page=page,
        matching=matching,
        terms=portal_users.terms_of([row.PortalUser.id for row in page.rows]),
        view_words=VIEW_WORDS,
    )


@blueprint.route("/<id:user_id>", methods=["GET", "POST"])
def show(user_id: int) -> Response:
    """Show everything about one login, or save its name."""
    user = _find(user_id)
    if request.method == "POST":
        demand(Deed.RENAME)
    form = PortalUserForm(data={"first_name": user.first_name, "last_name": user.last_name})
    if form.validate_on_submit():
        changed = logins.rename(user, form.first_name.data, form.last_name.data, acting())
        say("The name was saved." if changed else "Nothing changed.")
        return htmx.go(url_for(".show", user_id=user_id))
    return _page(user, form)


@blueprint.post("/<id:user_id>/email")
def email(user_id: int) -> Response:
    """Ask a new address of the login to confirm itself (L7)."""
    user, form = _find(user_id), AddressForm()
    demand(Deed.CHANGE_EMAIL)
    if not form.validate():
        return _page(user, _name_form(user), form)
    try:
        with part():
            follow = form.contacts_follow.data
            notice = logins.change_email(user, form.email.data, acting(), contacts_follow=follow)
    except FieldRefusal:
        form.email.errors = ["This is the address of this login already."]
        return _page(user, _name_form(user), form)
    say(notice)
    return htmx.go(url_for(".show", user_id=user_id))


def _name_form(user: PortalUser) -> PortalUserForm:
    return PortalUserForm(formdata=None, data={"first_name": user.first_name, "last_name": user.last_name})


def _page(user: PortalUser, form: PortalUserForm, address: AddressForm | None = None) -> Response:
    who, past = acting(), portal_users.history(acting(), user)
    return htmx.page(
        "staff/portal_users/show.html",
        status=422 if form.errors or (address and address.errors) else 200,
        user=user,
        form=form,
        address=address or AddressForm(formdata=None, data={"contacts_follow": True}),
        can_rename=staff_policy.may(who.staff_role, Deed.RENAME),
        terms=portal_users.terms_of([user.id]).get(user.id),
        has_factor=second_factor.of(user) is not None,
        accounts=[_account(contact) for contact in portal_users.accounts(who, user)],
        sessions=live_sessions(user, None),
        deeds=[(deed, DEED_WORDS[deed]) for deed in logins.possible(user, who)],
        history=past[: portal_users.SHOWN],
        history_more=len(past) > portal_users.SHOWN,
    )


def _account(contact: Contact) -> dict[str, Any]:
    rights = policy.rights_of(contact)
    return {
        "contact": contact,
        "status": lifecycle.status(contact).value,
        "rights": words.gives(rights),
        "roles": ", ".join(role.name for role in contact.roles),
    }


@blueprint.get("/<id:user_id>/disable")
def ask(user_id: int) -> Response:
    """Ask before disabling: a dialog, or a page without JavaScript."""
    return _question(_find(user_id), ReasonForm())


def _question(user: PortalUser, form: ReasonForm) -> Response:
    names = [contact.company.name for contact in portal_users.accounts(acting(), user)]
    status = 422 if form.errors else 200
    return htmx.page(
        "staff/portal_users/disable.html", block="dialog", status=status, user=user, form=form, names=names
    )


@blueprint.post("/<id:user_id>/<deed>")
def do(user_id: int, deed: str) -> Response:
    """Do one deed to the login, and show it as it is then."""
    if deed not in set(logins.ACTIONS):
        abort(404)
    user, form = _find(user_id), ReasonForm()
    if not form.validate():
        return _question(user, form)
    try:
        with part():
            notice = logins.ACTIONS[Deed(deed)](user, acting(), form.reason.data or "")
    except FieldRefusal as refusal:
        form.reason.errors = [refusal.sentence]
        return _question(user, form)
    say(notice)
    return htmx.go(url_for(".show", user_id=user_id))


def _find(user_id: int) -> PortalUser:
    return portal_users.found(acting(), user_id) or abort(404)
