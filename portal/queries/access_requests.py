"""Which requests for access wait, for whom, and which company a typed name means."""

from sqlalchemy import func, select

from portal.extensions import db
from portal.models import AccessRequest, Company
from portal.models.keys import email_key, fold
from portal.policy import Actor
from portal.visibility import visible


def waiting(reader: Actor) -> list[AccessRequest]:
    """Return the proved requests for the reader's company that nobody has answered, the oldest first."""
    query = visible(reader, AccessRequest).where(AccessRequest.ended_at.is_(None))
    return list(db.session.scalars(query.order_by(AccessRequest.confirmed_at).limit(200)))


def how_many_wait(reader: Actor) -> int:
    """Return how many requests `waiting` would return, without a limit."""
    query = visible(reader, AccessRequest).where(AccessRequest.ended_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def one(reader: Actor, request_id: int) -> AccessRequest | None:
    """Return the request with `request_id`, answered or not, where `reader` may know of it."""
    query = visible(reader, AccessRequest).where(AccessRequest.id == request_id)
    found: AccessRequest | None = db.session.scalar(query)
    return found


def open_from(email: str) -> AccessRequest | None:
    """Return the request from this address that nobody has answered."""
    return db.session.scalar(
        select(AccessRequest).where(
            AccessRequest.email_key == email_key(email), AccessRequest.ended_at.is_(None)
        )
    )


def company_called(name: str) -> Company | None:
    """Return the one live company whose name is `name`, compared folded; None for none or several."""
    live = select(Company).where(Company.exited_at.is_(None))
    found = [company for company in db.session.scalars(live) if fold(company.name) == fold(name)]
    return found[0] if len(found) == 1 else None
