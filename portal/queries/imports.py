"""Tables on their way in: which ones somebody may know of, what their rows are checked against, who acts."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import joinedload

from portal.clock import now
from portal.extensions import db
from portal.models import (
    Access,
    Activity,
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
from portal.models.folding import fold
from portal.policy import Actor, as_reader
from portal.queries import vocabulary
from portal.queries.people import primary_of
from portal.queries.staff.sign_in import acting
from portal.visibility import over_all, visible

SHOWN, LISTED, SEVERAL = 100, 25, 20
_NUMBER = re.compile(r"c-?([0-9]{1,9})", re.IGNORECASE)
AT_WORK = (ImportState.CHECKING, ImportState.IMPORTING)
UNSEEN = (ImportState.MAPPING, ImportState.CHECKING)
OVER = (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)


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


def found(actor: Actor, import_id: int, *, to_change: bool = False) -> Import | None:
    """Return the import with `import_id` if `actor` may know of it: one's own; of the staff, all theirs.

    With `to_change`, nobody else moves it on until this transaction ends, and it is read as it is then (T85).
    """
    query = visible(actor, Import).where(Import.id == import_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one_or_none()


def recent(actor: Actor, kind: str = "") -> list[tuple[Import, Company | None]]:
    """Return the newest imports that `actor` may know of, each with its company, if it is for one."""
    query = visible(actor, Import).outerjoin(Company, Company.id == Import.company_id).add_columns(Company)
    if kind:
        query = query.where(Import.kind == kind)
    newest = query.order_by(Import.id.desc()).limit(LISTED)
    return [(row[0], row[1]) for row in db.session.execute(newest)]


def open_of(actor: Actor) -> list[Import]:
    """Return the tables that `actor` handed in and that still wait for something, the oldest first."""
    staff = actor.staff_id is not None
    by = Import.by_staff_id == actor.staff_id if staff else Import.by_contact_id == actor.contact_id
    query = select(Import).where(by, Import.state.not_in(OVER)).order_by(Import.id)
    return list(db.session.scalars(query))


def clients_called(actor: Actor, words: str) -> list[Company]:
    """Return whom `words` means: the client with this number ("C-104"), else with this short name, else all
    of this name.

    A name is what customers choose themselves, so it never wins over what the vendor gave, and one that has
    left counts: another may have taken its name (T16).
    """
    every, number = over_all(actor, Company), _NUMBER.fullmatch(words)
    given = [Company.id == int(number[1])] if number else []
    for its in (*given, Company.slug == words.lower()):
        if known := db.session.scalar(every.where(its)):
            return [known]
    return list(db.session.scalars(every.where(Company.name_key == fold(words)[:220]).limit(SEVERAL)))


def touched(imported: Import) -> list[tuple[Company, int]]:
    """Return the clients that the table would change something of, each with how many rows are about it."""
    if imported.company_id is not None:
        return [(db.session.get_one(Company, imported.company_id), imported.adds + imported.updates)]
    whose = ImportRow.ready[("mark", 0)].as_integer().label("whose")
    written = ImportRow.outcome.in_((Outcome.ADD, Outcome.UPDATE))
    rows = select(whose, func.count().label("many")).where(ImportRow.import_id == imported.id, written)
    each = rows.group_by("whose").subquery()
    query = select(Company, each.c.many).join(each, each.c.whose == Company.id).order_by(Company.name_key)
    return [(row[0], row[1]) for row in db.session.execute(query.order_by(Company.id))]


def due_ids(limit: int) -> list[int]:
    """Return the ids of imports that a worker should be at and none is."""
    free = Import.leased_until.is_(None) | (Import.leased_until <= now())
    query = select(Import.id).where(Import.state.in_(AT_WORK), free).order_by(Import.id)
    return list(db.session.scalars(query.limit(limit)))


def old_ids(age: timedelta) -> list[Import]:
    """Return the imports that were begun longer ago than `age`."""
    return list(db.session.scalars(select(Import).where(Import.created_at < now() - age)))


def about(company: Company) -> list[Import]:
    """Return the tables that were handed in for the client, and those for all that may name it in a row."""
    its = or_(ImportRow.name == company.name, ImportRow.ready[("mark", 0)].as_integer() == company.id)
    maybe = Import.state.in_(UNSEEN) | Import.id.in_(select(ImportRow.import_id).where(its))
    for_all = Import.company_id.is_(None) & maybe
    return list(db.session.scalars(select(Import).where((Import.company_id == company.id) | for_all)))


def rows(imported: Import, outcomes: Collection[Outcome], most: int) -> list[ImportRow]:
    """Return the first rows of the table that came out in one of these ways."""
    query = select(ImportRow).where(ImportRow.import_id == imported.id, ImportRow.outcome.in_(outcomes))
    return list(db.session.scalars(query.order_by(ImportRow.number).limit(most)))


def to_write(imported: Import) -> list[ImportRow]:
    """Return the rows that become something, in the order of the file."""
    mine = (ImportRow.import_id == imported.id, ImportRow.outcome.in_((Outcome.ADD, Outcome.UPDATE)))
    return list(db.session.scalars(select(ImportRow).where(*mine).order_by(ImportRow.number)))


def report(imported: Import) -> list[tuple[int, str, str, list[list[str]]]]:
    """Return every row's number, name, outcome and problems, for the report to keep."""
    columns = (ImportRow.number, ImportRow.name, ImportRow.outcome, ImportRow.problems)
    query = select(*columns).where(ImportRow.import_id == imported.id).order_by(ImportRow.number)
    return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(query)]


def invited(imported: Import) -> int:
    """Return how many people the import would send an invitation."""
    letter = ImportRow.ready["letter"].as_string()
    mine = (ImportRow.import_id == imported.id, ImportRow.outcome == Outcome.ADD, letter == "invitation")
    return db.session.scalar(select(func.count()).select_from(ImportRow).where(*mine)) or 0


def sums(imported: Import, names: Collection[str]) -> list[int]:
    """Return the sum of each of these amounts over the rows that become something."""
    mine = (ImportRow.import_id == imported.id, ImportRow.outcome.in_((Outcome.ADD, Outcome.UPDATE)))
    wanted = [func.coalesce(func.sum(ImportRow.ready["sums", name].as_integer()), 0) for name in names]
    return [int(each) for each in db.session.execute(select(*wanted).where(*mine)).one()]


def invited_lately(company_id: int, since: datetime) -> int:
    """Return how many people the customer's own admins invited since then, in whatever way."""
    mine = (Activity.company_id == company_id, Activity.actor_kind == "contact", Activity.result == "done")
    query = select(func.count(Activity.id)).where(*mine, Activity.what == "authorized", Activity.at > since)
    return db.session.scalar(query) or 0


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
    return {each.email_key or "": each for each in _live(company_id, Contact.email_key.in_(keys))}


def called(company_id: int, names: Collection[str]) -> dict[str, list[Contact]]:
    """Return for each of these folded names the company's live contacts that are called so."""
    found: dict[str, list[Contact]] = {name: [] for name in names}
    for each in _live(company_id, Contact.name_key.in_(names)):
        found[each.name_key].append(each)
    return found


def _live(company_id: int, condition: ColumnElement[bool]) -> Iterable[Contact]:
    query = select(Contact).where(Contact.company_id == company_id, condition, Contact.deleted_at.is_(None))
    held = query.options(joinedload(Contact.category), joinedload(Contact.boxes))
    return db.session.scalars(held.order_by(Contact.id)).unique()


def seen_before(import_id: int, keys: Collection[str]) -> dict[str, int]:
    """Return in which row of the table these keys stood first."""
    query = (
        select(ImportRow.match_key, func.min(ImportRow.number))
        .where(ImportRow.import_id == import_id, ImportRow.match_key.in_(keys))
        .group_by(ImportRow.match_key)
    )
    return {key: number for key, number in db.session.execute(query) if key is not None}


def lacks_primary(imported: Import) -> bool:
    """Return whether the row that is to be the company's first Primary contact has an error (P13)."""
    first = int(imported.choices.get("first") or 0)
    row = db.session.get(ImportRow, (imported.id, first)) if first else None
    wrong = row is not None and row.outcome == Outcome.ERROR
    return wrong and imported.company_id is not None and primary_of(imported.company_id) is None


def overtaken(imported: Import) -> bool:
    """Return whether a contact was changed, or somebody of the same name added, since the rows were checked.

    Two contacts with the same address are refused by the database itself.
    """
    mine, live = ImportRow.import_id == imported.id, Contact.deleted_at.is_(None)
    as_one = Contact.name_key + "|" + Contact.phone + "|" + Contact.mobile
    appeared = exists().where(
        Contact.company_id == imported.company_id,
        Contact.created_at >= imported.created_at,
        live,
        exists().where(mine, ImportRow.outcome == Outcome.ADD, ImportRow.match_key == as_one),
    )
    changed = exists().where(
        mine,
        ImportRow.outcome == Outcome.UPDATE,
        Contact.id == ImportRow.contact_id,
        (Contact.version != ImportRow.version) | ~live,
    )
    return bool(db.session.scalar(select(appeared | changed)))


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
