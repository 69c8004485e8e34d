"""The vendor's contact types and categories as staff keep them: all of them, and how many people each has."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from portal.extensions import db
from portal.models import Category, Company, Contact, ContactType

Word = ContactType | Category
Kind = type[ContactType] | type[Category]
_HELD: dict[Any, Any] = {ContactType: Contact.contact_type_id, Category: Contact.category_id}


@dataclass(frozen=True)
class Entry:
    """One word as the list shows it, with how many contacts have it."""

    word: Word
    people: int


def entries(kind: Kind) -> list[Entry]:
    """Return every word of `kind`: those that can be chosen in their order, then the archived ones."""
    column = _HELD[kind]
    counted = select(column, func.count()).where(Contact.deleted_at.is_(None), column.is_not(None))
    people: dict[int, int] = {row[0]: row[1] for row in db.session.execute(counted.group_by(column))}
    found: list[Word] = list(db.session.scalars(_ordered(kind)))
    found.sort(key=lambda word: word.archived_at is not None)
    return [Entry(word, people.get(word.id, 0)) for word in found]


def word_with(kind: Kind, word_id: int) -> Word | None:
    """Return the word of `kind` with this id."""
    found: Word | None = db.session.get(kind, word_id)  # type: ignore[assignment]
    return found


def locked(kind: Kind) -> list[Word]:
    """Return every word of `kind` in its order; nobody else changes one until this transaction ends."""
    query = _ordered(kind).with_for_update()
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _ordered(kind: Kind) -> Select[Any]:
    return select(kind).order_by(kind.position, kind.name)


def people_with(word: Word) -> int:
    """Return how many contacts have `word`."""
    query = select(func.count()).select_from(Contact).where(*having(word))
    return db.session.scalar(query) or 0


def companies_with(word: Word) -> list[tuple[int, int]]:
    """Return the id of each company with contacts that have `word`, and how many.

    The companies stay locked until this transaction ends.
    """
    query = select(Contact.company_id, func.count()).where(*having(word)).group_by(Contact.company_id)
    found = {row[0]: row[1] for row in db.session.execute(query)}
    locking = select(Company.id).where(Company.id.in_(found)).order_by(Company.id).with_for_update()
    return [(company_id, found[company_id]) for company_id in db.session.scalars(locking)]


def having(word: Word) -> tuple[Any, Any]:
    """Return the conditions that a contact is there and has `word`."""
    return _HELD[type(word)] == word.id, Contact.deleted_at.is_(None)
