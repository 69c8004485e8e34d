"""Longer texts that staff write: headings, lists and paragraphs, told by how a line begins."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["heading", "list", "text"]


@dataclass
class Block:
    """One heading, list or paragraph, with its lines."""

    kind: Kind
    lines: list[str] = field(default_factory=list)


def blocks(text: str) -> list[Block]:
    """Return what `text` is made of: "# " begins a heading, "- " an entry of a list, an empty line ends both.

    Everything else is text as it was typed; no markup goes through.
    """
    found: list[Block] = []
    apart = True
    for line in text.splitlines():
        kind, said = _read(line)
        if said:
            if apart or kind == "heading" or found[-1].kind != kind:
                found.append(Block(kind))
            found[-1].lines.append(said)
        apart = not said
    return found


def _read(line: str) -> tuple[Kind, str]:
    said = line.strip()
    if said.startswith("#"):
        return "heading", said.lstrip("#").strip()
    if said.startswith(("- ", "* ")):
        return "list", said[2:].strip()
    return "text", said
