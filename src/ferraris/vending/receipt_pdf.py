"""A receipt as a PDF page, 80 mm wide and as long as it needs to be. The same receipt gives the same octets."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from ferraris.vending.receipt import Receipt

_WIDTH = 80 * mm
_MARGIN = 5 * mm
_TEXT = "Helvetica"
_BOLD = "Helvetica-Bold"
_DIGITS = "Courier-Bold"
_SIZE = 8.5
_LEADING = 1.4


def receipt_pdf(receipt: Receipt) -> bytes:
    """The octets of a PDF file with the receipt on one page."""
    height = _Page(None, 0.0).draw(receipt) + 2 * _MARGIN
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(_WIDTH, height), invariant=1, pageCompression=1)
    canvas.setTitle(f"Receipt {receipt.number}")
    canvas.setAuthor(_latin(receipt.utility))
    _Page(canvas, height - _MARGIN).draw(receipt)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


@dataclass
class _Page:
    """Draws from the top down; without a canvas it only measures."""

    canvas: Canvas | None
    top: float
    used: float = 0.0

    def draw(self, receipt: Receipt) -> float:
        """Draw it all and return the height used."""
        self._centred(receipt.utility, _BOLD, 12)
        self._centred(receipt.title, _BOLD, 9.5)
        if receipt.copy:
            self._centred(f"COPY {receipt.copy}", _BOLD, 9.5)
        self._rule()
        self._pair(f"Receipt {receipt.number}", receipt.date, bold=True)
        for label, value in receipt.fields:
            self._labelled(label, value)
        self._folded("   ".join(f"{label} {value}" for label, value in receipt.configuration))
        if receipt.lines:
            self._rule()
            for label, value in receipt.lines:
                self._pair(label, value)
            self._pair("Total", receipt.total, bold=True)
        if receipt.units:
            self._pair("Credit" if receipt.in_money else "Units", receipt.units, bold=True)
        for label, digits in receipt.tokens:
            self._rule()
            self._line(label)
            self._centred(digits, _DIGITS, 13)
        self._rule()
        for note in (*receipt.notes, receipt.delivery):
            self._folded(note)
        return self.used

    def _place(self, size: float, paint: Callable[[Canvas, float], None]) -> None:
        self.used += size * _LEADING
        if self.canvas is not None:
            paint(self.canvas, self.top - self.used + size * (_LEADING - 1))

    def _write(self, canvas: Canvas, font: str, size: float, left: float, height: float, text: str) -> None:
        canvas.setFont(font, size)
        canvas.drawString(left, height, text)

    def _line(self, text: str, left: float = 0.0) -> None:
        shown = _latin(text)
        self._place(_SIZE, lambda canvas, y: self._write(canvas, _TEXT, _SIZE, _MARGIN + left, y, shown))

    def _centred(self, text: str, font: str, size: float) -> None:
        shown = _latin(text)
        room = _WIDTH - 2 * _MARGIN
        size = min(size, size * room / max(stringWidth(shown, font, size), 1))
        left = (_WIDTH - stringWidth(shown, font, size)) / 2
        self._place(size, lambda canvas, y: self._write(canvas, font, size, left, y, shown))

    def _pair(self, left: str, right: str, *, bold: bool = False) -> None:
        font = _BOLD if bold else _TEXT
        value = _latin(right)
        start = _WIDTH - _MARGIN - stringWidth(value, font, _SIZE)
        label = _fitted(_latin(left), font, start - _MARGIN - 2 * mm)

        def paint(canvas: Canvas, y: float) -> None:
            self._write(canvas, font, _SIZE, _MARGIN, y, label)
            self._write(canvas, font, _SIZE, start, y, value)

        self._place(_SIZE, paint)

    def _labelled(self, label: str, value: str) -> None:
        indent = 20 * mm
        first = True
        for part in _wrapped(_latin(value), _WIDTH - 2 * _MARGIN - indent):
            name = _latin(label) if first else ""

            def paint(canvas: Canvas, y: float, name: str = name, part: str = part) -> None:
                self._write(canvas, _TEXT, _SIZE, _MARGIN, y, name)
                self._write(canvas, _TEXT, _SIZE, _MARGIN + indent, y, part)

            self._place(_SIZE, paint)
            first = False

    def _folded(self, text: str) -> None:
        for part in _wrapped(_latin(text), _WIDTH - 2 * _MARGIN):
            self._line(part)

    def _rule(self) -> None:
        def paint(canvas: Canvas, y: float) -> None:
            canvas.setLineWidth(0.5)
            canvas.line(_MARGIN, y, _WIDTH - _MARGIN, y)

        self._place(4, paint)


def _wrapped(text: str, room: float) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and stringWidth(longer, _TEXT, _SIZE) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [_fitted(one, _TEXT, room) for one in (*lines, line)]


def _fitted(text: str, font: str, room: float) -> str:
    """As much of the text as there is room for."""
    while text and stringWidth(text, font, _SIZE) > room:
        text = text[:-1]
    return text


def _latin(text: str) -> str:
    """What the standard fonts of PDF can show; other letters become question marks."""
    return text.encode("cp1252", errors="replace").decode("cp1252")
