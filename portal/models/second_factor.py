"""The second factor of somebody who signs in, a portal user or one of the staff, and its recovery codes."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, exists, func, select
from sqlalchemy.orm import Mapped, column_property, mapped_column

from portal.extensions import Base
from portal.models.columns import Id, Made, Moment
from portal.models.contact import Contact
from portal.models.people import PortalUser


class SecondFactor(Base):
    """An authenticator app that was proved to work. Its secret is kept encrypted, its owner is one person."""

    __tablename__ = "second_factor"

    id: Mapped[Id]
    portal_user_id: Mapped[int | None] = mapped_column(ForeignKey("portal_user.id"), unique=True)
    staff_user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"), unique=True)
    sealed_secret: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Made]

    __table_args__ = (CheckConstraint("(portal_user_id IS NULL) <> (staff_user_id IS NULL)", name="owner"),)


class RecoveryCode(Base):
    """The hash of a code that stands in for the authenticator app, once."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    second_factor_id: Mapped[int] = mapped_column(
        ForeignKey("second_factor.id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[Moment | None]


# What a login's moves are decided by is read with it, so that no list asks once for each row.
PortalUser.has_second_factor = column_property(  # type: ignore[assignment]
    exists().where(SecondFactor.portal_user_id == PortalUser.id).correlate_except(SecondFactor)
)
PortalUser.companies_linked = column_property(  # type: ignore[assignment]
    select(func.count(Contact.id))
    .where(Contact.portal_user_id == PortalUser.id, Contact.deleted_at.is_(None))
    .correlate_except(Contact)
    .scalar_subquery()
)
