"""A token as people type it: 20 decimal digits of 66 bits (IEC 62055-41 clause 6.4, IEC 62055-51 clause 6).

The two bits of the class are put into the 64 bits of the enciphered block in place of bits 28 and 27, which go to the head.
"""

from __future__ import annotations

from typing import Final

from ferraris.sts.errors import TokenError, TokenResult
from ferraris.sts.meter_pan import is_decimal

TOKEN_DIGITS: Final = 20
TOKEN_BITS: Final = 66
_CLASS_SHIFT: Final = 27
_CLASS_MASK: Final = 3 << _CLASS_SHIFT
_BLOCK_BITS: Final = 64
_BLOCK_MASK: Final = (1 << _BLOCK_BITS) - 1
_SEPARATORS: Final = str.maketrans("", "", " -\t\r\n\u00a0")


def insert_class(token_class: int, block: int) -> int:
    """The 66 bits of a class and a block."""
    head = (block >> _CLASS_SHIFT & 3) << _BLOCK_BITS
    return head | (block & ~_CLASS_MASK) | token_class << _CLASS_SHIFT


def extract_class(bits: int) -> tuple[int, int]:
    """Class and block of 66 bits."""
    token_class = bits >> _CLASS_SHIFT & 3
    return token_class, (bits & _BLOCK_MASK & ~_CLASS_MASK) | (bits >> _BLOCK_BITS) << _CLASS_SHIFT


def to_digits(token_class: int, block: int) -> str:
    """The 20 digits of a class and a block."""
    return f"{insert_class(token_class, block):0{TOKEN_DIGITS}d}"


def from_digits(digits: str) -> tuple[int, int]:
    """Class and block of 20 digits. Raises TokenError for anything else than 20 digits below 2^66."""
    if len(digits) != TOKEN_DIGITS or not is_decimal(digits):
        raise TokenError(TokenResult.FORMAT_ERROR, "no token", expected=f"{TOKEN_DIGITS} digits", got=_shown(digits))
    bits = int(digits)
    if bits >> TOKEN_BITS:
        raise TokenError(TokenResult.FORMAT_ERROR, "no token", expected=f"a number below 2^{TOKEN_BITS}")
    return extract_class(bits)


def bare_digits(text: str) -> str:
    """What a person wrote, without the blanks and hyphens between groups of digits."""
    return text.translate(_SEPARATORS)


def in_groups(digits: str) -> str:
    """Digits in fours, as they stand on a receipt."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def _shown(text: str) -> str:
    """A token is money: an error says its shape, not its digits."""
    strange = sum(not is_decimal(character) for character in text)
    return f"{len(text)} characters, {strange} of them no digits" if strange else f"{len(text)} digits"
