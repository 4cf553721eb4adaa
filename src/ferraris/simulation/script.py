"""What a run consists of: its settings, and everything that is drawn from the seed before the world begins.

So a run can be told in advance, and one cause of trouble can be taken out of it without moving the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from ferraris.headend import CommandKind
from ferraris.kernel.clock import MS_PER_S, S_PER_DAY
from ferraris.kernel.entropy import Entropy, SeededEntropy
from ferraris.simulation.faults import Fault, FaultRates, draw_faults, moments
from ferraris.simulation.medium import Conditions

T = TypeVar("T")

BEGINNINGS: Final = ("2026-01-14T12:07:30", "2026-03-28T18:07:30", "2026-10-24T18:07:30", "2028-02-28T20:07:30")
"""UTC: a winter's day, both changes of local time, a leap day."""
FLUSH_INTERVALS_S: Final = (0.05, 5.0, 60.0)
COLLECTION_PERIODS_S: Final = (3_600, 7_200)
SPREADS_S: Final = (20, 120, 900)
COMMAND_KINDS: Final = (
    CommandKind.DISCONNECT,
    CommandKind.RECONNECT,
    CommandKind.DISCONNECT,
    CommandKind.RECONNECT,
    CommandKind.READ_NOW,
)


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """A run. The same settings give the same event log, octet for octet."""

    seed: int
    meters: int = 6
    days: float = 1.0
    """Of faults; the calm after them comes on top."""
    meters_per_street: int = 10
    commands_per_day: float = 3.0
    """For each meter."""
    rates: FaultRates = field(default_factory=FaultRates)
    rival: bool | None = None
    """A second collector reads some of the meters as well; None: in one run of three."""
    unkeyed: bool | None = None
    """One meter is registered with a wrong key; None: in one run of three."""
    datagrams: bool | None = None
    """Some meters are reached over UDP; None: in one run of three."""
    prepaid: int = 0
    """So many of the meters, the first ones, are prepaid, and their households buy tokens."""
    calm_h: float = 9.0
    """After the last fault, everything must be as it should within this time."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operator's command, to be posted at a moment."""

    number: int
    at_s: float
    meter: int
    kind: CommandKind


@dataclass(frozen=True, slots=True)
class Script:
    """A run as it will be."""

    settings: WorldSettings
    epoch_ms: int
    faults: tuple[Fault, ...]
    rival_faults: tuple[Fault, ...]
    """Of the second collector's own; empty when there is none."""
    orders: tuple[Order, ...]
    rival_meters: tuple[int, ...]
    datagram_meters: frozenset[int]
    unkeyed: frozenset[int]
    drift_ppm_max: int
    clock_error_ms_max: int
    flush_interval_s: float
    collection_period_s: int
    spread_s: int

    @property
    def until_s(self) -> float:
        """When the calm begins."""
        return self.settings.days * S_PER_DAY


def draw_script(settings: WorldSettings) -> Script:
    """Everything that `settings` and its seed lead to."""
    entropy = SeededEntropy(settings.seed)
    until_s = settings.days * S_PER_DAY
    everyone = range(1, settings.meters + 1)
    kinds = entropy.fork("kind of run")
    rival = _chance(kinds, settings.rival)
    unkeyed = _chance(kinds, settings.unkeyed) and settings.meters > 1
    datagrams = _chance(kinds, settings.datagrams)
    strangers = frozenset({1 + int(kinds.uniform() * settings.meters)} if unkeyed else ())
    return Script(
        settings=settings,
        epoch_ms=int(datetime.fromisoformat(_one_of(kinds, BEGINNINGS)).replace(tzinfo=UTC).timestamp()) * MS_PER_S,
        faults=draw_faults(entropy.fork("faults"), settings.rates, settings.meters, until_s),
        rival_faults=draw_faults(entropy.fork("rival"), settings.rates, 0, until_s) if rival else (),
        orders=tuple(
            order
            for order in _orders(entropy.fork("orders"), settings, until_s)
            # Nobody waits for the long life of a command to a meter that cannot be reached.
            if (order.meter not in strangers or order.at_s < until_s / 2)
            # Over a prepaid meter's switch, its credit has the say.
            and (order.meter > settings.prepaid or order.kind.reads_only)
        ),
        rival_meters=tuple(meter for meter in everyone if meter % 3 == 1) if rival else (),
        datagram_meters=frozenset(meter for meter in everyone if meter % 3 == 2 and datagrams),
        unkeyed=strangers,
        drift_ppm_max=_one_of(kinds, (20, 150, 600)),
        clock_error_ms_max=_one_of(kinds, (1_500, 20_000, 60_000)),
        flush_interval_s=_one_of(kinds, FLUSH_INTERVALS_S),
        collection_period_s=_one_of(kinds, COLLECTION_PERIODS_S),
        spread_s=_one_of(kinds, SPREADS_S),
    )


def replay_command(settings: WorldSettings) -> str:
    """What to type to see a run again."""
    prepaid = f" PREPAID={settings.prepaid}" if settings.prepaid else ""
    return f"make simulate SEED={settings.seed} METERS={settings.meters} DAYS={settings.days:g}{prepaid}"


def draw_weather(entropy: Entropy) -> Conditions:
    """How bad it gets for a while: now one thing, now another, now all of them."""

    def up_to(limit: float) -> float:
        return limit * entropy.uniform() if entropy.uniform() < 0.6 else 0.0

    return Conditions(
        latency_max_ms=50 + int(up_to(3_000)),
        loss=up_to(0.35),
        duplication=up_to(0.5),
        cutting=up_to(0.8),
        reset=up_to(0.08),
        half_open=up_to(0.05),
    )


def _orders(entropy: SeededEntropy, settings: WorldSettings, until_s: float) -> Iterator[Order]:
    drawn = [
        (at_s, meter)
        for meter in range(1, settings.meters + 1)
        for at_s in moments(entropy.fork(f"meter {meter}"), settings.commands_per_day, until_s)
    ]
    for number, (at_s, meter) in enumerate(sorted(drawn), 1):
        yield Order(number, at_s, meter, _one_of(entropy, COMMAND_KINDS))


def _chance(entropy: Entropy, wanted: bool | None) -> bool:
    drawn = entropy.uniform() < 1 / 3
    return drawn if wanted is None else wanted


def _one_of(entropy: Entropy, choices: tuple[T, ...]) -> T:
    return choices[int(entropy.uniform() * len(choices))]
