"""Where somebody may be named beyond the rows about them: at their clients, and in what the vendor reads."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, false, or_, select

from portal.extensions import db
from portal.models import Activity, Import, ImportRow
from portal.queries.staff.privacy import Person


def mentions(person: Person, words: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a row of the activity at their clients names them by one of `words`."""
    texts = (Activity.actor_name, Activity.target_name, Activity.reason)
    said = [text.icontains(word, autoescape=True) for word in words for text in texts]
    written = {form for word in words for form in (word, json.dumps(word)[1:-1])}
    said += [cast(Activity.changes, Text).icontains(word, autoescape=True) for word in written]
    return at_their_clients(person) & or_(false(), *said)


def at_their_clients(person: Person) -> ColumnElement[bool]:
    """Return the condition that a row of the activity is of a client that knows the person."""
    return Activity.company_id.in_(person.company_ids)


def of_the_vendor() -> Select[Any]:
    """Return what stands in the activity that no client reads, where it says more than who did what."""
    facts = (Activity.id, Activity.actor_staff_id, Activity.actor_name)
    told = (Activity.target_name, Activity.reason, Activity.changes)
    says = or_(
        Activity.target_name != "",
        Activity.reason != "",
        cast(Activity.changes, Text) != "{}",
        Activity.actor_staff_id.is_(None),
    )
    return select(*facts, *told).where(Activity.company_id.is_(None), says)


def imports_for_all() -> list[Import]:
    """Return the tables that were handed in for all clients."""
    return list(db.session.scalars(select(Import).where(Import.company_id.is_(None))))


def rows_of(imported: Import) -> Iterable[Row[Any]]:
    """Return what the rows of a table say."""
    told = select(ImportRow.name, ImportRow.ready, ImportRow.problems)
    return db.session.execute(told.where(ImportRow.import_id == imported.id)).all()
