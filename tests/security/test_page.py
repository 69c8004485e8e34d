"""docs/security.md: no requirement and no threat is missing, and every test it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text()
CITED = re.compile(r"`((?:\w+/)*test_\w+\.py)((?:::\w+)*)`")
# Groups A to F of what people will try.
THREATS = [f"T{number:02}" for number in range(1, 80)]
WITHOUT_TEST = ("page: ", "none here", "not yet: ", "no test: ")


def rows(first: str) -> dict[str, list[str]]:
    """The cells of the rows whose first cell matches `first`, by that cell."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"
    ]
    found = [row for row in cells if re.fullmatch(first, row[0])]
    assert len({row[0] for row in found}) == len(found), "an id stands there twice"
    return {row[0]: row for row in found}


ASVS = rows(r"\d+\.\d+\.\d+")
TRIED = rows(r"T\d\d")


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((TESTS / file).read_text())


def nodes(file: str, names: str) -> list[ast.AST]:
    """The module, the class and the function that `file` and `::Class::test` name. Raises StopIteration."""
    found: list = [parsed(file)]
    for name in names.split("::")[1:]:
        found.append(next(each for each in found[-1].body if getattr(each, "name", None) == name))
    return found


def docstring(file: str, names: str) -> str:
    return " ".join(ast.get_docstring(node) or "" for node in nodes(file, names))


def test_every_requirement_has_its_row():
    """ASVS 5.0.0: 70 of level 1 and 183 of level 2."""
    lines = (Path(__file__).parent / "asvs_5_0_0.txt").read_text().splitlines()[1:]
    wanted = dict(line.split() for line in lines)
    assert sorted(wanted.values()).count("1") == 70
    assert sorted(wanted.values()).count("2") == 183
    assert {name: row[1] for name, row in ASVS.items()} == wanted


def test_every_threat_has_its_row():
    assert list(TRIED) == THREATS


@pytest.mark.parametrize("table", [ASVS, TRIED], ids=["ASVS", "threats"])
def test_every_row_has_a_test_or_a_reason(table):
    bare = [
        name
        for name, row in table.items()
        if not CITED.search(row[-1]) and not row[-1].startswith(WITHOUT_TEST)
    ]
    assert bare == []


def test_every_test_that_is_named_exists():
    gone = []
    for file, names in sorted(set(CITED.findall(PAGE))):
        try:
            nodes(file, names)
        except (StopIteration, FileNotFoundError):
            gone.append(file + names)
    assert gone == []


def test_what_looks_like_a_test_is_read_as_one():
    named = set(re.findall(r"`([^`]*test_\w+\.py[^`]*)`", PAGE))
    assert named == {file + names for file, names in CITED.findall(PAGE)}


def test_a_test_of_a_threat_names_it():
    """In its own words, those of its class, or those of its file."""
    silent = [
        (threat, file + names)
        for threat, row in TRIED.items()
        for file, names in CITED.findall(row[-1])
        if not re.search(rf"\b{threat}\b", docstring(file, names))
    ]
    assert silent == []


def test_the_pages_it_leads_to_are_there():
    for place in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (TESTS.parent / "docs" / place).exists(), place
