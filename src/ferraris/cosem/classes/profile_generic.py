"""Profile generic, class 7: load profiles, event logs and everything else that is captured row by row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method, Selector
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    ANY,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    ROW,
    Array,
    Enumerated,
    Structure,
)
from ferraris.kernel.units import Unit


@dataclass(frozen=True, slots=True)
class CaptureObject:
    """A column: an attribute of an object. `data_index` 0 means the whole attribute, n its n-th element."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]
    data_index: Annotated[int, LONG_UNSIGNED] = 0


CAPTURE_OBJECT: Final = Structure(CaptureObject)
CLOCK_TIME: Final = CaptureObject(8, Obis.of(0, 0, 1, 0, 0), 2)
"""The column of time in nearly every profile."""


class SortMethod(IntEnum):
    """In what order the buffer is kept, and so which row a full buffer drops."""

    FIFO = 1
    LIFO = 2
    LARGEST = 3
    SMALLEST = 4
    NEAREST_TO_ZERO = 5
    FARTHEST_FROM_ZERO = 6


@dataclass(frozen=True, slots=True)
class RangeDescriptor:
    """The rows in which one column lies within a range, both ends included; no `selected_values` means all columns."""

    restricting_object: Annotated[CaptureObject, CAPTURE_OBJECT]
    from_value: Annotated[Data, ANY]
    to_value: Annotated[Data, ANY]
    selected_values: Annotated[tuple[CaptureObject, ...], Array(CAPTURE_OBJECT)] = ()

    @classmethod
    def by_time(
        cls, from_time: CosemDateTime, to_time: CosemDateTime, selected_values: tuple[CaptureObject, ...] = ()
    ) -> RangeDescriptor:
        """The rows captured from one moment to another."""
        first, last = (Data(Tag.OCTET_STRING, time.to_octets()) for time in (from_time, to_time))
        return cls(CLOCK_TIME, first, last, selected_values)


@dataclass(frozen=True, slots=True)
class EntryDescriptor:
    """The rows and columns from one number to another, both included and counted from 1; `to` 0 means up to the last."""

    from_entry: Annotated[int, DOUBLE_LONG_UNSIGNED] = 1
    to_entry: Annotated[int, DOUBLE_LONG_UNSIGNED] = 0
    from_selected_value: Annotated[int, LONG_UNSIGNED] = 1
    to_selected_value: Annotated[int, LONG_UNSIGNED] = 0


RANGE_DESCRIPTOR: Final = Selector(1, Structure(RangeDescriptor))
ENTRY_DESCRIPTOR: Final = Selector(2, Structure(EntryDescriptor))


class _ProfileGeneric(CosemObject):
    """What both versions have alike."""

    buffer = Attribute(2, Array(ROW), DYNAMIC, selectors=(RANGE_DESCRIPTOR, ENTRY_DESCRIPTOR))
    capture_objects = Attribute(3, Array(CAPTURE_OBJECT), STATIC)
    capture_period = Attribute(4, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    sort_method = Attribute(5, Enumerated(SortMethod), STATIC)
    sort_object = Attribute(6, CAPTURE_OBJECT, STATIC)
    entries_in_use = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    profile_entries = Attribute(8, DOUBLE_LONG_UNSIGNED, STATIC)

    reset = Method(1, INTEGER)
    capture = Method(2, INTEGER)


class ProfileGenericV0(_ProfileGeneric, class_id=7, version=0):
    """Has methods for what later became selective access. What they take and give is uncertain in public sources."""

    get_buffer_by_range = Method(3, ANY, ANY)
    get_buffer_by_index = Method(4, ANY, ANY)


class ProfileGeneric(_ProfileGeneric, class_id=7, version=1):
    """Captures the attributes named in capture_objects into buffer, by period or on demand. Blue Book 4.3.6."""
