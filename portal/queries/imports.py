"""Tables on their way in: which ones somebody may know of, what their rows are checked against, who acts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Category,
    Company,
    Contact,
    ContactType,
    Import,
    ImportRow,
    ImportState,
    Outcome,
    Property,
    Role,
    StaffUser,
)
from portal.policy import Actor, as_reader
from portal.queries import vocabulary
from portal.queries.people import primary_of
from portal.queries.staff.sign_in import acting
from portal.visibility import over_all, visible

SHOWN, LISTED = 100, 25
AT_WORK = (ImportState.CHECKING, ImportState.IMPORTING)


@dataclass
class Vocabulary:
    """What a row can name: contact types, roles, categories and properties that can be chosen now."""

    types: list[ContactType]
    roles: list[Role]
    categories: list[Category]
    places: list[Property]
    primary: Contact | None

    def stamp(self) -> str:
        """Return a short text that is another one as soon as a row could come out differently."""
        things: list[Any] = [*self.types, *self.categories, *self.places]
        named: list[Any] = [[each.id, each.name] for each in things]
        named += [[role.id, role.name, sorted(role.permissions)] for role in self.roles]
        return sha256(dumps([named, self.primary.id if self.primary else 0]).encode()).hexdigest()


def found(actor: Actor, import_id: int) -> Import | None:
    """Return the import with `import_id` if `actor` may know of it: one's own; of the staff, all theirs."""
    return db.session.scalars(visible(actor, Import).where(Import.id == import_id)).one_or_none()


def recent(actor: Actor, kind: str = "") -> list[tuple[Import, Company]]:
    """Return the newest imports that `actor` may know of, each with its company."""
    query = visible(actor, Import).join(Company, Company.id == Import.company_id).add_columns(Company)
    if kind:
        query = query.where(Import.kind == kind)
    newest = query.order_by(Import.id.desc()).limit(LISTED)
    return [(row[0], row[1]) for row in db.session.execute(newest)]


def client_called(actor: Actor, words: str) -> Company | None:
    """Return the client that has this name or short name; None where none has, or several have the name."""
    name = func.lower(Company.name) == words.lower()
    query = over_all(actor, Company).where(
        Company.exited_at.is_(None), (Company.slug == words.lower()) | name
    )
    found = list(db.session.scalars(query.limit(2)))
    return found[0] if len(found) == 1 else None


def due_ids(limit: int) -> list[int]:
    """Return the ids of imports that a worker should be at and none is."""
    free = Import.leased_until.is_(None) | (Import.leased_until <= now())
    query = select(Import.id).where(Import.state.in_(AT_WORK), free).order_by(Import.id)
    return list(db.session.scalars(query.limit(limit)))


def old_ids(age: timedelta) -> list[Import]:
    """Return the imports that were begun longer ago than `age`."""
    return list(db.session.scalars(select(Import).where(Import.created_at < now() - age)))


def rows(imported: Import, outcomes: Collection[Outcome], most: int) -> list[ImportRow]:
    """Return the first rows of the table that came out in one of these ways."""
    query = select(ImportRow).where(ImportRow.import_id == imported.id, ImportRow.outcome.in_(outcomes))
    return list(db.session.scalars(query.order_by(ImportRow.number).limit(most)))


def report(imported: Import) -> list[tuple[int, str, str, list[list[str]]]]:
    """Return every row's number, name, outcome and problems, for the report to keep."""
    columns = (ImportRow.number, ImportRow.name, ImportRow.outcome, ImportRow.problems)
    query = select(*columns).where(ImportRow.import_id == imported.id).order_by(ImportRow.number)
    return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(query)]


def invited(imported: Import) -> int:
    """Return how many people the import would send an invitation."""
    access = ImportRow.ready[("contact", "access")].as_string()
    mine = (ImportRow.import_id == imported.id, ImportRow.outcome == Outcome.ADD, access == Access.PORTAL)
    return db.session.scalar(select(func.count()).select_from(ImportRow).where(*mine)) or 0


def words_of(company_id: int) -> Vocabulary:
    """Return what the rows of a table for this company can name."""
    places = select(Property).where(Property.company_id == company_id, Property.archived_at.is_(None))
    return Vocabulary(
        vocabulary.contact_types(),
        vocabulary.roles_of(company_id),
        vocabulary.categories(),
        list(db.session.scalars(places.order_by(Property.id))),
        primary_of(company_id),
    )


def having(company_id: int, keys: Collection[str]) -> dict[str, Contact]:
    """Return the company's live contacts with these folded addresses."""
    query = select(Contact).where(
        Contact.company_id == company_id, Contact.email_key.in_(keys), Contact.deleted_at.is_(None)
    )
    held = query.options(joinedload(Contact.category), joinedload(Contact.boxes))
    return {each.email_key or "": each for each in db.session.scalars(held).unique()}


def seen_before(import_id: int, keys: Collection[str]) -> dict[str, int]:
    """Return in which row of the table these keys stood first."""
    query = (
        select(ImportRow.match_key, func.min(ImportRow.number))
        .where(ImportRow.import_id == import_id, ImportRow.match_key.in_(keys))
        .group_by(ImportRow.match_key)
    )
    return {key: number for key, number in db.session.execute(query) if key is not None}


def overtaken(imported: Import) -> bool:
    """Return whether somebody took an address, or changed a contact, since the rows were checked."""
    mine = (ImportRow.import_id == imported.id,)
    taken = exists().where(
        *mine,
        ImportRow.outcome == Outcome.ADD,
        Contact.company_id == imported.company_id,
        Contact.email_key == ImportRow.match_key,
        Contact.deleted_at.is_(None),
    )
    changed = exists().where(
        *mine,
        ImportRow.outcome == Outcome.UPDATE,
        Contact.id == ImportRow.contact_id,
        (Contact.version != ImportRow.version) | Contact.deleted_at.is_not(None),
    )
    return bool(db.session.scalar(select(taken | changed)))


def actor_of(imported: Import) -> Actor | None:
    """Return who acts for the import, with the rights of now (P12); None for whoever may not any more."""
    if imported.by_staff_id is not None:
        person = db.session.get(StaffUser, imported.by_staff_id)
        who = acting(person, imported.company_id) if person and person.able else None
    else:
        contact = db.session.get(Contact, imported.by_contact_id)
        enters = contact is not None and _enters(contact)
        who = replace(as_reader(contact), user_id=contact.portal_user_id) if contact and enters else None
    return who if who is not None and who.is_admin else None


def _enters(contact: Contact) -> bool:
    user, company = contact.user, db.session.get_one(Company, contact.company_id)
    gone = contact.deleted_at or contact.deactivated_at or company.exited_at
    return not gone and contact.access == Access.PORTAL and user is not None and user.able
