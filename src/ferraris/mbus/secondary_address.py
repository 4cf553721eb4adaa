"""Secondary addresses of wired M-Bus: what a meter is called by when nobody has given it a primary address (EN 13757-3, EN 13757-7).

    identification  8 digits, BCD       manufacturer  3 letters       version  1 octet       medium  1 octet

Whoever selects may leave any digit, and each of the other parts, open: F for a digit, FF for an octet. Written it is
`12345678.FER.01.02`, with `*` for a part and `?` for a digit that is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ferraris.kernel.errors import DecodeError, LocalProtocolError

CLAUSE: Final = "EN 13757-3"
SECONDARY_OCTETS: Final = 8
OPEN_DIGIT: Final = "?"
OPEN_PART: Final = "*"
DIGITS: Final = 8
OPEN_OCTET: Final = 0xFF
OPEN_MANUFACTURER: Final = 0xFFFF
LETTER_BITS: Final = 5
_WRITTEN: Final = re.compile(r"([0-9?]{8}|\*)(?:\.([A-Z]{3}|\*)\.([0-9a-fA-F]{2}|\*)\.([0-9a-fA-F]{2}|\*))?")


@dataclass(frozen=True, slots=True)
class SecondaryAddress:
    """A secondary address, or a mask of some. None where a part is open."""

    identification: str
    """Eight characters, each a digit or `?`."""
    manufacturer: str | None = None
    version: int | None = None
    medium: int | None = None

    def __str__(self) -> str:
        identification = OPEN_PART if self.identification == OPEN_DIGIT * DIGITS else self.identification
        octets = (OPEN_PART if part is None else f"{part:02x}" for part in (self.version, self.medium))
        return ".".join((identification, self.manufacturer or OPEN_PART, *octets))

    @classmethod
    def parse(cls, text: str) -> SecondaryAddress:
        """Raises LocalProtocolError."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise LocalProtocolError(
                "no secondary address of M-Bus", expected="such as 12345678.FER.01.02, ? and * for open", got=text[:40]
            )
        identification, manufacturer, version, medium = match.groups(OPEN_PART)
        return cls(
            OPEN_DIGIT * DIGITS if identification == OPEN_PART else identification,
            None if manufacturer == OPEN_PART else manufacturer,
            None if version == OPEN_PART else int(version, 16),
            None if medium == OPEN_PART else int(medium, 16),
        )

    @property
    def is_whole(self) -> bool:
        """Whether it leaves nothing open."""
        return OPEN_DIGIT not in self.identification and None not in (self.manufacturer, self.version, self.medium)

    @property
    def open_digit(self) -> int | None:
        """The place of the first digit that is open."""
        place = self.identification.find(OPEN_DIGIT)
        return None if place < 0 else place

    def narrowed(self, digit: int) -> SecondaryAddress:
        """With that digit in the first place that is open."""
        identification = self.identification.replace(OPEN_DIGIT, str(digit), 1)
        return SecondaryAddress(identification, self.manufacturer, self.version, self.medium)

    def matches(self, address: SecondaryAddress) -> bool:
        """Whether this mask selects that meter."""
        digits = zip(self.identification, address.identification, strict=True)
        parts = zip(
            (self.manufacturer, self.version, self.medium),
            (address.manufacturer, address.version, address.medium),
            strict=True,
        )
        return all(mine in (OPEN_DIGIT, theirs) for mine, theirs in digits) and all(
            mine in (None, theirs) for mine, theirs in parts
        )

    def encode(self) -> bytes:
        """The octets of a selection, or of a meter's answer."""
        identification = bytes.fromhex(self.identification.replace(OPEN_DIGIT, "f"))[::-1]
        manufacturer = OPEN_MANUFACTURER if self.manufacturer is None else _code(self.manufacturer)
        octets = (OPEN_OCTET if part is None else part for part in (self.version, self.medium))
        return identification + manufacturer.to_bytes(2, "little") + bytes(octets)


def decode_secondary_address(octets: bytes) -> SecondaryAddress:
    """Raises DecodeError for other octets than eight, digits above nine, and letters that are none."""
    if len(octets) != SECONDARY_OCTETS:
        raise DecodeError("no secondary address", expected=f"{SECONDARY_OCTETS} octets", got=len(octets), clause=CLAUSE)
    identification = octets[3::-1].hex().replace("f", OPEN_DIGIT)
    if not re.fullmatch(r"[0-9?]{8}", identification):
        raise DecodeError("a secondary address has other digits than 0 to 9", got=octets[:4].hex(), clause=CLAUSE)
    code = int.from_bytes(octets[4:6], "little")
    version, medium = (None if octet == OPEN_OCTET else octet for octet in octets[6:])
    return SecondaryAddress(
        identification, None if code == OPEN_MANUFACTURER else _letters(code, octets[4:6]), version, medium
    )


def _code(letters: str) -> int:
    first, second, third = (ord(letter) - ord("A") + 1 for letter in letters)
    return (first << 2 * LETTER_BITS) + (second << LETTER_BITS) + third


def _letters(code: int, octets: bytes) -> str:
    numbers = [code >> shift & 0x1F for shift in (2 * LETTER_BITS, LETTER_BITS, 0)]
    if code >> 3 * LETTER_BITS or not all(1 <= number <= 26 for number in numbers):
        raise DecodeError("a manufacturer's code is no three letters", got=octets.hex(), clause=CLAUSE)
    return "".join(chr(ord("A") - 1 + number) for number in numbers)
