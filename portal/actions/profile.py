"""What people change about themselves: their own details and how the portal looks to them."""

from portal import audit
from portal.actions.access import end_sessions
from portal.actions.topics import choose_topics
from portal.clock import now
from portal.models import Company, Contact, PortalUser
from portal.models.keys import refresh
from portal.policy import Actor

OWN_DETAILS = {
    "honorific": "Title",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "phone": "Phone",
    "mobile": "Mobile",
}


def edit_own_details(contact: Contact, details: dict[str, str], by: Actor) -> bool:
    """Set one's own name, job title and numbers at one company; return whether anything changed."""
    changes = {}
    for name, label in OWN_DETAILS.items():
        before, after = getattr(contact, name), details[name]
        if before != after:
            setattr(contact, name, after)
            changes[label] = (before, after)
    if not changes:
        return False
    refresh(contact)
    contact.changed_at = now()
    if contact.user is not None:
        contact.user.first_name, contact.user.last_name = contact.first_name, contact.last_name
    audit.record("edited the own details", by=by, contact=contact, changes=changes)
    return True


def choose_own_topics(contact: Contact, topics: frozenset[str], by: Actor) -> bool:
    """Set what one wants mail about at one company; return whether anything changed."""
    changes = choose_topics(contact, topics)
    if changes:
        contact.changed_at = now()
        audit.record("edited the own details", by=by, contact=contact, changes=changes)
    return bool(changes)


def choose_look(user: PortalUser, theme: str, density: str, *, shortcuts: bool) -> None:
    """Set how the portal looks to this person, and whether single keys do something (WCAG 2.1.4)."""
    user.theme, user.density, user.shortcuts = theme, density, shortcuts


def choose_default_company(user: PortalUser, company: Company | None) -> None:
    """Set which company opens after signing in; None asks every time (C35)."""
    user.default_company_id = company.id if company else None


def sign_out_everywhere(user: PortalUser, by: Actor) -> None:
    """End every signed-in browser of `user`, the one at hand among them."""
    end_sessions(user)
    audit.record("signed out everywhere", by=by, user=user)
