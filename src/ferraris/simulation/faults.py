"""Which faults come when: drawn from the seed before the world begins, so that a run can be told and replayed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ferraris.kernel.clock import S_PER_DAY
from ferraris.kernel.entropy import Entropy, SeededEntropy

COLLECTOR: Final = 0
"""Stands among the numbers of meters for the collector."""


class FaultKind(Enum):
    """What may happen to the world."""

    PARTITION = "partition"
    """Some meters cannot be reached, and cannot reach anybody, for a while."""
    BAD_WEATHER = "bad-weather"
    """Everything on the network goes worse for a while."""
    METER_OUTAGE = "meter-outage"
    """One meter loses power for a while: what is in its non-volatile memory stays."""
    METER_CRASH = "meter-crash"
    """One meter's program dies at some write to its memory and starts again."""
    COLLECTOR_CRASH = "collector-crash"
    """The head-end's process dies at some write to its stores and starts again from its files."""
    REPLAY = "replay"
    """Somebody without a key says again what was said to one meter (or, meter 0, to the collector)."""
    DISK_FULL = "disk-full"
    """For a while the collector can write nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from `start_s` for `duration_s`, of the world's time, on the meters given by their numbers."""

    start_s: float
    duration_s: float
    kind: FaultKind
    meters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often, a day, and how long. METER_* count for each meter, the others for the world."""

    partitions: float = 3.0
    partition_s_max: float = 5 * 3600.0
    partition_share_max: float = 0.5
    """Of all meters, that one partition cuts off."""
    bad_weathers: float = 8.0
    bad_weather_s_max: float = 3 * 3600.0
    meter_outages: float = 0.4
    meter_outage_s_max: float = 3 * 3600.0
    meter_crashes: float = 0.4
    replays: float = 0.5
    collector_crashes: float = 8.0
    full_disks: float = 1.0
    full_disk_s_max: float = 1_800.0
    restart_s_max: float = 120.0
    """Until a crashed program runs again."""


def draw_faults(entropy: SeededEntropy, rates: FaultRates, meters: int, until_s: float) -> tuple[Fault, ...]:
    """All faults of a world of `meters` that begin before `until_s`, in order of time; none lasts beyond it."""
    faults = [
        *_partitions(entropy.fork("partitions"), rates, meters, until_s),
        *_of_the_world(
            entropy.fork("weather"), FaultKind.BAD_WEATHER, rates.bad_weathers, rates.bad_weather_s_max, until_s
        ),
        *_of_the_world(
            entropy.fork("collector"), FaultKind.COLLECTOR_CRASH, rates.collector_crashes, rates.restart_s_max, until_s
        ),
        *_of_the_world(
            entropy.fork("replay"), FaultKind.REPLAY, rates.replays, rates.restart_s_max, until_s, (COLLECTOR,)
        ),
        *_of_the_world(entropy.fork("disk"), FaultKind.DISK_FULL, rates.full_disks, rates.full_disk_s_max, until_s),
    ]
    for meter in range(1, meters + 1):
        own = entropy.fork(f"meter {meter}")
        outages = (FaultKind.METER_OUTAGE, rates.meter_outages, rates.meter_outage_s_max)
        crashes = (FaultKind.METER_CRASH, rates.meter_crashes, rates.restart_s_max)
        replays = (FaultKind.REPLAY, rates.replays, rates.restart_s_max)
        for kind, per_day, duration_s_max in (outages, crashes, replays):
            faults += _of_the_world(own.fork(kind.value), kind, per_day, duration_s_max, until_s, (meter,))
    return tuple(sorted(faults, key=lambda fault: (fault.start_s, fault.kind.value, fault.meters)))


def moments(entropy: Entropy, per_day: float, until_s: float) -> Iterator[float]:
    """Moments of a Poisson process with `per_day` on average, in seconds."""
    if per_day <= 0:
        return
    moment_s = 0.0
    while True:
        moment_s += -math.log(1.0 - entropy.uniform()) * S_PER_DAY / per_day
        if moment_s >= until_s:
            return
        yield moment_s


def _of_the_world(
    entropy: Entropy,
    kind: FaultKind,
    per_day: float,
    duration_s_max: float,
    until_s: float,
    meters: tuple[int, ...] = (),
) -> list[Fault]:
    return [
        Fault(start_s, min(entropy.uniform() * duration_s_max, until_s - start_s), kind, meters)
        for start_s in moments(entropy, per_day, until_s)
    ]


def _partitions(entropy: SeededEntropy, rates: FaultRates, meters: int, until_s: float) -> list[Fault]:
    drawn = _of_the_world(entropy, FaultKind.PARTITION, rates.partitions, rates.partition_s_max, until_s)
    return [
        Fault(fault.start_s, fault.duration_s, fault.kind, _some(entropy, meters, rates.partition_share_max))
        for fault in drawn
    ]


def _some(entropy: Entropy, meters: int, share_max: float) -> tuple[int, ...]:
    """Between one meter and `share_max` of all."""
    count = 1 + int(entropy.uniform() * share_max * meters)
    left: Sequence[int] = list(range(1, meters + 1))
    chosen = []
    for _ in range(min(count, meters)):
        pick = left[int(entropy.uniform() * len(left))]
        left = [meter for meter in left if meter != pick]
        chosen.append(pick)
    return tuple(sorted(chosen))
