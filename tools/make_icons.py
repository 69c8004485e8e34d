"""Builds static/icons.svg, the sprite of the icons the portal uses, from the SVGs of npm's lucide-static.

Run it from the repository's root after adding a name below:

    npm pack lucide-static && tar -xf lucide-static-*.tgz
    python tools/make_icons.py package/icons
"""

import re
import sys
from pathlib import Path

SPRITE = Path("static/icons.svg")
NAMES = """
activity arrow-down arrow-left arrow-right arrow-up ban building chart-column check chevron-down chevron-left
chevron-right chevrons-up-down circle-alert circle-check circle-question-mark clipboard-check clipboard-list
copy download
ellipsis-vertical eye eye-off file-text gavel house info keyboard key-round leaf link list-filter lock
log-out mail map-pin-house menu pencil phone plus power power-off receipt refresh-cw search send
settings-2 shield-check
sun-moon trash-2 triangle-alert undo-2 unlink user user-check user-plus users x
"""
NOTE = "Icons by Lucide (https://lucide.dev), ISC licence; see VENDORED.md. Made by tools/make_icons.py."


def symbol(name: str, folder: Path) -> str:
    """The one icon `name` of `folder` as a symbol element; FileNotFoundError when there is no such icon."""
    source = (folder / f"{name}.svg").read_text(encoding="utf-8")
    body = source[source.index(">", source.index("<svg")) + 1 : source.index("</svg>")]
    drawing = re.sub(r"\s*\n\s*", "", body).replace(" />", "/>").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'


def main(folder: Path) -> None:
    """Write the sprite from the icons in `folder`."""
    symbols = "\n".join(symbol(name, folder) for name in NAMES.split())
    SPRITE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg">\n<!-- {NOTE} -->\n{symbols}\n</svg>\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
