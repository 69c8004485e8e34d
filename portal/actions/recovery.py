"""The recovery e-mail of a login: kept, confirmed by its owner, and used where the password is forgotten."""

from portal import audit, mail
from portal.actions.invite import end_login_links, login_link
from portal.models import Ended, PortalUser, Purpose
from portal.models.keys import email_key
from portal.policy import Actor
from portal.refusals import FieldRefusal


def keep_recovery(user: PortalUser, address: str | None) -> None:
    """Note `address` as one that counts for nothing yet, and send its owner the link that makes it count.

    Without an address nothing is noted and what was is forgotten. Raises TooMany where too many links were
    sent lately.
    """
    user.recovery_email, user.recovery_confirmed_at = address, None
    user.recovery_key = email_key(address) if address else None
    if address:
        mail.confirm_address(login_link(user, Purpose.CONFIRM_RECOVERY, address))


def choose_recovery(user: PortalUser, address: str, by: Actor) -> None:
    """Keep `address` as the recovery e-mail; it counts once the link sent there was used.

    Raises FieldRefusal for the login's own address, TooMany where too many links were sent lately.
    """
    if email_key(address) == user.email_key:
        raise FieldRefusal("recovery_email", "Choose an address other than the one you sign in with.")
    before = user.recovery_email or ""
    end_login_links(user, Purpose.RESET, Ended.CANCELLED)
    keep_recovery(user, address)
    mail.login_changed(user, "The recovery e-mail of your login was changed.")
    changes = {"Recovery e-mail": (before, address)}
    audit.record("changed the recovery e-mail of", by=by, user=user, changes=changes)


def remove_recovery(user: PortalUser, by: Actor) -> bool:
    """Forget the recovery e-mail and every link that waits there; return whether there was one."""
    before = user.recovery_email
    if before is None:
        return False
    keep_recovery(user, None)
    end_login_links(user, Purpose.CONFIRM_RECOVERY, Ended.CANCELLED)
    end_login_links(user, Purpose.RESET, Ended.CANCELLED)
    mail.login_changed(user, "The recovery e-mail of your login was removed.")
    changes = {"Recovery e-mail": (before, "")}
    audit.record("removed the recovery e-mail of", by=by, user=user, changes=changes)
    return True
