"""What staff do to a login, in all of its companies at once: disable, enable, reset, rename (S4, L8)."""

from collections.abc import Callable, Sequence

from portal import audit, invariants, mail, second_factor, staff_policy
from portal.actions.access import end_sessions
from portal.actions.email_change import ask_email_change
from portal.actions.invite import end_login_links, login_link
from portal.audit import Changes
from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, Ended, PortalUser, Purpose, SignInSession
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries.staff.portal_users import accounts
from portal.refusals import FieldRefusal, NotNow
from portal.staff_policy import Deed


def disable(user: PortalUser, by: Actor, reason: str = "") -> str:
    """Shut the login out of every company at the next request, whatever the companies say (L8).

    Raises FieldRefusal where a company is left without an admin and no reason is given (P8, T11).
    """
    linked = _take(user, Deed.DISABLE, by)
    user.disabled_at = now()
    end_sessions(user)
    leave_without_admin(by, reason)
    _record("disabled the login of", user, linked, by, {"Login": ("enabled", "disabled")}, reason)
    mail.account_disabled(user, disabled=True)
    return f"The login of {user.name} is disabled and signed out everywhere."


def enable(user: PortalUser, by: Actor, _reason: str = "") -> str:
    """Let a disabled login back in, as far as its companies do."""
    linked = _take(user, Deed.ENABLE, by)
    user.disabled_at = None
    _record("enabled the login of", user, linked, by, {"Login": ("disabled", "enabled")})
    mail.account_disabled(user, disabled=False)
    return f"The login of {user.name} is enabled again."


def require_password(user: PortalUser, by: Actor, _reason: str = "") -> str:
    """Have the login choose another password before anything else, in live sessions too (L9)."""
    linked = _take(user, Deed.REQUIRE_PASSWORD, by)
    user.must_change_password = True
    _record("required a password change of", user, linked, by)
    return f"{user.name} must change the password before going on."


def send_reset(user: PortalUser, by: Actor, _reason: str = "") -> str:
    """Send a password reset to the login's own address; nobody of the staff sets a password (T87)."""
    linked = _take(user, Deed.SEND_RESET, by)
    mail.password_reset(login_link(user, Purpose.RESET, user.email))
    _record("sent a password reset to", user, linked, by)
    return f"Password reset sent to {user.email}."


def sign_out(user: PortalUser, by: Actor, _reason: str = "") -> str:
    """End every browser of the login."""
    linked = _take(user, Deed.SIGN_OUT, by)
    end_sessions(user)
    _record("signed out everywhere", user, linked, by)
    return f"{user.name} is signed out everywhere."


def reset_factor(user: PortalUser, by: Actor, _reason: str = "") -> str:
    """Take the second factor from a login whose owner lost it; sessions end, the owner is told."""
    linked = _take(user, Deed.RESET_FACTOR, by)
    second_factor.remove(user)
    end_sessions(user)
    _record("reset the second factor of", user, linked, by)
    mail.second_factor(user, "reset", by=by.name)
    return f"The second factor of {user.name} was reset. All devices were signed out."


def rename(user: PortalUser, first_name: str, last_name: str, by: Actor) -> bool:
    """Change the name of the login, which no company's contact follows; return whether anything changed."""
    staff_policy.demand(by.staff_role, Deed.RENAME)
    before = user.name
    user.first_name, user.last_name = first_name, last_name
    if user.name != before:
        _record("changed the name of the login of", user, [], by, {"Name": (before, user.name)})
    return user.name != before


def edit(
    user: PortalUser, first_name: str, last_name: str, address: str, by: Actor, *, contacts_follow: bool
) -> list[str]:
    """Save what View User Details holds and return what happened, in sentences; without an address it stays.

    Raises as `change_email` does; then nothing of it has happened.
    """
    said = ["The name was saved."] if rename(user, first_name, last_name, by) else []
    if address and email_key(address) != user.email_key:
        said.append(change_email(user, address, by, contacts_follow=contacts_follow))
    return said


def withdraw_email(user: PortalUser, by: Actor) -> str:
    """Let the link that waits at the new address die. Raises NotNow where none waits."""
    staff_policy.demand(by.staff_role, Deed.CHANGE_EMAIL)
    if not end_login_links(user, Purpose.CHANGE_EMAIL, Ended.CANCELLED):
        raise NotNow(f"No change of the address of {user.name} is waiting any more.")
    _record("withdrew the e-mail change of", user, accounts(by, user), by)
    return f"The address of {user.name} stays {user.email}. The link no longer works."


def sign_out_one(user: PortalUser, session: SignInSession, by: Actor) -> str:
    """End one browser of the login."""
    linked = _take(user, Deed.SIGN_OUT, by)
    if session.ended_at is None:
        session.ended_at = now()
        _record("signed out a device of", user, linked, by)
    return f"That device of {user.name} is signed out."


def change_email(user: PortalUser, address: str, by: Actor, *, contacts_follow: bool) -> str:
    """Ask the new address to confirm itself; the old one is told, and nothing changes yet (L7, T88).

    Raises FieldRefusal for the address of now, NotNow for a login that is disabled.
    """
    linked = _take(user, Deed.CHANGE_EMAIL, by)
    ask_email_change(user, address, by, contacts_follow=contacts_follow)
    for contact in linked:
        audit.record("asked to change the e-mail address of", by=by, contact=contact)
    return f"A link was sent to {address}. The address changes once it is used."


ACTIONS: dict[Deed, Callable[[PortalUser, Actor, str], str]] = {
    Deed.SEND_RESET: send_reset,
    Deed.REQUIRE_PASSWORD: require_password,
    Deed.SIGN_OUT: sign_out,
    Deed.RESET_FACTOR: reset_factor,
    Deed.DISABLE: disable,
    Deed.ENABLE: enable,
}


def possible(user: PortalUser, by: Actor) -> list[Deed]:
    """Return what `by` may do to the login and what can happen to it now, in the order of the page."""
    return [deed for deed in ACTIONS if staff_policy.may(by.staff_role, deed) and not _objection(user, deed)]


def leave_without_admin(by: Actor, reason: str) -> None:
    """Let companies be left without an admin where staff say why; FieldRefusal where they do not (P8)."""
    left = invariants.without_admin(db.session())
    if not left:
        return
    staff_policy.demand(by.staff_role, Deed.LEAVE_NO_ADMIN)
    names = ", ".join(db.session.get_one(Company, each).name for each in left)
    if not reason:
        raise FieldRefusal("reason", f"{names} will have no admin who can sign in. Say why, and it is done.")
    invariants.let_go_without(db.session(), left)
    for company_id in left:
        name = db.session.get_one(Company, company_id).name
        audit.record("left without an admin", by=by, company_id=company_id, about=name, reason=reason)


def _take(user: PortalUser, deed: Deed, by: Actor) -> list[Contact]:
    """Lock the companies of the login and judge the deed; return its linked accounts."""
    staff_policy.demand(by.staff_role, deed)
    linked = accounts(by, user)
    for company_id in sorted({contact.company_id for contact in linked}):
        invariants.watch(db.session(), company_id)
    db.session.refresh(user)
    reason = _objection(user, deed)
    if reason:
        raise NotNow(reason)
    return linked


def _objection(user: PortalUser, deed: Deed) -> str:
    """Return why `deed` cannot happen to the login now, as a sentence; empty if it can."""
    disabled, must_change = user.disabled_at is not None, user.must_change_password
    reasons = {
        Deed.DISABLE: f"The login of {user.name} is disabled already." if disabled else "",
        Deed.ENABLE: "" if disabled else f"The login of {user.name} is not disabled.",
        Deed.SEND_RESET: _no_reset(user),
        Deed.CHANGE_EMAIL: f"The login of {user.name} is disabled. Enable it first." if disabled else "",
        Deed.REQUIRE_PASSWORD: f"{user.name} must change the password already." if must_change else "",
        Deed.RESET_FACTOR: "" if second_factor.of(user) else f"{user.name} has no second factor.",
    }
    if user.closed_at is not None or user.password_hash is None:
        return f"The login of {user.name} was closed."
    return reasons.get(deed, "")


def _no_reset(user: PortalUser) -> str:
    if user.disabled_at is not None:
        return f"The login of {user.name} is disabled. Enable it first."
    return "" if user.email_confirmed_at else f"{user.name} has not confirmed the address yet."


def _record(
    what: str,
    user: PortalUser,
    linked: Sequence[Contact],
    by: Actor,
    changes: Changes | None = None,
    reason: str = "",
) -> None:
    """Write it down in every company of the login, where its admins see it, and once where there is none."""
    for contact in linked:
        audit.record(what, by=by, contact=contact, changes=changes, reason=reason)
    if not linked:
        audit.record(what, by=by, user=user, changes=changes, reason=reason)
