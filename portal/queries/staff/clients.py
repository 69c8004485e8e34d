"""The clients as the staff know them: the list, and somebody of the staff inside one of them (S2)."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select

from portal.extensions import db
from portal.invariants import able_admins
from portal.models import Company, Contact, PortalUser
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries import paging
from portal.queries.paging import Order, Page, Wish
from portal.queries.staff.sign_in import OnDuty, acting
from portal.refusals import NotNow
from portal.staff_policy import LOOKS
from portal.visibility import over_all


@dataclass(frozen=True)
class Visit:
    """Somebody of the staff inside one client, with the rights that staff have there."""

    company: Company
    who: Actor

    def actor(self) -> Actor:
        """Return who acts."""
        return self.who

    def demand_open(self) -> None:
        """Raise NotNow where the client has left: nothing happens to it until that is taken back."""
        if self.company.exited_at is not None:
            raise NotNow(f"{self.company.name} is marked as exited. Take that back first.")


def visit(slug: str, who: OnDuty) -> Visit | None:
    """Return the visit of `who` in the client called `slug` in addresses, if there is one."""
    company = db.session.scalar(select(Company).where(Company.slug == slug))
    if company is None:
        return None
    role = LOOKS if company.exited_at is not None else who.person.role
    return Visit(company, acting(who.person, company.id, role=role))


ORDERS = {"name": Order(Company.name_key)}
_NUMBER = re.compile(r"(?:c-)?([0-9]{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Around:
    """What the list says of a client beside its name."""

    contacts: int = 0
    logins: int = 0
    last_sign_in: datetime | None = None
    main: str = ""


def page(reader: Actor, wish: Wish) -> Page:
    """Return a page of clients by name."""
    return paging.page(_matching(reader, wish), wish, ORDERS[wish.sort], Company.id)


def counts(reader: Actor, wish: Wish) -> dict[str, int]:
    """Return how many clients each view has for this search, exact up to paging.COUNTED."""
    wanted = {view or "all": _matching(reader, Wish(q=wish.q, view=view)) for view in VIEWS}
    return paging.counts(wanted)


def around(company_ids: Collection[int]) -> dict[int, Around]:
    """Return for each of these clients its main contact, its people, and when one of them last signed in."""
    name = Contact.first_name + " " + Contact.last_name
    query = (
        select(
            Contact.company_id,
            func.count(Contact.id),
            func.count(Contact.portal_user_id),
            func.max(PortalUser.last_sign_in_at),
            func.max(case((Contact.is_primary, name), else_="")),
        )
        .outerjoin(PortalUser, PortalUser.id == Contact.portal_user_id)
        .where(Contact.company_id.in_(company_ids), Contact.deleted_at.is_(None))
        .group_by(Contact.company_id)
    )
    return {company_id: Around(*facts) for company_id, *facts in db.session.execute(query)}


def has_admin(company_id: int) -> bool:
    """Return whether the client has an admin who can sign in (P8, T11)."""
    return able_admins(db.session(), company_id) > 0


def having_slug(slug: str) -> bool:
    """Return whether a client has this address already."""
    return with_slug(slug) is not None


def with_slug(slug: str) -> Company | None:
    """Return the client with this address."""
    return db.session.scalar(select(Company).where(Company.slug == slug))


def with_number(words: str) -> Company | None:
    """Return the client with this number: C-104, or 104."""
    number = _NUMBER.fullmatch(words)
    return db.session.get(Company, int(number[1])) if number else None


def with_name(name: str) -> bool:
    """Return whether a client has this name, whatever its case, also one that has left."""
    named = exists().where(Company.name_key == fold(name)[:220])
    return bool(db.session.scalar(select(named)))


def another_called(name: str, company: Company) -> bool:
    """Return whether a client other than `company`, also one that has left, has this name or short name."""
    so = or_(Company.name_key == fold(name)[:220], Company.slug == fold(name))
    return bool(db.session.scalar(select(exists().where(so, Company.id != company.id))))


def made_by_form(email_key: str, form_key: str) -> Company | None:
    """Return the client that a form has made already, with its first contact."""
    query = select(Company).join(Contact, Contact.company_id == Company.id)
    return db.session.scalar(query.where(Contact.email_key == email_key, Contact.form_key == form_key))


def _matching(reader: Actor, wish: Wish) -> Select[Any]:
    query = over_all(reader, Company)
    if wish.view:
        query = query.where(*_NARROWER[wish.view]())
    number = _NUMBER.fullmatch(wish.q.strip())
    if number is None:
        return paging.searched(query, wish.q, Company.name_key)
    return query.where(
        or_(Company.id == int(number[1]), Company.name_key.contains(number[1], autoescape=True))
    )


def _portal_on() -> ColumnElement[bool]:
    signed_up = (Contact.portal_user_id.is_not(None), Contact.deleted_at.is_(None))
    return exists().where(Contact.company_id == Company.id, *signed_up)


_NARROWER: dict[str, Callable[[], tuple[ColumnElement[bool], ...]]] = {
    "active": lambda: (Company.exited_at.is_(None),),
    "portal_on": lambda: (Company.exited_at.is_(None), _portal_on()),
    "portal_off": lambda: (Company.exited_at.is_(None), ~_portal_on()),
    "exited": lambda: (Company.exited_at.is_not(None),),
}
VIEWS = ("", *_NARROWER)
