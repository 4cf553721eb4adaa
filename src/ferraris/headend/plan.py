"""The collection plan of a group of meters, and the head-end's named limits.

A plan says what is read, how often, and how the meters of the group are spread over the time in which they are read: all
meters capture at the same moment, but a network that carries one meter comfortably does not carry ten thousand at once.
Times are virtual milliseconds where the name says `_ms` and seconds where it says `_s`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final
from zlib import crc32

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.store import AlarmSeverity

MS_PER_S: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_S: Final = 86_400

DEFAULT_GROUP: Final = "default"
USUAL_PROFILES: Final = ("LOAD_PROFILE", "DAILY_PROFILE")
"""What a head-end collects unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class CollectedProfile:
    """A profile generic that the head-end collects from a kind of meter.

    Slot k is the moment k × capture_period_s since 1970 UTC. A profile of a day or longer captures at the meter's own
    midnight, which is not UTC's: the row of its slot k lies anywhere in the period that ends with that moment. As local
    midnights are 23 to 25 hours apart and fall on one side of UTC's, there is one in each such day. The head-end does not
    know a meter's zone: one that is registered between its own midnight and UTC's counts as owing the row of that day until
    the next row has come.

    `channel` is the channel whose stored slots stand for whole rows, since the rows of one answer are stored together.
    `depth_rows` is how many rows the meter's buffer keeps before it overwrites the oldest.
    """

    tag: str
    channel: int
    capture_period_s: int
    depth_rows: int

    def slot_at(self, time_s: int) -> int:
        """The newest slot at or before `time_s`."""
        return time_s // self.capture_period_s

    @property
    def on_grid(self) -> bool:
        """Whether rows are captured exactly at the slots."""
        return self.capture_period_s < DAY_S

    def slot_of(self, time_s: int) -> int:
        """The slot to which a row captured at `time_s` belongs."""
        return self.slot_at(time_s) if self.on_grid else -(-time_s // self.capture_period_s)

    @property
    def depth_s(self) -> int:
        return self.depth_rows * self.capture_period_s


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """What is read from a group's meters, and when.

    A meter is read at the multiples of `period_s` plus `offset_s` plus its own share of `spread_s`, which its serial and
    `seed` decide: the same at every start, different from its neighbour's. A lower `priority` number is served first.
    """

    group: str = DEFAULT_GROUP
    profiles: tuple[str, ...] = ("LOAD_PROFILE",)
    event_log: bool = True
    period_s: int = 3_600
    offset_s: int = 120
    spread_s: int = 900
    priority: int = 5
    concurrency_max: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.period_s <= 0 or not 0 <= self.offset_s + self.spread_s < 2 * self.period_s:
            raise ConfigError(
                "a collection plan does not fit its period",
                expected="period_s > 0 and 0 <= offset_s + spread_s < 2 × period_s",
                got=f"period_s={self.period_s}, offset_s={self.offset_s}, spread_s={self.spread_s}",
            )
        if self.concurrency_max < 1:
            raise ConfigError("a group needs room for one association", expected=">= 1", got=self.concurrency_max)

    def phase_ms(self, serial: str) -> int:
        """How long after the multiples of the period this meter is read."""
        share = crc32(f"{self.seed}/{serial}".encode()) / 2**32
        return int((self.offset_s + self.spread_s * share) * MS_PER_S)

    def next_round_ms(self, serial: str, after_ms: int) -> int:
        """The first moment after `after_ms` at which this meter is to be read."""
        phase_ms, period_ms = self.phase_ms(serial), self.period_s * MS_PER_S
        return after_ms - (after_ms - phase_ms) % period_ms + period_ms


def plan_to_json(plan: CollectionPlan) -> str:
    """The plan as the record store keeps it."""
    return json.dumps(asdict(plan), sort_keys=True)


def plan_from_json(text: str) -> CollectionPlan:
    """The plan in `text`; what it does not say is as in a new plan. Raises ConfigError."""
    new = asdict(CollectionPlan())
    expected = f"an object with some of {', '.join(new)}"
    given = read_json_object(text, "a collection plan", expected=expected)
    if not given.keys() <= new.keys():
        raise ConfigError("not a collection plan", expected=expected)
    for name, value in given.items():
        _check_value(name, value, new[name])
    return CollectionPlan(**given | {"profiles": tuple(given.get("profiles", new["profiles"]))})


def _check_value(name: str, value: object, like: object) -> None:
    """JSON knows fewer kinds of values than a plan, and more: 3600.5 seconds, or a text where names are listed."""
    if isinstance(like, tuple):
        fits, expected = isinstance(value, list) and all(isinstance(item, str) for item in value), "a list of names"
    else:
        fits, expected = type(value) is type(like), type(like).__name__
    if not fits:
        raise ConfigError(f"not a collection plan: {name}", expected=expected, got=json.dumps(value))


@dataclass(frozen=True, slots=True)
class Limits:
    """The head-end's bounds; each keeps some peer, outage or operator from taking more than its share."""

    concurrency_max: int = 256
    """Associations that run at once, over all groups."""
    urgent_reserve: int = 16
    """Associations above that bound, for an operator's commands only."""
    storing_max: int = 2_048
    """Meters whose answer waits for the store; above it no further association starts."""
    rows_per_association_max: int = 960
    spans_per_association_max: int = 8
    join_rows: int = 8
    """Missing ranges this close together are asked for as one."""
    settle_s: int = 60
    """A row is expected this long after its slot: a meter's clock may be late, and capturing takes a moment."""
    late_after_s: int = 2 * 3_600
    """A row stored later than this after its slot was backfilled."""
    start_spread_ms: int = MINUTE_MS
    """Over how long the first attempts are spread when the head-end starts or meters are registered."""
    backfill_pause_ms: int = 5_000
    """Rest between two associations of one meter while an outage's rows are fetched."""

    attempts_max: int = 4
    """Attempts in one round before the meter counts as unreachable."""
    backoff_base_ms: int = MINUTE_MS
    backoff_max_ms: int = 30 * MINUTE_MS
    probe_period_ms: int = 30 * MINUTE_MS
    """Between attempts at an unreachable meter."""
    quarantine_period_ms: int = 6 * HOUR_MS
    """Between attempts at a meter with a wrong key or one that breaks the protocol: each may cost it a lock-out."""

    clock_tolerance_ms: int = 5_000
    """A smaller offset is left alone."""
    clock_guard_ms: int = 300_000
    """A larger offset is never corrected: an operator must look."""

    commands_per_meter_max: int = 16
    command_expiry_ms: int = 6 * HOUR_MS
    """A command that could not be sent for this long fails: nobody expects a disconnection days later."""
    token_expiry_ms: int = 30 * 24 * HOUR_MS
    """The same for tokens, which were paid for."""

    counter_jump_max: int = 1 << 20
    """How far the head-end follows a meter that claims a higher invocation counter: the claim is not authenticated."""
    counter_recoveries_max: int = 8
    """Such steps for one meter since the start."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What a meter's event means to the operator: it opens (or ends) the alarm `kind`."""

    kind: str
    severity: AlarmSeverity
    opens: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class HeadEndConfig:
    """Everything the head-end decides by."""

    plans: tuple[CollectionPlan, ...] = (CollectionPlan(),)
    limits: Limits = field(default_factory=Limits)
    alarm_rules: Mapping[int, tuple[AlarmRule, ...]] = field(default_factory=dict)
    """By event code."""
