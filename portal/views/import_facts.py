"""What the page of an import says of its rows: what they will be, what is wrong, their sums (S9)."""

from collections.abc import Sequence
from typing import Any

from flask import g

from portal.actions import imports as actions
from portal.actions.flood import allowance
from portal.importing.contacts import SO_ALREADY
from portal.importing.kind import SHOWN
from portal.importing.registry import KINDS
from portal.models import Import, ImportRow, ImportState, Outcome
from portal.queries import imports

_MOST_NAMED = 12
Told = list[tuple[ImportRow, list[list[str]]]]


def facts(imported: Import) -> dict[str, Any]:
    """Return what the page shows of the rows, by the names that its template uses."""
    checked, kind = imported.state == ImportState.CHECKED, KINDS[imported.kind]
    rest = imported.adds + imported.updates
    wrong = imports.rows(imported, (Outcome.ERROR,), imports.SHOWN) if imported.errors else []
    skipped = imports.rows(imported, (Outcome.SKIP,), imports.SHOWN) if checked else []
    unfilled = _unfilled(imported, wrong)
    return {
        "wrong": _without(wrong, unfilled),
        "unfilled": unfilled,
        "skipped": _without(skipped, []),
        "nothing_to_do": _nothing_to_do(imported, skipped) if checked and not rest + len(wrong) else "",
        "outlook": _outlook(imported) if checked and rest else [],
        "left_out": _left_out(imported),
        "caution": kind.caution(imported) if checked else "",
        "sums": _sums(imported) if checked and rest and kind.summed else [],
        "invited": kind.invited(imported) if kind.invited and checked else None,
        "allowance": allowance(imported) if kind.invited and checked else None,
        "rest": rest,
        "no_primary": actions.NO_PRIMARY if checked and imports.lacks_primary(imported) else "",
        "most": imports.SHOWN,
        # A customer's own table is about one company; the vendor's may be about any, so it says which (T16).
        "touched": imports.touched(imported) if checked and not g.get("membership") else [],
    }


def _unfilled(imported: Import, wrong: Sequence[ImportRow]) -> list[list[str]]:
    """Return what is wrong with every row for want of a column: pairs of its label and the sentence."""
    kind = KINDS[imported.kind]
    given = {*imported.mapping, *(name for one in imported.mapping for name in kind.instead.get(one, ()))}
    labels = {each.label for each in kind.fields if each.name not in given}
    if len(wrong) < 2:
        return []
    every = [each for each in wrong[0].problems if all(each in row.problems for row in wrong)]
    return [each for each in every if each[0] in labels]


def _without(rows: Sequence[ImportRow], unfilled: list[list[str]]) -> Told:
    """Return rows with their problems, but those said once for all, and no row that has no other."""
    told = [(row, [each for each in row.problems if each not in unfilled]) for row in rows]
    return [(row, problems) for row, problems in told if problems or not unfilled]


def _nothing_to_do(imported: Import, skipped: Sequence[ImportRow]) -> str:
    """Return why nothing can be started, in a sentence."""
    same = all([problem[1] for problem in row.problems] == [SO_ALREADY] for row in skipped)
    one, number = imported.total == 1, f"{imported.total:,}"
    if same:
        so = "the only row is as it is" if one else f"all {number} rows are as they are"
        return f"Nothing to do: {so} here."
    return f"Nothing to do: {'the only row is' if one else f'all {number} rows are'} skipped."


def _outlook(imported: Import) -> list[ImportRow]:
    rows = imports.rows(imported, (Outcome.ADD, Outcome.UPDATE), SHOWN)
    return [row for row in rows if row.ready.get("shown")]


def _left_out(imported: Import) -> str:
    """Return the names of the columns that fill nothing, the first of many."""
    columns = enumerate(zip(imported.header, imported.mapping, strict=True), 1)
    names = [name or f"Column {number}" for number, (name, field) in columns if not field]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _sums(imported: Import) -> list[tuple[str, int]]:
    """Return the amounts of all rows with their labels, and their total."""
    kind = KINDS[imported.kind]
    labels = {each.name: each.label for each in kind.fields}
    amounts = imports.sums(imported, kind.summed)
    return [*zip([labels[name] for name in kind.summed], amounts, strict=True), ("Total", sum(amounts))]
