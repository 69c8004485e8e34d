"""What is wrong with a row of contacts, and what will become of it: asked of form, policy and lifecycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from portal import lifecycle, policy
from portal.actions.newcomers import Newcomer, prepared, prepared_change
from portal.forms.contact import PERMISSIONS, TOPICS
from portal.forms.contact_row import ACCESS_WORDS, LEVEL_WORDS, ContactRow, meaning
from portal.forms.fields import clean, options
from portal.importing.lists import parted
from portal.lifecycle import Move
from portal.models import (
    CLIENT_ADMIN,
    Company,
    Contact,
    ContactType,
    Import,
    ImportRow,
    Outcome,
    Permission,
    Scope,
)
from portal.models.keys import email_key, fold
from portal.policy import Actor
from portal.queries import imports
from portal.queries.imports import Vocabulary

# What the form and the table call the same.
_FIELDS = ("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email", "notes")
_LABELS = {
    "honorific": "Title",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "phone": "Phone",
    "mobile": "Mobile",
    "email": "Email",
    "notes": "Notes",
    "contact_type": "Contact type",
    "access": "Authorize user",
    "roles": "Roles",
    "category": "Category",
    "permissions": "Permissions",
    "topics": "E-mail about",
}
Problems = list[list[str]]


@dataclass
class Read:
    """One row as far as it could be understood."""

    number: int
    details: dict[str, str] = field(default_factory=dict)
    category: Any = None
    new: Newcomer | None = None
    problems: Problems = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """What tells it from the other rows."""
        email = self.details.get("email")
        return (
            email_key(email) if email and not any(column == "Email" for column, _ in self.problems) else None
        )

    @property
    def name(self) -> str:
        """What the row is called on the page."""
        return f"{self.details.get('first_name', '')} {self.details.get('last_name', '')}".strip()[:200]


class ContactRows:
    """Looks at the rows of one import; made anew for each stretch of work."""

    def __init__(self, imported: Import, company: Company, by: Actor, words: Vocabulary) -> None:
        self._imported, self._company, self._by, self._words = imported, company, by, words
        self._form = ContactRow(formdata=None)
        self._form.contact_type.choices = options(*((each.code, each.name) for each in words.types))
        self._form.roles.choices = options(*((role.id, role.name) for role in words.roles))
        self._form.category.choices = options(
            ("", ""), *((each.code, each.name) for each in words.categories)
        )
        self._known: dict[str, dict[str, Any]] = {
            "contact_type": _by_name((each.name, each) for each in words.types),
            "category": _by_name((each.name, each) for each in words.categories),
            "roles": _by_name((role.name, role) for role in words.roles),
            "permissions": _by_name((str(each.label), Permission(each.value)) for each in PERMISSIONS),
            "topics": _by_name((str(each.label), each.value) for each in TOPICS),
            "properties": _by_name((place.name, place) for place in words.places),
        }
        self._first = int(imported.choices.get("first") or 0) if words.primary is None else 0

    def look(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[ImportRow]:
        """Return what becomes of each of `rows`: pairs of number and cells by the name of their field."""
        read = [self._read(number, cells) for number, cells in rows]
        keys = {each.key for each in read if each.key}
        there = imports.having(self._company.id, keys)
        before = imports.seen_before(self._imported.id, keys)
        return [self._judge(each, there, before) for each in read]

    def _judge(self, read: Read, there: dict[str, Contact], before: dict[str, int]) -> ImportRow:
        row = ImportRow(import_id=self._imported.id, number=read.number, name=read.name, match_key=read.key)
        row.ready = {}
        twin = before.setdefault(read.key, read.number) if read.key else read.number
        if twin != read.number:
            read.problems.append(["Email", f"Row {twin} has the same address."])
        contact = there.get(read.key or "")
        if read.problems or (contact is None and read.new is None):
            row.outcome = Outcome.ERROR
        elif contact is not None:
            self._meet(row, read, contact)
        else:
            assert read.new is not None
            row.outcome = Outcome.ADD
            row.ready = prepared(self._company, read.new, f"import-{self._imported.id}-{read.number}")
        row.problems = read.problems
        return row

    def _meet(self, row: ImportRow, read: Read, contact: Contact) -> None:
        """Say what becomes of a row whose address a contact has already."""
        row.contact_id, row.version, row.outcome = contact.id, contact.version, Outcome.SKIP
        reason = f"{contact.name} has this address already."
        if self._imported.choices.get("twins") == "update":
            reason = (
                lifecycle.objection(contact, Move.EDIT)
                or policy.objection(self._by, Move.EDIT, contact)
                or "It is so already."
            )
            row.ready = prepared_change(contact, read.details, read.category)
            if row.ready and reason == "It is so already.":
                row.outcome = Outcome.UPDATE
                return
            row.ready = {}
        read.problems.append(["", reason])

    def _read(self, number: int, cells: Mapping[str, str]) -> Read:
        read = Read(number)
        values = {name: cells.get(name, "") for name in _FIELDS}
        if cells.get("name"):
            first, _, last = clean(cells["name"]).rpartition(" ")
            values |= {"first_name": first or last, "last_name": last if first else ""}
        picked = self._picked(cells, read.problems)
        form = self._filled(values, picked)
        if not form.validate():
            read.problems += [[_LABELS.get(name, name), str(each[0])] for name, each in form.errors.items()]
        read.details = {name: form.value(name) or "" for name in _FIELDS}
        read.category = picked["category"]
        if not read.problems:
            read.new = self._newcomer(read, picked)
        return read

    def _filled(self, values: Mapping[str, str], picked: Mapping[str, Any]) -> ContactRow:
        filled = MultiDict(values)
        filled["access"] = picked["access"]
        kinds = self._words.types
        filled["contact_type"] = (picked["contact_type"] or next(each for each in kinds)).code
        filled["category"] = picked["category"].code if picked["category"] else ""
        for name, values_of in (("roles", lambda role: role.id), ("permissions", str), ("topics", str)):
            filled.setlist(name, [str(values_of(each)) for each in picked[name]])
        self._form.process(filled)
        return self._form

    def _picked(self, cells: Mapping[str, str], problems: Problems) -> dict[str, Any]:
        """Return what the words of a row stand for; adds to `problems` where they stand for nothing."""
        several = {
            name: self._several(name, label, cells, problems)
            for name, label in (
                ("roles", "Roles"),
                ("permissions", "Permissions"),
                ("topics", "E-mail about"),
            )
        }
        return {
            **several,
            "properties": self._several("properties", "Properties", cells, problems),
            "contact_type": self._one("contact_type", "Contact type", cells, problems),
            "category": self._one("category", "Category", cells, problems),
            "access": self._access(cells.get("access", ""), problems),
            "level": _said("Level", cells.get("level", ""), LEVEL_WORDS, problems),
        }

    def _several(self, name: str, label: str, cells: Mapping[str, str], problems: Problems) -> list[Any]:
        found = []
        for word in parted(cells.get(name, "")):
            thing = self._known[name].get(fold(word))
            if thing is None:
                problems.append([label, f"There is no {_SINGLE[name]} called {word[:100]}."])
            elif thing not in found:
                found.append(thing)
        return found

    def _one(self, name: str, label: str, cells: Mapping[str, str], problems: Problems) -> Any:
        word = clean(cells.get(name, ""))
        thing = self._known[name].get(fold(word)) if word else None
        if word and thing is None:
            problems.append([label, f"There is no {_SINGLE[name]} called {word[:100]}."])
        return thing

    def _access(self, cell: str, problems: Problems) -> str:
        chosen = self._imported.choices.get("access", "none")
        if chosen != "file":
            return chosen
        return _said("Authorize user", cell, ACCESS_WORDS, problems) or "none"

    def _newcomer(self, read: Read, picked: dict[str, Any]) -> Newcomer | None:
        """Return the contact that the row makes, or None with what speaks against it."""
        kind = self._kind(read, picked["contact_type"])
        roles, boxes = frozenset(picked["roles"]), frozenset(picked["permissions"])
        if read.number == self._first:
            roles |= {role for role in self._words.roles if role.code == CLIENT_ADMIN}
        gives = boxes.union(*(role.permissions for role in roles))
        scope = picked["level"] or (Scope.PROPERTY if picked["properties"] else Scope.CLIENT)
        if not policy.may_give(self._by, gives, None):
            read.problems.append(["Permissions", "You cannot give a permission that you do not hold."])
        if scope == Scope.PROPERTY and Permission.ADMIN in gives:
            read.problems.append(
                ["Level", "An admin sees the entire client. Take the level or the role away."]
            )
        if read.problems:
            return None
        return Newcomer(
            details=read.details,
            kind=kind,
            category=picked["category"],
            access=picked["access"],
            roles=roles,
            boxes=boxes,
            topics=frozenset(picked["topics"]),
            scope=str(scope),
            places=tuple(picked["properties"]),
        )

    def _kind(self, read: Read, wanted: ContactType | None) -> ContactType:
        """Return the contact type of a new contact: the first of a company is its Primary (P13)."""
        primary, ordinary = (
            next(each for each in self._words.types if each.is_primary is is_primary)
            for is_primary in (True, False)
        )
        if read.number == self._first:
            return primary
        if wanted is not None and wanted.is_primary:
            read.problems.append(["Contact type", self._primary_already()])
        return wanted or ordinary

    def _primary_already(self) -> str:
        if self._words.primary is None:
            return f"A company has one Primary contact, and row {self._first} is it."
        name = self._words.primary.name
        return f"{name} is the Primary contact. Choose another one on the page of a contact."


_SINGLE = {
    "roles": "role",
    "permissions": "permission",
    "topics": "topic",
    "properties": "property",
    "contact_type": "contact type",
    "category": "category",
}


def _said(label: str, cell: str, words: dict[str, tuple[str, ...]], problems: Problems) -> str | None:
    if not clean(cell):
        return None
    found = meaning(cell, words)
    if found is None:
        problems.append([label, f"Use one of: {', '.join(names[0] for names in words.values())}."])
    return found


def _by_name(pairs: Any) -> dict[str, Any]:
    return {fold(name): thing for name, thing in pairs}
