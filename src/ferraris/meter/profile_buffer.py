"""Buffers of profiles on the wire: entries of a ring as an array of structures, whole or by range, entries and columns.

All entries of a profile have the same layout, so the buffer is encoded column by column: tags come from a template, numbers
are stored into it big-endian, and the result is one run of octets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ferraris.codec import Data, Tag
from ferraris.codec.columns import encode_table
from ferraris.codec.compact_columns import encode_compact_table
from ferraris.codec.compression import encode_with_differences, encode_with_nulls
from ferraris.codec.row_layout import ColumnShape, RowLayout
from ferraris.cosem import (
    CLOCK_TIME,
    BufferEncoding,
    CaptureObject,
    CompanionProfile,
    CosemDateTime,
    EntryDescriptor,
    ProfileObject,
    RangeDescriptor,
    octets_from_epoch_s,
)
from ferraris.kernel.errors import DecodeError, TableError
from ferraris.meter.clock import Zone
from ferraris.meter.load import Quantity
from ferraris.meter.mapped_file import Rows

DATE_TIME_OCTETS: Final = len(CosemDateTime())
CLOCK_COLUMNS_KEPT: Final = 64
"""Encoded columns of times that are kept: meters that are read together have captured at the same times."""
ENCODERS: Final = {
    BufferEncoding.NULL_DATA: encode_with_nulls,
    BufferEncoding.DIFFERENCES: encode_with_differences,
}
"""Of rows that lean on the row above."""

SOURCES: Final[dict[str, Callable[[Rows], npt.NDArray[Any]]]] = {
    "PROFILE_STATUS": lambda entries: entries["status"],
    "ACTIVE_ENERGY_IMPORT": lambda entries: entries["energy_wh"][:, Quantity.ACTIVE_IMPORT],
    "ACTIVE_ENERGY_EXPORT": lambda entries: entries["energy_wh"][:, Quantity.ACTIVE_EXPORT],
    "REACTIVE_ENERGY_IMPORT": lambda entries: entries["energy_wh"][:, Quantity.REACTIVE_IMPORT],
    "REACTIVE_ENERGY_EXPORT": lambda entries: entries["energy_wh"][:, Quantity.REACTIVE_EXPORT],
    "VOLTAGE_L1": lambda entries: entries["voltage_dv"][:, 0],
    "VOLTAGE_L2": lambda entries: entries["voltage_dv"][:, 1],
    "VOLTAGE_L3": lambda entries: entries["voltage_dv"][:, 2],
    "STANDARD_EVENT_CODE": lambda entries: entries["code"],
}
"""Where a column's values stand in the entries of the rings, by the tag of the object captured."""


class SelectionError(Exception):
    """A selection that this buffer cannot answer: an unknown column, or limits that are no values of the column."""


@dataclass(frozen=True)
class BufferColumn:
    """A captured attribute: its shape on the wire, and its values in the memory (None: the time of the entry)."""

    capture: CaptureObject
    shape: ColumnShape
    source: Callable[[Rows], npt.NDArray[Any]] | None


class ProfileBuffer:
    """The buffer of one profile generic object, of every meter with that companion profile."""

    def __init__(self, profile: CompanionProfile, owner: ProfileObject) -> None:
        """TableError when the companion profile captures what the meter's memory does not hold."""
        self._columns = tuple(_column(profile, owner, capture) for capture in owner.capture_objects)
        self._places = {column.capture: place for place, column in enumerate(self._columns)}
        self._all = tuple(range(len(self._columns)))
        self._encoding = owner.buffer_encoding
        self._period_s = owner.capture_period_s

    def encode(self, entries: Rows, places: Sequence[int] | None = None) -> bytes:
        """The entries with the columns at `places`, all of them by default, in the form that the companion profile says."""
        columns = [self._columns[place] for place in (self._all if places is None else places)]
        compact = self._encoding is BufferEncoding.COMPACT_ARRAY
        layout = (RowLayout.untagged if compact else RowLayout.of)([column.shape for column in columns])
        octets, values = layout.blank(len(entries))
        for place, column in enumerate(columns):
            if column.source is not None:
                values[f"c{place}"] = column.source(entries)
            elif len(entries):
                start = layout.dtype.fields[f"c{place}"][1] if layout.dtype.fields is not None else 0
                octets[:, start : start + DATE_TIME_OCTETS] = _times(entries)
        if compact:
            return encode_compact_table(layout, octets)
        if self._encoding in ENCODERS and len(entries):
            return ENCODERS[self._encoding](layout, octets, self._told_above(entries, columns, values, layout.names))
        return encode_table(octets)

    def _told_above(
        self, entries: Rows, columns: Sequence[BufferColumn], values: npt.NDArray[np.void], names: Sequence[str]
    ) -> npt.NDArray[np.bool_]:
        """Which values the row above tells: the same again, or a time one capture period later with nothing else changed."""
        told = np.zeros((len(entries), len(columns)), np.bool_)
        for place, column in enumerate(columns):
            if column.source is not None:
                numbers = values[names[place]]
                told[1:, place] = numbers[1:] == numbers[:-1]
                continue
            steps = np.diff(entries["time_s"].astype(np.int64))
            told[1:, place] = (steps == self._period_s) & (self._period_s > 0)
            for field in ("deviation_min", "clock_status"):
                told[1:, place] &= entries[field][1:] == entries[field][:-1]
        return told

    def by_range(self, entries: Rows, selection: RangeDescriptor, zone: Zone) -> bytes:
        """The entries captured within a range of time, both ends included. SelectionError for any other range."""
        if selection.restricting_object != CLOCK_TIME:
            raise SelectionError("range of a column that is not the time")
        first_s, last_s = (_limit_s(value, zone) for value in (selection.from_value, selection.to_value))
        times = entries["time_s"]
        wanted = np.ones(len(entries), np.bool_)
        if first_s is not None:
            wanted &= times >= first_s
        if last_s is not None:
            wanted &= times <= last_s
        return self.encode(entries[wanted], self._named(selection.selected_values))

    def by_entry(self, entries: Rows, selection: EntryDescriptor) -> bytes:
        """Entries and columns from one number to another, counted from 1. SelectionError when there is no such number."""
        first_column, last_column = selection.from_selected_value, selection.to_selected_value or len(self._all)
        if not 1 <= first_column <= last_column <= len(self._all) or selection.from_entry < 1:
            raise SelectionError("numbers of entries or columns")
        last = selection.to_entry or len(entries)
        return self.encode(entries[selection.from_entry - 1 : last], self._all[first_column - 1 : last_column])

    def _named(self, captures: tuple[CaptureObject, ...]) -> tuple[int, ...]:
        try:
            return tuple(self._places[capture] for capture in captures) if captures else self._all
        except KeyError:
            raise SelectionError("a column that is not captured") from None


def _column(profile: CompanionProfile, owner: ProfileObject, capture: CaptureObject) -> BufferColumn:
    if capture == CLOCK_TIME:
        return BufferColumn(capture, ColumnShape(Tag.OCTET_STRING, DATE_TIME_OCTETS), None)
    captured = profile.find(capture.class_id, capture.logical_name)
    source = None if captured is None else SOURCES.get(captured.tag)
    if captured is None or source is None or capture.data_index:
        raise TableError(f"{profile.name}, {owner.tag}: no virtual meter captures this", got=str(capture.logical_name))
    tag = captured.attributes[capture.attribute_index].initial[0]
    return BufferColumn(capture, ColumnShape(tag), source)


def _times(entries: Rows) -> npt.NDArray[np.uint8]:
    return _encoded_times(
        entries["time_s"].tobytes(), entries["deviation_min"].tobytes(), entries["clock_status"].tobytes()
    )


@lru_cache(maxsize=CLOCK_COLUMNS_KEPT)
def _encoded_times(time_s: bytes, deviation_min: bytes, clock_status: bytes) -> npt.NDArray[np.uint8]:
    times = np.frombuffer(time_s, "<u4").astype(np.int64)
    return octets_from_epoch_s(times, np.frombuffer(deviation_min, "<i2"), np.frombuffer(clock_status, np.uint8))


def _limit_s(value: Data, zone: Zone) -> float | None:
    """A limit in seconds since 1970; None when it is left open. A time without a deviation is local."""
    if value.tag == Tag.NULL_DATA:
        return None
    if value.tag not in (Tag.OCTET_STRING, Tag.DATE_TIME) or not isinstance(value.value, bytes):
        raise SelectionError("a limit that is no date-time")
    try:
        limit = CosemDateTime.from_octets(value.value)
    except DecodeError as error:
        raise SelectionError(str(error)) from error
    if limit.year is None and limit.month is None and limit.day_of_month is None:
        return None
    local_ms = limit.to_epoch_ms(0) if limit.deviation_min is None else None
    instant_ms = (
        limit.to_epoch_ms() if local_ms is None else local_ms - 60_000 * int(zone.local_offset_min(local_ms // 1000))
    )
    if instant_ms is None:
        raise SelectionError("a limit that is no one instant")
    return instant_ms / 1000
