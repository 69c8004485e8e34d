"""The access review: who has access, when they last signed in, what they may do, what was decided.

Everybody with access is looked at: who may sign in, was invited to, or deals with the vendor by e-mail.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.clock import now
from portal.extensions import db
from portal.invariants import holds_permission
from portal.models import (
    Access,
    AccessDecision,
    AccessReview,
    Contact,
    Permission,
    PortalUser,
    PropertyLink,
)
from portal.policy import Actor, rights_of
from portal.queries import paging
from portal.queries.paging import Order, Wish
from portal.visibility import visible

VIEWS = ("", "todo", "never", "silent")
SILENT = timedelta(days=90)


@dataclass
class Row:
    """One person under review."""

    contact: Contact
    property_count: int
    admin: bool
    decision: str

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the person may do."""
        return rights_of(self.contact)


@dataclass(frozen=True)
class Reviews:
    """The review that is open, if any, and the last one that was finished."""

    open: AccessReview | None = None
    last: AccessReview | None = None


def reviews(actor: Actor) -> Reviews:
    """Return the open review of the actor's company and the last finished one."""
    query = visible(actor, AccessReview).order_by(
        AccessReview.finished_at.is_not(None), AccessReview.id.desc()
    )
    found = list(db.session.scalars(query.limit(2)))
    done = [each for each in found if each.finished_at is not None]
    return Reviews(next((each for each in found if each.finished_at is None), None), next(iter(done), None))


def page(actor: Actor, wish: Wish, review: AccessReview | None) -> paging.Page:
    """Return a page of the people under review, by name."""
    query = _searched(_seen(_listed(actor, review), wish.view, review), wish)
    found = paging.page(_with_facts(query, review), wish, Order(Contact.name_key), Contact.id)
    found.rows = [Row(row[0], row[1], bool(row[2]), row[3] or "") for row in found.rows]
    return found


def row(actor: Actor, contact_id: int, review: AccessReview | None) -> Row | None:
    """Return one of the people under review as the page shows them, None for anybody else."""
    query = _with_facts(_listed(actor, review).where(Contact.id == contact_id), review)
    found = db.session.execute(query).one_or_none()
    return Row(found[0], found[1], bool(found[2]), found[3] or "") if found else None


def undecided(actor: Actor, contact_ids: list[int], review: AccessReview | None) -> list[Contact]:
    """Return those of `contact_ids` that are under review and nothing was decided about."""
    query = _seen(_listed(actor, review), "todo", review).where(Contact.id.in_(contact_ids))
    return list(db.session.scalars(query.order_by(Contact.name_key)).unique())


def counts(actor: Actor, wish: Wish, review: AccessReview | None) -> dict[str, int]:
    """Return how many people each view has, and the search at hand, each exact up to 1,000."""
    listed = _listed(actor, review)
    wanted = {view or "all": _seen(listed, view, review) for view in VIEWS}
    return paging.counts(wanted | {"matching": _searched(_seen(listed, wish.view, review), wish)})


def progress(actor: Actor, review: AccessReview | None) -> tuple[int, int]:
    """Return exactly how many people were looked at, and how many are under review."""
    listed = _listed(actor, review).with_only_columns(func.count(Contact.id))
    done, everybody = listed.where(_decided(review)).scalar_subquery(), listed.scalar_subquery()
    row = db.session.execute(select(done, everybody)).one()
    return row[0], row[1]


def _listed(actor: Actor, review: AccessReview | None) -> Select[Any]:
    with_access = and_(Contact.access != Access.NONE, Contact.deactivated_at.is_(None))
    people = visible(actor, Contact).outerjoin(PortalUser, PortalUser.id == Contact.portal_user_id)
    return people.where(or_(with_access, _decided(review)))


def _decided(review: AccessReview | None) -> ColumnElement[bool]:
    return exists().where(
        AccessDecision.review_id == (review.id if review else 0), AccessDecision.contact_id == Contact.id
    )


def _seen(query: Select[Any], view: str, review: AccessReview | None) -> Select[Any]:
    if view == "todo":
        return query.where(~_decided(review))
    if view == "never":
        return query.where(Contact.access == Access.PORTAL, PortalUser.last_sign_in_at.is_(None))
    return query.where(PortalUser.last_sign_in_at < now() - SILENT) if view == "silent" else query


def _searched(query: Select[Any], wish: Wish) -> Select[Any]:
    return paging.searched(query, wish.q, Contact.search_key)


def _with_facts(query: Select[Any], review: AccessReview | None) -> Select[Any]:
    links = select(func.count()).where(PropertyLink.contact_id == Contact.id).correlate(Contact)
    decision = select(AccessDecision.decision).where(
        AccessDecision.review_id == (review.id if review else 0), AccessDecision.contact_id == Contact.id
    )
    return query.add_columns(
        links.scalar_subquery(),
        holds_permission(Permission.ADMIN),
        decision.correlate(Contact).scalar_subquery(),
    ).options(contains_eager(Contact.user), joinedload(Contact.live_invitation), selectinload(Contact.boxes))
