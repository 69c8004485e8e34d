"""What is held about a person as one file: a ZIP of JSON, a page to read, and their own files (S8)."""

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from portal import files
from portal.models import Document

# How the page looks on a screen and on paper; it stands alone, so it brings this along.
STYLE = Markup("""<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #132121; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem; page-break-inside: avoid; }
table.long { page-break-inside: auto; } tr { page-break-inside: avoid; }
th, td { border: 1px solid #e0e6e6; padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { background: #f5f8f8; font-weight: 600; } td { overflow-wrap: anywhere; white-space: pre-line; }
th { overflow-wrap: anywhere; } .side th { width: min(14rem, 35%); }
caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } }
</style>""")


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
