"""The vendor's words and the roles a company can give."""

from sqlalchemy import or_, select

from portal.extensions import db
from portal.models import PRESET, Category, ContactType, Role


def primary_type() -> ContactType:
    """Return the one contact type that carries the rule of P13."""
    return (
        db.session.scalars(select(ContactType).where(ContactType.is_primary).order_by(ContactType.id)).first()
        or _missing()
    )


def ordinary_type() -> ContactType:
    """Return the contact type a former Primary gets: the first that is not Primary and can be chosen."""
    query = select(ContactType).where(~ContactType.is_primary, ContactType.archived_at.is_(None))
    return db.session.scalars(query.order_by(ContactType.position, ContactType.id)).first() or _missing()


def contact_types(kept: int | None = None) -> list[ContactType]:
    """Return the contact types that can be chosen, in the vendor's order.

    Who has the one with the id `kept` can keep it though it is archived.
    """
    query = select(ContactType).where(or_(ContactType.archived_at.is_(None), ContactType.id == kept))
    return list(db.session.scalars(query.order_by(ContactType.position, ContactType.name)))


def categories(kept: int | None = None) -> list[Category]:
    """Return the categories that can be chosen, in the vendor's order; `kept` is as for contact types."""
    query = select(Category).where(or_(Category.archived_at.is_(None), Category.id == kept))
    return list(db.session.scalars(query.order_by(Category.position, Category.name)))


def roles_of(company_id: int) -> list[Role]:
    """Return the roles that this company's admins can give: presets first, then its own."""
    query = select(Role).where(Role.archived_at.is_(None), Role.owner.in_((PRESET, company_id)))
    return list(db.session.scalars(query.order_by(Role.owner != PRESET, Role.id)).unique())


def preset(code: str) -> Role:
    """Return the preset role with `code`. Raises LookupError where the database lacks it."""
    role = db.session.scalars(select(Role).where(Role.code == code)).unique().one_or_none()
    if role is None:
        raise LookupError(f"the preset role {code} is missing")
    return role


def _missing() -> ContactType:
    raise LookupError("the contact types are missing: run the migrations")
