"""Turns the first sheet of an Excel file into CSV: `sheet.py FILE ROWS COLUMNS BYTES LETTERS`, on its own.

What is in the file comes from strangers and is read by native code, so it gets little memory and little time,
and whatever it does wrong ends here. Nothing of the portal is imported.
"""

import csv
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineWorkbook

MEMORY = 600_000_000
# Of work; a sheet that is as large as it may be takes half of it on a slow machine.
SECONDS = 4
TOO_WIDE, TOO_LARGE = 4, 5


def main(file: str, most_rows: int, most_columns: int, most_bytes: int, longest: int) -> None:
    """Write the sheet to standard output; a row more than `most_rows` says that there are too many.

    A cell is cut after `longest` letters. A few cells of the file can stand for any number of letters, so it
    ends with TOO_LARGE where they come to more than `most_bytes`.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0)
    if sheet.total_width > most_columns + 1:
        raise SystemExit(TOO_WIDE)
    # Numbers count from the sheet's first row, also where that is empty.
    out, left = csv.writer(sys.stdout), most_bytes
    before = sheet.start[0] if sheet.start else 0
    for index, row in enumerate(sheet.iter_rows()):
        if index > most_rows + 1:
            return
        cells = [text(cell)[:longest] for cell in row]
        left -= len("".join(cells).encode(errors="replace"))
        if left < 0:
            raise SystemExit(TOO_LARGE)
        out.writerow([before + index + 1, *cells])


def text(cell: Any) -> str:
    """Return a cell as people would have typed it into a CSV file."""
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    if isinstance(cell, (date, datetime, time)):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) or cell is not None else ""


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")  # type: ignore[union-attr]
    main(sys.argv[1], *map(int, sys.argv[2:]))
