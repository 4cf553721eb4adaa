"""Token identifiers: the minutes from a base date to the issue of a token (IEC 62055-41 clause 6.3.5).

A token identifier has 24 bits, some 31.9 years. Time is UTC. The first minute after each midnight is reserved for special
tokens; an ordinary one issued then carries the next minute.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ferraris.sts.errors import StsError

IDENTIFIER_BITS: Final = 24
IDENTIFIERS: Final = 1 << IDENTIFIER_BITS
MINUTE_MS: Final = 60_000
MINUTES_PER_DAY: Final = 1_440
SPECIAL_MINUTE: Final = 1
"""The minute of each day, 00:01, whose token identifier is reserved."""
KEY_EXPIRY_SHIFT: Final = 16


class BaseDate(IntEnum):
    """1 January, 00:00 UTC, of the year from which token identifiers count; the value is the code in two digits."""

    Y1993 = 93
    Y2014 = 14
    Y2035 = 35

    @property
    def code(self) -> str:
        """The two digits that stand for it in key derivation."""
        return f"{self.value:02d}"

    @property
    def year(self) -> int:
        return _YEAR[self]

    @property
    def start_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return _START_MS[self]

    @classmethod
    def of_year(cls, year: int) -> BaseDate:
        """The base date that begins in `year`, given in four digits or two."""
        for base_date in cls:
            if year in (base_date.year, base_date.value):
                return base_date
        raise StsError("no base date", expected=", ".join(str(base_date.year) for base_date in cls), got=year)


_YEAR: Final = {BaseDate.Y1993: 1993, BaseDate.Y2014: 2014, BaseDate.Y2035: 2035}
_START_MS: Final = {
    BaseDate.Y1993: 725_846_400_000,
    BaseDate.Y2014: 1_388_534_400_000,
    BaseDate.Y2035: 2_051_222_400_000,
}


def last_ms(base_date: BaseDate) -> int:
    """The last instant that has a token identifier of its own; a millisecond later they begin again at 0."""
    return base_date.start_ms + IDENTIFIERS * MINUTE_MS - 1


def token_identifier_at(base_date: BaseDate, now_ms: int, *, wrap: bool = False) -> int:
    """The token identifier of the minute in which `now_ms` lies.

    Raises StsError before the base date, and after its 24 bits have run out. With `wrap` it counts on from 0 then, as a
    decoder sees it whose base date was not moved on.
    """
    minutes = (now_ms - base_date.start_ms) // MINUTE_MS
    if minutes < 0:
        raise StsError("a date before the base date", expected=f"{base_date.year}-01-01 or later", clause="6.3.5")
    if minutes >= IDENTIFIERS and not wrap:
        raise StsError(
            f"base date {base_date.year} has run out of token identifiers", expected=f"below {IDENTIFIERS}", got=minutes
        )
    return minutes % IDENTIFIERS


def issued_ms(base_date: BaseDate, token_identifier: int) -> int:
    """When a token was issued: the beginning of the minute."""
    check_identifier(token_identifier)
    return base_date.start_ms + token_identifier * MINUTE_MS


def is_special_reserved(token_identifier: int) -> bool:
    """Whether it is the one of 00:01, which ordinary tokens don't carry."""
    return token_identifier % MINUTES_PER_DAY == SPECIAL_MINUTE


def ordinary_token_identifier(token_identifier: int) -> int:
    """The same, or the next one when this one is reserved for special tokens."""
    return token_identifier + is_special_reserved(token_identifier)


def is_key_expired(key_expiry_number: int, token_identifier: int) -> bool:
    """Whether a key of this expiry number is no longer valid for a token of this identifier: its upper 8 bits are above."""
    return token_identifier >> KEY_EXPIRY_SHIFT > key_expiry_number


def check_identifier(token_identifier: int) -> None:
    """Raise StsError for a number that 24 bits don't hold."""
    if not 0 <= token_identifier < IDENTIFIERS:
        raise StsError("a token identifier", expected=f"0 to {IDENTIFIERS - 1}", got=token_identifier)
