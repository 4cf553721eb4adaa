"""A place in the octets of an APDU: each step reads one A-XDR field and moves behind it.

For the APDUs that are rare or long. The services that every association repeats read their few octets by offset instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ferraris.codec import read_length, skip_data
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX

CLAUSE: Final = "Green Book 9.5"

T = TypeVar("T")


class Cursor:
    """Reads fields of `octets` from `offset` on. Every step raises DecodeError when its octets are not all there."""

    __slots__ = ("octets", "offset")

    def __init__(self, octets: bytes, offset: int = 0) -> None:
        self.octets = octets
        self.offset = offset

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        start = self.offset
        end = start + count
        if end > len(self.octets):
            left = max(0, len(self.octets) - start)
            raise DecodeError("an APDU is cut short", expected=f"{count} octets", got=left, offset=start, clause=CLAUSE)
        self.offset = end
        return self.octets[start:end]

    def unsigned(self) -> int:
        """One octet."""
        offset = self.offset
        if offset >= len(self.octets):
            raise DecodeError("an APDU is cut short", expected="1 octet", got=0, offset=offset, clause=CLAUSE)
        self.offset = offset + 1
        return self.octets[offset]

    def long_unsigned(self) -> int:
        """Two octets, unsigned."""
        return int.from_bytes(self.take(2), "big")

    def double_long_unsigned(self) -> int:
        """Four octets, unsigned."""
        return int.from_bytes(self.take(4), "big")

    def boolean(self) -> bool:
        """One octet: zero is false, any other is true."""
        return self.unsigned() != 0

    def present(self) -> bool:
        """The flag before an OPTIONAL field: 0 or 1."""
        flag = self.unsigned()
        if flag > 1:
            raise DecodeError(
                "an optional field's flag is wrong", expected="0 or 1", got=flag, offset=self.offset - 1, clause=CLAUSE
            )
        return flag == 1

    def choice(self, *choices: int) -> int:
        """The octet that names one of `choices`."""
        chosen = self.unsigned()
        if chosen not in choices:
            raise DecodeError("no such choice", expected=choices, got=chosen, offset=self.offset - 1, clause=CLAUSE)
        return chosen

    def octet_string(self) -> bytes:
        """A length and that many octets."""
        length, self.offset = read_length(self.octets, self.offset)
        return self.take(length)

    def count(self) -> int:
        """The count before the elements of a SEQUENCE OF, within the limit of a with-list service."""
        offset = self.offset
        count, self.offset = read_length(self.octets, offset)
        if count > ATTRIBUTE_DESCRIPTORS_MAX:
            raise DecodeError(
                "a list is too long",
                expected=f"at most {ATTRIBUTE_DESCRIPTORS_MAX}",
                got=count,
                offset=offset,
                clause=CLAUSE,
            )
        return count

    def data(self) -> bytes:
        """One encoded value, its tag included."""
        start = self.offset
        self.offset = skip_data(self.octets, start)
        return self.octets[start : self.offset]

    def rest(self) -> bytes:
        """All octets that are left, one at least: the encoded value that ends an APDU. Whoever decodes it finds its end."""
        return self.take(max(1, len(self.octets) - self.offset))

    def finish(self) -> None:
        """Nothing may be left."""
        refuse_trailing(self.octets, self.offset)


def refuse_trailing(octets: bytes, end: int) -> None:
    """Raises DecodeError unless the APDU ends at `end`."""
    if len(octets) != end:
        raise DecodeError("octets follow the APDU", expected=end, got=len(octets), offset=end, clause=CLAUSE)


def cut_short(octets: bytes, expected: int) -> DecodeError:
    """The error for an APDU that has fewer octets than its fixed part."""
    return DecodeError(
        "an APDU is cut short", expected=f"{expected} octets", got=len(octets), offset=len(octets), clause=CLAUSE
    )


def choose(decoders: Mapping[int, Callable[[bytes], T]], octets: bytes) -> T:
    """What the decoder for a service's second octet (normal, next, with-list ...) makes of the APDU. Raises DecodeError."""
    if len(octets) < 2:
        raise cut_short(octets, 2)
    decoder = decoders.get(octets[1])
    if decoder is None:
        raise DecodeError(
            "no such form of the service", expected=tuple(decoders), got=octets[1], offset=1, clause=CLAUSE
        )
    return decoder(octets)
