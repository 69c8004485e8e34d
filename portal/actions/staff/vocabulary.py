"""Keeping the vendor's contact types and categories: add, rename, order, archive, merge, use again (S6).

Nothing is ever deleted: what was written down with an old word keeps it.
"""

import re

from sqlalchemy import update

from portal import audit, staff_policy
from portal.clock import now
from portal.extensions import db
from portal.models import Category, Contact, ContactType
from portal.models.folding import fold
from portal.policy import Actor
from portal.queries.staff import vocabulary
from portal.queries.staff.vocabulary import Kind, Word
from portal.refusals import FieldRefusal, NotNow
from portal.staff_policy import Deed

NAME = {ContactType: "contact type", Category: "category"}
_NO_CODE = re.compile("[^a-z0-9]+")


def add(kind: Kind, name: str, by: Actor) -> Word:
    """Return a new word of `kind`, the last in its order. Raises FieldRefusal for a name that is taken."""
    there = _begin(kind, by)
    _demand_free(there, name, kind)
    code = _code(name, {each.code for each in there})
    position = max((each.position for each in there), default=0) + 1
    word = kind(code=code, name=name, position=position)
    db.session.add(word)
    audit.record(f"added the {NAME[kind]}", by=by, about=name)
    return word


def rename(word: Word, name: str, by: Actor) -> bool:
    """Call `word` something else, for everybody who has it; return whether that changed anything.

    Raises FieldRefusal for a name that is taken.
    """
    kind = type(word)
    _demand_free([each for each in _begin(kind, by) if each is not word], name, kind)
    if word.name == name:
        return False
    before, word.name = word.name, name
    audit.record(f"renamed the {NAME[kind]}", by=by, about=name, changes={"Name": (before, name)})
    return True


def move(word: Word, step: int, by: Actor) -> bool:
    """Put `word` one place up (-1) or down (1) in the order; return whether there was a place to go to."""
    kind = type(word)
    live = [each for each in _begin(kind, by) if each.archived_at is None]
    place = live.index(word) if word in live else -1
    if place < 0 or not 0 <= place + step < len(live):
        return False
    before = ", ".join(each.name for each in live)
    live[place], live[place + step] = live[place + step], live[place]
    for position, each in enumerate(live):
        each.position = position
    changes = {"Order": (before, ", ".join(each.name for each in live))}
    audit.record(f"moved the {NAME[kind]}", by=by, about=word.name, changes=changes)
    return True


def archive(word: Word, successor: Word | None, by: Actor) -> int:
    """Offer `word` no longer, and give its people `successor` where there is one; return how many that were.

    Without a successor they keep it. Raises NotNow for the Primary, for the only contact type beside it and
    for what is archived already; FieldRefusal for a successor that cannot be chosen.
    """
    kind = type(word)
    there = _begin(kind, by)
    demand_spare(word, there)
    if successor is not None and (successor is word or not ordinary(successor)):
        raise FieldRefusal("successor", "Choose one that can still be chosen.")
    word.archived_at = now()
    people = _hand_over(word, successor, by) if successor is not None else 0
    what = f"merged the {NAME[kind]}" if successor is not None else f"archived the {NAME[kind]}"
    changes = {"Name": (word.name, successor.name), "People": ("", str(people))} if successor else {}
    audit.record(what, by=by, about=word.name, changes=changes)
    return people


def restore(word: Word, by: Actor) -> None:
    """Offer an archived `word` again, as the last one. Raises NotNow where it is not archived."""
    there = _begin(type(word), by)
    if word.archived_at is None:
        raise NotNow(f"{word.name} can be chosen already.")
    word.archived_at, word.position = None, max(each.position for each in there) + 1
    audit.record(f"brought back the {NAME[type(word)]}", by=by, about=word.name)


def ordinary(word: Word) -> bool:
    """Return whether people can be given `word`: it is neither archived nor the Primary."""
    return word.archived_at is None and not (isinstance(word, ContactType) and word.is_primary)


def demand_spare(word: Word, there: list[Word]) -> None:
    """Raise NotNow where `word`, one of those that are `there`, has to stay."""
    if isinstance(word, ContactType) and word.is_primary:
        raise NotNow(f"{word.name} has a rule of its own: every company has exactly one. It stays.")
    if word.archived_at is not None:
        raise NotNow(f"{word.name} is archived already.")
    if isinstance(word, ContactType) and not any(ordinary(each) for each in there if each is not word):
        raise NotNow("One contact type beside the Primary has to stay. Add another one first.")


def _begin(kind: Kind, by: Actor) -> list[Word]:
    staff_policy.demand(by.staff_role, Deed.KEEP_SETTINGS)
    return vocabulary.locked(kind)


def _hand_over(word: Word, successor: Word, by: Actor) -> int:
    """Give the people of `word` its successor; each company finds it in its activity, once."""
    companies = vocabulary.companies_with(word)
    column = "contact_type_id" if isinstance(word, ContactType) else "category_id"
    values = {column: successor.id, "version": Contact.version + 1, "changed_at": now()}
    mine = update(Contact).where(*vocabulary.having(word)).values(values)
    db.session.execute(mine.execution_options(synchronize_session=False))
    label = NAME[type(word)]
    for company_id, people in companies:
        changes = {label.capitalize(): (word.name, successor.name)}
        about = f"{people} contact{'' if people == 1 else 's'}"
        audit.record(f"changed the {label} of", by=by, company_id=company_id, about=about, changes=changes)
    return sum(people for _, people in companies)


def _demand_free(others: list[Word], name: str, kind: Kind) -> None:
    same = next((each for each in others if fold(each.name) == fold(name)), None)
    if same is None:
        return
    cure = "It is archived: use it again instead." if same.archived_at else "Choose another name."
    raise FieldRefusal("name", f"There is already a {NAME[kind]} called {same.name}. {cure}")


def _code(name: str, taken: set[str]) -> str:
    """Return what addresses call the word: it stays when the name changes."""
    plain = _NO_CODE.sub("-", fold(name)).strip("-")[:30].strip("-") or "word"
    tries = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in tries if each not in taken)
