"""The vendor's staff: the list, one of them, and who can still administer it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select

from portal.extensions import db
from portal.models import SecondFactor, StaffRole, StaffUser


@dataclass(frozen=True)
class Colleague:
    """One of the staff as the list shows them."""

    person: StaffUser
    has_factor: bool


def everybody() -> list[Colleague]:
    """Return all of the staff, by name."""
    has_factor = exists().where(SecondFactor.staff_user_id == StaffUser.id)
    query = select(StaffUser, has_factor).order_by(StaffUser.name, StaffUser.id)
    return [Colleague(*row) for row in db.session.execute(query)]


def colleague(person_id: int) -> Colleague | None:
    """Return one of the staff, None where there is nobody with this id."""
    has_factor = exists().where(SecondFactor.staff_user_id == StaffUser.id)
    row = db.session.execute(select(StaffUser, has_factor).where(StaffUser.id == person_id)).one_or_none()
    return Colleague(*row) if row else None


def locked_administrators() -> Sequence[StaffUser]:
    """Return the administrators who can sign in, read after everybody else's change of them has ended.

    Nobody else can change one of them until this transaction ends.
    """
    query = select(StaffUser).where(StaffUser.role == StaffRole.ADMINISTRATOR).order_by(StaffUser.id)
    found = db.session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return [person for person in found if person.able]


def administrator_names(most: int = 3) -> list[str]:
    """Return the names of up to `most` administrators who can sign in: those to ask (P11)."""
    able = (StaffUser.disabled_at.is_(None), StaffUser.password_hash.is_not(None))
    query = select(StaffUser.name).where(StaffUser.role == StaffRole.ADMINISTRATOR, *able)
    return list(db.session.scalars(query.order_by(StaffUser.name, StaffUser.id).limit(most)))


def any_administrator() -> bool:
    """Return whether there is an administrator, able to sign in or not."""
    return bool(db.session.scalar(select(exists().where(StaffUser.role == StaffRole.ADMINISTRATOR))))
