"""How many people an import may invite: a few clicks of a customer must not fill thousands of mailboxes."""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from limits import parse

from portal.clock import now
from portal.models import Import
from portal.queries import imports
from portal.refusals import TooMany


@dataclass(frozen=True)
class Allowance:
    """What a customer's import would send, and how much of that its company may send now."""

    invited: int
    left: int
    most: int
    hours: float

    @property
    def enough(self) -> bool:
        """True where everybody in the file may be invited."""
        return self.invited <= self.left

    @property
    def sentence(self) -> str:
        """How many may be invited, and what to do where that is too few."""
        within = "an hour" if self.hours == 1 else f"{self.hours:g} hours"
        said = (
            f"Your company can invite at most {self.most:,} people within {within}; now it is {self.left:,}."
        )
        cure = f" This file would invite {self.invited:,}. Split it, or change columns and authorize fewer."
        return said if self.enough else said + cure


def allowance(imported: Import) -> Allowance | None:
    """Return how many people the import may invite; None where it invites nobody, and for the staff (T40)."""
    invited = imports.invited(imported) if imported.by_contact_id is not None else 0
    if not invited or imported.company_id is None:
        return None
    limit = parse(current_app.config["INVITE_LIMIT"])
    since = now() - timedelta(seconds=limit.get_expiry())
    left = max(0, limit.amount - imports.invited_lately(imported.company_id, since))
    return Allowance(invited, left, limit.amount, limit.get_expiry() / 3600)


def spare_mailboxes(imported: Import) -> None:
    """Raise TooMany where the import would invite more people than its company may now."""
    allowed = allowance(imported)
    if allowed is not None and not allowed.enough:
        raise TooMany(allowed.sentence, int(allowed.hours * 3600))
