"""Putting a row of the activity into a sentence, as its readers would say it (C32)."""

from portal.attempts import to
from portal.models import Activity

# What is not said with the name behind it; {} is where the name goes.
_AROUND = {
    "added to the staff": "added {} to the staff",
    "asked for a new link": "asked for a new link for {}",
    "asked for a password reset": "asked for a password reset for {}",
    "asked for access:": "asked for access for {}",
    "changed the draft of the terms": "changed the draft of the terms, {}",
    "drafted the terms": "drafted the terms, {}",
    "edited the own details": "edited their own details",
    "left without an admin": "left {} without an admin",
    "made void": "made {} void",
    "marked as exited": "marked {} as exited",
    "published the terms": "published the terms, {}",
    "sent again to the webhook": "sent something again to the webhook {}",
    "signed out everywhere": "signed {} out everywhere",
    "took on": "took on {} as a client",
}
# What was done to oneself, or to nobody who is named, where leaving out the name is not enough.
_ALONE = {
    "asked for access:": "asked for access",
    "edited the own details": "edited their own details",
    "left without an admin": "left the client without an admin",
}


def sentence(row: Activity) -> str:
    """Return an activity row as a sentence in the past tense."""
    subject = row.actor_name or "Somebody"
    if row.result == "refused":
        return f"{subject} was refused: {to(row.what, '' if _to_oneself(row) else row.target_name)}"
    if not row.target_name or _to_oneself(row):
        return f"{subject} {deed(row.what)}"
    joint = " from {}" if row.what.startswith("imported ") else " {}"
    return f"{subject} {_AROUND.get(row.what, row.what + joint).replace('{}', row.target_name)}"


def deed(what: str) -> str:
    """Return what was done in words that need no name behind them."""
    return _ALONE.get(what) or what.removesuffix(" of").removesuffix(" to")


def _to_oneself(row: Activity) -> bool:
    """Return whether the row tells what somebody did to themselves: then they are named once."""
    if row.contact_id and row.actor_contact_id:
        return row.contact_id == row.actor_contact_id
    if row.actor_kind != "staff":
        return row.target_name == row.actor_name
    of_customers = row.contact_id or row.user_id or row.company_id
    # Names are kept as they were said, and the staff's were said the other way round once.
    own = row.actor_name.startswith(f"{row.target_name} of ") or row.actor_name.endswith(
        f" staff {row.target_name}"
    )
    return not of_customers and own and bool(row.target_name)
