"""Encoded values as trees that JSON can carry, lossless: each node names its type, `{"long-unsigned": 8}`.

Octets that are no correct A-XDR are tried once more with two deviations of the field, and say so when it helps:
attribute descriptors without tags at the head of a structure, and a logical name whose tag and length are exchanged.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from ferraris.codec import BitString, CompactArray, Data, Tag, decode_data, decode_whole, read_length
from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.kernel.limits import DATA_DEPTH_MAX

Json = Any
"""Whatever `json` writes: dict, list, str, int, float, bool, None."""

UNTAGGED_DESCRIPTOR: Final = -1
"""The pseudo-tag of an attribute descriptor that stood without tags."""
DESCRIPTOR_OCTETS: Final = 9
ENTRY_SIZES: Final = (2, 3)
EXCHANGED: Final = b"\x06\x09"
TEXT_TAGS: Final = (Tag.VISIBLE_STRING, Tag.UTF8_STRING)


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


def to_json(data: Data) -> Json:
    """The tree of `data` as JSON can carry it."""
    tag, value = data
    if tag == UNTAGGED_DESCRIPTOR:
        assert isinstance(value, AttributeDescriptor)
        return {"attribute-descriptor": descriptor_to_json(value)}
    return {Tag(tag).standard_name: _content_to_json(tag, value)}


def descriptor_to_json(descriptor: AttributeDescriptor) -> Json:
    """Class, logical name and attribute."""
    return {
        "class_id": descriptor.class_id,
        "logical_name": str(descriptor.logical_name),
        "attribute_id": descriptor.attribute_id,
    }


def _content_to_json(tag: int, value: object) -> Json:
    if isinstance(value, BitString):
        bits = "".join(f"{octet:08b}" for octet in value.octets)
        return bits[: value.length]
    if isinstance(value, CompactArray):
        return {"description": value.description.hex(), "contents": value.contents.hex()}
    if isinstance(value, tuple):
        return [to_json(element) for element in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace") if tag in TEXT_TAGS else value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
