"""What a service is aimed at: an attribute, a method, and the part of an attribute that is wanted (Green Book 9.5)."""

from __future__ import annotations

import struct
from typing import Final

from ferraris.cosem import Obis
from ferraris.dlms.apdu.cursor import Cursor, cut_short
from ferraris.kernel.frozen import dataclass

DESCRIPTOR: Final = struct.Struct(">H6sb")
DESCRIPTOR_OCTETS: Final = DESCRIPTOR.size


@dataclass(frozen=True, slots=True)
class AttributeDescriptor:
    """Names one attribute of one COSEM object; attribute 0 names all of them."""

    class_id: int
    logical_name: Obis
    attribute_id: int

    def encode(self) -> bytes:
        """The 9 octets."""
        return DESCRIPTOR.pack(self.class_id, self.logical_name, self.attribute_id)

    def __str__(self) -> str:
        return f"{self.class_id}/{self.logical_name}/{self.attribute_id}"


@dataclass(frozen=True, slots=True)
class MethodDescriptor:
    """Names one method of one COSEM object."""

    class_id: int
    logical_name: Obis
    method_id: int

    def encode(self) -> bytes:
        """The 9 octets."""
        return DESCRIPTOR.pack(self.class_id, self.logical_name, self.method_id)

    def __str__(self) -> str:
        return f"{self.class_id}/{self.logical_name}/{self.method_id}"


@dataclass(frozen=True, slots=True)
class SelectiveAccess:
    """The part of an attribute that is wanted: a selector of the interface class and its encoded parameters."""

    selector: int
    parameters: bytes

    def encode(self) -> bytes:
        """The selector octet and the parameters."""
        return bytes((self.selector,)) + self.parameters


def attribute_descriptor_at(octets: bytes, offset: int) -> AttributeDescriptor:
    """The attribute descriptor in the 9 octets at `offset`. Raises DecodeError."""
    try:
        class_id, logical_name, attribute_id = DESCRIPTOR.unpack_from(octets, offset)
    except struct.error:
        raise cut_short(octets, offset + DESCRIPTOR_OCTETS) from None
    return AttributeDescriptor(class_id, Obis(logical_name), attribute_id)


def method_descriptor_at(octets: bytes, offset: int) -> MethodDescriptor:
    """The method descriptor in the 9 octets at `offset`. Raises DecodeError."""
    try:
        class_id, logical_name, method_id = DESCRIPTOR.unpack_from(octets, offset)
    except struct.error:
        raise cut_short(octets, offset + DESCRIPTOR_OCTETS) from None
    return MethodDescriptor(class_id, Obis(logical_name), method_id)


def read_attribute_descriptor(cursor: Cursor) -> AttributeDescriptor:
    """The attribute descriptor at the cursor."""
    return attribute_descriptor_at(cursor.take(DESCRIPTOR_OCTETS), 0)


def read_method_descriptor(cursor: Cursor) -> MethodDescriptor:
    """The method descriptor at the cursor."""
    return method_descriptor_at(cursor.take(DESCRIPTOR_OCTETS), 0)


def read_selection(cursor: Cursor) -> SelectiveAccess | None:
    """The OPTIONAL selective access at the cursor."""
    if not cursor.present():
        return None
    selector = cursor.unsigned()
    return SelectiveAccess(selector, cursor.data())


def encode_selection(selection: SelectiveAccess | None) -> bytes:
    """The OPTIONAL selective access: a flag, and what it announces."""
    return b"\x00" if selection is None else b"\x01" + selection.encode()
