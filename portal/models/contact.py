"""Contacts: a person as one company knows them, with roles, permissions and property links."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base
from portal.models.columns import Address, Id, Made, Moment, Name, Word
from portal.models.company import Company
from portal.models.folding import name_key as folded
from portal.models.people import PortalUser
from portal.models.property import Property
from portal.models.role import KNOWN_PERMISSION, Permission, Role
from portal.models.vocabulary import Category, ContactType

if TYPE_CHECKING:
    from portal.models.choice import ContactTopic
    from portal.models.invitation import Invitation


class Access(StrEnum):
    """What a contact may do with the vendor at all (behaviour 1)."""

    NONE = "none"
    EMAIL_ONLY = "email_only"
    PORTAL = "portal"


class Scope(StrEnum):
    """How far a contact sees: the entire client, or only the linked properties."""

    CLIENT = "client"
    PROPERTY = "property"


def _live(name: str, *columns: str, where: str = "", unique: bool = True, begins: bool = False) -> Index:
    """Return an index over the contacts that are not deleted; `begins` lets it find how a name begins."""
    condition = text("deleted_at IS NULL" + (f" AND {where}" if where else ""))
    kinds = dict.fromkeys(columns, "varchar_pattern_ops") if begins else {}
    return Index(
        name,
        *columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
        postgresql_ops=kinds,
    )


def _domain(context: Any) -> str | None:
    return domain_of(context.get_current_parameters().get("email_key"))


def domain_of(email_key: str | None) -> str | None:
    """Return what follows the @ of a folded address, None where there is no address."""
    return email_key.rpartition("@")[2] if email_key else None


class Contact(Base):
    """A person as ONE company knows them. The contact is the membership."""

    __tablename__ = "contact"

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    honorific: Mapped[Word] = mapped_column(default="")
    first_name: Mapped[Name]
    last_name: Mapped[Name]
    job_title: Mapped[Name] = mapped_column(default="")
    phone: Mapped[Word] = mapped_column(default="")
    mobile: Mapped[Word] = mapped_column(default="")
    email: Mapped[Address | None]
    email_key: Mapped[Address | None]
    # What staff find the company of an unknown sender by (S5).
    email_domain: Mapped[Address | None] = mapped_column(default=_domain)
    contact_type_id: Mapped[int]
    is_primary: Mapped[bool] = mapped_column(default=False)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    notes: Mapped[str] = mapped_column(Text, default="")
    access: Mapped[Word] = mapped_column(default=Access.NONE)
    scope: Mapped[Word] = mapped_column(default=Scope.CLIENT)
    portal_user_id: Mapped[int | None] = mapped_column(ForeignKey("portal_user.id"), index=True)
    deactivated_at: Mapped[Moment | None]
    deleted_at: Mapped[Moment | None]
    # The tombstone, once everything personal here was erased for good.
    erased_as: Mapped[Word | None]
    # What lists are sorted and searched by; kept by portal.models.keys whenever a name or address changes.
    name_key: Mapped[str] = mapped_column(String(220))
    # The same with the last name first, for staff who hear only that (S5).
    turned_key: Mapped[str] = folded("last_name", "first_name")
    search_key: Mapped[str] = mapped_column(Text)
    form_key: Mapped[Word | None]
    created_at: Mapped[Made]
    changed_at: Mapped[Made]
    version: Mapped[int] = mapped_column(default=1)

    company: Mapped[Company] = relationship(lazy="select")
    contact_type: Mapped[ContactType] = relationship(
        foreign_keys="Contact.contact_type_id",
        primaryjoin="Contact.contact_type_id == ContactType.id",
        lazy="joined",
        innerjoin=True,
    )
    category: Mapped[Category | None] = relationship(lazy="select")
    user: Mapped[PortalUser | None] = relationship(lazy="joined")
    role_links: Mapped[list["ContactRole"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    boxes: Mapped[list["ContactPermission"]] = relationship(cascade="all, delete-orphan", lazy="select")
    property_links: Mapped[list["PropertyLink"]] = relationship(cascade="all, delete-orphan", lazy="select")
    topic_links: Mapped[list["ContactTopic"]] = relationship(cascade="all, delete-orphan", lazy="select")
    live_invitation: Mapped["Invitation | None"] = relationship(
        primaryjoin="and_(Invitation.contact_id == Contact.id, Invitation.ended_at.is_(None))",
        foreign_keys="Invitation.contact_id",
        viewonly=True,
        uselist=False,
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy wants a plain dict
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "form_key"),
        ForeignKeyConstraint(
            ["contact_type_id", "is_primary"], ["contact_type.id", "contact_type.is_primary"]
        ),
        CheckConstraint("access IN ('none', 'email_only', 'portal')", name="access"),
        CheckConstraint("scope IN ('client', 'property')", name="scope"),
        CheckConstraint("access = 'none' OR email_key IS NOT NULL", name="email_for_access"),
        CheckConstraint("portal_user_id IS NULL OR access = 'portal'", name="login_needs_access"),
        _live("uq_contact_live_email", "company_id", "email_key", where="email_key IS NOT NULL"),
        _live("uq_contact_live_login", "company_id", "portal_user_id", where="portal_user_id IS NOT NULL"),
        _live("uq_contact_one_primary", "company_id", where="is_primary"),
        _live("ix_contact_by_name", "company_id", "name_key", "id", unique=False),
        # Over all companies, by how a name begins, whatever the database sorts by (S5).
        _live("ix_contact_by_any_name", "name_key", unique=False, begins=True),
        _live("ix_contact_by_turned_name", "turned_key", unique=False, begins=True),
        # Deleted ones, too, are found by what they write and call from (S5).
        Index("ix_contact_by_email", "email_key"),
        Index("ix_contact_by_phone", "phone"),
        Index("ix_contact_by_mobile", "mobile"),
        Index("ix_contact_by_domain", "email_domain", "company_id"),
    )

    @property
    def name(self) -> str:
        """First and last name as one."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def roles(self) -> list[Role]:
        """The roles held, by name."""
        return sorted((link.role for link in self.role_links), key=lambda role: role.name_key)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that the contact wants mail about."""
        return frozenset(link.topic for link in self.topic_links)

    @property
    def direct_permissions(self) -> frozenset[Permission]:
        """The permissions given by their own box, beside any role."""
        return frozenset(Permission(box.permission) for box in self.boxes)


class ContactRole(Base):
    """A role held by a contact; the database lets it be only a preset or one of the same company."""

    __tablename__ = "contact_role"

    company_id: Mapped[int] = mapped_column()
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    role_owner: Mapped[int]

    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        ForeignKeyConstraint(["role_id", "role_owner"], ["role.id", "role.owner"]),
        CheckConstraint("role_owner IN (0, company_id)", name="own_role"),
    )


class ContactPermission(Base):
    """A permission given to a contact by its own box."""

    __tablename__ = "contact_permission"

    company_id: Mapped[int] = mapped_column()
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(String(20), primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        CheckConstraint(KNOWN_PERMISSION, name="permission"),
    )


class PropertyLink(Base):
    """A property that a contact looks after; both belong to the same company."""

    __tablename__ = "property_link"

    company_id: Mapped[int] = mapped_column()
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    property_id: Mapped[int] = mapped_column(primary_key=True, index=True)
    linked_by: Mapped[Name] = mapped_column(default="")
    created_at: Mapped[Made]

    property: Mapped[Property] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        ForeignKeyConstraint(["company_id", "property_id"], ["property.company_id", "property.id"]),
    )
