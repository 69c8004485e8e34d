"""Reads a table that somebody hands in, CSV or Excel; says in words what cannot be read."""

import codecs
import csv
import fcntl
import io
import signal
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import clevercsv
from flask import current_app

from portal import sheet
from portal.csv_out import as_written
from portal.refusals import FieldRefusal
from portal.tables import LARGEST, LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Row

WESTERN = "Its letters were taken for Western European ones (Windows-1252). Look whether accents are right."
_DELIMITERS = ",;\t|"
# Letters and lines that tell how a file is written; clevercsv's time grows with the square of the letters.
_SAMPLE, _FIRST_LINES = 1_000, 20
# What unpacks to more bytes or XML tags is no table of ours: 50,000 rows of 30 cells have 6,000,000.
_UNPACKED, _TAGS = 120_000_000, 10_000_000
# Reading an Excel file takes a core for seconds, so the whole portal does so many at once.
_AT_ONCE = 2
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """What was handed in: the names of the columns, the rows below them, and what the reader should know.

    `plain` are the rows in the form in which tables are kept.
    """

    header: list[str]
    plain: str
    total: int
    note: str = ""


def read(stream: BinaryIO) -> Table:
    """Return the table that `stream` holds; cells that our own export made harmless are as they were.

    Raises FieldRefusal at "file" with the reason where it cannot be read or is larger than it may be.
    """
    content = stream.read(LARGEST + 1)
    if not content:
        raise _no("This file is empty. Choose another.")
    if len(content) > LARGEST:
        raise _no(f"This file is too large. Use at most {LARGEST // 1_000_000} MB.")
    if content.startswith(b"PK\x03\x04"):
        return _table(_sheet_rows(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _no("This is an Excel file of the older kind. Save it as .xlsx or as CSV.")
    text, note = _decoded(content)
    return _table(_text_rows(text), note)


def _no(sentence: str) -> FieldRefusal:
    return FieldRefusal("file", sentence)


def _decoded(content: bytes) -> tuple[str, str]:
    """Return the text, and what the reader should know about how its letters were read."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    note = ""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text, note = _western(content), WESTERN
    if "\0" in text:
        raise _no("This file holds characters that no table has (NUL). Save it again as CSV (UTF-8).")
    if text.count("\n") > 10 * MOST_ROWS:
        raise _too_long()
    return text, note


def _western(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise _no("The letters of this file cannot be read. Save it again as CSV (UTF-8).") from None


def _text_rows(text: str) -> Iterator[Row]:
    try:
        # Line ends of old Macs too; quoted ones stay as they are.
        reader = csv.reader(io.StringIO(text, newline=""), _dialect(text), strict=True)
        yield from enumerate(reader, 1)
    except csv.Error:
        raise _no("This file cannot be read as a table. Save it again as CSV (UTF-8) or .xlsx.") from None


def _dialect(text: str) -> Any:
    """Return how the cells are told apart: as our own files do it where that fits, else what fits best."""
    first = text.split("\n", 1)[0].rstrip("\r")
    if first.startswith('"') and first.endswith('"') and '","' in first:
        return csv.excel
    if sign := _plainly(text):
        return _spoken(sign, '"')
    try:
        found = clevercsv.Sniffer().sniff(text[:_SAMPLE], delimiters=_DELIMITERS)
    except clevercsv.Error:
        return csv.excel
    if found is None or not found.delimiter or found.delimiter not in _DELIMITERS:
        return csv.excel
    return _spoken(found.delimiter, found.quotechar or '"')


def _plainly(text: str) -> str:
    """Return the one sign that cuts each of the first rows into as many cells; none where it is not plain."""
    fitting = []
    for sign in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        try:
            rows = [row for row in islice(reader, _FIRST_LINES) if row]
        except csv.Error:
            continue
        # Some programs put cells in single quotes.
        quoted = any(cell[:1] == "'" == cell[-1:] for row in rows for cell in row)
        if rows and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1 and not quoted:
            fitting.append(sign)
    return fitting[0] if len(fitting) == 1 else ""


def _spoken(sign: str, quote: str) -> type[csv.Dialect]:
    class Found(csv.excel):
        delimiter, quotechar = sign, quote

    return Found


def _sheet_rows(content: bytes) -> Iterator[Row]:
    """Yield the rows of an Excel file, read by a process that can neither stay long nor grow large."""
    _check_archive(content)
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "in.xlsx", Path(folder) / "out.csv"
        file.write_bytes(content)
        limits = (MOST_ROWS, MOST_COLUMNS, LARGEST, LONGEST_CELL + 1)
        with _turn(), out.open("wb") as written:
            _run([sys.executable, "-I", sheet.__file__, str(file), *map(str, limits)], written)
        with out.open(encoding="utf-8", newline="") as opened:
            for number, *cells in csv.reader(opened):
                yield int(number), cells


@contextmanager
def _turn() -> Iterator[None]:
    """Hold one of the few places for reading an Excel file; the system frees it even if this process dies."""
    for number in range(_AT_ONCE):
        with (Path(current_app.config["INSTANCE_DIR"]) / f"reading-{number}").open("w") as place:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield
            return
    raise _no("Other Excel files are being read at this moment. Hand it in again in a few seconds.")


def _run(command: list[str], written: Any) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own file, and names that we chose
            command, stdout=written, stderr=subprocess.DEVNULL, timeout=5 * sheet.SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _too_slow()
    if done.returncode == sheet.TOO_WIDE:
        raise _too_wide()
    if done.returncode == sheet.TOO_LARGE:
        raise _no(f"The cells of this file come to more than {LARGEST // 1_000_000} MB. Split it.")
    if done.returncode:
        raise _no("This Excel file cannot be read. Save it again, or as CSV (UTF-8).")


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if "xl/workbook.xml" not in {part.filename for part in parts}:
                raise _no("This is no table. Use a CSV or an Excel (.xlsx) file.")
            if sum(part.file_size for part in parts) > _UNPACKED or _tags(archive) > _TAGS:
                raise _no("This Excel file unpacks to far more than it seems. Save it as CSV.")
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, OverflowError, EOFError):
        raise _no("This file is damaged. Save it again.") from None


def _tags(archive: zipfile.ZipFile) -> int:
    """Return how many XML tags are in the archive: it is they that take time to read, not their letters."""
    found = 0
    for part in archive.infolist():
        with archive.open(part) as opened:
            while stretch := opened.read(1 << 20):
                found += stretch.count(b"<")
    return found


def _too_slow() -> FieldRefusal:
    return _no("This Excel file takes too long to read. Save it as CSV.")


def _too_wide() -> FieldRefusal:
    return _no(f"This table has more than {MOST_COLUMNS} columns. Keep those that are needed.")


def _too_long() -> FieldRefusal:
    return _no(f"This table has more than {MOST_ROWS:,} rows. Split it.")


def _table(found: Iterator[Row], note: str = "") -> Table:
    filled = ((number, cells) for number, cells in found if "".join(cells).strip())
    _number, header = next(filled, (0, []))
    header = [as_written(name).strip()[:100] for name in header]
    while header and not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise _too_wide()
    # As text it is as large as the file; rows of small cells would take twenty times that.
    plain, total = io.StringIO(newline=""), 0
    out = csv.writer(plain)
    for number, cells in filled:
        if total == MOST_ROWS:
            raise _too_long()
        out.writerow([number, *_cells(number, cells, len(header))])
        total += 1
    if not total:
        raise _no("This table has no rows below its first one, which names the columns.")
    return Table(header, plain.getvalue(), total, note)


def _cells(number: int, cells: list[str], width: int) -> list[str]:
    if len(cells) > width:
        if any(cell.strip() for cell in cells[width:]):
            raise _no(f"Row {number} has more cells than the first row has names of columns.")
        del cells[width:]
    if max(map(len, cells)) > LONGEST_CELL:
        raise _no(f"Row {number} has a cell that is too long. Use at most {LONGEST_CELL:,} characters.")
    kept = [as_written(cell) if cell[:1] == "'" else cell for cell in cells]
    return kept + [""] * (width - len(kept))
