"""Photos of work orders: what is kept of them, what is refused, and who gets to see them (C43, T75, T76)."""

import contextlib
import io
import os
import re
import struct
import threading
import time
import zlib

import pytest
from PIL import ExifTags, Image, PngImagePlugin
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal import pictures
from portal.extensions import db
from portal.models import Document, WorkOrder
from portal.refusals import FieldRefusal
from tests.work import let_ask, ordered

NEW = "/acme/work-orders/new"


def picture(kind="JPEG", size=(60, 40), colour="red", **more):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def located(orientation=1):
    """A JPEG that says where and with what it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SECRETPHONE"
    exif[ExifTags.Base.Artist] = "SECRETPERSON"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (53.0, 28.0, 48.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "W", (2.0, 14.0, 33.0)
    return picture(exif=exif, comment=b"SECRETCOMMENT", icc_profile=b"SECRETPROFILE", xmp=b"SECRETXMP")


def chunk(name, content):
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def png_bomb(side):
    """A small PNG that says it is `side` pixels wide and high; its rows are all zeros."""
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * min(side * (side // 8 + 1), 50_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp_bomb():
    """A hundred bytes of WebP that ask for a canvas of a quarter of a billion pixels."""
    small = picture("WEBP", (10, 10))[12:]
    canvas = bytes([2, 0, 0, 0]) + (16_382).to_bytes(3, "little") * 2
    frame = b"\0" * 6 + (9).to_bytes(3, "little") * 2 + b"\0" * 4 + small
    parts = [(b"VP8X", canvas), (b"ANIM", b"\0" * 6), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(each)) + each for name, each in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_bomb():
    """A JPEG whose head was changed to 65,000 by 65,000 pixels."""
    content = bytearray(picture())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(content)


def cleaned(content):
    return pictures.cleaned(io.BytesIO(content), "photos")


def opened(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


class TestCleaning:
    """What is kept is a new JPEG of the pixels."""

    def test_where_it_was_taken_is_gone(self):
        before = located()
        assert b"SECRETPHONE" in before
        assert opened(before).getexif().get_ifd(ExifTags.IFD.GPSInfo)
        after = cleaned(before)
        assert b"SECRET" not in after
        assert not opened(after).getexif()
        assert set(opened(after).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}

    def test_it_stands_upright(self):
        assert opened(located(6)).size == (60, 40)
        assert opened(cleaned(located(6))).size == (40, 60)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_every_kind_becomes_a_jpeg(self, kind):
        image = opened(cleaned(picture(kind)))
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))
        red, green, blue = image.getpixel((30, 20))
        assert red > 240
        assert max(green, blue) < 15

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
    def test_every_way_to_store_colours_is_read(self, mode):
        out = io.BytesIO()
        Image.new(mode, (30, 20)).save(out, "JPEG" if mode == "CMYK" else "PNG")
        assert opened(cleaned(out.getvalue())).mode == "RGB"

    def test_what_is_see_through_becomes_white(self):
        out = io.BytesIO()
        Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(out, "PNG")
        assert opened(cleaned(out.getvalue())).getpixel((10, 10)) == (255, 255, 255)

    def test_texts_in_a_png_are_gone(self):
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", "SECRET", zip=False)
        assert b"SECRET" not in cleaned(picture("PNG", pnginfo=info))

    @pytest.mark.parametrize(
        "tail",
        [b"<script>alert(1)</script>", b"PK\x03\x04 a zip", b"<?php system($_GET[0]); ?>", b"%PDF-1.7"],
    )
    def test_what_hides_behind_a_photo_is_gone(self, tail):
        for kind in ("JPEG", "PNG", "WEBP"):
            assert tail not in cleaned(picture(kind) + tail)
        assert tail not in cleaned(picture(comment=tail))

    def test_large_ones_are_scaled(self):
        image = opened(cleaned(picture(size=(5_000, 2_500))))
        assert image.size == (2_048, 1_024)
        small = opened(pictures.thumbnail(io.BytesIO(cleaned(picture(size=(5_000, 2_500))))))
        assert small.size == (400, 200)

    def test_a_line_stays_a_line(self):
        assert opened(cleaned(picture(size=(9_000, 1)))).size == (2_048, 1)


BAD = {
    "empty": b"",
    "text": b"I am no photo",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n",
    "gif": picture("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "ico": picture("ICO"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "head of a jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 40,
    "half a jpeg": picture(size=(400, 400))[:400],
    "half a png": picture("PNG", (400, 400))[:60],
    "half a webp": picture("WEBP", (400, 400))[:40],
    "too many bytes": picture() + b"\0" * 10_000_000,
}
BOMBS = {
    "png 30,000": png_bomb(30_000),
    "png 5,000": png_bomb(5_000),
    "webp": webp_bomb(),
    "jpeg": jpeg_bomb(),
}


class TestRefusing:
    """What is no photo, broken or far too large is refused, and at once."""

    @pytest.mark.parametrize("name", BAD)
    def test_is_refused(self, name):
        with pytest.raises(FieldRefusal) as refusal:
            cleaned(BAD[name])
        assert refusal.value.field == "photos"

    @pytest.mark.parametrize("name", BOMBS)
    def test_bombs_are_refused_before_they_are_unpacked(self, name):
        begun = time.process_time()
        with pytest.raises(FieldRefusal, match="too many pixels"):
            cleaned(BOMBS[name])
        assert time.process_time() - begun < 0.5

    def test_broken_ones_never_surprise(self):
        whole = {kind: picture(kind, (64, 64)) for kind in ("JPEG", "PNG", "WEBP")}
        for kind, content in whole.items():
            for at in range(0, len(content), 7):
                broken = bytearray(content)
                broken[at] ^= 0xFF
                with contextlib.suppress(FieldRefusal):
                    assert opened(cleaned(bytes(broken))).format == "JPEG", kind


def sent(*contents, **more):
    """What the browser sends: the form with its photos, whatever they call themselves."""
    photos = [
        FileStorage(io.BytesIO(content), f"../../<b>{n}.jpg", content_type="image/jpeg")
        for n, content in enumerate(contents)
    ]
    return {"title": "With photos", "priority": "normal", "photos": photos, **more}


def posted(page, form, path=NEW, token=True):
    """Send `form`, written out before: Werkzeug's client forgets to close what it writes to a file."""
    boundary, body = encode_multipart(form | ({"csrf_token": page.token()} if token else {}))
    kind = f"multipart/form-data; boundary={boundary}"
    return page.client.post(path, data=body, content_type=kind)


@pytest.fixture
def kept_files(app):
    """The names of the files that are kept now."""
    folder = os.path.join(app.config["INSTANCE_DIR"], "files")
    before = {name for _, _, names in os.walk(folder) for name in names}
    return lambda: {name for _, _, names in os.walk(folder) for name in names} - before


class TestSending:
    """Photos come with the order or not at all."""

    def test_are_kept_and_shown(self, browser, town, reading, kept_files):
        page = browser(town.wes)
        answer = posted(page, sent(located(), picture("PNG", (900, 600))))
        assert answer.status_code == 303
        with reading():
            rows = list(db.session.scalars(db.select(Document).order_by(Document.id)))
            assert [row.name for row in rows] == ["photo-1.jpg", "photo-2.jpg"]
            assert {row.media_type for row in rows} == {"image/jpeg"}
            assert {row.added_by for row in rows} == {"Wes Order"}
            assert kept_files() == {row.stored_as for row in rows}
        text = page.get(answer.location).text
        paths = re.findall(r'<img src="([^"]+)" alt="Photo (\d) of 2"', text)
        assert [number for _, number in paths] == ["1", "2"]
        for small in (path for path, _ in paths):
            for path, longest in ((small, 400), (small.removesuffix("/small"), 2_048)):
                photo = page.get(path)
                assert photo.status_code == 200
                assert photo.headers["Content-Type"] == "image/jpeg"
                assert photo.headers["X-Content-Type-Options"] == "nosniff"
                assert photo.headers["Cache-Control"] == "no-store"
                assert photo.headers["Content-Disposition"].startswith("inline; filename=photo-")
                assert photo.content_length == len(photo.data)
                assert max(opened(photo.data).size) <= longest
                assert b"SECRET" not in photo.data

    def test_six_are_enough(self, browser, town, reading, kept_files):
        page = browser(town.wes)
        answer = posted(page, sent(*[picture()] * 7))
        assert answer.status_code == 422
        assert "Send at most 6 photos." in answer.text
        assert kept_files() == set()
        assert posted(page, sent(*[picture()] * 6)).status_code == 303
        assert len(kept_files()) == 6

    @pytest.mark.parametrize("name", [*BAD, "webp bomb"])
    def test_one_bad_photo_stops_the_order_and_says_so(self, browser, town, reading, kept_files, name):
        bad = BAD.get(name, BOMBS["webp"])
        answer = posted(browser(town.wes), sent(picture(), bad, picture()))
        assert answer.status_code == 422
        assert 'id="photos-error"' in answer.text
        assert 'value="With photos"' in answer.text
        assert kept_files() == set()
        with reading():
            assert db.session.scalar(db.select(db.func.count(WorkOrder.id))) == 0

    def test_an_order_that_is_refused_keeps_no_photo(self, browser, town, kept_files, writing):
        with writing():
            let_ask(town.pam)
        assert posted(browser(town.pam), sent(picture())).status_code == 422
        assert posted(browser(town.pam), sent(picture(), property=str(town.beta.id))).status_code == 404
        assert posted(browser(town.bill), sent(picture())).status_code == 403
        assert kept_files() == set()

    def test_no_photo_is_no_trouble(self, browser, town, kept_files):
        nothing = [FileStorage(io.BytesIO(b""), "", content_type="application/octet-stream")]
        assert posted(browser(town.wes), sent() | {"photos": nothing}).status_code == 303
        assert kept_files() == set()

    def test_a_second_click_keeps_no_second_photo(self, browser, town, kept_files):
        page = browser(town.wes)
        first = posted(page, sent(picture(), form_key="abc"))
        second = posted(page, sent(picture(), form_key="abc"))
        assert first.location == second.location
        assert len(kept_files()) == 1

    def test_bodies_have_an_end(self, browser, town):
        much, little = [b"\0" * 10_200_000] * 6, b"\0" * 1_100_000
        assert posted(browser(town.wes), sent(*much)).status_code == 413
        assert posted(browser(), sent(little), token=False).status_code in (303, 413)
        comment = sent(little, text="x")
        assert posted(browser(town.wes), comment, "/acme/work-orders/1/comment").status_code == 413

    def test_nobody_waits_while_photos_are_decoded(self, browser, town, monkeypatch):
        """A slow photo holds no lock: meanwhile another order of the same company is made."""
        slow, fast = browser(town.wes), browser(town.mia)
        token, begun, go_on = slow.token(), threading.Event(), threading.Event()
        quick = pictures.cleaned

        def slowly(stream, field):
            begun.set()
            assert go_on.wait(20)
            return quick(stream, field)

        monkeypatch.setattr(pictures, "cleaned", slowly)
        answers = []
        form = sent(picture(), csrf_token=token)
        thread = threading.Thread(target=lambda: answers.append(posted(slow, form, token=False)))
        thread.start()
        assert begun.wait(20)
        try:
            assert fast.post(NEW, {"title": "Meanwhile", "priority": "low"}).status_code == 303
        finally:
            go_on.set()
            thread.join()
        assert answers[0].status_code == 303


class TestSeeing:
    """A photo is seen by whoever sees its order, by nobody else."""

    @pytest.fixture
    def photo(self, browser, town, reading):
        """The path of a photo at property Beta."""
        page = browser(town.wes)
        answer = posted(page, sent(picture(), property=str(town.beta.id)))
        with reading():
            document = db.session.scalars(db.select(Document)).one()
            return f"{answer.location}/photos/{document.id}"

    @pytest.mark.parametrize(
        ("name", "status"),
        [("mia", 200), ("wes", 200), ("bill", 403), ("vic", 403), ("pam", 404), ("stan", 404), (None, 303)],
    )
    def test_who_sees_it(self, browser, town, photo, writing, name, status):
        with writing():
            let_ask(town.pam)
        page = browser(getattr(town, name)) if name else browser()
        assert page.get(photo).status_code == status
        assert page.get(f"{photo}/small").status_code == status

    def test_not_by_the_address_of_another_order(self, browser, town, photo, writing):
        with writing():
            let_ask(town.pam)
            other = ordered(town.wes, "At Alpha", town.alpha)
        elsewhere = f"{other.path}/photos/{photo.rpartition('/')[2]}"
        for person in (town.pam, town.mia):
            assert browser(person).get(elsewhere).status_code == 404
            assert browser(person).get(f"{elsewhere}/small").status_code == 404

    def test_what_is_no_photo_is_only_saved(self, browser, town, photo, writing):
        with writing():
            document = db.session.scalars(db.select(Document)).one()
            document.media_type, document.name = "application/pdf", "Angebot “é”.pdf"
        answer = browser(town.mia).get(photo)
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert browser(town.mia).get(f"{photo}/small").status_code == 404

    def test_a_lost_file_is_not_there(self, browser, town, photo, app, reading):
        with reading():
            name = db.session.scalars(db.select(Document)).one().stored_as
        os.remove(os.path.join(app.config["INSTANCE_DIR"], "files", name[:2], name))
        assert browser(town.mia).get(photo).status_code == 404
        assert browser(town.mia).get(f"{photo}/small").status_code == 404
