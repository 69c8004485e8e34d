"""The user name of one's own login: setting, changing and removing it (behaviour 7)."""

from sqlalchemy.exc import IntegrityError

from portal import audit, mail
from portal.extensions import db
from portal.models import PortalUser
from portal.models.keys import username_key
from portal.policy import Actor
from portal.queries.sign_in import username_taken
from portal.refusals import FieldRefusal

TAKEN = "This user name is taken. Choose another one."


def choose_username(user: PortalUser, wanted: str, by: Actor) -> bool:
    """Make `wanted` the user name of `user`, or take it away where it is empty; return whether it changed.

    Raises FieldRefusal for one that another live login has.
    """
    before = user.username or ""
    if wanted == before:
        return False
    if wanted and username_taken(wanted, except_user_id=user.id):
        raise FieldRefusal("username", TAKEN)
    user.username, user.username_key = wanted or None, username_key(wanted) if wanted else None
    try:
        db.session.flush()
    except IntegrityError:  # somebody chose it a moment ago
        raise FieldRefusal("username", TAKEN) from None
    audit.record("changed the user name of", by=by, user=user, changes={"User name": (before, wanted)})
    news = "changed" if wanted else "removed"
    mail.login_changed(user, f"The user name of your login was {news}.")
    return True
