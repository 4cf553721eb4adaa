"""What flows through a meter: the energy of every quantity in every load period, as a function and nothing else.

A load model is asked for (meter, period) and always answers the same, whoever asks and in which steps: a replay of a
run matches the run, and an auditor computes the truth without asking the meter. Arithmetic is on integers throughout,
so that the answer is the same on every machine.

The stochastic model draws from a counter-based generator: a hash of (seed, meter, period, purpose), no state. A
consumer (household, shop, factory) has a mean power by hour of the day, scaled for the consumer and for the day, with
noise; a household switches on appliances at random, a third of them owns a photovoltaic plant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ferraris.kernel.tables import load_csv

PERIOD_MS: Final = 900_000
PERIODS_PER_DAY: Final = 96
MWH_PER_W: Final = 250
"""1/1000 Wh in one period at a power of 1 W."""
NOMINAL_DV: Final = 2_300
"""230 V in 1/10 V."""

Integers = npt.NDArray[np.int64]


class Quantity(IntEnum):
    """Place of a quantity on the last axis of an array of energies."""

    ACTIVE_IMPORT = 0
    ACTIVE_EXPORT = 1
    REACTIVE_IMPORT = 2
    REACTIVE_EXPORT = 3


class LoadModel(Protocol):
    """Energies and voltages by meter and load period; period k begins at `k * period_ms` true time."""

    @property
    def period_ms(self) -> int: ...

    def energies(self, meters: Integers, periods: Integers) -> Integers:
        """1/1000 Wh or varh in each of `periods` (shape (meters, n)), shape (meters, n, 4) by `Quantity`; none below 0."""
        ...

    def voltages(self, meters: Integers, periods: Integers) -> Integers:
        """Voltage of the three phases in 1/10 V, shape (meters, n, 3)."""
        ...


@runtime_checkable
class PhasedLoad(Protocol):
    """A load model that says how its load lies on the phases; that of others lies evenly."""

    def phase_weights(self, meters: Integers, periods: Integers) -> Integers:
        """What each of the three phases carries, as weights of one another, shape (meters, n, 3); none below 1."""
        ...


class Kind(IntEnum):
    """Kind of consumer behind a meter."""

    HOUSEHOLD = 0
    SHOP = 1
    FACTORY = 2


@dataclass(frozen=True)
class _LoadShape:
    """Mean power of one consumer by local hour."""

    kind: Kind
    weekend: bool
    hourly_w: tuple[int, ...]


@dataclass(frozen=True)
class _SunShape:
    """Share of its peak power that a plant puts out under a clear sky, by standard local hour."""

    month: int
    hourly_permille: tuple[int, ...]


class _Purpose(IntEnum):
    """One stream of the generator for each thing drawn: a new one does not disturb the others."""

    KIND, SCALE, POWER_FACTOR, PLANT, PLANT_PEAK, VOLTAGE_OFFSET = 1, 2, 3, 4, 5, 6
    DAY, NOISE, CLOUDS, CLOUD_DAY, REACTIVE = 10, 11, 12, 13, 14
    APPLIANCE, VOLTAGE, PHASE = 20, 30, 40


@dataclass(frozen=True)
class Appliance:
    """A device that a household switches on now and then, for `periods` load periods."""

    power_w: int
    periods: int
    starts_per_1000_days: int


APPLIANCES: Final = (
    Appliance(power_w=1_900, periods=1, starts_per_1000_days=2_400),  # kettle, oven, hair dryer
    Appliance(power_w=700, periods=5, starts_per_1000_days=700),  # washing machine, dish washer
    Appliance(power_w=2_300, periods=3, starts_per_1000_days=300),  # tumble dryer, second oven
)


@dataclass(frozen=True)
class StochasticLoad:
    """Consumers drawn from `seed`. `shops_permille` and `factories_permille` of the meters are no households.

    `local_offset_min` is standard local time minus UTC: people's days do not follow UTC.
    """

    seed: int
    shops_permille: int = 120
    factories_permille: int = 20
    plants_permille: int = 300
    local_offset_min: int = 60

    @property
    def period_ms(self) -> int:
        return PERIOD_MS

    def kinds(self, meters: Integers) -> Integers:
        """`Kind` of each meter's consumer."""
        drawn = self._permille(_Purpose.KIND, meters)
        shop = (drawn < self.shops_permille + self.factories_permille).astype(np.int64)
        return shop + (drawn < self.factories_permille)

    def energies(self, meters: Integers, periods: Integers) -> Integers:
        owner = meters[:, None]
        local = periods + self.local_offset_min // 15
        kind = self.kinds(meters)[:, None]
        demand_w = self._demand_w(owner, kind, periods, local)
        output_w = self._plant_w(owner, periods, local)
        net_w = demand_w - output_w
        result = np.empty((*periods.shape, len(Quantity)), np.int64)
        result[..., Quantity.ACTIVE_IMPORT] = np.maximum(net_w, 0) * MWH_PER_W
        result[..., Quantity.ACTIVE_EXPORT] = np.maximum(-net_w, 0) * MWH_PER_W
        tangent = 150 + self._below(_Purpose.POWER_FACTOR, 250, owner)
        reactive = demand_w * tangent // 1000 * (800 + self._below(_Purpose.REACTIVE, 400, owner, periods)) // 1000
        result[..., Quantity.REACTIVE_IMPORT] = reactive * MWH_PER_W
        result[..., Quantity.REACTIVE_EXPORT] = output_w * 40 // 1000 * MWH_PER_W
        return result

    def voltages(self, meters: Integers, periods: Integers) -> Integers:
        owner = meters[:, None]
        middle = NOMINAL_DV - 40 + self._below(_Purpose.VOLTAGE_OFFSET, 81, owner)
        evening_drop = self._shapes[0, 0, periods % PERIODS_PER_DAY] // 12
        phases = [
            middle - evening_drop + self._below(_Purpose.VOLTAGE + phase, 41, owner, periods) for phase in range(3)
        ]
        return np.stack(phases, axis=-1)

    def phase_weights(self, meters: Integers, periods: Integers) -> Integers:
        owner = meters[:, None]
        weights = [400 + self._below(_Purpose.PHASE + phase, 600, owner, periods) for phase in range(3)]
        return np.stack(weights, axis=-1)

    def _demand_w(self, owner: Integers, kind: Integers, periods: Integers, local: Integers) -> Integers:
        day = local // PERIODS_PER_DAY
        weekend = ((day + 3) % 7 >= 5).astype(np.int64)  # 1970-01-01 was a Thursday
        shape_w = self._shapes[kind, weekend, local % PERIODS_PER_DAY]
        scale = 500 + self._below(_Purpose.SCALE, 1000, owner)
        scale = scale * (850 + self._below(_Purpose.DAY, 300, owner, day)) // 1000
        noise = 700 + self._below(_Purpose.NOISE, 600, owner, periods)
        demand_w = shape_w * scale // 1000 * noise // 1000
        household = kind == Kind.HOUSEHOLD
        # More is switched on when people are at home and awake: the shape around its mean weighs the odds.
        activity = self._shapes[0, 0, local % PERIODS_PER_DAY]
        for number, appliance in enumerate(APPLIANCES):
            running = self._running(number, appliance, owner, periods, activity)
            demand_w += np.where(household & running, appliance.power_w, 0)
        return demand_w

    def _running(
        self, number: int, appliance: Appliance, owner: Integers, periods: Integers, activity: Integers
    ) -> npt.NDArray[np.bool_]:
        """Whether the appliance was switched on in this period or in one of those before, as long as it runs."""
        odds = appliance.starts_per_1000_days * activity // (PERIODS_PER_DAY * 280)
        running = np.zeros(periods.shape, np.bool_)
        for back in range(appliance.periods):
            running |= self._permille(_Purpose.APPLIANCE + number, owner, periods - back) < odds
        return running

    def _plant_w(self, owner: Integers, periods: Integers, local: Integers) -> Integers:
        day = local // PERIODS_PER_DAY
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        clear = self._sun[month, local % PERIODS_PER_DAY]
        # Clouds are the same for the whole territory on a day, and pass over each plant on their own.
        everyone = np.zeros_like(owner)
        sky = 250 + self._below(_Purpose.CLOUD_DAY, 750, everyone, day)
        sky = sky * (600 + self._below(_Purpose.CLOUDS, 400, owner, periods)) // 1000
        owned = self._permille(_Purpose.PLANT, owner) < self.plants_permille
        peak_w = np.where(owned, 2_000 + self._below(_Purpose.PLANT_PEAK, 6_000, owner), 0)
        output_w: Integers = peak_w * clear // 1000 * sky // 1000
        return output_w

    def _permille(self, purpose: int, meter: Integers, moment: Integers | int = 0) -> Integers:
        return self._below(purpose, 1000, meter, moment)

    def _below(self, purpose: int, limit: int, meter: Integers, moment: Integers | int = 0) -> Integers:
        """A number from 0 to `limit` - 1, the same for the same arguments."""
        drawn = _mix(np.asarray(meter, np.uint64) + np.uint64((self.seed * 0x1000 + purpose) % 2**40 << 24))
        drawn = _mix(drawn + np.asarray(moment).astype(np.uint64))
        return ((drawn >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32)).astype(np.int64)

    @cached_property
    def _shapes(self) -> Integers:
        """W by (kind, weekend, quarter of an hour)."""
        shapes = np.zeros((len(Kind), 2, PERIODS_PER_DAY), np.int64)
        for row in load_csv("ferraris.meter", "tables/load_shapes.csv", _LoadShape):
            shapes[row.kind, int(row.weekend)] = _quarters(row.hourly_w)
        return shapes

    @cached_property
    def _sun(self) -> Integers:
        """1/1000 of the peak power by (month from 0, quarter of an hour)."""
        rows = load_csv("ferraris.meter", "tables/sun_shapes.csv", _SunShape)
        return np.array([_quarters(row.hourly_permille) for row in rows])


def _mix(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit of the result depends on every bit of the argument."""
    words = words + np.uint64(0x9E37_79B9_7F4A_7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return words ^ (words >> np.uint64(31))


def _quarters(hourly: tuple[int, ...]) -> Integers:
    """Hourly means drawn out to quarters of an hour by straight lines from hour to hour."""
    hours = np.array(hourly, np.int64)
    following = np.roll(hours, -1)
    steps = np.arange(4)
    quarters: Integers = (hours[:, None] * (4 - steps) + following[:, None] * steps) // 4
    return quarters.ravel()
