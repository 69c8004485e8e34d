"""The roles of a company: which there are, who has them, which names are taken; and its hidden areas."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, exists, func, select

from portal.extensions import db
from portal.models import PRESET, Area, CompanyArea, Contact, ContactRole, Role
from portal.models.keys import fold
from portal.policy import Actor
from portal.queries.settings import areas_off
from portal.visibility import own, visible


@dataclass(frozen=True)
class Held:
    """A role, how many contacts of the company have it, and whether the reader is one of them."""

    role: Role
    people: int
    mine: bool


@dataclass(frozen=True)
class AreaState:
    """Whether a company has an area, and who took it away if not."""

    area: Area
    off_by_staff: bool
    hidden: bool
    off_for_all: bool

    @property
    def off(self) -> bool:
        """True where the vendor took it away, from this company or from all clients."""
        return self.off_by_staff or self.off_for_all


def held_roles(actor: Actor) -> list[Held]:
    """Return the roles that `actor` may give, each with how many have it; presets stand first."""
    query = visible(actor, Role).where(Role.archived_at.is_(None)).add_columns(_people(actor), _mine(actor))
    as_made = case((Role.owner == PRESET, Role.id), else_=0)
    found = db.session.execute(query.order_by(Role.owner != PRESET, as_made, Role.name_key, Role.id))
    return [Held(row[0], row[1], bool(row[2])) for row in found.unique()]


def people_with(actor: Actor, role: Role) -> int:
    """Return how many contacts of the actor's company have `role`, whatever their status."""
    return db.session.scalar(select(_people(actor)).where(Role.id == role.id)) or 0


def _people(actor: Actor) -> ColumnElement[int]:
    holders = own(actor, Contact).with_only_columns(Contact.id)
    held = select(func.count()).select_from(ContactRole)
    return (
        held.where(ContactRole.role_id == Role.id, ContactRole.contact_id.in_(holders))
        .correlate(Role)
        .scalar_subquery()
    )


def holders(actor: Actor, role: Role) -> list[Contact]:
    """Return the contacts of the actor's company that have `role`."""
    held = select(ContactRole.contact_id).where(ContactRole.role_id == role.id)
    return list(db.session.scalars(own(actor, Contact).where(Contact.id.in_(held))).unique())


def holds(actor: Actor, role: Role) -> bool:
    """Return whether `actor` has `role`."""
    return bool(db.session.scalar(select(Role.id).where(Role.id == role.id, _mine(actor))))


def _mine(actor: Actor) -> ColumnElement[bool]:
    return exists().where(ContactRole.role_id == Role.id, ContactRole.contact_id == (actor.contact_id or 0))


def own_roles(company_id: int) -> int:
    """Return how many live roles the company has of its own."""
    live = (Role.owner == company_id, Role.archived_at.is_(None))
    return db.session.scalar(select(func.count(Role.id)).where(*live)) or 0


def having_name(company_id: int, name: str, *, except_id: int | None = None) -> Role | None:
    """Return the live role, of the company or a preset, whose name reads like `name`."""
    query = select(Role).where(
        Role.owner.in_((PRESET, company_id)),
        Role.archived_at.is_(None),
        Role.name_key == name_key(name),
        Role.id != (except_id or 0),
    )
    return db.session.scalars(query).unique().first()


def name_key(name: str) -> str:
    """Return a role's name as names are compared: without case and accents."""
    return fold(name)[:120]


def areas_of(company_id: int) -> list[AreaState]:
    """Return every area with whether the company has it."""
    rows = db.session.scalars(select(CompanyArea).where(CompanyArea.company_id == company_id))
    known, off = {row.area: row for row in rows}, areas_off()
    on = CompanyArea(off_by_staff=False, hidden_by_admin=False)
    states = ((area, known.get(area, on)) for area in Area)
    return [AreaState(area, row.off_by_staff, row.hidden_by_admin, area in off) for area, row in states]
