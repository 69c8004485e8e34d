"""Tables as CSV files that a spreadsheet opens as they are: every letter right, no cell a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import Response, current_app, make_response
from werkzeug.utils import secure_filename

# Excel takes a file without this mark for one in the letters of its own country.
_MARK = "\ufeff"
# What spreadsheets compute: also behind blanks and quotes, and in the wide forms of East Asian keyboards.
_FORMULA = re.compile("[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# A telephone number: a spreadsheet computes nothing in it, and everybody else would read the apostrophe.
_NUMBER = re.compile(r"\+[0-9][0-9 ]*", re.ASCII)
# What would be a folder in the name of a file.
_NO_NAME = re.compile(r"[/\\]+")


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return a download of `rows` below `header`, complete before its first byte is sent.

    Cells are text, whole or decimal numbers, or None for an empty one; text that a spreadsheet would compute
    gets a leading apostrophe (T69). `filename` may hold any letters.
    """
    return _as_download(make_response(csv_text(header, rows).encode()), filename)


def csv_stream(filename: str, header: Sequence[str], batches: Iterable[Iterable[Sequence[Any]]]) -> Response:
    """Return the same of a table too long to be kept in memory: each batch leaves before the next is read.

    A batch without rows is the end. A download that breaks off ends without its last chunk, so that no
    browser takes it for whole.
    """
    app, steps = current_app._get_current_object(), iter(batches)  # type: ignore[attr-defined]

    def step() -> bytes:
        # A context of its own, so that nothing stays open while a slow reader takes what there is.
        with app.app_context():
            return _lines(next(steps, ())).encode()

    def pieces() -> Iterator[bytes]:
        yield csv_text(header, ()).encode()
        yield from iter(step, b"")

    return _as_download(Response(pieces()), filename)


def _as_download(answer: Response, filename: str) -> Response:
    answer.mimetype = "text/csv"
    return attached(answer, filename)


def attached(answer: Response, filename: str) -> Response:
    """Make `answer` a download under `filename`, which may hold any letters; nothing on the way keeps it."""
    answer.headers.set("Content-Disposition", "attachment", **_names(filename))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _names(filename: str) -> dict[str, str]:
    """Return the two spellings of a file name that RFC 6266 asks for; one where it is plain."""
    filename = _NO_NAME.sub("-", filename)
    plain = secure_filename(filename) or "table.csv"
    if plain == filename:
        return {"filename": plain}
    return {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"}


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return the whole file as text, its mark included."""
    return _MARK + _lines([[harmless(name) for name in header]], plain=True) + _lines(rows)


def _lines(rows: Iterable[Sequence[Any]], *, plain: bool = False) -> str:
    """Return rows as lines of the file; `plain` ones hold nothing but harmless text already."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows(rows if plain else ([_cell(value) for value in row] for row in rows))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return value
    return "" if value is None else harmless(str(value))


def harmless(text: str) -> str:
    """Return `text` as a cell that stays text; `as_written` takes it back."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def as_written(cell: str) -> str:
    """Return what a cell of ours said before `harmless` touched it; other text comes back as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
