"""The demo's staff: an administrator and a support person, whose second factor the sign-in page tells."""

from portal import second_factor
from portal.clock import now
from portal.extensions import db
from portal.models import SecondFactor, StaffUser

PEOPLE = (
    ("Sue Marsh", "administrator", "Administrator of the staff"),
    ("Tom Reyes", "support", "Support"),
)


def make(password_hash: str) -> list[dict[str, str]]:
    """Add the demo's staff and return what to tell about them, the secrets of their second factors too."""
    return [_add(name, role, what, password_hash) for name, role, what in PEOPLE]


def _add(name: str, role: str, what: str, password_hash: str) -> dict[str, str]:
    email = f"{name.lower().replace(' ', '.')}@alder.example"
    person = StaffUser(email=email, email_key=email, name=name, role=role, password_hash=password_hash)
    person.password_set_at = now()
    db.session.add(person)
    db.session.flush()
    secret = second_factor.new_secret()
    sealed = second_factor.seal(secret, person)
    factor = SecondFactor(staff_user_id=person.id, sealed_secret=sealed, last_step=0)
    db.session.add(factor)
    db.session.flush()
    second_factor.new_recovery_codes(factor)
    return {"name": name, "what": what, "email": email, "role": role, "secret": secret}
