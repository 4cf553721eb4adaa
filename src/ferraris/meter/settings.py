"""What clients have set in a meter and nothing else keeps: attributes' octets, by object and attribute, in the memory.

All of a meter's settings lie in one committed row, so a write is there whole or not at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from ferraris.kernel.limits import METER_SETTINGS_OCTETS_MAX
from ferraris.meter.memory import FleetMemory

Key = tuple[int, bytes, int]
"""class_id, logical name, attribute."""

_HEAD: Final = struct.Struct(">H6sbH")
"""class_id, logical name, attribute, octets that follow."""


class Settings:
    """The settings of one meter. One such object per meter at a time."""

    def __init__(self, memory: FleetMemory, meter: int) -> None:
        self._memory = memory
        self._row = np.array([meter])
        row = memory.settings.read(self._row)
        octets = row["octets"].tobytes()[: int(row["length"][0])]
        self._values = dict(_entries(octets))

    def get(self, key: Key) -> bytes | None:
        """The octets that were set; None for an attribute as it left the works."""
        return self._values.get(key)

    def put(self, key: Key, octets: bytes) -> bool:
        """Keep `octets`, in the memory before this returns. False, and nothing changed, when there is no room."""
        return self.put_all({key: octets})

    def put_all(self, changed: dict[Key, bytes]) -> bool:
        """Keep several attributes, all of them or none."""
        values = {**self._values, **changed}
        packed = b"".join(_HEAD.pack(*key, len(octets)) + octets for key, octets in values.items())
        if len(packed) > METER_SETTINGS_OCTETS_MAX:
            return False
        row = self._memory.settings.read(self._row)
        row["length"] = len(packed)
        row["octets"] = np.void(packed.ljust(METER_SETTINGS_OCTETS_MAX, b"\0"))
        self._memory.settings.commit(self._row, row)
        self._values = values
        return True


def _entries(octets: bytes) -> Iterator[tuple[Key, bytes]]:
    offset = 0
    while offset < len(octets):
        class_id, logical_name, attribute, length = _HEAD.unpack_from(octets, offset)
        offset += _HEAD.size
        yield (class_id, logical_name, attribute), octets[offset : offset + length]
        offset += length
