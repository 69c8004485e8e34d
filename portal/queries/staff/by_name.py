"""What a few words name, over all clients: people, properties with who may ask for work, clients (S2, S5)."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, SQLColumnExpression, and_, select, union

from portal.extensions import db
from portal.models import Company, Contact, Property
from portal.models.folding import fold
from portal.models.keys import email_key
from portal.policy import Actor
from portal.queries import paging
from portal.queries.at_property import Group, asking_for_work
from portal.queries.paging import Wish
from portal.queries.people import admin_names
from portal.queries.staff import clients
from portal.queries.staff.look_up import MOST, Answer, known
from portal.visibility import over_all

MOST_PLACES, MOST_CLIENTS = 10, 5
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Place:
    """A property and the client it is of."""

    property: Property
    company: Company


@dataclass(frozen=True)
class WorkAt:
    """The property that was meant, and who may ask for work there; where nobody may, whom to ask."""

    place: Place
    people: Group
    admins: list[str]


@dataclass(frozen=True)
class Found:
    """What the words name: people with what each may ask for, one property, further ones, clients."""

    answer: Answer
    work: WorkAt | None = None
    places: list[Place] = field(default_factory=list)
    more_places: bool = False
    clients: list[Company] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """True where the words name nobody and nothing."""
        return not (self.answer.people or self.work or self.places or self.clients)


def find(reader: Actor, words: str) -> Found:
    """Return what `words` name; the client alone may be said by its number, too."""
    key = _folded(words)
    places = _places(reader, key)
    meant = [each for each in places if each.property.name_key == key] or places
    work = _work(reader, meant[0]) if len(meant) == 1 else None
    others = [each for each in places if work is None or each is not work.place]
    firms = [row.Company for row in clients.page(reader, Wish(q=key, sort="name")).rows[:MOST_CLIENTS]]
    answer = known(reader, _called(key))
    if not (answer.people or places):
        answer = known(reader, _anywhere(key))
    return Found(answer, work, others[:MOST_PLACES], len(others) > MOST_PLACES, firms)


def counts(reader: Actor, words: str) -> dict[str, int]:
    """Return how many people and properties `words` name; of people, one more than MOST stands for more."""
    by_name = over_all(reader, Contact).where(Contact.id.in_(_called(_folded(words))))
    by_address = over_all(reader, Contact).where(
        Contact.email_key == email_key(words), Contact.deleted_at.is_(None)
    )
    wanted = {"people": by_address if "@" in words else by_name, "places": _matching(reader, _folded(words))}
    return paging.counts(wanted)


def _folded(words: str) -> str:
    return fold(words.replace(",", " "))


def _called(key: str) -> CompoundSelect[Any]:
    """The contacts whose name begins so, the first name first or the last one: some steps in an index."""
    first, _, last = key.rpartition(" ")
    turned = {key, f"{last} {first}".strip()}
    conditions = [Contact.name_key == key, _begins(Contact.name_key, key)]
    conditions += [_begins(Contact.turned_key, each) for each in sorted(turned)]
    live = select(Contact.id).where(Contact.deleted_at.is_(None))
    return union(*(_some(live.where(each)) for each in conditions))


def _anywhere(key: str) -> CompoundSelect[Any]:
    """The contacts that have every word somewhere: looks at all of them, so only where nothing begins so."""
    live = select(Contact.id).where(Contact.deleted_at.is_(None))
    return union(_some(paging.searched(live, key, Contact.search_key)))


def _some(query: Select[Any]) -> Select[Any]:
    return select(query.limit(MOST + 1).subquery().c.id)


def _begins(column: SQLColumnExpression[str], key: str) -> ColumnElement[bool]:
    """Return the condition that the column begins with `key`, so said that the index on it answers."""
    if db.engine.dialect.name == "sqlite":
        return and_(column >= key, column < key + _LAST)
    return column.startswith(key, autoescape=True)


def _matching(reader: Actor, key: str) -> Select[Any]:
    return paging.searched(over_all(reader, Property), key, Property.search_key)


def _places(reader: Actor, key: str) -> list[Place]:
    """Return the properties that have every word in name or address: called so first, archived ones last."""
    query = _matching(reader, key).add_columns(Company).join(Company, Company.id == Property.company_id)
    order = (Property.archived_at.is_not(None), Property.name_key != key, Property.name_key, Property.id)
    found = db.session.execute(query.order_by(*order).limit(MOST_PLACES + 2))
    return [Place(*row) for row in found]


def _work(reader: Actor, place: Place) -> WorkAt:
    people = asking_for_work(reader, place.property)
    return WorkAt(place, people, [] if people.people else admin_names(place.company.id))
