"""Client Portal Users: every login over all companies, and View User Details (behaviour S3, S4)."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from portal import audit, htmx, lifecycle, policy, second_factor, staff_policy, words
from portal.actions.staff import logins
from portal.clock import today
from portal.csv_out import csv_stream
from portal.forms.staff import PortalUserForm, ReasonForm
from portal.limits import makes_a_file
from portal.models import Contact, PortalUser
from portal.policy import Actor
from portal.queries.devices import live_sessions
from portal.queries.links import reset_just_now, waiting_change
from portal.queries.paging import COUNTED, Wish
from portal.queries.staff import portal_users
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import day_month, exact, say
from portal.transaction import part, transaction
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
HEADER = (
    *("Name", "Email", "Email confirmed", "User name", "Account status", "Terms version", "Terms accepted"),
    *("Last sign-in", "Linked accounts", "Clients"),
)
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
    ids = [row.PortalUser.id for row in page.rows]
    return htmx.page(
        "staff/portal_users/index.html",
        block="list",
        **LIST.context(asked),
        page=page,
        matching=matching,
        clients=portal_users.clients_of(who, ids),
        terms=portal_users.terms_of(ids),
        view_words=VIEW_WORDS,
    )


@blueprint.post("/export")
@makes_a_file
def export() -> Response:
    """Send what search and filter leave as CSV, and write down who took it.

    It is a POST because of that trace: looking at an address changes nothing (L3).
    """
    who, asked = acting(), LIST.wish(request.form)
    narrowed = {"Search": ("", asked.q), "Filter": ("", VIEW_WORDS[asked.view] if asked.view else "")}
    found = {label: pair for label, pair in narrowed.items() if pair[1]}
    audit.record("exported the portal users", by=who, changes=found)
    return csv_stream(f"portal-users-{today().isoformat()}.csv", HEADER, _batches(who, asked))


def _batches(who: Actor, asked: Wish) -> Iterator[list[list[Any]]]:
    """Yield the lines of the file; each batch is read in a transaction of its own, once the last has left."""
    after, lines = 0, [list[Any]()]
    while lines:
        with transaction(write=False):
            users = portal_users.batch(who, asked, after)
            ids = [user.id for user in users]
            clients, terms = portal_users.clients_of(who, ids), portal_users.terms_of(ids)
            lines = [_line(user, clients.get(user.id, []), terms.get(user.id)) for user in users]
        after = ids[-1] if ids else after
        yield lines


def _line(user: PortalUser, clients: list[str], terms: portal_users.Accepted | None) -> list[Any]:
    changing = "Must change password" if user.must_change_password else "Active"
    return [
        user.name,
        user.email,
        "Yes" if user.email_confirmed_at else "No",
        user.username,
        "Disabled" if user.disabled_at else changing,
        terms.number if terms else None,
        day_month(terms.at) if terms else None,
        exact(user.last_sign_in_at),
        len(clients),
        ", ".join(clients),
    ]


@blueprint.route("/<id:user_id>", methods=["GET", "POST"])
def show(user_id: int) -> Response:
    """Show everything about one login, or save its name and ask a new address to confirm itself (L7)."""
    user = _find(user_id)
    if request.method == "POST":
        demand(Deed.RENAME)
    facts = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
    form = PortalUserForm(data={**facts, "contacts_follow": True})
    if not form.validate_on_submit():
        return _page(user, form)
    try:
        with part():
            names = form.first_name.data, form.last_name.data, form.email.data or ""
            said = logins.edit(user, *names, acting(), contacts_follow=bool(form.contacts_follow.data))
    except FieldRefusal as refusal:
        form.email.errors = [refusal.sentence]
        return _page(user, form)
    say(" ".join(said) or "Nothing changed.")
    return htmx.go(url_for(".show", user_id=user_id))


@blueprint.post("/<id:user_id>/email/withdraw")
def withdraw(user_id: int) -> Response:
    """Let the link that waits at a new address die."""
    say(logins.withdraw_email(_find(user_id), acting()))
    return htmx.go(url_for(".show", user_id=user_id))


@blueprint.post("/<id:user_id>/devices/<id:session_id>/sign-out")
def sign_out_device(user_id: int, session_id: int) -> Response:
    """End one of the login's sessions."""
    user = _find(user_id)
    theirs = [each for each in live_sessions(user, None) if each["id"] == session_id]
    if not theirs:
        abort(404)
    say(logins.sign_out_one(user, theirs[0]["session"], acting()))
    return htmx.go(url_for(".show", user_id=user_id))


def _page(user: PortalUser, form: PortalUserForm) -> Response:
    who = acting()
    past, more = portal_users.history(who, user)
    return htmx.page(
        "staff/portal_users/show.html",
        status=422 if form.errors else 200,
        user=user,
        form=form,
        can_rename=staff_policy.may(who.staff_role, Deed.RENAME),
        waiting=waiting_change(user),
        just_sent=reset_just_now(user),
        terms=portal_users.terms_of([user.id]).get(user.id),
        has_factor=second_factor.of(user) is not None,
        accounts=[_account(contact) for contact in portal_users.accounts(who, user)],
        sessions=live_sessions(user, None),
        deeds=[(deed, DEED_WORDS[deed]) for deed in logins.possible(user, who)],
        history=[(each, words.changes(each.event)) for each in past],
        history_more=more,
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
    who = acting()
    return htmx.page(
        "staff/portal_users/disable.html",
        block="dialog",
        status=422 if form.errors else 200,
        user=user,
        form=form,
        names=[contact.company.name for contact in portal_users.accounts(who, user)],
        last_at=portal_users.last_admin_at(who, user),
        may_leave=staff_policy.may(who.staff_role, Deed.LEAVE_NO_ADMIN),
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
