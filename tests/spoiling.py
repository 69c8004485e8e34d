"""Rows with hostile strings in every text: one of each kind at Acme, and whatever there is one of."""

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from portal.clock import now
from portal.extensions import db
from portal.models import (
    AccessRequest,
    AccessReview,
    Branding,
    Category,
    Contact,
    ContactType,
    PortalUser,
    Property,
    SignInSession,
    StaffSession,
    StaffUser,
    TermsVersion,
)
from portal.models.keys import refresh
from tests import hostile_words, marking

# Words that decide where something leads or how it is drawn, and not what is read.
_FIXED = {"code", "email_key", "key_hash", "role", "slug", "country", "password_hash"}


@dataclass
class Spoiled(marking.World):
    """A world whose marks are the strings of the corpus, from `turn` on, each as long as its column takes."""

    turn: int = 0
    used: int = 0

    def mark(self, place: str) -> str:
        """Return the next string, cut to the column `place`; unlike any other where the column wants that."""
        table, _, name = place.partition(".")
        found = db.metadata.tables.get(table)
        column = found.c.get(name) if found is not None else None
        self.used += 1
        return text_for(column, self.turn + self.used, f" {self.turn}.{self.used}")


def text_for(column: Any, turn: int, number: str = "") -> str:
    """Return the string whose turn it is as the column can hold it; `number` makes it the only one."""
    # Neither database keeps a NUL in a text; that none gets there is for the forms to see to.
    text = hostile_words.STRINGS[turn % len(hostile_words.STRINGS)].replace("\x00", "")
    if column is None:
        return text
    longest = getattr(column.type, "length", None) or len(text) + 8
    number = number if _single(column) else ""
    return text[: longest - len(number)] + number


def _single(column: sa.Column) -> bool:
    """Whether the database lets a value stand in the column only once."""
    table = column.table
    lists = [set(each.columns) for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    lists += [set(each.columns) for each in table.indexes if each.unique]
    return bool(column.unique) or any(column in each for each in lists)


def settle(town: SimpleNamespace, turn: int) -> dict[str, int]:
    """Add a row to every table of Acme with the strings from `turn` on; return their ids by table."""
    user = None if turn % 3 == 2 else _login(turn)
    place = Property(company_id=town.acme.id, name=f"Place {turn}")
    kind = db.session.scalars(db.select(ContactType.id).where(~ContactType.is_primary)).first()
    facts = {"portal_user_id": user.id, "access": "portal"} if user else {}
    contact = Contact(
        company_id=town.acme.id,
        first_name="A",
        last_name="B",
        contact_type_id=kind,
        is_primary=False,
        email=f"x{turn}@acme.example",
        **facts,
    )
    refresh(contact)
    db.session.add_all([place, contact])
    db.session.flush()
    ids = {"property": [place.id], "contact": [contact.id], **({"portal_user": [user.id]} if user else {})}
    # A company is in one review at a time.
    reviews = db.session.scalars(
        db.select(AccessReview.id).where(AccessReview.company_id == town.acme.id)
    ).all()
    ids |= {"access_review": list(reviews)}
    without = {"access_review"} if reviews else set()
    world = Spoiled("x", town.acme.id, ids, without, number=turn + 1_000, turn=turn)
    marking.hide(world)
    if user:
        marking.mark_login(world, user)
    asked = {
        "confirmed_at": now(),
        "expires_at": now() + timedelta(days=9),
        "ended_at": None,
        "ended_as": None,
    }
    db.session.execute(sa.update(AccessRequest).where(AccessRequest.company_id == town.acme.id).values(asked))
    person = StaffUser(email="x", email_key=f"x{turn}", name="x", role="support")
    db.session.add_all([person, Category(code=f"x{turn}", name=text_for(Category.__table__.c.name, turn))])
    db.session.flush()
    spoil(person, turn)
    return {name: found[0] for name, found in world.ids.items()} | {"staff_user": person.id}


def _login(turn: int) -> PortalUser:
    user = PortalUser(first_name="A", last_name="B", email="x", email_key=f"x{turn}@acme.example")
    db.session.add(user)
    db.session.flush()
    return user


def spoil(row: Any, turn: int) -> None:
    """Put the strings from `turn` on into every text of a row, but for what it is found by."""
    table = row.__table__
    texts = [each for each in marking.texts(table) if each.name not in _FIXED and not _single(each)]
    values = {column.name: text_for(column, turn + place) for place, column in enumerate(texts)}
    db.session.execute(sa.update(table).where(table.c.id == row.id).values(values))


def spoil_what_there_is_one_of(town: SimpleNamespace, turn: int) -> None:
    """Put the strings from `turn` on into the vendor, the company, the terms, and those who look at them."""
    looks = db.session.get_one(Contact, town.mia.id)
    rows = [db.session.get_one(StaffUser, town.sue.id), looks, looks.company, looks.user]
    for model in (Branding, TermsVersion, SignInSession, StaffSession, ContactType):
        rows += db.session.scalars(db.select(model).limit(3)).unique()
    for place, row in enumerate(rows):
        spoil(row, turn + 7 * place)
