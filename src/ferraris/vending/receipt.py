"""A receipt: what the customer takes home, as data and as text. `receipt_pdf` draws the same data.

A receipt names the meter and everything that its tokens depend on (supply group code, tariff index, key revision number, base
date), so that a token that a meter refuses can be explained from the paper alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ferraris.vending.breakdown import Line, LineKind
from ferraris.vending.credit import tenths_text
from ferraris.vending.errors import VendingError
from ferraris.vending.money import money_text
from ferraris.vending.sale import Delivery, Sale, SaleKind, SaleState, TokenKind
from ferraris.vending.settings import VendingSettings

WIDTH = 42
_ZONE_CHARACTERS_MAX = 5
"""Of a zone's name: so much has room beside the number of the receipt."""
"""Characters of a line: what an 80 mm till printer holds."""
_INDENT = 13
_TITLES = {
    SaleKind.CREDIT: "CREDIT TOKEN",
    SaleKind.FREE_ISSUE: "FREE BASIC ISSUE",
    SaleKind.KEY_CHANGE: "KEY CHANGE",
    SaleKind.ENGINEERING: "ENGINEERING TOKEN",
}
_DELIVERIES = {
    Delivery.NONE: "Enter the token at the meter.",
    Delivery.SENT: "Sent to the meter; enter it there if no credit comes.",
    Delivery.ACCEPTED: "DELIVERED: the meter has taken the token.",
    Delivery.REFUSED: "The meter refused the token; ask at the till.",
    Delivery.TYPED: "Entered at the meter.",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a receipt says, in the words and the order in which it says it."""

    utility: str
    title: str
    number: str
    copy: int
    """0 for the original, else the how-manieth copy."""
    date: str
    fields: tuple[tuple[str, str], ...]
    """Label and value: who, where, which meter."""
    configuration: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    """What was paid for, and how much."""
    total: str
    units: str
    """What the meter is credited with."""
    tokens: tuple[tuple[str, str], ...] = field(repr=False)
    """What each token is, and its digits in fours; in the order of entry."""
    notes: tuple[str, ...] = ()
    delivery: str = ""
    in_money: bool = False
    """Whether the meter counts money instead of units."""


def make_receipt(sale: Sale, settings: VendingSettings, customer: str = "") -> Receipt:
    """The receipt of an order that is posted. Raises VendingError for one that has no tokens to print."""
    if sale.state not in (SaleState.POSTED, SaleState.REVERSED) or not sale.tokens:
        raise VendingError(f"order {sale.number} has no receipt", got=sale.state)
    sts = sale.configuration
    who = [
        ("Customer", customer),
        ("Account", sale.account),
        ("Meter", sale.meter),
        ("Till", sale.till),
        ("Operator", sale.operator),
        ("Approved by", sale.approver),
        ("Paid by", sale.payment),
        ("Tariff", sale.tariff),
        ("Order", sale.detail),
    ]
    keys = [
        ("SGC", sts.supply_group_code),
        ("KRN", str(sts.key_revision_number)),
        ("TI", f"{sts.tariff_index:02d}"),
        ("EA", f"{sts.encryption_algorithm:02d}"),
        ("Base", str(sts.base_date.year)),
    ]
    lines = sale.breakdown.lines if sale.breakdown else ()
    return Receipt(
        utility=settings.utility,
        title=_TITLES[sale.kind],
        number=sale.receipt_number,
        copy=sale.reprints,
        date=_moment_text(settings.local(sale.created_ms)),
        fields=tuple((label, value) for label, value in who if value),
        configuration=tuple(keys),
        lines=tuple((_label(line, sale.unit), money_text(line.amount_minor, sale.minor_digits)) for line in lines),
        total=f"{sale.currency} {money_text(sale.tendered_minor, sale.minor_digits)}",
        units=sale.credited,
        tokens=tuple(_tokens(sale)),
        notes=tuple(_notes(sale)),
        delivery=_DELIVERIES[sale.delivery],
        in_money=bool(sale.breakdown and sale.breakdown.credit_money),
    )


def receipt_text(receipt: Receipt) -> str:
    """The receipt in lines of `WIDTH` characters."""
    return "\n".join(line.rstrip() for line in _text_lines(receipt)) + "\n"


def _text_lines(receipt: Receipt) -> Iterator[str]:
    rule = "-" * WIDTH
    yield receipt.utility[:WIDTH].center(WIDTH)
    yield receipt.title.center(WIDTH)
    if receipt.copy:
        yield f"COPY {receipt.copy}".center(WIDTH)
    yield rule
    yield _pair(f"Receipt {receipt.number}", receipt.date)
    for label, value in receipt.fields:
        yield from _labelled(label, value)
    yield "  ".join(f"{label} {value}" for label, value in receipt.configuration)
    if receipt.lines:
        yield rule
        for label, value in receipt.lines:
            yield _pair(label, value)
        yield _pair("TOTAL", receipt.total)
    if receipt.units:
        yield rule
        yield _pair("CREDIT" if receipt.in_money else "UNITS", receipt.units)
    for label, digits in receipt.tokens:
        yield rule
        yield label
        yield digits.center(WIDTH)
    yield rule
    for note in (*receipt.notes, receipt.delivery):
        yield from _folded(note)


def _moment_text(moment: datetime) -> str:
    """A local time with the name of its zone; a zone without a short name is shown by its distance from UTC."""
    zone = moment.tzname() or ""
    return f"{moment:%Y-%m-%d %H:%M} {zone if 0 < len(zone) <= _ZONE_CHARACTERS_MAX else moment.strftime('%z')}"


def _pair(left: str, right: str) -> str:
    room = WIDTH - len(right) - 1
    return f"{left[:room]:{room}} {right}"


def _labelled(label: str, value: str) -> Iterator[str]:
    for place, part in enumerate(_folded(value, WIDTH - _INDENT)):
        yield f"{'' if place else label:{_INDENT}}{part}"


def _folded(text: str, width: int = WIDTH) -> Iterator[str]:
    """The text in lines; a word that is longer than a line is cut."""
    line = ""
    for word in text.split():
        for start in range(0, len(word), width):
            part = word[start : start + width]
            if line and len(line) + 1 + len(part) > width:
                yield line
                line = part
            else:
                line = f"{line} {part}".strip()
    yield line


def _label(line: Line, unit: str) -> str:
    if line.units_tenths:
        return f"{line.name}: {tenths_text(line.units_tenths)} {unit} at {line.price}"
    if line.kind is LineKind.DEBT:
        return f"debt {line.title}"
    return line.title


def _tokens(sale: Sale) -> Iterator[tuple[str, str]]:
    changes = sum(token.kind is TokenKind.KEY_CHANGE for token in sale.tokens)
    for place, token in enumerate(sale.tokens, start=1):
        if token.kind is TokenKind.KEY_CHANGE:
            yield f"Key change {place} of {changes}", token.grouped
        else:
            yield ("Credit token" if token.kind is TokenKind.CREDIT else "Token"), token.grouped


def _notes(sale: Sale) -> Iterator[str]:
    if sale.state is SaleState.REVERSED:
        yield "REVERSED: the money was given back. The token must not be used."
    kinds = [token.kind for token in sale.tokens]
    if TokenKind.KEY_CHANGE in kinds and sale.state is SaleState.POSTED:
        rest = ", then the credit token" if TokenKind.CREDIT in kinds else ""
        yield f"Enter unused tokens of earlier receipts first, then all key change tokens{rest}."
