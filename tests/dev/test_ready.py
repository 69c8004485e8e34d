"""Static files get packed copies, and only when they need new ones."""

import gzip
import os

import brotli

from portal.dev import ready

STYLE = b"body { margin: 0; padding: 0; }\n" * 40


def test_packs_beside_the_file(tmp_path):
    (tmp_path / "portal.css").write_bytes(STYLE)
    ready.pack(tmp_path)
    assert brotli.decompress((tmp_path / "portal.css.br").read_bytes()) == STYLE
    assert gzip.decompress((tmp_path / "portal.css.gz").read_bytes()) == STYLE


def test_leaves_a_fresh_copy_alone(tmp_path):
    (tmp_path / "portal.css").write_bytes(STYLE)
    ready.pack(tmp_path)
    before = (tmp_path / "portal.css.br").stat().st_ino, (tmp_path / "portal.css.br").stat().st_ctime_ns
    ready.pack(tmp_path)
    assert (
        (tmp_path / "portal.css.br").stat().st_ino,
        (tmp_path / "portal.css.br").stat().st_ctime_ns,
    ) == before


def test_packs_a_changed_file_again_even_with_an_older_date(tmp_path):
    (tmp_path / "portal.css").write_bytes(STYLE)
    ready.pack(tmp_path)
    (tmp_path / "portal.css").write_bytes(STYLE * 2)
    os.utime(tmp_path / "portal.css", (1_000_000_000, 1_000_000_000))
    ready.pack(tmp_path)
    assert brotli.decompress((tmp_path / "portal.css.br").read_bytes()) == STYLE * 2


def test_removes_the_copy_of_a_file_that_is_gone(tmp_path):
    (tmp_path / "portal.css").write_bytes(STYLE)
    ready.pack(tmp_path)
    (tmp_path / "portal.css").unlink()
    ready.pack(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_leaves_pictures_alone(tmp_path):
    (tmp_path / "logo.png").write_bytes(STYLE)
    ready.pack(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["logo.png"]
