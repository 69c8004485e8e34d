"""The vendor's logo: checked before it is decoded, and kept as nothing but its pixels."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from portal.refusals import FieldRefusal

LARGEST = 40 * 1024
MOST_PIXELS = 4_000_000
# Four times as high as it is shown, for fine screens; a wide one is shown lower, never wider than that.
_BOX, _SHOWN_HIGH = (640, 112), 28
_NO_PNG = "This is no PNG picture. Save the logo as PNG and choose it again."


@dataclass(frozen=True)
class Drawn:
    """A logo drawn anew: its PNG, how wide it is at 28 pixels of height, and what its address holds."""

    content: bytes
    width: int
    hash: str


def drawn(stream: BinaryIO, field: str) -> Drawn:
    """Return the PNG in `stream` drawn anew, small. SVG is refused: it can hold more than a picture.

    Raises FieldRefusal, at `field`, for what is no PNG, too large in bytes or too large in pixels.
    """
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FieldRefusal(field, f"This is too large. Use at most {LARGEST // 1024} KB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                return _redrawn(image, field)
    except FieldRefusal:
        raise
    except Exception as damage:  # decoders raise whatever they like over damaged files
        raise FieldRefusal(field, _NO_PNG) from damage


def _redrawn(image: Image.Image, field: str) -> Drawn:
    if image.width * image.height > MOST_PIXELS:
        raise FieldRefusal(field, "This has too many pixels. Make it smaller.")
    plain = image.convert("RGBA")
    plain.thumbnail(_BOX)
    clean = Image.new("RGBA", plain.size)
    clean.paste(plain)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    content = out.getvalue()
    width = min(160, max(1, round(plain.width * _SHOWN_HIGH / plain.height)))
    return Drawn(content, width, hashlib.sha256(content).hexdigest()[:16])
