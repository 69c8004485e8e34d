"""Asking for access, proving the address, and what an admin answers (behaviour 7)."""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from limits import parse
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from portal import audit, listeners, mail, news, outbox, policy
from portal.actions.contacts import Wanted, add_contact
from portal.clock import now
from portal.extensions import db
from portal.models import Access, AccessRequest, Company, Contact
from portal.models.keys import email_key
from portal.policy import STRANGER, Actor
from portal.queries.access_requests import company_called, open_from
from portal.queries.people import having_email
from portal.refusals import NotNow
from portal.transaction import part

KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Asked:
    """What somebody typed who asks for access."""

    first_name: str
    last_name: str
    email: str
    company_name: str
    message: str


def ask_for_access(asked: Asked) -> None:
    """Keep what is `asked` and send its address the link that proves it; one open request an address.

    Says nothing of what is known: not whether the address or the company is. A request that waits for its
    proof is replaced by the newer one; one that is proved already stays as it is.
    """
    request = open_from(asked.email)
    if request is None:
        request = AccessRequest(email_key=email_key(asked.email), generation=0)
    elif request.confirmed_at or request.generation >= parse(current_app.config["RESEND_LIMIT"]).amount:
        return
    for name, value in vars(asked).items():
        setattr(request, name, value)
    request.generation += 1
    request.created_at = now()
    request.expires_at = request.created_at + current_app.config["CONFIRM_LIFE"]
    try:
        with part():
            db.session.add(request)
            db.session.flush()
            mail.access_request(request)
    except IntegrityError:  # the same address asked at the same moment
        return


def prove(request: AccessRequest) -> None:
    """Use the link up: the request now counts, for the company that the typed name means or for staff.

    Raises NotNow where the link was used or ended meanwhile.
    """
    company = company_called(request.company_name)
    company_id = company.id if company else None
    counts = update(AccessRequest).where(
        AccessRequest.id == request.id,
        AccessRequest.confirmed_at.is_(None),
        AccessRequest.ended_at.is_(None),
        AccessRequest.expires_at > now(),
    )
    done = db.session.execute(counts.values(confirmed_at=now(), company_id=company_id))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotNow("This link was used or replaced a moment ago.")
    audit.record("asked for access:", by=STRANGER, company_id=company_id, about=request.name)
    db.session.refresh(request)
    _tell_admins(request)


def assign(request: AccessRequest, company: Company, by: Actor) -> None:
    """Let the admins of `company` answer the request, and tell them; for what named no company, or another.

    Raises NotAllowed unless `by` is an admin, NotNow where it was answered meanwhile.
    """
    policy.demand_admin(by)
    waits = (AccessRequest.id == request.id, AccessRequest.ended_at.is_(None))
    given = update(AccessRequest).where(*waits, AccessRequest.confirmed_at.is_not(None))
    if db.session.execute(given.values(company_id=company.id)).rowcount != 1:  # type: ignore[attr-defined]
        raise NotNow(f"The request of {request.name} was answered already.")
    db.session.refresh(request)
    audit.record("passed on the access request of", by=by, company_id=company.id, about=request.name)
    _tell_admins(request)


def _tell_admins(request: AccessRequest) -> None:
    """Tell the admins of the company that somebody waits for their answer, each once (M3)."""
    people = list(db.session.scalars(listeners.admins(request.company_id or 0)).unique())
    events = {f"access request {request.id} to contact {each.id}": each for each in people}
    told = outbox.posted(events.keys())
    for event, contact in events.items():
        if event not in told:
            news.access_asked(contact, request, event)


def approve(request: AccessRequest, company: Company, by: Actor) -> Contact:
    """Make the one who asked a contact of `company` without any right, and invite them.

    Raises NotAllowed unless `by` is an admin, NotNow where it was answered or the address is in use.
    """
    _answer(request, "approved", by)
    other = having_email(company.id, request.email)
    if other is not None:
        raise NotNow(
            f"{other.name} at {company.name} already uses this address. Open that contact instead, "
            "and decline the request."
        )
    details = {"first_name": request.first_name, "last_name": request.last_name, "email": request.email}
    contact = add_contact(company, Wanted(details=dict(details), access=Access.PORTAL), by)
    audit.record("approved the access request of", by=by, contact=contact)
    return contact


def decline(request: AccessRequest, by: Actor) -> None:
    """Say no; nobody is told. Raises NotAllowed unless `by` is an admin, NotNow where it was answered."""
    _answer(request, "declined", by)
    audit.record("declined the access request of", by=by, company_id=request.company_id, about=request.name)


def _answer(request: AccessRequest, answer: str, by: Actor) -> None:
    policy.demand_admin(by)
    mine = (AccessRequest.id == request.id, AccessRequest.ended_at.is_(None))
    ended = update(AccessRequest).where(*mine).values(ended_at=now(), ended_as=answer)
    if db.session.execute(ended).rowcount != 1:  # type: ignore[attr-defined]
        raise NotNow(f"The request of {request.name} was answered already.")
