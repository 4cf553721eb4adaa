"""OBIS: the six numbers that name a COSEM object (IEC 62056-6-1).

A medium, B channel, C quantity, D processing, E rate or harmonic, F historical period; 255 where a group does not apply.
"""

from __future__ import annotations

import re
from typing import Final, Self

from ferraris.kernel.errors import DecodeError, LocalProtocolError

OBIS_OCTETS: Final = 6
_DOTTED: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})")
_WRITTEN: Final = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&.](\d{1,3}))?")


class Obis(bytes):
    """A logical name: exactly six octets, hashable and comparable as the octets on the line."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        """Raises DecodeError unless there are six octets."""
        if len(octets) != OBIS_OCTETS:
            raise DecodeError("a logical name has a wrong length", expected=f"{OBIS_OCTETS} octets", got=len(octets))
        return super().__new__(cls, octets)

    @classmethod
    def of(cls, a: int, b: int, c: int, d: int, e: int, f: int = 255) -> Self:
        """From its six numbers. Raises LocalProtocolError for a number above 255."""
        try:
            return cls(bytes((a, b, c, d, e, f)))
        except ValueError:
            raise LocalProtocolError(
                "not an OBIS code", expected="six numbers 0..255", got=(a, b, c, d, e, f)
            ) from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `1.0.1.8.0.255`, `1-0:1.8.0*255` or `1-0:1.8.0` (F is 255 then). Raises LocalProtocolError."""
        match = _DOTTED.fullmatch(text) or _WRITTEN.fullmatch(text)
        if match is None:
            raise LocalProtocolError(
                "not an OBIS code", expected="such as 1-0:1.8.0*255 or 1.0.1.8.0.255", got=repr(text[:40])
            )
        a, b, c, d, e, f = (255 if group is None else int(group) for group in match.groups())
        return cls.of(a, b, c, d, e, f)

    @property
    def a(self) -> int:
        """Medium: 0 abstract, 1 electricity, 6 heat, 7 gas, 8 water."""
        return self[0]

    @property
    def b(self) -> int:
        """Channel."""
        return self[1]

    @property
    def c(self) -> int:
        """Quantity."""
        return self[2]

    @property
    def d(self) -> int:
        """Processing of the quantity."""
        return self[3]

    @property
    def e(self) -> int:
        """Rate, or what else divides the result."""
        return self[4]

    @property
    def f(self) -> int:
        """Historical period; 255 for the current one."""
        return self[5]

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"Obis({self})"
