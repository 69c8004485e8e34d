"""A sheet of A4 with the vendor's letter head, and fonts for whatever script its texts are in."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from portal.paper.heading import Head, one_line

FONTS = Path(__file__).parent.parent / "fonts"
MARGIN = 18
INK, MUTED, LINE = (19, 33, 33), (84, 100, 100), (200, 208, 208)
# What the body font has no letters for, and the font that has them.
_OTHERS = (
    ("devanagari", "NotoSansDevanagari.ttf", re.compile("[\u0900-\u097f]")),
    (
        "cjk",
        "DroidSansFallback.ttf",
        re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"),
    ),
)
# Scripts whose letters join, reorder or run from right to left; for the others shaping only takes time.
_SHAPED = re.compile("[\u0590-\u08ff\u0900-\u0dff\ufb1d-\ufdff\ufe70-\ufefe]")


class Sheet(FPDF):
    """Pages of A4, written from top to bottom. `texts` is everything people wrote that will stand there."""

    def __init__(self, head: Head, title: str, texts: Iterable[str]) -> None:
        super().__init__(format="A4")
        self.head, self.title = head, one_line(title)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)
        # A company may be called {nb}; fpdf would take that for the number of pages.
        self.alias_nb_pages("")
        self.set_title(self.title)
        self.set_author(head.vendor)
        self.set_lang("en")
        self._open_fonts("\n".join([head.vendor, title, *texts]))
        self.add_page()

    def _open_fonts(self, letters: str) -> None:
        self.add_font("body", "", FONTS / "DejaVuSans.ttf")
        self.add_font("body", "B", FONTS / "DejaVuSans-Bold.ttf")
        wanted = [(name, file) for name, file, script in _OTHERS if script.search(letters)]
        for name, file in wanted:
            self.add_font(name, "", FONTS / file)
        if wanted:
            self.set_fallback_fonts([name for name, _ in wanted], exact_match=False)
        if _SHAPED.search(letters):
            self.set_text_shaping(True)

    def header(self) -> None:
        """Write the vendor's name at the top of each page."""
        self.ink(MUTED, 9)
        self.cell(0, 5, self.head.vendor, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def footer(self) -> None:
        """Write what the page belongs to at its foot."""
        self.set_y(-MARGIN)
        self.ink(MUTED, 8)
        self.cell(0, 5, f"{self.title}, page {self.page_no()}")
        self.set_x(MARGIN)
        self.cell(0, 5, self.head.support, align="R")

    def ink(self, colour: tuple[int, int, int] = INK, size: float = 9.5, *, bold: bool = False) -> None:
        """Write on in this colour and size."""
        self.set_text_color(*colour)
        self.set_font("body", "B" if bold else "", size)

    def say(self, text: str, size: float = 9.5, *, bold: bool = False, muted: bool = False) -> None:
        """Write a line of its own, broken where it is too long."""
        self.ink(MUTED if muted else INK, size, bold=bold)
        self.multi_cell(0, size * 0.52, one_line(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write labels with what they stand for."""
        self.ln(3)
        for label, value in pairs:
            self.ink(MUTED)
            self.cell(40, 5.5, label)
            self.ink()
            self.multi_cell(0, 5.5, one_line(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def rows(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], numbers: int
    ) -> None:
        """Write a table; its last `numbers` columns are numbers. The head comes again on each page."""
        aligns = ["LEFT"] * (len(heads) - numbers) + ["RIGHT"] * numbers
        self.ink(size=9)
        self.set_draw_color(*LINE)
        with self.table(
            [[*heads], *([one_line(cell) for cell in row] for row in rows)],
            col_widths=tuple(widths),
            text_align=tuple(aligns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=MUTED),
            line_height=5,
            padding=(1, 1),
        ):
            pass

    def sums(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write amounts below a table, the last one bold."""
        self.ln(2)
        for number, (label, value) in enumerate(pairs, start=1):
            self.ink(bold=number == len(pairs))
            self.cell(self.epw - 35, 6, label, align="R")
            self.cell(35, 6, value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def bytes(self) -> bytes:
        """Return the finished file."""
        return bytes(self.output())
