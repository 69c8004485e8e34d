"""Files that people hand in: checked by what they hold, kept outside the web root under unguessable names."""

import io
import os
import re
import secrets
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from portal.models import Document
from portal.refusals import FieldRefusal
from portal.transaction import after_commit, after_rollback

LARGEST = 10_000_000
LONGEST_NAME = 150
ALLOWED = "PDF, PNG, JPEG, text, CSV, Word (.docx) or Excel (.xlsx)"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# How the name of each kind may end; the first is added where the name says something else.
PDF = "application/pdf"
ENDINGS = {
    PDF: (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "text/plain": (".txt", ".md", ".log"),
    "text/csv": (".csv",),
    _WORD: (".docx",),
    _EXCEL: (".xlsx",),
}
_SIGNATURES = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_OFFICE = {"word/document.xml": _WORD, "xl/workbook.xml": _EXCEL}
_KEPT_AS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Stored:
    """A file that lies in its place: what a Document row says about it."""

    name: str
    media_type: str
    size: int
    stored_as: str


def store(stream: BinaryIO, name: str, *, field: str = "file", only: str = "") -> Stored:
    """Keep what `stream` holds and return what a Document row needs to know.

    The file is taken away again if the running transaction is rolled back. Raises FieldRefusal, at `field`,
    for an empty file, one larger than LARGEST, one whose content is none of ALLOWED or not of the media
    type `only`, and one whose name ends like another kind of them.
    """
    content = stream.read(LARGEST + 1)
    if not content:
        raise FieldRefusal(field, "This file is empty. Choose another.")
    if len(content) > LARGEST:
        raise FieldRefusal(field, f"This file is too large. Use at most {LARGEST // 1_000_000} MB.")
    media_type = sniff(content, name)
    if only and media_type != only:
        raise FieldRefusal(field, f"This is no {ENDINGS[only][0].strip('.').upper()} file.")
    if media_type is None:
        raise FieldRefusal(field, f"This kind of file cannot be kept. Use {ALLOWED}.")
    if _claims_to_be(name) not in (None, media_type):
        words = "What is in this file is not what its name says. Choose the right one, or name it rightly."
        raise FieldRefusal(field, words)
    stored_as = secrets.token_hex(16)
    _write(place_of(stored_as), content)
    after_rollback(lambda: drop(stored_as))
    return Stored(clean_name(name, media_type), media_type, len(content), stored_as)


def open_stored(document: Document) -> BinaryIO:
    """Return the file of `document`, open for reading. Raises FileNotFoundError where it is gone."""
    return place_of(document.stored_as).open("rb")


def remove(document: Document) -> None:
    """Take the file of `document` away once the running transaction is committed; the row is the caller's."""
    stored_as = document.stored_as
    after_commit(lambda: drop(stored_as))


def sniff(content: bytes, name: str = "") -> str | None:
    """Return the media type of `content` by what it holds, None where it is none of ALLOWED.

    The name only tells CSV from other text.
    """
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    if not _is_text(content):
        return None
    return "text/csv" if name.lower().endswith(".csv") else "text/plain"


def _claims_to_be(name: str) -> str | None:
    """Return the kind that the end of `name` stands for, None where it is that of none of ours."""
    ending = Path(name.strip(" .").lower()).suffix
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), None)


def _office_type(content: bytes) -> str | None:
    """Return which office document a ZIP archive is; nothing in it is unpacked. With macros it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, RuntimeError, OverflowError):
        return None
    if "[Content_Types].xml" not in names or any(each.endswith("vbaProject.bin") for each in names):
        return None
    found = [media_type for part, media_type in _OFFICE.items() if part in names]
    return found[0] if len(found) == 1 else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(char) == "Cc" and char not in "\t\n\r\f" for char in set(text))


def clean_name(name: str, media_type: str) -> str:
    """Return `name` without folders and hidden marks, not too long, and ending as its kind does."""
    base = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    kept = "".join(char for char in base if unicodedata.category(char)[0] != "C").strip(" .")
    stem, dot, ending = kept.rpartition(".")
    endings = ENDINGS[media_type]
    if f".{ending.lower()}" in endings and stem.strip(" ."):
        return f"{stem[: LONGEST_NAME - len(ending)]}{dot}{ending}"
    return f"{(kept.strip(' .') or 'file')[:LONGEST_NAME]}{endings[0]}"


def place_of(stored_as: str) -> Path:
    """Return where a file lies. Raises FileNotFoundError for a name that was never given."""
    if not _KEPT_AS.fullmatch(stored_as):
        raise FileNotFoundError(stored_as)
    return Path(current_app.config["INSTANCE_DIR"]) / "files" / stored_as[:2] / stored_as


def _write(path: Path, content: bytes) -> None:
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def drop(stored_as: str) -> None:
    """Take a kept file away; one that is gone already is no trouble."""
    place_of(stored_as).unlink(missing_ok=True)
