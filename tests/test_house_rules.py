"""The rules of the house that no other tool knows: what stands where, how long it gets, what it is called."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "portal").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [file for file in TEMPLATES if "mail" not in file.relative_to(ROOT / "templates").parts]

LONGEST_FUNCTION = 25
LONGEST_MODULE = 300
LONGEST_TEMPLATE = 100
# A room of macros is a box of parts, each of them short.
BOXES_OF_PARTS = {"_ui.html"}


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def places(pattern: str, files: list[Path]) -> set[str]:
    found = re.compile(pattern)
    return {name(file) for file in files if found.search(file.read_text())}


def test_only_the_transaction_commits():
    assert places(r"\.commit\(", MODULES) <= {"portal/transaction.py"}


def test_only_one_room_speaks_to_htmx():
    assert places(r"[\"']HX-", MODULES) <= {"portal/htmx.py"}


def test_views_build_no_query():
    views = [file for file in MODULES if "views" in file.parts]
    question = r"(?<![.\w])select\(|session\.(execute|scalars?|add|delete)\("
    # Whether the database answers at all is no question about what is in it.
    assert places(question, views) <= {"portal/views/well_known.py"}


@pytest.mark.parametrize(
    "pattern",
    [
        r"\sstyle\s*=",
        r"<style\b",
        r"<script(?![^>]*\bsrc=)",
        r"\son[a-z]+\s*=",
        r"\bhx-on\b",
        r"[\"']js:",
        r"[\"'(]data:",
        r"\|\s*safe\b",
        r"javascript:",
    ],
)
def test_stands_in_no_page(pattern):
    assert places(pattern, PAGES) == set()


def test_only_the_mails_switch_escaping_off():
    assert places(r"autoescape\s+false", TEMPLATES) == set()


def test_pages_name_no_role_and_no_permission():
    # Who may do what is decided by the policy; a page is only told what it may show.
    assert places(r"{%-?\s*(el)?if[^%]*\b(in|==)\s+[\w.]*\.(permissions|roles)\b", PAGES) == set()


def test_every_module_says_in_a_sentence_what_lives_there():
    first = {file: (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0] for file in MODULES}
    assert {name(file) for file, words in first.items() if not words.endswith((".", ":"))} == set()


def test_public_functions_say_what_they_are_for():
    silent = set()
    for file in MODULES:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                silent |= set() if ast.get_docstring(node) else {f"{name(file)}: {node.name}"}
    assert silent == set()


def test_nothing_is_called_by_a_word_that_says_nothing():
    files = [*MODULES, *TEMPLATES, *(ROOT / "tests").rglob("*.py")]
    assert [name(file) for file in files if re.search(r"util|helper|manager|service|misc", file.stem)] == []


def test_nothing_is_left_for_later():
    assert places(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", [*MODULES, *TEMPLATES]) == set()


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Every function with the number of its lines, its documentation left out."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield f"{name(file)}: {node.name}", (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_stay_short():
    found = [function for file in MODULES for function in functions(file)]
    assert {function: lines for function, lines in found if lines > LONGEST_FUNCTION} == {}


def lengths(files: list[Path], longest: int) -> dict[str, int]:
    """The files that are longer than they may be."""
    counted = {name(file): len(file.read_text().splitlines()) for file in files}
    return {file: lines for file, lines in counted.items() if lines > longest}


def test_modules_stay_short():
    assert lengths(MODULES, LONGEST_MODULE) == {}


def test_templates_stay_short():
    assert lengths([file for file in TEMPLATES if file.name not in BOXES_OF_PARTS], LONGEST_TEMPLATE) == {}
