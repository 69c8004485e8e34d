"""Rows that a reader must not see: one in every table of a company, with a mark in every text column."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from portal import files
from portal.clock import now
from portal.extensions import db
from portal.models import (
    Company,
    Contact,
    Invoice,
    PortalUser,
    Property,
    PropertyLink,
    TermsAcceptance,
    WorkOrder,
)

# Of the vendor and of nobody's company, so everybody may see it, or nobody does.
SHARED = {
    # On its way in, and seen by whoever handed it in alone: test_imports.
    *("file_import", "import_row"),
    *("branding", "category", "contact_type", "logo", "staff_user", "terms_version", "vendor_area"),
    *("password_request", "pulse", "staff_session", "staff_link", "letter_try", "erasure"),
    # Of the vendor's systems; and who of the staff looks, which customers read in their activity.
    *("api_token", "api_key_use", "webhook", "hook_delivery", "view_as"),
}
# Already there, so marked and not added; or a switch that would hide the rest or ask for a code.
THERE = {"company", "contact", "property", "portal_user", "terms_acceptance"}
SWITCHES = {"company_area", "role_permission", "second_factor", "recovery_code"}
LEFT_OUT = SHARED | THERE | SWITCHES
# Text that is no content: what the address names, a hash or what is sealed, a file's place on the disk.
NO_CONTENT = {
    *("slug", "country", "password_hash", "stored_as", "media_type", "kind", "theme", "density"),
    *("sealed_secret", "code_hash"),
}
_CHOICE = re.compile(r"(\w+) IN \('(\w+)'")


@dataclass
class World:
    """What a reader must not see: its letter in every mark, and where its rows hang."""

    letter: str
    company_id: int
    ids: dict[str, list[int]]
    without: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)
    number: int = 7  # where rows are counted, as work orders are

    def mark(self, place: str) -> str:
        """Return a new mark for a place such as "contact.notes"; folding leaves it as it is."""
        found = f"zq{self.letter}{len(self.marks):03}q"
        self.marks[found] = place
        return found


def hide(world: World) -> None:
    """Add a row of `world` to every table of a company, and put marks on those that are there."""
    for model, name in ((Property, "property"), (Contact, "contact")):
        for row in db.session.scalars(sa.select(model).where(model.id.in_(world.ids[name]))).unique():
            _mark(world, row)
    # They come back with a mark.
    db.session.execute(sa.delete(PropertyLink).where(PropertyLink.contact_id.in_(world.ids["contact"])))
    for table in db.metadata.sorted_tables:
        if table.name in LEFT_OUT | world.without:
            continue
        if table.name == "document":
            world.ids["document"] = [_document(world, table, owner) for owner in _OWNERS]
        elif _belongs(table, world):
            made = _insert(table, _values(world, table))
            if "id" in table.c:
                world.ids[table.name] = [made[0]]
    _settle(world)


_OWNERS = ("property", "contract", "rfp", "work_order", "invoice")


def mark_company(world: World) -> None:
    """Put marks on the company of `world` and on its logins; the key they sign in by stays."""
    _mark(world, db.session.get_one(Company, world.company_id))
    for user in db.session.scalars(sa.select(PortalUser).where(PortalUser.id.in_(world.ids["portal_user"]))):
        mark_login(world, user)


def mark_login(world: World, user: PortalUser) -> None:
    """Put marks on a login; the key it signs in by stays."""
    signs_in_by = user.email_key
    _mark(world, user)
    kept = sa.update(PortalUser).where(PortalUser.id == user.id).values(email_key=signs_in_by)
    db.session.execute(kept)
    accepted = sa.update(TermsAcceptance).where(TermsAcceptance.portal_user_id == user.id)
    db.session.execute(accepted.values(address=world.mark("terms_acceptance.address")))


def _belongs(table: sa.Table, world: World) -> bool:
    owners = {key.column.table.name for key in table.foreign_keys}
    if "portal_user" in owners and "contact_id" not in table.c:
        return "portal_user" in world.ids
    return "company_id" in table.c or bool(owners & {"invoice", "work_order"})


def content() -> set[str]:
    """Return every column, like "contact.notes", that holds text or facts of a company or of its people."""
    return {
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        if table.name not in SHARED
        for column in table.columns
        if isinstance(column.type, sa.JSON) or column in set(texts(table))
    }


def _mark(world: World, row: Any) -> None:
    table = row.__table__
    marked = {column.name: world.mark(f"{table.name}.{column.name}") for column in texts(table)}
    db.session.execute(sa.update(table).where(table.c.id == row.id).values(**marked))


def texts(table: sa.Table) -> Iterator[sa.Column]:
    """Yield the columns in which anything may be written."""
    choices = _choices(table)
    for column in table.columns:
        if isinstance(column.type, sa.String) and column.name not in NO_CONTENT | choices.keys():
            yield column


def _choices(table: sa.Table) -> dict[str, str]:
    """Return the columns of which the database allows only some words, each with one of them."""
    rules = [str(each.sqltext) for each in table.constraints if isinstance(each, sa.CheckConstraint)]
    return {name: word for rule in rules for name, word in _CHOICE.findall(rule)}


def _values(world: World, table: sa.Table) -> dict[str, Any]:
    values: dict[str, Any] = {
        column.name: world.mark(f"{table.name}.{column.name}") for column in texts(table)
    }
    values |= {name: word for name, word in _choices(table).items() if not table.c[name].nullable}
    for column in table.columns:
        targets = {key.column.table.name for key in column.foreign_keys} - {"company"}
        if column.name in ("company_id", "owner", "role_owner"):
            values[column.name] = world.company_id
        elif targets:
            target = world.ids.get(targets.pop())
            values |= {column.name: target[0]} if target else {}
        elif column.name not in values and not (column.primary_key and column.name == "id"):
            values |= _plain(world, table, column)
    return values


def _plain(world: World, table: sa.Table, column: sa.Column) -> dict[str, Any]:
    """Return something for a column that holds neither text nor a reference, where it must have a value."""
    kind = column.type
    if isinstance(kind, sa.JSON):
        mark = world.mark(f"{table.name}.{column.name}")
        return {column.name: {mark: [mark, mark]}}
    if isinstance(kind, sa.String) and column.name not in ("media_type", "stored_as"):
        return {column.name: "comment" if column.name == "kind" else ""} if not column.nullable else {}
    if column.nullable:
        return {}
    if isinstance(kind, sa.Date):
        return {column.name: date(2026, 6, 1)}
    if isinstance(kind, sa.Boolean):
        return {column.name: False}
    if isinstance(kind, sa.Integer | sa.Numeric):
        return {column.name: world.number if column.name == "number" else 7}
    return {column.name: now()}


def _document(world: World, table: sa.Table, owner: str) -> int:
    """Add a document of the world's `owner`, with a real file whose content is a mark too."""
    inside = world.mark("the content of a document").encode()
    stored = files.store(io.BytesIO(b"%PDF-1.7 " + inside), "a.pdf")
    values = _values(world, table) | {f"{each}_id": None for each in _OWNERS}
    values |= {f"{owner}_id": world.ids[owner][0], "media_type": stored.media_type}
    values |= {"size": stored.size, "stored_as": stored.stored_as}
    return int(_insert(table, values)[0])


def _settle(world: World) -> None:
    """Let the rows be such as a list would show them: invoices no drafts, work not yet done."""
    db.session.execute(sa.update(Invoice).where(Invoice.id.in_(world.ids["invoice"])).values(status="open"))
    db.session.execute(
        sa.update(WorkOrder).where(WorkOrder.id.in_(world.ids["work_order"])).values(status="requested")
    )


def worlds(town: SimpleNamespace) -> tuple[World, World]:
    """Return the other company, and what of one's own stands at a property one does not look after."""
    stan = db.session.get_one(Contact, town.stan.id)
    theirs = {
        "property": [town.delta.id],
        "contact": [town.gus.id],
        "portal_user": [stan.portal_user_id or 0],
    }
    foreign = World("f", town.globex.id, theirs)
    own = {"property": [town.beta.id], "contact": [town.oda.id]}
    # Roles belong to the company and to no property; an admin would be client-level (P10).
    return foreign, World("h", town.acme.id, own, {"role", "contact_role", "contact_permission"})


def _insert(table: Any, values: dict[str, Any]) -> Any:
    """Insert a row behind the models' back and return its key."""
    return db.session.execute(table.insert().values(**values)).inserted_primary_key  # type: ignore[attr-defined]
