"""What is held about a person as one file: a ZIP of JSON, a page to read, and their own files (S8)."""

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from portal import files
from portal.models import Document

NAME = "held.zip"


def archive(held: dict[str, list[dict[str, Any]]], page: str, documents: Iterable[Document]) -> bytes:
    """Return the ZIP file of what is `held`, of the `page` that shows it, and of what `documents` hold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("held.json", json.dumps(held, default=str, ensure_ascii=False, indent=2))
        packed.writestr("held.html", page)
        for document in documents:
            try:
                with files.open_stored(document) as content:
                    packed.writestr(f"files/{document.id}-{document.name}", content.read())
            except FileNotFoundError:
                continue  # the row is told of all the same
    return out.getvalue()
