"""Folding text so that it can be compared, sorted and searched whatever its case and accents."""

import unicodedata
from collections.abc import Callable
from typing import Any

from sqlalchemy import String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4`"), "'")


def fold(text: str) -> str:
    """Return `text` without case and accents and with single blanks, for sorting and searching."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def spelt(text: str) -> str:
    """Return `text` as somebody would spell it from memory: folded, and every apostrophe the plain one."""
    return fold(text.translate(_APOSTROPHES))


def name_key(*sources: str) -> Mapped[str]:
    """Return a column that lists are sorted by: the folded columns `sources`, one after the other."""
    made = _folded(sources, 220)
    return mapped_column(String(220), default=made, server_default="", info={"folds": sources})


def search_key(*sources: str) -> Mapped[str]:
    """Return a column that lists are searched in: the folded columns `sources`, one after the other."""
    return mapped_column(Text, default=_folded(sources, None), server_default="", info={"folds": sources})


def _folded(sources: tuple[str, ...], longest: int | None) -> Callable[[Any], str]:
    def of_new_row(context: Any) -> str:
        values = context.get_current_parameters()
        return fold(" ".join(values.get(source) or "" for source in sources))[:longest]

    return of_new_row


def keep_folded(model: type[Any]) -> type[Any]:
    """Let changed rows of `model` refresh their folded columns; a class decorator."""

    @event.listens_for(model, "before_update")
    def refresh(_mapper: Any, _connection: Any, row: Any) -> None:
        for column in model.__table__.columns:
            sources = column.info.get("folds", ())
            if sources:
                text = fold(" ".join(getattr(row, source) or "" for source in sources))
                setattr(row, column.name, text[: getattr(column.type, "length", None)])

    return model
