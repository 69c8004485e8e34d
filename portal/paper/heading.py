"""What stands on paper in words; apart from the drawing, whose library takes long to load."""

from dataclasses import dataclass

WORDS = {"invoice": "Invoice", "payment": "Payment for", "void": "Void invoice"}


@dataclass(frozen=True)
class Head:
    """Who sends the paper, and in which currency it counts."""

    vendor: str
    support: str
    currency: str


def one_line(text: str) -> str:
    """Return `text` with single blanks and without what no font can draw."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def spoken(day: object) -> str:
    """Return a day as it stands on paper: "30 November 2026"."""
    return f"{day:%d %B %Y}".lstrip("0")
