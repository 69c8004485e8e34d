"""What the words in a row of contacts stand for: roles, permissions, properties, access and the like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.forms.contact import PERMISSIONS, TOPICS
from portal.forms.contact_row import ACCESS_WORDS, LEVEL_WORDS, STATUS_WORDS, meaning
from portal.forms.fields import clean
from portal.importing.columns import CONTACT_FIELDS, WHOSE
from portal.importing.lists import parted
from portal.models import Category, ContactType, Permission, Property, Role
from portal.models.keys import fold
from portal.queries.imports import Vocabulary

Problems = list[list[str]]
_SINGLE = {
    "roles": "role",
    "permissions": "permission",
    "topics": "topic",
    "properties": "property",
    "contact_type": "contact type",
    "category": "category",
}
LABELS = {each.name: each.label for each in (*CONTACT_FIELDS, WHOSE)}


@dataclass
class Picked:
    """What the words of a row stand for, and where they stand for nothing."""

    roles: list[Role] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    contact_type: ContactType | None = None
    category: Category | None = None
    category_said: str = ""
    access: str = "none"
    level: str | None = None
    inactive: bool = False
    problems: Problems = field(default_factory=list)


class Words:
    """The words that a table for one company can use."""

    def __init__(self, words: Vocabulary, access: str) -> None:
        """`access` is what everybody gets, "file" where each row says it."""
        self._access = access
        self._known: dict[str, dict[str, Any]] = {
            "contact_type": _by_name((each.name, each) for each in words.types),
            "category": _by_name((each.name, each) for each in words.categories),
            "roles": _by_name((role.name, role) for role in words.roles),
            "permissions": _by_name((str(each.label), Permission(each.value)) for each in PERMISSIONS),
            "topics": _by_name((str(each.label), each.value) for each in TOPICS),
            "properties": _by_name((place.name, place) for place in words.places),
        }

    def pick(self, cells: Mapping[str, str]) -> Picked:
        """Return what the cells of a row stand for."""
        found = Picked(category_said=clean(cells.get("category")))
        for name in ("roles", "permissions", "topics", "properties"):
            setattr(found, name, self._meant(name, parted(cells.get(name, "")), found.problems))
        for name in ("contact_type", "category"):
            things = self._meant(name, filter(None, [clean(cells.get(name))]), found.problems)
            setattr(found, name, things[0] if things else None)
        if self._access == "file":
            found.access = _said(cells, "access", ACCESS_WORDS, found.problems) or "none"
        else:
            found.access = self._access
        found.level = _said(cells, "level", LEVEL_WORDS, found.problems)
        found.inactive = _said(cells, "status", STATUS_WORDS, found.problems) == "inactive"
        return found

    def _meant(self, name: str, said: Iterable[str], problems: Problems) -> list[Any]:
        found = []
        for word in said:
            thing = self._known[name].get(fold(word))
            if thing is None:
                problems.append([LABELS[name], f"There is no {_SINGLE[name]} called {word[:100]}."])
            elif thing not in found:
                found.append(thing)
        return found


def _said(
    cells: Mapping[str, str], name: str, words: dict[str, tuple[str, ...]], problems: Problems
) -> str | None:
    cell = cells.get(name, "")
    if not clean(cell):
        return None
    found = meaning(cell, words)
    if found is None:
        problems.append([LABELS[name], f"Use one of: {', '.join(names[0] for names in words.values())}."])
    return found


def _by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {fold(name): thing for name, thing in pairs}
