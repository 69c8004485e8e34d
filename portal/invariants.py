"""What must always be true of a company, asked once before each commit (behaviour P8, P13)."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.models import (
    Access,
    Company,
    Contact,
    ContactPermission,
    ContactRole,
    Permission,
    PortalUser,
    RolePermission,
)
from portal.refusals import NoAdminLeft, NotNow

_WATCHED = "companies whose admins were counted"
_WITHOUT = "companies that may be left without an admin"


def holds_permission(permission: Permission) -> ColumnElement[bool]:
    """Return the condition that a contact has `permission` by a role or by its own box."""
    by_role = exists().where(
        ContactRole.contact_id == Contact.id,
        RolePermission.role_id == ContactRole.role_id,
        RolePermission.permission == permission,
    )
    by_box = exists().where(
        ContactPermission.contact_id == Contact.id, ContactPermission.permission == permission
    )
    return or_(by_role, by_box)


def can_sign_in() -> ColumnElement[bool]:
    """Return the condition that a contact, joined to its login, could sign in now.

    Outstanding terms and a password that must be changed count as able (behaviour P8).
    """
    return and_(
        Contact.deleted_at.is_(None),
        Contact.deactivated_at.is_(None),
        Contact.access == Access.PORTAL,
        PortalUser.closed_at.is_(None),
        PortalUser.disabled_at.is_(None),
        PortalUser.password_hash.is_not(None),
        or_(PortalUser.initial_password_until.is_(None), PortalUser.initial_password_until > now()),
    )


def watch(session: Session, company_id: int) -> None:
    """Lock the company for this transaction and remember how many admins it has before the change."""
    watched = session.info.setdefault(_WATCHED, {})
    if company_id not in watched:
        lock(session, company_id)
        watched[company_id] = able_admins(session, company_id)


def lock(session: Session, company_id: int) -> None:
    """Let nobody else change anything of the company until this transaction ends."""
    session.execute(select(Company.id).where(Company.id == company_id).with_for_update())


def forget(session: Session) -> None:
    """Drop what was remembered; called when a transaction has ended."""
    session.info.pop(_WATCHED, None)
    session.info.pop(_WITHOUT, None)


def without_admin(session: Session) -> list[int]:
    """Return the watched companies that had an admin who can sign in and, as things stand, have none."""
    session.flush()
    watched: dict[int, int] = session.info.get(_WATCHED, {})
    return [each for each, before in watched.items() if before and not able_admins(session, each)]


def let_go_without(session: Session, company_ids: list[int]) -> None:
    """Let these companies be left without an admin; only staff with a reason may (P8, T11)."""
    session.info.setdefault(_WITHOUT, set()).update(company_ids)


def hold(session: Session) -> None:
    """Raise NotNow where the change about to be committed breaks an invariant of a watched company."""
    watched: dict[int, int] = session.info.get(_WATCHED, {})
    if not watched:
        return
    session.flush()
    for company_id in watched:
        _one_primary(session, company_id)
    for company_id in without_admin(session):
        if company_id not in session.info.get(_WITHOUT, ()):
            company = session.get_one(Company, company_id)
            raise NoAdminLeft(f"{company.name} needs at least one admin. Make someone else an admin first.")


def able_admins(session: Session, company_id: int, *, but: Collection[int] = ()) -> int:
    """Return how many admins of the company can sign in, without the contacts with the ids `but`."""
    query = (
        select(func.count())
        .select_from(Contact)
        .join(PortalUser, PortalUser.id == Contact.portal_user_id)
        .where(Contact.company_id == company_id, can_sign_in(), holds_permission(Permission.ADMIN))
    )
    return session.scalar(query.where(Contact.id.not_in(but)) if but else query) or 0


def _one_primary(session: Session, company_id: int) -> None:
    live = (Contact.company_id == company_id, Contact.deleted_at.is_(None))
    primaries = session.scalar(select(func.count()).select_from(Contact).where(*live, Contact.is_primary))
    if primaries != 1 and session.scalar(select(exists().where(*live))):
        raise NotNow("A company has exactly one Primary contact. Choose another Primary contact first.")
