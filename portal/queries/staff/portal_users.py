"""The logins over all companies: the list, and what stands around one of them (behaviour S3, S4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from portal import policy
from portal.extensions import db
from portal.invariants import able_admins
from portal.models import Activity, Company, Contact, PortalUser, TermsAcceptance, TermsVersion
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import Order, Page, Wish
from portal.visibility import over_all, own

ORDERS = {"name": Order(PortalUser.name_key), "email": Order(PortalUser.email_key)}
# The same orders, written so that no index serves them.
_FEW = {"name": Order(PortalUser.name_key + ""), "email": Order(PortalUser.email_key + "")}
SHOWN = 12
_READ = 5 * SHOWN
# How many lines of a file are read at a time.
BATCH = 1_000


@dataclass(frozen=True)
class Accepted:
    """The newest terms that a login accepted."""

    number: int
    at: datetime


@dataclass(frozen=True)
class Happened:
    """Something that happened to a login, and the clients whose activity has it."""

    event: Activity
    clients: list[str]


def page(reader: Actor, wish: Wish, *, few: bool = False) -> Page:
    """Return a page of rows, each with its login.

    `few` says that not many match: they are found and sorted then. Else the order's index is walked until
    the page is full, which would take its time where hardly anything matches.
    """
    order = (_FEW if few else ORDERS)[wish.sort]
    return paging.page(_matching(reader, wish), wish, order, PortalUser.id)


def batch(reader: Actor, wish: Wish, after: int) -> list[PortalUser]:
    """Return the next BATCH of what `wish` asks for, by id, from behind the login with the id `after`."""
    query = _matching(reader, wish).where(PortalUser.id > after).order_by(PortalUser.id)
    return list(db.session.scalars(query.limit(BATCH)))


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


def last_admin_at(reader: Actor, user: PortalUser) -> list[str]:
    """Return the names of the companies whose only admin who can sign in is behind the login (P8)."""
    admins = [each for each in accounts(reader, user) if user.able and policy.is_admin(each)]
    here = [each for each in admins if each.deactivated_at is None]
    return [each.company.name for each in here if able_admins(db.session(), each.company_id) == 1]


def clients_of(reader: Actor, user_ids: list[int]) -> dict[int, list[str]]:
    """Return for each login the names of the companies of its linked accounts, sorted."""
    query = (
        own(reader, Contact)
        .with_only_columns(Contact.portal_user_id, Company.name)
        .join(Company, Company.id == Contact.company_id)
        .where(Contact.portal_user_id.in_(user_ids))
        .order_by(Company.name)
    )
    found: dict[int, list[str]] = {}
    for user_id, name in db.session.execute(query):
        found.setdefault(user_id or 0, []).append(name)
    return found


def terms_of(user_ids: list[int]) -> dict[int, Accepted]:
    """Return for each login the newest terms it accepted; nothing for those that accepted none."""
    query = (
        select(TermsAcceptance.portal_user_id, TermsVersion.number, TermsAcceptance.accepted_at)
        .join(TermsVersion, TermsVersion.id == TermsAcceptance.terms_version_id)
        .where(TermsAcceptance.portal_user_id.in_(user_ids))
        .order_by(TermsVersion.number)
    )
    return {user_id: Accepted(number, at) for user_id, number, at in db.session.execute(query)}


def history(reader: Actor, user: PortalUser) -> tuple[list[Happened], bool]:
    """Return the newest things that happened to the login, and whether there are older ones. What one request
    wrote down at several of its clients is one thing."""
    query = own(reader, Activity).where(or_(Activity.user_id == user.id, Activity.actor_user_id == user.id))
    query = query.add_columns(Company.name).outerjoin(Company, Company.id == Activity.company_id)
    found: dict[tuple[str, ...], Happened] = {}
    rows = db.session.execute(query.order_by(Activity.id.desc()).limit(_READ + 1)).all()
    for event, client in rows[:_READ]:
        same = (event.request_id or str(event.id), event.what, event.result, event.target_name)
        found.setdefault(same, Happened(event, [])).clients.extend([client] if client else [])
    return list(found.values())[:SHOWN], len(rows) > _READ or len(found) > SHOWN


def _matching(reader: Actor, wish: Wish) -> Select[Any]:
    query = over_all(reader, PortalUser).where(PortalUser.closed_at.is_(None))
    if wish.view:
        query = query.where(_NARROWER[wish.view]())
    return paging.searched(query, wish.q, PortalUser.search_key)


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
    # Whoever is deleted is unlinked first, so the index on the link alone answers.
    "alone": lambda: ~exists().where(Contact.portal_user_id == PortalUser.id),
    "terms": _terms_due,
}
VIEWS = ("", *_NARROWER)
