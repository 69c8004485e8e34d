"""What becomes of a customer's second factor: switched on, moved, used, given new recovery codes, off."""

from portal import audit, mail, second_factor, words
from portal.models import Company, PortalUser
from portal.policy import STRANGER, Actor, demand_admin
from portal.queries.factors import requiring
from portal.refusals import NotNow

# What the activity says of a company that requires a second factor of everybody, or no longer.
REQUIRED = {True: "required a second factor at", False: "stopped requiring a second factor at"}


def switch_on(user: PortalUser, secret: str, code: str, by: Actor) -> list[str] | None:
    """Make `secret` the second factor of `user`, also in place of another; return its recovery codes.

    None where `code` does not prove that the app has the secret.
    """
    news = "moved" if second_factor.of(user) else "on"
    codes = second_factor.start(user, secret, code)
    if codes is not None:
        done = {"on": "switched on the second factor", "moved": "moved the second factor to another app"}
        audit.record(done[news], by=by, user=user)
        mail.second_factor(user, news)
    return codes


def switch_off(user: PortalUser, by: Actor) -> None:
    """Take the second factor of `user` away. Raises NotNow while a company of theirs requires it."""
    names = requiring(user)
    if names:
        raise NotNow(
            f"{words.listed(names, 'and')} {'require' if names[1:] else 'requires'} a second factor."
        )
    if second_factor.remove(user):
        audit.record("switched off the second factor", by=by, user=user)
        mail.second_factor(user, "off")


def renew_codes(user: PortalUser, by: Actor) -> list[str]:
    """Return new recovery codes for `user`; the earlier ones end. Raises NotNow without a second factor."""
    factor = second_factor.of(user)
    if factor is None:
        raise NotNow("You have no second factor. Set one up first.")
    audit.record("made new recovery codes", by=by, user=user)
    mail.second_factor(user, "codes")
    return second_factor.new_recovery_codes(factor)


def prove(user: PortalUser, code: str) -> str | None:
    """Use `code` of the app or a recovery code up; return what is to be said of it, None where it is neither.

    Wrong, too old and used before are the same to whoever asks; the trace does not tell them apart either.
    """
    factor = second_factor.of(user)
    if factor is not None and second_factor.check(factor, user, code):
        return ""
    left = second_factor.use_recovery_code(factor, code) if factor else None
    if left is None:
        reason = "no such code"
        audit.record(
            "use a code of the second factor", by=STRANGER, user=user, result="refused", reason=reason
        )
        return None
    by = Actor(kind="user", name=user.name, user_id=user.id)
    audit.record("used a recovery code", by=by, user=user)
    mail.second_factor(user, "used", left=left)
    return f"You used a recovery code; {left} {'is' if left == 1 else 'are'} left."


def require(company: Company, required: bool, by: Actor, *, has_one: bool) -> bool:
    """Let the company require a second factor of everybody who signs in, or no longer; return whether that
    changed. Raises NotAllowed unless `by` is an admin, NotNow unless that admin has one (`has_one`)."""
    demand_admin(by)
    if required and not has_one:
        raise NotNow("Set up your own second factor in your profile first.")
    if company.requires_second_factor == required:
        return False
    company.requires_second_factor = required
    audit.record(REQUIRED[required], by=by, about=company.name)
    return True
