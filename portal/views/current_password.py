"""Asking again for the password of now, where somebody signed in changes how they sign in."""

from portal import passwords
from portal.extensions import limiter
from portal.forms.people import ChangePasswordForm, CurrentPasswordForm
from portal.limits import per_account, refused, this_browser
from portal.models import PortalUser

# One count for all such pages together: each of them answers the same guess.
guessing = limiter.shared_limit(
    per_account, scope="current password", methods=["POST"], key_func=this_browser, deduct_when=refused
)


def knows_password(form: CurrentPasswordForm | ChangePasswordForm, user: PortalUser) -> bool:
    """Return whether the password typed in `form` is that of `user`; if not, the field says so."""
    if passwords.fits(user.password_hash, form.current_password.data or ""):
        return True
    form.current_password.errors = ["That is not your current password."]
    return False
