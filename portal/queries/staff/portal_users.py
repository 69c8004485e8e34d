"""The logins over all companies: the list, and what stands around one of them (behaviour S3, S4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from portal.extensions import db
from portal.models import Activity, Contact, PortalUser, TermsAcceptance, TermsVersion
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import Order, Page, Wish
from portal.visibility import over_all, own

ORDERS = {"name": Order(PortalUser.name_key), "email": Order(PortalUser.email_key)}
# The same orders, written so that no index serves them.
_FEW = {"name": Order(PortalUser.name_key + ""), "email": Order(PortalUser.email_key + "")}
SHOWN = 12


@dataclass(frozen=True)
class Accepted:
    """The newest terms that a login accepted."""

    number: int
    at: datetime


def page(reader: Actor, wish: Wish, *, few: bool = False) -> Page:
    """Return a page of rows: login, and the number of its linked accounts.

    `few` says that not many match: they are found and sorted then. Else the order's index is walked until
    the page is full, which would take its time where hardly anything matches.
    """
    query = _matching(reader, wish).add_columns(_linked().label("linked"))
    return paging.page(query, wish, (_FEW if few else ORDERS)[wish.sort], PortalUser.id)


def count(reader: Actor, wish: Wish) -> int:
    """Return how many logins match, exact up to paging.COUNTED."""
    return paging.counts({"matching": _matching(reader, wish)})["matching"]


def found(reader: Actor, user_id: int) -> PortalUser | None:
    """Return the login with this id, if there is one that was not closed."""
    query = over_all(reader, PortalUser).where(PortalUser.id == user_id, PortalUser.closed_at.is_(None))
    user: PortalUser | None = db.session.scalar(query)
    return user


def accounts(reader: Actor, user: PortalUser) -> list[Contact]:
    """Return the linked client accounts: the contacts that the login is in its companies."""
    query = own(reader, Contact).where(Contact.portal_user_id == user.id)
    return sorted(db.session.scalars(query).unique(), key=lambda contact: contact.company.name)


def terms_of(user_ids: list[int]) -> dict[int, Accepted]:
    """Return for each login the newest terms it accepted; nothing for those that accepted none."""
    query = (
        select(TermsAcceptance.portal_user_id, TermsVersion.number, TermsAcceptance.accepted_at)
        .join(TermsVersion, TermsVersion.id == TermsAcceptance.terms_version_id)
        .where(TermsAcceptance.portal_user_id.in_(user_ids))
        .order_by(TermsVersion.number)
    )
    return {user_id: Accepted(number, at) for user_id, number, at in db.session.execute(query)}


def history(reader: Actor, user: PortalUser) -> list[Activity]:
    """Return the newest things that happened to the login, one more than is shown."""
    query = own(reader, Activity).where(or_(Activity.user_id == user.id, Activity.actor_user_id == user.id))
    return list(db.session.scalars(query.order_by(Activity.id.desc()).limit(SHOWN + 1)))


def _matching(reader: Actor, wish: Wish) -> Select[Any]:
    query = over_all(reader, PortalUser).where(PortalUser.closed_at.is_(None))
    if wish.view:
        query = query.where(_NARROWER[wish.view]())
    return paging.searched(query, wish.q, PortalUser.search_key)


def _live_link() -> ColumnElement[bool]:
    return (Contact.portal_user_id == PortalUser.id) & Contact.deleted_at.is_(None)


def _linked() -> ColumnElement[int]:
    return select(func.count(Contact.id)).where(_live_link()).correlate(PortalUser).scalar_subquery()


def _terms_due() -> ColumnElement[bool]:
    published = select(func.max(TermsVersion.number)).where(TermsVersion.published_at.is_not(None))
    newest = select(TermsVersion.id).where(TermsVersion.number == published.scalar_subquery())
    accepted = exists().where(
        TermsAcceptance.portal_user_id == PortalUser.id,
        TermsAcceptance.terms_version_id == newest.scalar_subquery(),
    )
    return ~accepted & exists(newest)


_NARROWER: dict[str, Callable[[], ColumnElement[bool]]] = {
    "disabled": lambda: PortalUser.disabled_at.is_not(None),
    "never": lambda: PortalUser.last_sign_in_at.is_(None),
    "must_change": lambda: PortalUser.must_change_password.is_(True),
    "alone": lambda: ~exists().where(_live_link()),
    "terms": _terms_due,
}
VIEWS = ("", *_NARROWER)
