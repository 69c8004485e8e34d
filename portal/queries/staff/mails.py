"""The outgoing mail over all clients: the list, one of them, and the addresses that mail fails to (S7)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import aliased

from portal.clock import now
from portal.extensions import db
from portal.models import Company, Contact, Letter, LetterState, LetterTry, LoginLink, PortalUser
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import LONGEST_SEARCH, Order, Page, Wish
from portal.visibility import over_all, own

_STATES: dict[str, tuple[LetterState, ...]] = {
    "waiting": (LetterState.WAITING, LetterState.SENDING),
    "sent": (LetterState.SENT,),
    "failed": (LetterState.FAILED, LetterState.EXPIRED),
    "cancelled": (LetterState.CANCELLED,),
}
VIEWS = ("", *_STATES)
_NEWEST = Order(Letter.id, int, down=True)


def page(reader: Actor, wish: Wish) -> Page:
    """Return a page of mails, the newest first."""
    return paging.page(_matching(reader, wish.q, wish.view), wish, _NEWEST, Letter.id)


def count(reader: Actor, wish: Wish) -> dict[str, int]:
    """Return how many mails match in the view at hand, and in those that somebody should look at."""
    views = {view: _matching(reader, wish.q, view) for view in {wish.view, "waiting", "failed"}}
    return paging.counts({view or "all": query for view, query in views.items()})


def found(reader: Actor, letter_id: int, *, lock: bool = False) -> Letter | None:
    """Return the mail with this id; with `lock`, nobody else changes it until this transaction ends."""
    query = over_all(reader, Letter).where(Letter.id == letter_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    letter: Letter | None = db.session.scalar(query)
    return letter


def tries(letter: Letter) -> list[LetterTry]:
    """Return the tries to send it, the newest first."""
    query = select(LetterTry).where(LetterTry.letter_id == letter.id)
    return list(db.session.scalars(query.order_by(LetterTry.number.desc())))


def clients(reader: Actor, ids: Iterable[int | None]) -> dict[int, Company]:
    """Return the clients with these ids."""
    wanted = {each for each in ids if each is not None}
    query = over_all(reader, Company).where(Company.id.in_(wanted))
    return {company.id: company for company in db.session.scalars(query)}


def login_of(letter: Letter) -> PortalUser | None:
    """Return the login that the mail carries a link for."""
    link = db.session.get(LoginLink, letter.login_link_id) if letter.login_link_id else None
    return link.user if link else None


def failing(reader: Actor, wish: Wish) -> Page:
    """Return a page of the addresses that mail fails to: address, how often, and the newest such mail.

    An address that a later mail reached is none of them. The one that failed last comes first.
    """
    newest = func.max(Letter.id)
    groups = over_all(reader, Letter).where(_failed(Letter)).group_by(Letter.to_email)
    columns = groups.with_only_columns(Letter.to_email, func.count().label("often"), newest.label("newest"))
    each, later = columns.subquery(), aliased(Letter)
    reached = exists().where(
        later.to_email == each.c.to_email, later.id > each.c.newest, later.state == LetterState.SENT
    )
    query = select(each.c.to_email, each.c.often, Letter).join(Letter, Letter.id == each.c.newest)
    if wish.q:
        query = query.where(each.c.to_email.icontains(wish.q[:LONGEST_SEARCH], autoescape=True))
    return paging.page(query.where(~reached), wish, Order(each.c.newest, int, down=True), Letter.id)


def known_by(reader: Actor, addresses: Iterable[str]) -> dict[str, list[Contact]]:
    """Return for each address the contacts that have it, where it can be corrected."""
    keys = {email_key(address): address for address in addresses}
    query = own(reader, Contact).where(Contact.email_key.in_(keys)).order_by(Contact.name_key, Contact.id)
    answer: dict[str, list[Contact]] = {address: [] for address in keys.values()}
    for contact in db.session.scalars(query).unique():
        answer[keys[contact.email_key]].append(contact)
    return answer


def health() -> dict[str, Any]:
    """Return how the mail of today went: how many were sent and failed, and since when the oldest waits."""
    day = Letter.created_at > now() - timedelta(days=1)
    waiting = Letter.state.in_(_STATES["waiting"])
    columns = {
        "waiting": select(func.count()).where(waiting),
        "oldest": select(func.min(Letter.created_at)).where(waiting),
        "sent": select(func.count()).where(Letter.state == LetterState.SENT, day),
        "failed": select(func.count()).where(Letter.state.in_(_STATES["failed"]), day),
    }
    query = select(*(each.scalar_subquery().label(name) for name, each in columns.items()))
    return dict(db.session.execute(query).one()._asdict())


def _matching(reader: Actor, q: str, view: str) -> Select[Any]:
    query = over_all(reader, Letter)
    if view:
        states = _STATES[view]
        query = query.where(Letter.state == states[0] if len(states) == 1 else Letter.state.in_(states))
    for word in q[:LONGEST_SEARCH].split():
        query = query.where(Letter.to_email.icontains(word, autoescape=True))
    return query


def _failed(letter: type[Letter]) -> ColumnElement[bool]:
    """Refused for good, or put off with an error until it was too late."""
    return letter.state.in_(_STATES["failed"]) & letter.last_error.is_not(None)
