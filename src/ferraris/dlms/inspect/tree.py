"""Encoded values as trees that JSON can carry, lossless: each node names its type, `{"long-unsigned": 8}`.

Octets that are no correct A-XDR are read as some vendors mean them (`ferraris.dlms.untagged`).
"""

from __future__ import annotations

import math
from typing import Any, Final

from ferraris.codec import BitString, CompactArray, Data, Tag
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.dlms.untagged import UNTAGGED_DESCRIPTOR

Json = Any
"""Whatever `json` writes: dict, list, str, int, float, bool, None."""

TEXT_TAGS: Final = (Tag.VISIBLE_STRING, Tag.UTF8_STRING)


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
