"""What is wrong with a row of contacts, and what will become of it: asked of form, policy and lifecycle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from portal import lifecycle, policy
from portal.actions.newcomers import Newcomer, prepared, prepared_change
from portal.forms.contact_row import ContactRow
from portal.forms.fields import clean, options
from portal.importing import present
from portal.importing.columns import WHOSE, quoted
from portal.importing.contact_cells import DETAILS, Said, said
from portal.importing.contact_words import LABELS, Picked, Problems, Words
from portal.importing.kind import SHOWN
from portal.importing.out import outlook
from portal.importing.whose import demand_own
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
from portal.models.keys import fold
from portal.policy import Actor
from portal.queries import imports
from portal.queries.imports import Vocabulary
from portal.refusals import FieldRefusal

NOBODY = "There is no name, address or number in this row."
NAMELESS = "This row has no name. Enter the first name and the last name."
SO_ALREADY = "It is so already."
_LONGEST_NOTES = 5_000


@dataclass
class Read:
    """One row as far as it could be understood: `problems` are of its details, `when_new` all others."""

    number: int
    said: Said
    picked: Picked
    details: dict[str, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=list)
    when_new: Problems = field(default_factory=list)
    elsewhere: str = ""  # why it is none of the client's
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the row is called on the page."""
        return f"{self.details.get('first_name', '')} {self.details.get('last_name', '')}".strip()[:200]


class ContactRows:
    """Looks at the rows of one import; made anew for each stretch of work."""

    def __init__(self, imported: Import, company: Company, by: Actor, words: Vocabulary) -> None:
        self._imported, self._company, self._by, self._vocabulary = imported, company, by, words
        self._words = Words(words, imported.choices.get("access", "none"))
        self._form = ContactRow(formdata=None)
        self._form.contact_type.choices = options(*((each.code, each.name) for each in words.types))
        self._form.roles.choices = options(*((role.id, role.name) for role in words.roles))
        self._form.category.choices = options(
            ("", ""), *((each.code, each.name) for each in words.categories)
        )
        self._left_to_show = SHOWN
        self._first = int(imported.choices.get("first") or 0) if words.primary is None else 0

    def look(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[ImportRow]:
        """Return what becomes of each of `rows`: pairs of number and cells by the name of their field."""
        read = [self._read(number, cells) for number, cells in rows]
        found = present.find(self._company.id, [each.details for each in read])
        keys = [
            None if each.elsewhere else present.key(each.details, met.contact)
            for each, met in zip(read, found, strict=True)
        ]
        before = imports.seen_before(self._imported.id, {key for key in keys if key})
        return [self._judge(*facts, before) for facts in zip(read, found, keys, strict=True)]

    def _judge(self, read: Read, met: present.Met, key: str | None, before: dict[str, int]) -> ImportRow:
        row = ImportRow(import_id=self._imported.id, number=read.number, name=read.name, match_key=key)
        row.ready, row.outcome = {}, Outcome.SKIP
        twin = before.setdefault(key, read.number) if key else read.number
        if read.said.nobody:
            row.problems = [["", NOBODY]]
        elif read.elsewhere:
            row.outcome, row.problems = Outcome.ERROR, [[WHOSE.label, read.elsewhere]]
        elif met.contact is not None and (twin == read.number or not self._updates):
            self._meet(row, read, met.contact)
        elif twin != read.number and read.details["email"] and met.contact is None:
            row.outcome, row.problems = Outcome.ERROR, [["Email", f"Row {twin} has the same address."]]
        elif twin != read.number or met.unsure:
            row.problems = [["", met.unsure or f"Row {twin} is the same person."]]
        else:
            self._add(row, read)
        if row.outcome == Outcome.ERROR:
            row.problems = quoted(row.problems, LABELS, read.cells)
        return row

    @property
    def _updates(self) -> bool:
        return self._imported.choices.get("twins") == "update"

    def _add(self, row: ImportRow, read: Read) -> None:
        """Say what becomes of somebody who is not there yet."""
        new = self._newcomer(read)
        if new is None:
            row.outcome, row.problems = Outcome.ERROR, [*read.problems, *read.when_new]
            return
        row.outcome = Outcome.ADD
        row.ready = prepared(self._company, new, f"import-{self._imported.id}-{read.number}")
        row.problems = [["Notes", f"Kept there: {'; '.join(read.said.rest)}"]] if read.said.rest else []
        self._show(row, lambda: outlook(new))

    def _show(self, row: ImportRow, pairs: Callable[[], list[list[str]]]) -> None:
        """Keep what the row will be, in words, of the first few."""
        if self._left_to_show:
            self._left_to_show -= 1
            row.ready["shown"] = pairs()

    def _meet(self, row: ImportRow, read: Read, contact: Contact) -> None:
        """Say what becomes of a row whose person is a contact already; access and rights stay (P7)."""
        row.contact_id, row.version = contact.id, contact.version
        reason: str | None = f"{contact.name} is there already."
        if self._updates:
            change = prepared_change(contact, read.details, read.picked.category)
            wrong = [*(read.problems if change else []), *_wrong_category(read, contact)]
            reason = self._objection(contact) if change else SO_ALREADY
            if wrong or reason is None:
                row.outcome, row.problems = (Outcome.ERROR if wrong else Outcome.UPDATE), wrong
                row.ready = {} if wrong else change
                if change and not wrong:
                    told = change["told"][0]["changes"]
                    self._show(row, lambda: [[label, after] for label, (_, after) in told.items()])
                return
        row.problems = [["", reason or SO_ALREADY]]

    def _objection(self, contact: Contact) -> str | None:
        return lifecycle.objection(contact, Move.EDIT) or policy.objection(self._by, Move.EDIT, contact)

    def _read(self, number: int, cells: Mapping[str, str]) -> Read:
        found = Read(number, said(cells), self._words.pick(cells), cells=cells)
        form = self._filled(found.said.details, found.picked)
        if not form.validate():
            for name, errors in form.errors.items():
                known = name in DETAILS and (name != "email" or form.value("email"))
                (found.problems if known else found.when_new).append([LABELS[str(name)], str(errors[0])])
        if found.said.nameless:
            names = (LABELS["first_name"], LABELS["last_name"])
            others = [each for each in found.problems if each[0] not in names]
            found.problems = [[names[0], NAMELESS], *others]
        found.details = {name: form.value(name) or "" for name in DETAILS}
        found.when_new += found.picked.problems
        found.elsewhere = self._elsewhere(clean(cells.get(WHOSE.name)))
        return found

    def _elsewhere(self, words: str) -> str:
        """Return why a row is none of the client's, empty where it is."""
        try:
            demand_own(self._company, words)
        except FieldRefusal as refusal:
            return refusal.sentence
        return ""

    def _filled(self, values: Mapping[str, str], picked: Picked) -> ContactRow:
        filled = MultiDict(values)
        filled["access"] = picked.access
        kinds = self._vocabulary.types
        filled["contact_type"] = (picked.contact_type or next(each for each in kinds)).code
        filled["category"] = picked.category.code if picked.category else ""
        filled.setlist("roles", [str(role.id) for role in picked.roles])
        filled.setlist("permissions", [str(each) for each in picked.permissions])
        filled.setlist("topics", list(picked.topics))
        self._form.process(filled)
        return self._form

    def _newcomer(self, read: Read) -> Newcomer | None:
        """Return the contact that the row makes, or None with what speaks against it."""
        picked, problems = read.picked, read.when_new
        kind = self._kind(read)
        roles, boxes = frozenset(picked.roles), frozenset(picked.permissions)
        if read.number == self._first:
            roles |= {role for role in self._vocabulary.roles if role.code == CLIENT_ADMIN}
        gives = boxes.union(*(role.permissions for role in roles))
        scope = picked.level or (Scope.PROPERTY if picked.properties else Scope.CLIENT)
        if not policy.may_give(self._by, gives, None):
            problems.append(["Permissions", "You cannot give a permission that you do not hold."])
        if scope == Scope.PROPERTY and Permission.ADMIN in gives:
            problems.append(["Level", "An admin sees the entire client. Take the level or the role away."])
        if problems or read.problems:
            return None
        return Newcomer(
            details=read.details | {"notes": _notes(read)},
            kind=kind,
            category=picked.category,
            access=picked.access,
            roles=roles,
            boxes=boxes,
            topics=frozenset(picked.topics),
            scope=str(scope),
            places=tuple(picked.properties),
            inactive=picked.inactive,
        )

    def _kind(self, read: Read) -> ContactType:
        """Return the contact type of a new contact: the first of a company is its Primary (P13)."""
        wanted, types = read.picked.contact_type, self._vocabulary.types
        primary, ordinary = (
            next(each for each in types if each.is_primary is is_primary) for is_primary in (True, False)
        )
        if read.number == self._first:
            if read.picked.inactive:
                read.when_new.append(["Status", "The Primary contact cannot be inactive."])
            return primary
        if wanted is not None and wanted.is_primary:
            read.when_new.append(["Contact type", self._primary_already()])
        return wanted or ordinary

    def _primary_already(self) -> str:
        if self._vocabulary.primary is None:
            return f"A company has one Primary contact, and row {self._first} is it."
        name = self._vocabulary.primary.name
        return f"{name} is the Primary contact. Choose another one on the page of a contact."


def _wrong_category(read: Read, contact: Contact) -> Problems:
    """Return what is wrong with the category: one that is unknown, unless the contact still has it."""
    has = fold(contact.category.name) if contact.category else ""
    return [
        each
        for each in read.picked.problems
        if each[0] == LABELS["category"] and fold(read.picked.category_said) != has
    ]


def _notes(read: Read) -> str:
    """Return the notes of a new contact, with what the row holds that has no place of its own."""
    notes = read.details["notes"]
    return "\n".join(filter(None, [notes, *read.said.rest]))[: max(len(notes), _LONGEST_NOTES)]
