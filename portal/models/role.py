"""Permissions and the roles that bundle them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Id, Line, Moment, Name, Word


class Permission(StrEnum):
    """The six atoms of behaviour 3; whoever has none of them sees only their own profile."""

    ADMIN = "admin"
    BILLING = "billing"
    REPORTS = "reports"
    WORK_ORDERS = "work_orders"
    EDIT_CONTACTS = "edit_contacts"
    VIEW_CLIENT = "view_client"


KNOWN_PERMISSION = "permission IN (" + ", ".join(f"'{p}'" for p in Permission) + ")"
PRESET = 0
CLIENT_ADMIN = "client-admin"


class Role(Base):
    """A named bundle of permissions; `owner` is the company's id, 0 for a preset that belongs to nobody."""

    __tablename__ = "role"

    id: Mapped[Id]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    owner: Mapped[int]
    code: Mapped[Word | None] = mapped_column(unique=True)
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(String(120))
    purpose: Mapped[Line] = mapped_column(default="")
    archived_at: Mapped[Moment | None]

    grants: Mapped[list["RolePermission"]] = relationship(
        cascade="all, delete-orphan", lazy="joined", order_by="RolePermission.permission"
    )

    __table_args__ = (
        UniqueConstraint("id", "owner"),
        CheckConstraint("owner = coalesce(company_id, 0)", name="owner"),
        Index(
            "uq_role_live_name",
            "owner",
            "name_key",
            unique=True,
            sqlite_where=text("archived_at IS NULL"),
            postgresql_where=text("archived_at IS NULL"),
        ),
    )

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions this role gives."""
        return frozenset(Permission(grant.permission) for grant in self.grants)


class RolePermission(Base):
    """One permission of one role."""

    __tablename__ = "role_permission"

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(20), primary_key=True)

    __table_args__ = (CheckConstraint(KNOWN_PERMISSION, name="permission"),)
