"""Reviewing access: deciding about one person after the other, and finishing (issue 3)."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from portal import audit
from portal.actions import access
from portal.clock import now
from portal.extensions import db
from portal.lifecycle import Move
from portal.models import AccessDecision, AccessReview, Activity, Contact
from portal.policy import Actor
from portal.queries import reviews
from portal.refusals import NotNow

KEEP = "keep"
# What can be decided beside keeping: moves of the contact, and what the review says of them.
MOVES = {Move.DEACTIVATE: "deactivated", Move.CANCEL: "changed"}


def keep(contacts: Sequence[Contact], by: Actor) -> str:
    """Leave the access of `contacts` as it is; who was changed since the review began counts as changed."""
    review = _open(by)
    for contact in contacts:
        _decide(review, contact, "changed" if _changed_since(review, contact) else KEEP)
        audit.record("kept the access of", by=by, contact=contact)
    db.session.flush()
    if len(contacts) == 1:
        return f"{contacts[0].name} keeps the access."
    return f"{len(contacts)} people keep their access."


def take_away(contact: Contact, move: Move, by: Actor) -> str:
    """Deactivate `contact`, or cancel its invitation, as part of the review."""
    review = _open(by)
    notice = access.ACTIONS[move](contact, by)
    _decide(review, contact, MOVES[move])
    db.session.flush()
    return notice


def give_back(contact: Contact, by: Actor) -> str:
    """Activate `contact` again and forget what the review decided about it."""
    review = _open(by)
    notice = access.activate(contact, by)
    decision = db.session.get(AccessDecision, (review.id, contact.id))
    if decision is not None:
        db.session.delete(decision)
    db.session.flush()
    return notice


def finish(by: Actor) -> str:
    """Close the open review; it keeps who finished it, when, and how many of how many were looked at.

    Raises NotNow where nobody was looked at.
    """
    review = reviews.reviews(by).open
    people, everybody = reviews.progress(by, review)
    if review is None or not people:
        raise NotNow("Nobody was looked at yet. Decide about somebody first.")
    review.people, review.everybody = people, everybody
    review.by_contact_id, review.by_name, review.finished_at = by.contact_id, by.signed, now()
    told = f"{people:,} of {everybody:,}"
    audit.record("reviewed the access", by=by, changes={"People looked at": ("", told)})
    return f"The review is finished: {told} people were looked at."


def _open(by: Actor) -> AccessReview:
    """Return the review that is open; the first decision begins one."""
    review = reviews.reviews(by).open
    if review is None:
        review = AccessReview(company_id=by.company_id, by_contact_id=by.contact_id, by_name=by.signed)
        db.session.add(review)
        db.session.flush()
    return review


def _decide(review: AccessReview, contact: Contact, decision: str) -> None:
    found = db.session.get(AccessDecision, (review.id, contact.id))
    if found is None:
        found = AccessDecision(company_id=review.company_id, review_id=review.id, contact_id=contact.id)
        db.session.add(found)
    found.decision = decision


def _changed_since(review: AccessReview, contact: Contact) -> bool:
    """Return whether somebody else than the contact changed it since the review began."""
    by_others = exists().where(
        Activity.contact_id == contact.id,
        Activity.company_id == review.company_id,
        Activity.at >= review.at,
        Activity.result == "done",
        Activity.what != "kept the access of",
        Activity.actor_contact_id.is_distinct_from(contact.id),
    )
    return bool(db.session.scalar(select(by_others)))
