"""Questions about second factors: which companies require one, who has none yet, which address is known."""

from datetime import timedelta

from sqlalchemy import exists, func, select

from portal.clock import now
from portal.extensions import db
from portal.invariants import can_sign_in, holds_permission
from portal.models import Company, Contact, Permission, PortalUser, SecondFactor, SignInSession
from portal.policy import Actor, rights_of
from portal.queries import settings
from portal.queries.paging import counts
from portal.queries.sign_in import companies_of
from portal.visibility import over_all

# An address somebody signed in from within this time is known.
_KNOWN_FOR = timedelta(days=90)


def requiring(user: PortalUser) -> list[str]:
    """Return the names of the companies `user` can enter only with a second factor."""
    rule = settings.vendor().second_factor
    return sorted(each.company.name for each in companies_of(user) if _requires(each, rule))


def _requires(contact: Contact, rule: str) -> bool:
    of_admin = rule == "admins" and Permission.ADMIN in rights_of(contact)
    return contact.company.requires_second_factor or rule == "everybody" or of_admin


def without_one(reader: Actor) -> int:
    """Return how many people of the reader's company can sign in and have no second factor."""
    has_one = exists().where(SecondFactor.portal_user_id == PortalUser.id)
    query = (
        select(func.count(Contact.id))
        .join(PortalUser, PortalUser.id == Contact.portal_user_id)
        .where(Contact.company_id == (reader.company_id or 0), can_sign_in(), ~has_one)
    )
    return db.session.scalar(query) or 0


def without_one_anywhere(reader: Actor) -> dict[str, int]:
    """Return how many logins can sign in somewhere and have no second factor: of admins, and of everybody.

    Exact up to paging.COUNTED.
    """
    has_one = exists().where(SecondFactor.portal_user_id == PortalUser.id)
    here = Contact.company_id.in_(select(Company.id).where(Company.exited_at.is_(None)))
    enters = (Contact.portal_user_id == PortalUser.id, can_sign_in(), here)
    query = over_all(reader, PortalUser).where(~has_one)
    admin = holds_permission(Permission.ADMIN)
    wanted = {"admins": exists().where(*enters, admin), "everybody": exists().where(*enters)}
    return counts({who: query.where(each.correlate(PortalUser)) for who, each in wanted.items()})


def known_address(user: PortalUser, address: str) -> bool:
    """Return whether `user` has signed in from the network address `address` lately."""
    query = select(SignInSession.id).where(
        SignInSession.portal_user_id == user.id,
        SignInSession.address == address[:40],
        SignInSession.created_at > now() - _KNOWN_FOR,
    )
    return db.session.scalar(query.limit(1)) is not None
