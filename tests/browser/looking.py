"""What a page must hold whatever it shows: measured in the page, told as a list of faults."""

import os
import zlib
from pathlib import Path

from playwright.sync_api import Page

from tests.machinery.counts import LONG

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
# Where to put a picture of every page and look, if somebody wants to see them.
PICTURES = os.environ.get("GATEHOUSE_PICTURES", "")

RUN_AXE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${node.target.join(" ")}`));
}"""

# Links inside a sentence are as small as its letters; everything else must be large enough to hit.
SMALL_TARGETS = """(least) => {
  const hit = (part) => {
    const row = part.matches(".cover") && part.closest("tr");
    if (row && getComputedStyle(row).display === "grid") return row;
    return part.matches("[type=checkbox], [type=radio]") && part.closest("label") || part;
  };
  const inSentence = (part) => part.matches("a") && getComputedStyle(part).display === "inline"
    && [...part.parentElement.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const unseen = ".visually-hidden, .skip, [aria-hidden=true]";
  const shown = (part) => part.checkVisibility() && !part.closest(unseen);
  const targets = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']";
  return [...document.querySelectorAll(targets)]
    .filter((part) => shown(part) && !inSentence(part))
    .map((part) => [part.outerHTML.slice(0, 90), hit(part).getBoundingClientRect()])
    .filter(([, { width, height }]) => width < least - .5 || height < least - .5)
    .map(([part, { width, height }]) => `${part} is ${Math.round(width)} x ${Math.round(height)}`);
}"""

ORDER = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((part) => part.id);
  const faults = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `two elements are called ${id}`);
  const heads = document.querySelectorAll("h1").length;
  if (heads !== 1) faults.push(`${heads} h1`);
  if (!document.title.trim()) faults.push("no title");
  return faults;
}"""

WIDTHS = (1280, 390)
THEMES = ("light", "dark")
WIDER_THAN = "(width) => document.scrollingElement.scrollWidth > width"


def faults(
    page: Page, name: str, widths: tuple[int, ...] = WIDTHS, themes: tuple[str, ...] = THEMES
) -> list[str]:
    """Look at a page at every width in every theme; gives what is wrong with it.

    No theme: what does not depend on one, without axe, which takes most of the time.
    """
    if themes:
        page.evaluate(AXE)
    page.evaluate("scrollTo(0, 0)")  # what lies under a sticky bar would count as covered
    found = page.evaluate(ORDER)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800 if width > 400 else 844})
        for theme in themes:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            if PICTURES:
                page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png", full_page=True)
            found += [f"{width} {theme}: {each}" for each in page.evaluate(RUN_AXE)]
        small = page.evaluate(SMALL_TARGETS, 44 if width < 768 else 24)
        found += [f"{width}: {each}" for each in small] + _too_wide(page, width)
    if min(widths) < 768:
        page.set_viewport_size({"width": 320, "height": 700})
        found += _too_wide(page, 320)
    return found


def looked_at(page: Page, name: str, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """Look at a page, in `make test` at one width and every third with axe; gives what is wrong, by name.

    Which ones is told by the name, so that it is the same every time and different from page to page.
    """
    turn = zlib.crc32(name.encode())
    at = widths if LONG else (widths[turn % len(widths)],)
    themes = THEMES if LONG else (THEMES[turn // 2 % 2],) if turn // 4 % 3 == 0 else ()
    return [f"{name}: {each}" for each in faults(page, name, at, themes)]


def _too_wide(page: Page, width: int) -> list[str]:
    return [f"{width}: scrolls sideways"] if page.evaluate(WIDER_THAN, width) else []
