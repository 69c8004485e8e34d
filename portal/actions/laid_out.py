"""Contacts to be, laid out column by column in tables that nobody else sees, ready to be written.

Taking rows apart takes the database seconds where there are many. Done beforehand, in temporary tables of the
connection that writes afterwards, it holds no lock; and a worker that dies leaves nothing behind.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    column,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.sql.selectable import TableValuedAlias

from portal.actions.newcomers import CHANGED, COLUMNS, FOLDED
from portal.extensions import db
from portal.models import (
    Contact,
    ContactPermission,
    ContactRole,
    ContactTopic,
    ImportRow,
    Outcome,
    PropertyLink,
)
from portal.transaction import after_commit

_LAID = MetaData()
_CACHE_KB = 64_000
PLAIN = [each for each in COLUMNS if each.key not in ("deactivated_at", "deleted_at")]
# What changing a contact sets, beside what its activity row tells of.
TAKEN_OVER = (*CHANGED, *FOLDED, "category_id")


def _table(name: str, *columns: Column[Any]) -> Table:
    # In the order of its key, so that nothing is sorted while others wait.
    more: dict[str, Any] = {"postgresql_on_commit": "DROP", "sqlite_with_rowid": False}
    return Table(f"laid_{name}", _LAID, *columns, prefixes=["TEMPORARY"], **more)


def _number(*, key: bool = False) -> Column[int]:
    return Column("number", Integer, primary_key=key, autoincrement=False)


CONTACT = _table(
    "contact",
    _number(key=True),
    Column("contact_id", Integer),
    *(Column(str(each.key), each.type) for each in PLAIN),
    Column("inactive", Boolean),
    Column("letter", String),
    Column("message_id", String),
    Column("facts", JSON),
)
CHANGE = _table(
    "change",
    _number(key=True),
    Column("contact_id", Integer),
    *(Column(name, Contact.__table__.columns[name].type) for name in TAKEN_OVER),
)
TOLD = _table(
    "told",
    _number(key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("what", String),
    Column("changes", JSON),
)
_FIRST = ("role_id", "permission", "property_id", "topic")
# What hangs on a contact: its table here, and which column is which word of the list in ImportRow.ready.
PARTS: tuple[tuple[type[Any], Table, str, dict[str, str]], ...] = tuple(
    (
        model,
        _table(
            part,
            _number(key=True),
            *(
                Column(
                    name, model.__table__.columns[name].type, primary_key=name in _FIRST, autoincrement=False
                )
                for name in words
            ),
        ),
        part,
        words,
    )
    for model, part, words in (
        (ContactRole, "roles", {"role_id": "id", "role_owner": "owner"}),
        (ContactPermission, "boxes", {"permission": "permission"}),
        (PropertyLink, "places", {"property_id": "id"}),
        (ContactTopic, "topics", {"topic": "topic"}),
    )
)


def lay_out(import_id: int) -> None:
    """Lay out what the rows of the import are prepared for, on the connection of the running transaction."""
    connection = db.session.connection()
    if sqlite():
        # It would write what does not fit into its cache to the disk, again and again, while others wait.
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
        after_commit(_clear_apart)
    _clear(connection)
    _LAID.create_all(connection, checkfirst=False)
    _contacts(import_id)
    _changes(import_id)
    for _model, table, part, words in PARTS:
        _part(import_id, table, part, words)
    _told(import_id)


def _clear(connection: Connection) -> None:
    """Take away what was laid out, by a transaction before this one, too."""
    for table in _LAID.tables:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")


def _clear_apart() -> None:
    """Clear up once nobody has to wait for it; another connection does it when it is next used."""
    with db.engine.begin() as connection:
        _clear(connection)
        connection.exec_driver_sql("PRAGMA cache_size=-2000")


def contact_ids() -> ColumnElement[int]:
    """Return which id each contact laid out gets; on SQLite it holds while the write lock is held."""
    if not sqlite():
        return CONTACT.c.contact_id
    last = db.session.scalar(select(func.max(Contact.id))) or 0
    return literal(last) + CONTACT.c.number


def sqlite() -> bool:
    """Return whether the database is SQLite."""
    return db.engine.dialect.name == "sqlite"


def _ready(*path: str) -> Any:
    return ImportRow.ready[path]


def _typed(each: ColumnElement[Any], found: Any) -> Any:
    if each.type.python_type is bool:
        return found.as_boolean()
    return found.as_integer() if each.type.python_type is int else found.as_string()


def _rows(import_id: int, *columns: Any) -> Select[Any]:
    return select(*columns).where(ImportRow.import_id == import_id)


def _fill(table: Table, names: list[str], query: Select[Any]) -> None:
    db.session.execute(insert(table).from_select(names, query, include_defaults=False))


def _contacts(import_id: int) -> None:
    ids = literal(None, Integer) if sqlite() else func.nextval(_SEQUENCE)
    more = [_ready("inactive").as_boolean(), _ready("letter").as_string(), _ready("message_id").as_string()]
    person, source = _person(PLAIN)
    query = _rows(import_id, ImportRow.number, ids, *person, *more, _ready("facts")).select_from(source)
    query = query.where(ImportRow.outcome == Outcome.ADD).order_by(ImportRow.number)
    _fill(CONTACT, [each.name for each in CONTACT.columns], query)


def _person(columns: Iterable[ColumnElement[Any]]) -> tuple[list[Any], Any]:
    """Return what these columns of a contact will hold, and where from.

    PostgreSQL would read the JSON anew for each column that is asked for by itself.
    """
    if sqlite():
        return [_typed(each, _ready("contact", str(each.key))) for each in columns], ImportRow.__table__
    wanted = [column(str(each.key), each.type) for each in columns]
    record = func.json_to_record(_ready("contact")).table_valued(*wanted)
    person = record.render_derived(name="person", with_types=True)
    return list(person.c), ImportRow.__table__.join(person, true())


_SEQUENCE = "contact_id_seq"


def _changes(import_id: int) -> None:
    columns = Contact.__table__.columns
    person, source = _person(columns[name] for name in TAKEN_OVER)
    query = _rows(import_id, ImportRow.number, ImportRow.contact_id, *person).select_from(source)
    _fill(CHANGE, [each.name for each in CHANGE.columns], query.where(ImportRow.outcome == Outcome.UPDATE))


def _part(import_id: int, table: Table, part: str, words: dict[str, str]) -> None:
    every = _each(part)
    taken = [_typed(table.columns[name], every.c.value[key]) for name, key in words.items()]
    query = _rows(import_id, ImportRow.number, *taken).where(ImportRow.outcome == Outcome.ADD)
    _fill(table, ["number", *words], query.join(every, true()))


def _told(import_id: int) -> None:
    every = _each("told")
    said = (every.c.value["what"].as_string(), every.c.value["changes"])
    place = every.c.key if sqlite() else every.c.ordinality
    query = _rows(import_id, ImportRow.number, place, *said)
    query = query.where(ImportRow.outcome.in_((Outcome.ADD, Outcome.UPDATE)))
    _fill(TOLD, [each.name for each in TOLD.columns], query.join(every, true()))


def _each(part: str) -> TableValuedAlias:
    """Return the things of a list that is kept in ImportRow.ready, as rows with a `value` and their place."""
    value = column("value", JSON)
    if sqlite():
        return func.json_each(_ready(part)).table_valued(value, column("key", Integer), name=f"every_{part}")
    found = func.json_array_elements(_ready(part))
    return found.table_valued(value, with_ordinality="ordinality", name=f"every_{part}")
