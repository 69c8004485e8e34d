"""Files that people hand in: what is taken, what it is called, where it lies, and when it goes (C40, T64)."""

import io
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from portal import files
from portal.models import Document
from portal.refusals import FieldRefusal

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


def office(*parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in parts:
            archive.writestr(part, "<x/>")
    return out.getvalue()


WORD = office("[Content_Types].xml", "word/document.xml")
EXCEL = office("[Content_Types].xml", "xl/workbook.xml")


@contextmanager
def failing(writing):
    """A change that breaks at its end, after whatever the block does."""
    with suppress(ZeroDivisionError), writing():
        yield
        raise ZeroDivisionError


def kept(app) -> list:
    return [file for file in (Path(app.config["INSTANCE_DIR"]) / "files").rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PDF, "a.pdf", "application/pdf"),
        (PNG, "a.png", "image/png"),
        (JPEG, "a.jpg", "image/jpeg"),
        ("Grüße\r\nzwei".encode(), "a.txt", "text/plain"),
        (b"\xef\xbb\xbfa;b\n", "a.csv", "text/csv"),
        (WORD, "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (EXCEL, "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        # The content decides, whatever the name claims; markup is only ever sent as plain text.
        (PDF, "a.exe", "application/pdf"),
        (b"<html><script>1</script>", "a.html", "text/plain"),
        (b"<svg xmlns='x' onload='x'/>", "a.svg", "text/plain"),
    ],
)
def test_the_content_says_what_a_file_is(content, name, media_type):
    assert files.sniff(content, name) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03",
        b"GIF89a\x01\x00",
        b"\x7fELF\x02",
        b"text with \x00 in it",
        b"\xff\xfet\x00e\x00x\x00t\x00",
        office("a.txt"),
        office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        office("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"),
        b"PK\x03\x04 and nothing more",
        b"\x1b[31mred",
    ],
)
def test_anything_else_is_refused_in_a_sentence(app, content):
    before = kept(app)
    with app.app_context(), pytest.raises(FieldRefusal, match="cannot be kept") as refusal:
        files.store(io.BytesIO(content), "report.pdf", field="photo")
    assert refusal.value.field == "photo"
    assert kept(app) == before


def test_a_name_that_says_something_else_is_refused(app):
    """ASVS 5.2.2: among the kinds that are kept content and name agree; no text is called report.pdf."""
    before = kept(app)
    with app.app_context():
        for content, name in [
            (b"only text", "report.pdf"),
            (PNG, "report.PDF "),
            (PDF, "a.docx"),
            (EXCEL, "a.docx"),
            (JPEG, "a.png"),
            (PDF, "a.csv"),
        ]:
            with pytest.raises(FieldRefusal, match="not what its name says"):
                files.store(io.BytesIO(content), name)
    assert kept(app) == before


def test_empty_and_too_large_are_refused(app):
    with app.app_context():
        with pytest.raises(FieldRefusal, match="empty"):
            files.store(io.BytesIO(b""), "a.txt")
        with pytest.raises(FieldRefusal, match="too large"):
            files.store(io.BytesIO(b"a" * (files.LARGEST + 1)), "a.txt")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Plan.PDF", "Plan.PDF"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\mia\\Plan.pdf", "Plan.pdf"),
        ("plan.exe", "plan.exe.pdf"),
        ("plan\r\nSet-Cookie: a.pdf", "planSet-Cookie: a.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),
        ("", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "file.pdf"),
        ("Übersicht – 東京.pdf", "Übersicht – 東京.pdf"),
    ],
)
def test_a_name_loses_folders_and_hidden_marks(typed, stored):
    assert files.clean_name(typed, "application/pdf") == stored


def test_a_long_name_keeps_its_ending():
    name = files.clean_name("a" * 500 + ".pdf", "application/pdf")
    assert len(name) <= 200
    assert name.endswith("a.pdf")


def test_a_stored_file_is_private_and_its_name_says_nothing(app, writing):
    with writing():
        stored = files.store(io.BytesIO(PDF), "Plan.pdf")
        again = files.store(io.BytesIO(PDF), "Plan.pdf")
    assert stored.stored_as != again.stored_as
    path = next(file for file in kept(app) if file.name == stored.stored_as)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    with app.app_context(), files.open_stored(Document(stored_as=stored.stored_as)) as opened:
        assert opened.read() == PDF


def test_a_file_goes_with_a_rollback(app, writing):
    before = set(kept(app))
    with failing(writing):
        files.store(io.BytesIO(PDF), "Plan.pdf")
    assert set(kept(app)) == before


def test_a_removed_file_goes_with_the_commit_and_stays_without(app, writing):
    with writing():
        stored = files.store(io.BytesIO(PDF), "Plan.pdf")
    document = Document(stored_as=stored.stored_as)
    with failing(writing):
        files.remove(document)
    assert stored.stored_as in {file.name for file in kept(app)}
    with writing():
        files.remove(document)
    assert stored.stored_as not in {file.name for file in kept(app)}


@pytest.mark.parametrize("name", ["../../secret_key", "", "a" * 32 + "/..", "G" * 32])
def test_a_name_never_given_opens_nothing(app, name):
    with app.app_context(), pytest.raises(FileNotFoundError):
        files.open_stored(Document(stored_as=name))
