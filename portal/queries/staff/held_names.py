"""The names behind the ids in what is held about a person (S8)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.models import Category, Company, ContactType, Property, TermsVersion

# The columns whose ids mean something to a reader, each with the table and the column of the name.
NAMED: dict[str, tuple[Any, Any]] = {
    "company_id": (Company, Company.name),
    "default_company_id": (Company, Company.name),
    "contact_type_id": (ContactType, ContactType.name),
    "category_id": (Category, Category.name),
    "property_id": (Property, Property.name),
    "terms_version_id": (TermsVersion, TermsVersion.title),
}


def names_in(rows: Iterable[dict[str, Any]]) -> dict[str, dict[int, str]]:
    """Return for each column of NAMED that stands in `rows` the names by id."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        for column in NAMED.keys() & row.keys():
            if row[column] is not None:
                wanted.setdefault(column, set()).add(row[column])
    return {column: _names(column, ids) for column, ids in wanted.items()}


def _names(column: str, ids: set[int]) -> dict[int, str]:
    table, name = NAMED[column]
    found = db.session.execute(select(table.id, name).where(table.id.in_(ids)))
    return {row.id: row[1] for row in found}
