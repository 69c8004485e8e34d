"""Bar charts as numbers that a template draws: at most two series, labels left to HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BAR, GAP, BETWEEN = 22, 4, 22
HEIGHT = 160
STEPS = 4
# More names than these would touch each other on a phone.
NAMES_SHOWN = 12


@dataclass(frozen=True)
class Bar:
    """One bar; `before` says that it belongs to the second, paler series."""

    x: int
    y: float
    height: float
    before: bool


@dataclass
class Chart:
    """What the template draws, and the same as a table."""

    finding: str
    series: list[str]
    names: list[str]
    steps: list[str]
    rows: list[tuple[str, ...]]
    bars: list[Bar] = field(default_factory=list)
    width: int = 0

    height = HEIGHT
    bar = BAR
    grid = tuple(HEIGHT * number // STEPS for number in range(STEPS + 1))


def chart(
    finding: str,
    labels: Sequence[tuple[str, str]],
    series: Sequence[tuple[str, Sequence[int]]],
    spell: Callable[[int], str],
    *,
    least: int = 1,
    spell_step: Callable[[int], str] | None = None,
) -> Chart:
    """Return the chart of one or two `series` of whole numbers, a name and a value for each label.

    `labels` are pairs of a short and a full name; `finding` is a sentence on what the chart shows;
    `least` is the smallest step of the scale.
    """
    step = _step(max((value for _, values in series for value in values), default=0), least)
    every = -(-len(labels) // NAMES_SHOWN)
    answer = Chart(
        finding,
        [name for name, _ in series],
        [short if number % every == 0 else "" for number, (short, _) in enumerate(labels)],
        [(spell_step or spell)(step * number) for number in range(STEPS, -1, -1)],
        [(full, *(spell(values[number]) for _, values in series)) for number, (_, full) in enumerate(labels)],
    )
    slot = len(series) * BAR + (len(series) - 1) * GAP + BETWEEN
    answer.width = slot * len(labels)
    for place, (_, values) in enumerate(series):
        for number, value in enumerate(values):
            height = round(HEIGHT * max(value, 0) / (step * STEPS), 1)
            x = slot * number + BETWEEN // 2 + place * (BAR + GAP)
            answer.bars.append(Bar(x, HEIGHT - height, height, before=place > 0))
    return answer


def _step(most: int, least: int) -> int:
    """Return the smallest of `least` times 1, 2, 2.5, 5, 10, ... with which the scale reaches `most`."""
    ten = least
    while True:
        for step in (ten, ten * 2, ten * 5 // 2, ten * 5):
            if step * STEPS >= most and step % least == 0:
                return step
        ten *= 10
