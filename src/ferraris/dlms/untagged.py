"""Encoded values as some vendors send them: attribute descriptors without tags, logical names with tag and length exchanged.

Sagemcom meters, and those of EG.D, push entries of attribute descriptor and value in which the descriptor's nine octets stand
bare. Octets that are no correct A-XDR are tried once more with these deviations; what deviated is said.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.codec import Data, Tag, decode_data, decode_whole, read_length
from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.kernel.limits import DATA_DEPTH_MAX

UNTAGGED_DESCRIPTOR: Final = -1
"""The pseudo-tag of an attribute descriptor that stood without tags."""
DESCRIPTOR_OCTETS: Final = 9
ENTRY_SIZES: Final = (2, 3)
EXCHANGED: Final = b"\x06\x09"


class Reading(NamedTuple):
    """A decoded tree, and the deviations that decoding it took."""

    data: Data
    deviations: tuple[str, ...]


def read_value(octets: bytes) -> Reading:
    """The tree of one whole value. Raises DecodeError, as strict decoding does, when deviations do not help either."""
    try:
        return Reading(decode_whole(octets), ())
    except DecodeError:
        reader = _DeviatingReader(octets)
        try:
            data, end = reader.read(0, 0)
        except FerrarisError:
            data, end = None, -1
        if data is None or end != len(octets) or not reader.deviations:
            raise
        return Reading(data, tuple(sorted(reader.deviations)))


class _DeviatingReader:
    """Reads arrays and structures itself, to look at the head of each structure, and leaves the rest to the codec."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.deviations: set[str] = set()

    def read(self, offset: int, depth: int) -> tuple[Data, int]:
        if self.octets[offset : offset + 1] not in (b"\x01", b"\x02") or depth >= DATA_DEPTH_MAX:
            return decode_data(self.octets, offset)
        tag = self.octets[offset]
        count, offset = read_length(self.octets, offset + 1)
        if count > len(self.octets) - offset:
            raise DecodeError(
                "a count lies", expected=f"{count} elements", got=len(self.octets) - offset, offset=offset
            )
        elements: list[Data] = []
        if tag == Tag.STRUCTURE and count in ENTRY_SIZES:
            head, offset = self._head(offset)
            elements += head
        while len(elements) < count:
            element, offset = self.read(offset, depth + 1)
            elements.append(element)
        return Data(tag, tuple(elements)), offset

    def _head(self, offset: int) -> tuple[list[Data], int]:
        """The first element of a structure, when it deviates."""
        octets = self.octets[offset : offset + DESCRIPTOR_OCTETS]
        if octets[:2] == EXCHANGED and octets[7:8] == b"\xff":
            self.deviations.add("a logical name has tag and length exchanged (06 09)")
            return [Data(Tag.OCTET_STRING, octets[2:8])], offset + 8
        if len(octets) == DESCRIPTOR_OCTETS and octets[0] == 0 and octets[7] == 0xFF and 0 < octets[8] < 0x80:
            self.deviations.add("attribute descriptors stand without tags")
            descriptor = AttributeDescriptor(octets[1], Obis(octets[2:8]), octets[8])
            return [Data(UNTAGGED_DESCRIPTOR, descriptor)], offset + DESCRIPTOR_OCTETS
        return [], offset
