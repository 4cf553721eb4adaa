"""Meters whose every value is known beforehand: a steady load, perfect clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ferraris.dlms import Associated
from ferraris.dlms.apdu import Conformance
from ferraris.meter.clock import Zone
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.live_values import Partner
from ferraris.meter.load import Integers
from ferraris.meter.model import meter_model

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


def device_of(fleet: Fleet, index: int = 0, profile: str = "smr5_three_phase", push: str = "") -> LogicalDevice:
    """The logical device of one meter, with the keys of seed 1."""
    return LogicalDevice(fleet.meters[index], meter_model(profile), 1, push)


def partner(name: str = "management") -> Partner:
    """An association of the virtual meters' companion profiles, as it stands."""
    sap, ciphered, mechanism = {"management": (1, True, 5), "reading": (2, False, 1), "public": (16, False, 0)}[name]
    associated = Associated(b"FERHES01", Conformance.GET | Conformance.SET, 2_000)
    return Partner(name, sap, 1, ciphered, mechanism, associated)
