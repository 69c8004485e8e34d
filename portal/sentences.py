"""Sentences as their readers would say them: of a row of the activity (C32), and of who gets a mail."""

from portal.attempts import to
from portal.models import Activity
from portal.words import listed

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
# So many people are named where it is said who gets a mail; of more, the first ones.
SHOWN_NAMES = 3
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


def hear_of_it(names: list[str], company: str) -> str:
    """Return who gets a mail, as a sentence: "Ann and Bob get a mail about this."."""
    if not names:
        return f"Nobody at {company} gets a mail about this."
    rest = len(names) - SHOWN_NAMES
    shown = [*names[:SHOWN_NAMES], f"{rest} more"] if rest > 1 else names
    return f"{listed(shown, 'and')} {'gets' if len(names) == 1 else 'get'} a mail about this."
