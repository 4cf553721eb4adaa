"""Numbers as people type them into the till: plain digits, with a comma for the point where that is the custom.

Nothing is guessed: a number that may mean two things is refused, since it moves money or keys.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ferraris.vending import AmountError, Number

_MAYBE_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


def typed_amount(text: str) -> Decimal:
    """An amount of money or units. Raises AmountError."""
    typed = text.strip()
    if _MAYBE_THOUSANDS.fullmatch(typed):
        raise AmountError(
            "a comma before three digits: a thousand, or a part of one?",
            expected="digits without it, or a point",
            got=typed,
        )
    return Number.parse(typed.replace(",", "."))


def typed_whole(text: str) -> int:
    """A whole number, not below zero. Raises ValueError."""
    typed = text.strip()
    if not _WHOLE.fullmatch(typed):
        raise ValueError(f"not a whole number in plain digits: {typed[:40]!r}")
    return int(typed)
