"""What must hold of the rows at any time, whatever was killed meanwhile; looks, and mends nothing."""

from collections.abc import Mapping

from portal.standing import letters, logins, parents, totals, traces
from portal.standing.violation import Rule, Violation
from portal.transaction import transaction

__all__ = ["RULES", "Violation", "found", "violations"]

RULES: Mapping[str, Rule] = {
    "a company that had an admin has one who can sign in": logins.admins,
    "a contact has one live invitation at most": logins.invitations,
    "nobody is signed in who may not be": logins.sessions,
    "a company has one Primary contact while it has contacts": logins.primaries,
    "a mail has one final state": letters.states,
    "a mail that failed says so at its invitation": letters.invitations,
    "a change leaves one trace": traces.changes,
    "a trace is left once": traces.doubles,
    "a row belongs to the company of what it belongs to": parents.companies,
    "numbers on the screen are those of the rows": totals.lists,
    "an invoice adds up": totals.invoices_add_up,
    "an access review adds up": totals.reviews,
}


def violations() -> list[Violation]:
    """Return every row that breaks a rule, in a reading transaction of its own."""
    with transaction(write=False):
        return found()


def found() -> list[Violation]:
    """Return every row that breaks a rule, as the running transaction sees it."""
    return [Violation(rule, words) for rule, look in RULES.items() for words in look()]
