"""Every case has a test of its name: `ids.tsv` lists the cases and the area, which is the file, of each."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = [line.split("\t") for line in (HERE / "ids.tsv").read_text().splitlines()]


def test_the_list_is_whole():
    assert len(CASES) == len({case for case, _ in CASES}) == 48


@pytest.mark.parametrize(("case", "area"), CASES)
def test_has_a_test_in_the_file_of_its_area(case, area):
    tree = ast.parse((HERE / f"test_{area}.py").read_text())
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert [name for name in names if name.startswith(f"test_{case}_")]
