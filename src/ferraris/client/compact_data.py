"""Compact data (class 62) as a client reads them: each captured value with its type again and what it was captured from.

Whoever has read the template of a template_id before needs the buffer only, as when it is pushed: `CompactTemplate` opens any
buffer of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferraris.client.association import ClientAssociation
from ferraris.codec import Data
from ferraris.cosem import CaptureObject, CosemObject, Obis, unpack_captured
from ferraris.cosem.classes.compact_data import CompactData, CompactDataV0
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute
from ferraris.kernel.errors import RemoteProtocolError

Captured = CaptureObject | RestrictedAttribute
CompactRow = tuple[tuple[Captured, Data], ...]
"""The values of one capture, in the order of the capture objects."""


@dataclass(frozen=True, slots=True)
class CompactTemplate:
    """What a buffer with this template_id is read by."""

    template_id: int
    description: bytes
    capture_objects: tuple[Captured, ...]

    def open(self, buffer: bytes) -> list[CompactRow]:
        """The captures in a buffer. Raises DecodeError."""
        return [tuple(row) for row in unpack_captured(self.description, buffer, self.capture_objects)]


async def read_compact_template(
    association: ClientAssociation, logical_name: Obis, interface: type[CosemObject] = CompactData
) -> CompactTemplate:
    """The template of an object of this version of the class. Raises RefusedError, DecodeError."""
    declared: Any = CompactDataV0 if interface.version == CompactDataV0.version else CompactData
    attributes = (declared.template_id, declared.template_description, declared.capture_objects)
    return CompactTemplate(*await association.get_many([(attribute, logical_name) for attribute in attributes]))


async def read_compact_data(
    association: ClientAssociation, logical_name: Obis, interface: type[CosemObject] = CompactData
) -> list[CompactRow]:
    """What is captured, each value with what it was captured from; nothing while the buffer is empty.

    Raises RefusedError, DecodeError, and RemoteProtocolError when the template changed while it was read.
    """
    template = await read_compact_template(association, logical_name, interface)
    wanted = [(attribute, logical_name) for attribute in (CompactData.template_id, CompactData.compact_buffer)]
    template_id, buffer = await association.get_many(wanted)
    if template_id != template.template_id:
        raise RemoteProtocolError(
            "the template of compact data changed", expected=template.template_id, got=template_id
        )
    return template.open(buffer)
