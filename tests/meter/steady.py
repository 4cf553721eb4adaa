"""Meters whose every value is known beforehand: a steady load, perfect clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ferraris.meter.clock import Zone
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.load import Integers

MONDAY_MS = 1_772_409_600_000
"""2026-03-02T00:00:00Z."""


@dataclass(frozen=True)
class SteadyLoad:
    """Every meter takes `power_w`, feeds in a tenth of it, and half of it as reactive power."""

    power_w: int = 400
    period_ms: int = 900_000

    def energies(self, meters: Integers, periods: Integers) -> Integers:
        mwh = self.power_w * self.period_ms // 3_600
        return np.broadcast_to([mwh, mwh // 10, mwh // 2, 0], (*periods.shape, 4)).astype(np.int64)

    def voltages(self, meters: Integers, periods: Integers) -> Integers:
        return np.broadcast_to([2301, 2302, 2303], (*periods.shape, 3)).astype(np.int64)


PERFECT = Manufacture(count=3, drift_ppm_max=0, clock_error_ms_max=0, index_wh_max=0)
STEADY = Surroundings(SteadyLoad(), Zone.load("central_european"))

Maker = Callable[..., Fleet]
