"""Every change leaves one trace in the activity, as far as the rows still tell what was changed."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, select

from portal.extensions import db
from portal.models import AccessReview, Activity, Contact, Ended, Invitation

ON, OFF = "deactivated", "activated"


def changes() -> Iterator[str]:
    """Every deleted, deactivated or accepting contact and finished review without its trace (C32)."""
    first = db.session.scalar(select(func.min(Activity.at)))
    if first is None:
        return
    yield from _untold(Contact.deleted_at >= first, "deleted")
    yield from _wrongly_shut()
    used = select(Invitation.contact_id).where(
        Invitation.ended_as == Ended.USED, Invitation.ended_at >= first
    )
    yield from _untold(Contact.id.in_(used), "accepted the invitation")
    reviews = select(AccessReview.id).where(AccessReview.finished_at >= first)
    told = select(func.count()).where(Activity.what == "reviewed the access", Activity.result == "done")
    finished = db.session.scalar(select(func.count()).select_from(reviews.subquery())) or 0
    if finished > (db.session.scalar(told) or 0):
        yield "There are more finished access reviews than the activity tells of."


def _untold(condition: ColumnElement[bool], what: str) -> Iterator[str]:
    told = select(func.count()).where(
        Activity.contact_id == Contact.id, Activity.what == what, Activity.result == "done"
    )
    missing = told.correlate(Contact).scalar_subquery() == 0
    for contact_id in db.session.scalars(select(Contact.id).where(condition, missing).order_by(Contact.id)):
        yield f"Contact {contact_id} was changed, but the activity lacks: {what}."


def _wrongly_shut() -> Iterator[str]:
    """Every contact whose last trace says other than its row; where there is no trace at all, none is due."""
    last = (
        select(func.max(Activity.id))
        .where(Activity.contact_id == Contact.id, Activity.result == "done", Activity.what.in_((ON, OFF)))
        .correlate(Contact)
        .scalar_subquery()
    )
    query = select(Contact.id, Contact.deactivated_at, Activity.what).join(Activity, Activity.id == last)
    for contact_id, shut_at, what in db.session.execute(query.where(Contact.deleted_at.is_(None))):
        if (shut_at is not None) != (what == ON):
            state = "inactive" if shut_at else "active"
            yield f"Contact {contact_id} is {state}, but the activity says last: {what}."


def doubles() -> Iterator[str]:
    """Every trace that one request has left twice."""
    same = (
        Activity.request_id,
        Activity.what,
        Activity.company_id,
        Activity.contact_id,
        Activity.user_id,
        Activity.target_name,
    )
    query = select(Activity.request_id, Activity.what, Activity.target_name).where(Activity.request_id != "")
    for request_id, what, target in db.session.execute(query.group_by(*same).having(func.count() > 1)):
        yield f"Request {request_id} says twice: {what} {target}".rstrip() + "."
