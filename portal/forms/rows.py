"""The forms that people fill in, filled by a row of a table instead: no page, so nothing that guards one."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

Cells = Mapping[str, str | Sequence[str]]
_MADE: dict[type[FlaskForm], type[FlaskForm]] = {}


class OffPage:
    """What makes a form one that no page sends, as its Meta."""

    csrf = False

    def wrap_formdata(self, form: Any, formdata: Any) -> Any:
        """Take the values as they are given, never those of a request."""
        return formdata


def in_row(form: type[FlaskForm], cells: Cells) -> Any:
    """Return the form filled with `cells`, the values by the names of its fields; it is still to be checked.

    Where a field holds several values, its cell is a list of them.
    """
    if form not in _MADE:
        _MADE[form] = type(f"{form.__name__}Row", (form,), {"Meta": OffPage})
    return _MADE[form](MultiDict(cells))
