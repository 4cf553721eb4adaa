"""Reading a profile: the buffer's rows by range or by entry, as columns with their times.

The rows stay columns over the received octets until someone asks for them. A meter may send null-data for what the row before
tells: the same value again or, for the time, one capture period later; it is filled in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from ferraris.client.association import ClientAssociation, descriptor_of
from ferraris.codec import Tag
from ferraris.codec.columns import Table, recognised
from ferraris.codec.compression import CompressedTable, decode_buffer
from ferraris.codec.records import Instants
from ferraris.cosem import (
    CLOCK_TIME,
    DATE_TIME_OCTETS,
    ENTRY_DESCRIPTOR,
    NOT_A_TIME,
    RANGE_DESCRIPTOR,
    CaptureObject,
    CosemDateTime,
    EntryDescriptor,
    Obis,
    ProfileGeneric,
    RangeDescriptor,
    epoch_s_from_octets,
    with_deviations_reversed,
)
from ferraris.dlms.apdu import SelectiveAccess
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import INSTANTS_MAX, PROFILES_MAX, TIME_COLUMN_OCTETS_MAX, TIME_COLUMNS_MAX

_INSTANTS: dict[bytes, object] = {}
_KNOWN = Instants(_INSTANTS)
_TIME_COLUMNS: dict[int, tuple[tuple[CaptureObject, ...], int | None]] = {}
"""Where the time stands among the columns of profiles, by the identity of a tuple of columns that is kept: it is asked for again and
again with the same one, and comparing columns costs more than all else but the rows."""


@dataclass(slots=True, eq=False)
class ProfileColumns:
    """Rows of a profile generic's buffer, column by column."""

    capture_objects: tuple[CaptureObject, ...]
    """What each column holds."""
    table: Table
    capture_period_s: int = 0
    """0 where the profile is not captured by period."""
    deviation_reversed: bool = False
    """Whether the meter counts deviations from UTC to local time."""

    def __len__(self) -> int:
        return len(self.table)

    def index_of(self, capture_object: CaptureObject) -> int:
        """The position of a column. Raises KeyError for one that was not read."""
        for index, column in enumerate(self.capture_objects):
            if column is capture_object:  # nearly always: the caller names the columns that it asked for
                return index
        try:
            return self.capture_objects.index(capture_object)
        except ValueError:
            raise KeyError(capture_object) from None

    def time_s(self) -> npt.NDArray[np.int64]:
        """When each row was captured, in seconds since 1970-01-01 UTC; `NOT_A_TIME` where the meter names no instant."""
        if not len(self):
            return np.empty(0, np.int64)
        index = _time_column(self.capture_objects)
        if index is None:
            raise KeyError(CLOCK_TIME)
        if isinstance(self.table, CompressedTable):
            times = self._times_of_parts(self.table, index)
            if times is not None:
                return times
        column = self.table.column(index)
        if column.dtype.kind == "V" and column.dtype.itemsize == DATE_TIME_OCTETS:
            octets = column.tobytes()
            if self.deviation_reversed:
                return _times_reversed(octets)
            return _times(octets) if len(octets) <= TIME_COLUMN_OCTETS_MAX else _times.__wrapped__(octets)
        return self._filled_times(self.table.values(index))

    def numbers(self, capture_object: CaptureObject) -> npt.NDArray[np.int64]:
        """A column of integers. Raises DecodeError when it holds anything else, or a number that 64 bits with a sign cannot hold."""
        table = self.table
        if not len(table):
            return np.empty(0, np.int64)
        index = self.index_of(capture_object)
        integers = table.integers(index)
        if integers is not None:
            return integers
        values = _filled(table.values(index))
        if not all(isinstance(value, int) for value in values):
            raise DecodeError(
                "a column holds something other than integers", expected="integers", got=str(capture_object)
            )
        try:
            return np.array(values, np.int64)
        except OverflowError:
            raise DecodeError(
                "a column holds a number too large", expected="64 bits with a sign", got=str(capture_object)
            ) from None

    def rows(self) -> list[tuple[object, ...]]:
        """The rows as Python values: the time as a datetime in UTC (None where there is none), the rest as sent."""
        columns = self.capture_objects
        known = _TIME_COLUMNS.get(id(columns))
        times = known[1] if known is not None else _time_column(columns)
        if times is not None and not self.deviation_reversed:
            try:
                return self.table.rows(times, _KNOWN)
            except KeyError:  # an instant not met before, or nulls to be filled
                pass
        values = [_filled(self.table.values(index)) for index in range(self.table.width)]
        if values and times is not None:
            values[times] = self._instants(times)
        return list(zip(*values, strict=True))

    def _instants(self, index: int) -> list[object]:
        """The times as datetimes. Those met before are looked up by their octets."""
        octets = self.table.values(index)
        if self.deviation_reversed:
            return _datetimes(self.time_s())
        try:
            return [_INSTANTS[cast("bytes", value)] for value in octets]
        except KeyError:
            pass
        instants = _datetimes(self.time_s())
        if len(_INSTANTS) + len(octets) > INSTANTS_MAX:
            _INSTANTS.clear()
        # Null-data stands for another instant in each row.
        _INSTANTS.update(
            (value, instant) for value, instant in zip(octets, instants, strict=True) if isinstance(value, bytes)
        )
        return instants

    def _times_of_parts(self, table: CompressedTable, index: int) -> npt.NDArray[np.int64] | None:
        """The times of a compressed table; None when a column of times holds anything else."""
        times = np.full(len(table), NOT_A_TIME, np.int64)
        whole: list[bool] = []
        for shape, places, values in table.of_column(index):
            whole.append(values is not None)
            if values is None:
                continue
            if shape.octets != DATE_TIME_OCTETS and shape.tag != Tag.DATE_TIME:
                return None
            octets = values.tobytes()
            times[places] = _times_reversed(octets) if self.deviation_reversed else _times.__wrapped__(octets)
        if all(whole) or not self.capture_period_s:
            return times
        marked, above = table.told(tuple(whole))
        last = times[above]
        moved = ~marked & (last != NOT_A_TIME)
        return np.where(moved, last + self.capture_period_s * (np.arange(len(table)) - above), times)

    def _filled_times(self, values: list[object]) -> npt.NDArray[np.int64]:
        times = np.full(len(values), NOT_A_TIME, np.int64)
        for index, value in enumerate(values):
            if isinstance(value, bytes) and len(value) == DATE_TIME_OCTETS:
                times[index] = (_times_reversed if self.deviation_reversed else _times.__wrapped__)(value)[0]
            elif value is None and index and times[index - 1] != NOT_A_TIME and self.capture_period_s:
                times[index] = times[index - 1] + self.capture_period_s
        return times


def decode_profile(
    octets: bytes,
    capture_objects: Sequence[CaptureObject],
    capture_period_s: int = 0,
    *,
    deviation_reversed: bool = False,
) -> ProfileColumns:
    """A buffer's encoded value as columns. Raises DecodeError when its rows do not have the columns asked for."""
    table: Table | None = recognised(octets)
    if table is None:
        table = decode_buffer(octets)
    if table.width != len(capture_objects) and len(table):
        raise DecodeError("a profile has other columns", expected=len(capture_objects), got=table.width)
    return ProfileColumns(tuple(capture_objects), table, capture_period_s, deviation_reversed)


async def read_profile(
    association: ClientAssociation,
    logical_name: Obis,
    capture_objects: Sequence[CaptureObject],
    from_ms: int | None = None,
    to_ms: int | None = None,
    *,
    columns: Sequence[CaptureObject] = (),
    capture_period_s: int = 0,
    deviation_min: int = 0,
    deviation_reversed: bool = False,
) -> ProfileColumns:
    """The rows captured from `from_ms` to `to_ms`, both included; all of them when no time is given.

    `capture_objects` are the profile's columns, `columns` the ones wanted (all of them when empty; only with times). The times
    are asked for with `deviation_min`, for a meter that compares them as they are written. Raises what a GET raises, and
    DecodeError for a buffer of other columns.
    """
    selection = None
    if from_ms is not None and to_ms is not None:
        first, last = (_written(moment_ms, deviation_min, deviation_reversed) for moment_ms in (from_ms, to_ms))
        descriptor = RangeDescriptor.by_time(first, last, tuple(columns))
        selection = SelectiveAccess(RANGE_DESCRIPTOR.number, RANGE_DESCRIPTOR.datatype.encode(descriptor))
    octets = await association.get_octets(descriptor_of(ProfileGeneric.buffer, logical_name), selection)
    wanted = tuple(columns) if selection is not None and columns else tuple(capture_objects)
    return decode_profile(octets, wanted, capture_period_s, deviation_reversed=deviation_reversed)


async def read_entries(
    association: ClientAssociation,
    logical_name: Obis,
    capture_objects: Sequence[CaptureObject],
    entries: EntryDescriptor,
) -> ProfileColumns:
    """The rows and columns that `entries` names by number. Raises as `read_profile`."""
    selection = SelectiveAccess(ENTRY_DESCRIPTOR.number, ENTRY_DESCRIPTOR.datatype.encode(entries))
    octets = await association.get_octets(descriptor_of(ProfileGeneric.buffer, logical_name), selection)
    last = entries.to_selected_value or len(capture_objects)
    return decode_profile(octets, tuple(capture_objects)[entries.from_selected_value - 1 : last])


def _time_column(columns: tuple[CaptureObject, ...]) -> int | None:
    known = _TIME_COLUMNS.get(id(columns))
    if known is None:
        if len(_TIME_COLUMNS) >= PROFILES_MAX:
            _TIME_COLUMNS.clear()
        known = _TIME_COLUMNS[id(columns)] = columns, columns.index(CLOCK_TIME) if CLOCK_TIME in columns else None
    return known[1]


def _written(moment_ms: int, deviation_min: int, deviation_reversed: bool) -> CosemDateTime:
    written = CosemDateTime.from_epoch_ms(moment_ms, deviation_min)
    return written.with_deviation_reversed() if deviation_reversed else written


def _datetimes(seconds: npt.NDArray[np.int64]) -> list[object]:
    return [None if second == NOT_A_TIME else datetime.fromtimestamp(second, UTC) for second in seconds.tolist()]


def _times_reversed(octets: bytes) -> npt.NDArray[np.int64]:
    """The seconds of date-times whose deviations count from UTC to local time."""
    return epoch_s_from_octets(with_deviations_reversed(np.frombuffer(octets, np.uint8).reshape(-1, DATE_TIME_OCTETS)))


@lru_cache(maxsize=TIME_COLUMNS_MAX)
def _times(octets: bytes) -> npt.NDArray[np.int64]:
    """The seconds of date-times that stand behind one another. Meters that are read for one day name the same times."""
    times = epoch_s_from_octets(np.frombuffer(octets, np.uint8).reshape(-1, DATE_TIME_OCTETS))
    times.flags.writeable = False  # many may hold it
    return times


def _filled(values: list[object]) -> list[object]:
    if None not in values:
        return values
    filled: list[object] = []
    for value in values:
        filled.append(filled[-1] if value is None and filled else value)
    return filled
