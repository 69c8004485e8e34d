"""The look without a browser: contrast at every hue, the weight of the files, tables that stay tables."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import html5lib
import pytest

from portal import hue as hue_module

ROOT = Path(__file__).parents[1]
CSS = (ROOT / "static" / "portal.css").read_text()
HUES = range(0, 360, 2)
THEMES = ("light", "dark")

# UI 3.3: (text, ground, least contrast). 4.5 for text; 3 for what marks a control or the focus.
PAIRS = [
    *(
        (ink, ground, 4.5)
        for ink in ("ink", "ink2", "muted")
        for ground in ("surface", "bg", "hover", "sunken")
    ),
    ("ink", "tint", 4.5),
    ("ink2", "tint", 4.5),
    ("pri", "surface", 4.5),
    ("pri", "bg", 4.5),
    ("pri", "hover", 4.5),
    ("pri", "tint", 4.5),
    ("pri-h", "surface", 4.5),
    ("on", "pri", 4.5),
    ("on", "pri-h", 4.5),
    *((tone, f"{tone}-bg", 4.5) for tone in ("ok", "wait", "bad", "off")),
    ("bad", "surface", 4.5),
    ("on-bad", "bad", 4.5),
    ("on-bad", "bad-h", 4.5),
    *(("ink", f"{tone}-bg", 4.5) for tone in ("ok", "wait", "bad")),
    ("toast-ink", "toast", 4.5),
    ("toast-act", "toast", 4.5),
    ("edge", "surface", 3.0),
    ("edge", "bg", 3.0),
    ("ring", "surface", 3.0),
    ("ring", "bg", 3.0),
]
AVATARS = {"light": (".93 .028", ".38 .065"), "dark": (".35 .045", ".89 .05")}


def blocks(text: str) -> dict[str, str]:
    """The rules of a sheet by what stands before their brace, at the outermost level."""
    found: dict[str, str] = {}
    depth, start, head = 0, 0, ""
    for at, char in enumerate(text):
        if char == "{":
            if depth == 0:
                head, start = " ".join(text[start:at].split()), at + 1
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                found[head] = found.get(head, "") + text[start:at]
                start = at + 1
    return found


def declared(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", text))


SHEET = blocks(re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL))
MODERN = blocks(SHEET["@supports (color: oklch(0 0 0))"])
SYSTEM_DARK = ("@media (prefers-color-scheme: dark)", ":root:not([data-theme=light])")
TOKENS = {
    "hex": {
        "light": declared(SHEET[":root"]),
        "dark": declared(SHEET[":root"]) | declared(SHEET[":root[data-theme=dark]"]),
    },
    "oklch": {
        "light": declared(SHEET[":root"]) | declared(MODERN[":root"]),
        "dark": declared(SHEET[":root"])
        | declared(SHEET[":root[data-theme=dark]"])
        | declared(MODERN[":root"])
        | declared(MODERN[":root[data-theme=dark]"]),
    },
}


def linear(value: str, hue: float) -> list[float]:
    """A colour as linear red, green and blue, as a screen shows it."""
    value = value.strip()
    if value.startswith("#"):
        parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    light, chroma = (float(part) for part in value.removeprefix("oklch(").split()[:2])
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    parts = [
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    ]
    return [min(1.0, max(0.0, part)) for part in parts]


def luminance(value: str, hue: float) -> float:
    red, green, blue = linear(value, hue)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, hue: float) -> float:
    """The contrast of two colours as WCAG computes it."""
    darker, lighter = sorted((luminance(one, hue), luminance(other, hue)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS, ids=lambda value: str(value))
def test_contrast_at_every_hue(theme, text, ground, least):
    """UI 3.3: whatever hue staff choose."""
    tokens = TOKENS["oklch"][theme]
    worst = min((contrast(tokens[text], tokens[ground], hue), hue) for hue in HUES)
    assert worst[0] >= least, f"{worst[0]:.2f} at hue {worst[1]}"


# UI 3.3, worst over all hues: on a button, of a link on a card, of a mark; how each is called in the preview.
WORST = {
    "light": {"Button": 7.08, "Link": 7.08, "Mark": 6.27},
    "dark": {"Button": 9.0, "Link": 8.5, "Mark": 6.6},
}


@pytest.mark.parametrize("theme", THEMES)
def test_the_preview_shows_what_the_pages_will(theme):
    """UI 8.7: its colours are the sheet's at every hue, and its figures are those that one can recompute."""
    sheet, found = TOKENS["oklch"][theme], {}
    for hue in HUES:
        for name, colour in hue_module.tokens(theme, hue).items():
            pairs = zip(linear(colour, hue), linear(sheet[name], hue), strict=True)
            assert max(abs(one - other) for one, other in pairs) < 0.005, (name, hue)
        for said, figure in hue_module.contrast(theme, hue).items():
            found[said] = min(figure, found.get(said, 99))
    apart = {said: abs(figure - WORST[theme][said]) for said, figure in found.items()}
    assert apart.keys() == WORST[theme].keys()
    assert max(apart.values()) < 0.1, found


@pytest.mark.parametrize("theme", THEMES)
def test_contrast_where_oklch_is_unknown(theme):
    tokens = TOKENS["hex"][theme]
    bad = {pair: contrast(tokens[pair[0]], tokens[pair[1]], 195) for pair in PAIRS}
    assert {pair[:2]: f"{found:.2f}" for pair, found in bad.items() if found < pair[2]} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_hex_is_the_usual_hue(theme):
    """The two ways to write a colour mean the same one."""
    for name, value in TOKENS["oklch"][theme].items():
        if value.startswith("oklch") and "oklch" not in TOKENS["hex"][theme][name]:
            written, meant = TOKENS["hex"][theme][name], value
            apart = [abs(a - b) for a, b in zip(linear(written, 195), linear(meant, 195), strict=True)]
            assert max(apart) < 0.02, f"{name}: {written} is not {meant}"


@pytest.mark.parametrize("theme", THEMES)
def test_contrast_of_avatars(theme):
    ground, text = AVATARS[theme]
    assert f"background: oklch({ground} var(--a)); color: oklch({text} var(--a))" in CSS
    hues = [int(hue) for hue in re.findall(r"--a: (\d+);", CSS)]
    assert len(hues) == 6
    assert min(contrast(f"oklch({ground}", f"oklch({text}", hue) for hue in hues) >= 4.5


def test_dark_is_the_same_by_choice_and_by_system():
    """UI 3.4."""
    media, root = SYSTEM_DARK
    assert declared(blocks(SHEET[media])[root]) == declared(SHEET[":root[data-theme=dark]"])
    assert declared(blocks(MODERN[media])[root]) == declared(MODERN[":root[data-theme=dark]"])


@pytest.mark.parametrize(
    ("name", "most"),
    [("portal.css", 12), ("portal.js", 4), ("icons.svg", 3), ("htmx-2.0.11.min.js", 16), ("favicon.svg", 1)],
)
def test_weight(name, most):
    """UI 10.1: kilobytes over the wire."""
    packed = brotli.compress((ROOT / "static" / name).read_bytes(), quality=11)
    assert len(packed) <= most * 1024


def test_the_sheet_loads_nothing():
    """UI 5.2: no address at all, so nothing that the policy would have to stop."""
    assert not re.search(r"url\(|@import|data:", CSS)


def test_every_icon_that_is_drawn_exists():
    drawn = {"eye-off"} | set(re.findall(r"icons\.svg\"\) }}#([\w-]+)", templates()))
    drawn |= set(re.findall(r"(?:icon|glyph)\(\"([\w-]+)\"", templates()))
    known = set(re.findall(r'id="([\w-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    assert drawn - known == set()


def templates() -> str:
    return "".join(file.read_text() for file in pages())


def pages() -> Iterator[Path]:
    """The templates of pages; mails have rules of their own."""
    folder = ROOT / "templates"
    return (file for file in sorted(folder.rglob("*.html")) if file.relative_to(folder).parts[0] != "mail")


ROLES = {
    "table": ("table",),
    "thead": ("rowgroup",),
    "tbody": ("rowgroup",),
    "tr": ("row",),
    "td": ("cell",),
    "th": ("columnheader", "rowheader"),
}


@pytest.mark.parametrize(
    "file",
    [file for file in pages() if "<table" in file.read_text() or "<tr" in file.read_text()],
    ids=lambda file: file.name,
)
def test_tables_stay_tables_when_they_are_drawn_as_cards(file):
    """UI 4.3: a caption, and a role for every part, because display takes them away."""
    text = re.sub(r"{[{%#].*?[}%#]}", "", file.read_text(), flags=re.DOTALL)
    for part in re.findall(r"<(table|thead|tbody|tr|td|th)\b([^>]*)>", text):
        role = re.search(r'role="(\w+)"', part[1])
        assert role, f"<{part[0]}{part[1]}> has no role"
        assert role[1] in ROLES[part[0]], part
    assert text.count("<caption") == text.count("<table")


def test_every_field_of_a_form_has_a_label():
    """A control in a template is named by a label for it, around it, or by itself."""
    unnamed = []
    for file in pages():
        tree = html5lib.parse(file.read_text(), namespaceHTMLElements=False)
        named = {label.get("for") for label in tree.iter("label")}
        inside = {id(field) for label in tree.iter("label") for field in label.iter()}
        for field in (*tree.iter("input"), *tree.iter("select"), *tree.iter("textarea")):
            told = field.get("aria-label") or field.get("id") in named or id(field) in inside
            if not told and field.get("type") != "hidden" and field.get("aria-hidden") != "true":
                unnamed.append(f"{file.name}: {field.attrib}")
    assert unnamed == []
