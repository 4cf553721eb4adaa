"""Readings of one meter as REST and the charts want them: by channel, over a span, with the gaps beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ferraris.console.port import System
from ferraris.console.problems import refused
from ferraris.cosem import Channel, channels
from ferraris.headend import CollectedProfile
from ferraris.kernel.limits import READINGS_PER_ANSWER_MAX
from ferraris.store import Gap, MeterRow, Readings

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Point:
    """`value` counts 10^scaler of the unit. `status`: the meter's status bits of the row."""

    time_s: int
    value: int
    status: int


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one channel, by capture time, each the end of its interval."""

    channel: int
    tag: str
    logical_name: str
    unit: str
    scaler: int
    cumulative: bool
    readings: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """The newest reading of a channel."""

    channel: int
    tag: str
    logical_name: str
    description: str
    value: int
    scaler: int
    unit: str
    time_s: int
    status: int


@dataclass(frozen=True, slots=True)
class MissingSpan:
    """A run of intervals that the store lacks: the first captured at `first_s`, the last at `last_s`."""

    first_s: int
    last_s: int
    missing: int


def channel_of(name: str) -> Channel:
    """The channel of a number, a tag or a logical name. Raises Problem."""
    for channel in channels.channels():
        if name.upper() in {str(channel.number), channel.tag, str(channel.logical_name)}:
            return channel
    known = ", ".join(channel.tag for channel in channels.channels())
    raise refused(f"There is no channel {name!r}; the channels are {known}.")


async def read_series(
    system: System, row: MeterRow, wanted: Iterable[Channel], start_s: int, end_s: int
) -> tuple[Series, ...]:
    """The latest versions captured in (start_s, end_s]. Raises Problem for a span that cannot be answered."""
    if end_s <= start_s:
        raise refused("The span is empty: its end must come after its start.")
    numbers = [channel.number for channel in wanted]
    period_s = min((p.capture_period_s for p in _profiles(system, row.id)), default=DAY_S)
    if (end_s - start_s) // period_s * max(1, len(numbers)) > READINGS_PER_ANSWER_MAX:
        raise refused(
            f"The span holds more than {READINGS_PER_ANSWER_MAX} readings; ask for a shorter one or fewer channels."
        )
    found = await asyncio.to_thread(system.stores.intervals.read, row.id, numbers, start_s, end_s)
    return tuple(_series(channel, found) for channel in wanted)


async def read_registers(system: System, row: MeterRow) -> tuple[Register, ...]:
    """The newest reading of each of the meter's channels."""
    found = await asyncio.to_thread(system.stores.intervals.last_values, row.id)
    return tuple(
        Register(
            channel=channel.number,
            tag=channel.tag,
            logical_name=str(channel.logical_name),
            description=channel.description,
            value=reading.value,
            scaler=channel.scaler,
            unit=channel.unit.symbol,
            time_s=reading.time_s,
            status=reading.status,
        )
        for reading in found
        if (channel := channels.by_number(reading.channel)) is not None
    )


async def read_gaps(system: System, row: MeterRow, start_s: int, end_s: int) -> list[MissingSpan]:
    """Runs of slots of the meter's first collected profile that the store lacks, since its registration."""
    first_s, last_s = max(start_s, row.created_ms // 1_000), min(end_s, system.clock.now_ms() // 1_000)
    found: list[Gap] = []
    for profile in _profiles(system, row.id)[:1]:
        found += await asyncio.to_thread(
            system.stores.intervals.gaps, profile.channel, first_s, last_s, profile.capture_period_s, [row.id]
        )
    return [MissingSpan(gap.first_s, gap.last_s, gap.missing) for gap in found]


def per_interval(series: Series, period_s: int, start_s: int, end_s: int) -> list[tuple[int, float | None, int]]:
    """One entry a slot of (start_s, end_s]: time, value in the unit, status. None where the value is not known.

    A counter's value is what it advanced by in the interval, known only when both its ends are: nothing is bridged. One
    that fell (a meter was exchanged, say) has no value either.
    """
    known = {point.time_s: point for point in series.readings}
    factor = 10.0**series.scaler
    slots = range((start_s // period_s + 1) * period_s, end_s + 1, period_s)
    entries: list[tuple[int, float | None, int]] = []
    for time_s in slots:
        point, before = known.get(time_s), known.get(time_s - period_s)
        value: float | None = None
        if point is not None and not series.cumulative:
            value = point.value * factor
        elif point is not None and before is not None and point.value >= before.value:
            value = (point.value - before.value) * factor
        entries.append((time_s, value, 0 if point is None else point.status))
    return entries


def missing_spans(times_s: list[int], period_s: int, start_s: int, end_s: int) -> list[tuple[int, int]]:
    """The spans of (start_s, end_s] without a reading, as (from, to): from the last reading before to the first after."""
    framed = [start_s // period_s * period_s, *times_s, (end_s // period_s + 1) * period_s]
    return [
        (before, min(after, end_s))
        for before, after in pairwise(framed)
        if after - before > period_s and before < end_s
    ]


def _series(channel: Channel, found: Readings) -> Series:
    mine = found.channel == channel.number
    columns = (found.time_s[mine].tolist(), found.value[mine].tolist(), found.status[mine].tolist())
    return Series(
        channel=channel.number,
        tag=channel.tag,
        logical_name=str(channel.logical_name),
        unit=channel.unit.symbol,
        scaler=channel.scaler,
        cumulative=channel.cumulative,
        readings=tuple(map(Point, *columns)),
    )


def _profiles(system: System, meter: int) -> list[CollectedProfile]:
    known = system.head_end.state.meters.get(meter)
    return [] if known is None else [coverage.profile for coverage in known.coverage]
