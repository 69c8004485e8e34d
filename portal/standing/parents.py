"""No row is of another company than the row it belongs to; read off the foreign keys of all tables."""

from collections.abc import Iterator

from sqlalchemy import ForeignKeyConstraint, Table, and_, func, select

from portal.extensions import db

COMPANY = "company_id"


def companies() -> Iterator[str]:
    """Every row whose company differs from its parent's, or whose parent is not there."""
    for table in db.metadata.sorted_tables:
        if COMPANY in table.columns:
            for key in table.foreign_key_constraints:
                yield from _strangers(table, key)


def _strangers(table: Table, key: ForeignKeyConstraint) -> Iterator[str]:
    name = key.referred_table.name
    parent = key.referred_table.alias()
    pairs = [
        (table.columns[each.parent.name], parent.columns[each.column.name])
        for each in key.elements
        if each.parent.name != COMPANY
    ]
    if COMPANY not in parent.columns or not pairs:
        return
    same = and_(*(mine == theirs for mine, theirs in pairs))
    here, there = table.columns[COMPANY], parent.columns[COMPANY]
    other = select(func.count()).select_from(table).join(parent, same).where(here != there)
    named = and_(*(mine.is_not(None) for mine, _ in pairs))
    lost = select(func.count()).select_from(table).where(named, ~select(parent).where(same).exists())
    if count := db.session.scalar(other):
        yield f"{count} rows of {table.name} are of another company than their {name}."
    if count := db.session.scalar(lost):
        yield f"{count} rows of {table.name} belong to a {name} that is not there."
