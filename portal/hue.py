"""The brand's hue as a colour that mail programs know: they have no OKLCH."""

from math import cos, radians, sin


def hex_colour(lightness: float, chroma: float, hue: float) -> str:
    """Return the OKLCH colour as #rrggbb; what lies outside of sRGB is cut off at its edge."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_byte(part):02x}" for part in linear)


def _byte(linear: float) -> int:
    held = min(max(linear, 0.0), 1.0)
    curved = 12.92 * held if held <= 0.0031308 else 1.055 * held ** (1 / 2.4) - 0.055
    return round(255 * curved)


# The tokens of the style sheet that depend on the hue, by lightness and chroma; a test compares them with it.
TOKENS: dict[str, dict[str, tuple[float, float]]] = {
    "light": {
        "bg": (0.977, 0.0035),
        "hover": (0.967, 0.008),
        "ink": (0.235, 0.02),
        "ink2": (0.36, 0.02),
        "muted": (0.49, 0.02),
        "line": (0.92, 0.007),
        "edge2": (0.845, 0.01),
        "pri": (0.45, 0.085),
        "pri-h": (0.39, 0.08),
        "tint": (0.955, 0.02),
    },
    "dark": {
        "bg": (0.185, 0.009),
        "surface": (0.225, 0.011),
        "hover": (0.265, 0.014),
        "ink": (0.945, 0.006),
        "ink2": (0.85, 0.01),
        "muted": (0.73, 0.014),
        "line": (0.305, 0.013),
        "edge2": (0.41, 0.016),
        "pri": (0.79, 0.09),
        "pri-h": (0.85, 0.08),
        "on": (0.2, 0.03),
        "tint": (0.31, 0.04),
    },
}
# Those that are the same at every hue.
_FIXED = {
    "light": {"surface": "#ffffff", "on": "#ffffff", "ok": "#17603a", "ok-bg": "#e1f3e8"},
    "dark": {"ok": "#86d7a8", "ok-bg": "#15321f"},
}
PASSES = 4.5


def tokens(theme: str, hue: float) -> dict[str, str]:
    """Return the colours of `theme`, light or dark, at `hue`, by the names that the style sheet uses."""
    return _FIXED[theme] | {name: hex_colour(*value, hue) for name, value in TOKENS[theme].items()}


def contrast(theme: str, hue: float) -> dict[str, float]:
    """Return the contrast of what the hue colours, as WCAG counts it: on buttons, links and marks."""
    found = tokens(theme, hue)
    pairs = {"Button": ("on", "pri"), "Link": ("pri", "surface"), "Mark": ("pri", "tint")}
    return {said: _apart(found[one], found[other]) for said, (one, other) in pairs.items()}


def preview(hue: float) -> str:
    """Return the style sheet that shows `.preview.light` and `.preview.dark` at `hue`, not the page's."""
    rules = (
        f".preview.{theme}{{color-scheme:{theme};color:var(--ink);background:var(--surface);"
        + "".join(f"--{name}:{colour};" for name, colour in tokens(theme, hue).items())
        + "}"
        for theme in TOKENS
    )
    return "\n".join(rules) + "\n"


def _apart(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
