"""Makes text that strangers typed fit for a mail: one line, not too long, and nothing in it to click."""

import re
import unicodedata

LONGEST = 80
_JOINERS = "\u200c\u200d"  # Persian, Indic names and emoji are misspelt without them
_GONE = {"Cf", "Cs", "Co", "Cn"}
_BLANK = {"Cc", "Zl", "Zp", "Zs"}
# A dot with something before it and the beginning of a word after it, in any script a domain may use.
_DOT = re.compile(rf"(?<=\S)[.\u3002\uff0e\uff61\u2024](?=[{_JOINERS}]*[^\W\d_][^\s.,;:!?)\]])")
_SCHEME = re.compile(r":(?=[/\\\u2044\u2215\uff0f])")
_MANY_MARKS = 4


def harmless(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, at most `longest` characters, without what a mail client makes a link of.

    "evil.com" becomes "evil[.]com", "http://" becomes "http[:]//", "@" becomes "[@]"; control characters and
    those that turn the direction of writing are dropped. Every other character stays as it was typed.
    """
    kept = " ".join("".join(_spell(text)).split())
    if len(kept) > longest:
        kept = kept[: longest - 1].rstrip() + "…"
    kept = re.sub(r"\\{2,}", r"\\", kept)  # \\server\share
    kept = re.sub(r"[@\uff20\ufe6b]", r"[@]", kept)
    return _DOT.sub("[.]", _SCHEME.sub("[:]", kept))


def _spell(text: str) -> list[str]:
    spelt: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in _BLANK:
            spelt.append(" ")
        elif char in _JOINERS or (kind not in _GONE and marks <= _MANY_MARKS):
            spelt.append(char)
    return spelt
