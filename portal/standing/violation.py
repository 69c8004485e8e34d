"""What was found broken: the rule, and in words which row breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One row, or one number, that breaks a rule."""

    rule: str
    words: str


Rule = Callable[[], Iterator[str]]
