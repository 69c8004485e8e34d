"""Photos that people hand in: checked before they are decoded, and kept as nothing but their pixels."""

import io
import warnings
from typing import BinaryIO

from PIL import Image, ImageOps

from portal.refusals import FieldRefusal

LARGEST = 10_000_000
# What phones make. A JPEG is decoded at a fraction of its size, a PNG whole, a WebP several times over.
MOST_PIXELS = {"JPEG": 50_000_000, "MPO": 50_000_000, "PNG": 20_000_000, "WEBP": 13_000_000}
LONGEST_SIDE = 2_048
THUMBNAIL_SIDE = 400
MEDIA_TYPE = "image/jpeg"
TOO_MANY_PIXELS = "One of the photos has too many pixels. Make it smaller and try again."
_KINDS = ("JPEG", "PNG", "WEBP")
_SCALABLE = ("L", "RGB", "RGBA", "CMYK")


def cleaned(stream: BinaryIO, field: str) -> bytes:
    """Return the photo in `stream` as a JPEG of nothing but its pixels, upright, LONGEST_SIDE at most.

    Where it was taken, when and with what is gone, like anything else that was hidden in the file. Raises
    FieldRefusal, at `field`, for what is no photo, too large in bytes or too large in pixels.
    """
    content = stream.read(LARGEST + 1)
    if not content:
        raise FieldRefusal(field, "One of the photos is empty. Choose another.")
    if len(content) > LARGEST:
        raise FieldRefusal(
            field, f"One of the photos is too large. Use at most {LARGEST // 1_000_000} MB each."
        )
    try:
        return _redrawn(_opened(content, field), LONGEST_SIDE, quality=82)
    except FieldRefusal:
        raise
    except Exception as damage:  # decoders raise whatever they like over damaged files
        raise FieldRefusal(field, "One of the photos is damaged. Choose another.") from damage


def thumbnail(content: BinaryIO) -> bytes:
    """Return a photo that `cleaned` made as a small JPEG. Raises OSError where it cannot be read."""
    with Image.open(content, formats=("JPEG",)) as image:
        return _redrawn(image, THUMBNAIL_SIDE, quality=75)


def _opened(content: bytes, field: str) -> Image.Image:
    """Return the photo with its head read and its pixels not yet decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=_KINDS)
    except Image.DecompressionBombError as bomb:
        raise FieldRefusal(field, TOO_MANY_PIXELS) from bomb
    except Exception as unknown:
        raise FieldRefusal(field, "This is no photo we can read. Use JPEG, PNG or WebP.") from unknown
    if image.width * image.height > MOST_PIXELS.get(image.format or "", 0):
        raise FieldRefusal(field, TOO_MANY_PIXELS)
    return image


def _redrawn(image: Image.Image, side: int, quality: int) -> bytes:
    """Return the picture anew: scaled first, so that no copy of it is ever made at full size."""
    if image.mode not in _SCALABLE:
        image = image.convert("RGBA")
    image.draft(None, (side, side))
    image.thumbnail((side, side), reducing_gap=None)
    ImageOps.exif_transpose(image, in_place=True)
    plain = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        plain.paste(image, mask=image.getchannel("A"))
    else:
        plain.paste(image.convert("RGB"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
