"""The demo's past: what was done at Northgate Estates, who signed in when, and the last access review."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.clock import now
from portal.extensions import db
from portal.models import AccessDecision, AccessReview, Activity, Company, Contact, ContactTopic

# Days ago, who, what, whom, and each field before and after; the oldest first, as it was written.
_PAST: tuple[tuple[float, str, str, str, dict[str, list[str]]], ...] = (
    (
        62,
        "Amelia",
        "added",
        "Daniel",
        {"Job title": ["", "Regional manager"], "Phone": ["", "+442079460145"]},
    ),
    (62, "Amelia", "authorized", "Daniel", {"Portal access": ["none", "portal"]}),
    (61, "Daniel", "accepted the invitation", "Daniel", {"Status": ["pending", "active"]}),
    (60, "Amelia", "changed the rights of", "Daniel", {"Roles": ["", "Property Manager"]}),
    (60, "Amelia", "linked the properties of", "Daniel", {"Level": ["client", "property"]}),
    (
        48,
        "Sue Marsh",
        "edited",
        "Wei-Ling",
        {"E-mail": ["w.chen@northgate.example", "wei-ling.chen@northgate.example"]},
    ),
    (41, "Amelia", "reviewed the access", "", {"People looked at": ["", "6 of 6"]}),
    (
        30,
        "Amelia",
        "changed the rights of",
        "Tomasz",
        {"Permissions": ["billing", ""], "Roles": ["", "Requester"]},
    ),
    (12, "Fatima", "edited", "Robin", {"Mobile": ["", "+447700900145"]}),
    (9, "Amelia", "deactivated", "Luca", {"Status": ["active", "inactive"]}),
    (9, "Fatima", "delete", "Luca", {}),
    (1, "Amelia", "authorized", "Robin", {"Portal access": ["email_only", "portal"]}),
    (0.2, "Amelia", "resent the invitation to", "Robin", {}),
)
_SIGNED_IN = {"Amelia": 0.1, "Daniel": 1, "Wei-Ling": 3, "Ingrid": 20, "Tomasz": 2, "Fatima": 120}
_TOPICS = {
    "Amelia": ("account", "billing", "reports", "work_orders"),
    "Wei-Ling": ("billing",),
    "Daniel": ("reports", "work_orders"),
}


def make(company: Company) -> None:
    """Add the past of `company`, whose known people are there already."""
    query = select(Contact).where(Contact.company_id == company.id)
    people = {contact.first_name: contact for contact in db.session.scalars(query).unique()}
    db.session.execute(insert(Activity), [_event(company, people, *each) for each in _PAST])
    for name, days in _SIGNED_IN.items():
        user = people[name].user
        if user is not None:
            user.last_sign_in_at = _ago(days)
    for name, topics in _TOPICS.items():
        people[name].topic_links = [ContactTopic(company_id=company.id, topic=topic) for topic in topics]
    _review(company, people["Amelia"], [people[name] for name in _SIGNED_IN])


def _event(
    company: Company,
    people: dict[str, Contact],
    days: float,
    who: str,
    what: str,
    whom: str,
    changes: dict[str, list[str]],
) -> dict[str, Any]:
    actor, target = people.get(who), people.get(whom)
    refused = what == "delete"
    return {
        "at": _ago(days),
        "company_id": company.id,
        "actor_kind": "contact" if actor else "staff",
        "actor_name": actor.name if actor else who,
        "actor_contact_id": actor.id if actor else None,
        "what": what,
        "contact_id": target.id if target else None,
        "target_name": target.name if target else "",
        "changes": changes,
        "result": "refused" if refused else "done",
        "reason": "Your role does not include this." if refused else "",
    }


def _review(company: Company, by: Contact, people: list[Contact]) -> None:
    review = AccessReview(
        company_id=company.id,
        by_contact_id=by.id,
        by_name=by.name,
        people=len(people),
        everybody=len(people),
        at=_ago(42),
        finished_at=_ago(41),
    )
    review.decisions = [
        AccessDecision(company_id=company.id, contact_id=person.id, decision="keep") for person in people
    ]
    db.session.add(review)
    db.session.flush()


def _ago(days: float) -> datetime:
    return now() - timedelta(days=days)
