"""A fleet of virtual meters in one memory: made once, opened again after every restart, moved on together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ferraris.cosem import ControlMode, ControlState
from ferraris.kernel.clock import MS_PER_S, S_PER_DAY
from ferraris.kernel.entropy import Entropy
from ferraris.meter.clock import PPM, Zone, clock_time_ms
from ferraris.meter.load import LoadModel
from ferraris.meter.mapped_file import MappedFile, Rows
from ferraris.meter.memory import DIRECTORY, NEVER_S, STATE, SUPPLY, FleetMemory
from ferraris.meter.meter import Meter
from ferraris.meter.metering import MWH_PER_WH, RATE_1, Metering, first_capture_s
from ferraris.meter.supply import Supply

CLOCK_RESERVE_MS: Final = 7 * S_PER_DAY * MS_PER_S


@dataclass(frozen=True)
class Surroundings:
    """What a fleet lives in and what does not belong to its memory: loads, place, wiring, kind of clock."""

    load: LoadModel
    zone: Zone
    first_number: int = 1
    export_when_disconnected: bool = False
    clock_reserve_ms: int | None = CLOCK_RESERVE_MS


@dataclass(frozen=True)
class Manufacture:
    """How new meters leave the works: each draws its drift, clock error and register index up to the given sizes."""

    count: int
    drift_ppm_max: int = 20
    clock_error_ms_max: int = 1_500
    index_wh_max: int = 30_000_000
    control_mode: ControlMode = ControlMode.MODE_4


class Fleet:
    """Meters number `first_number` and up, each a `Meter` over one row of the memory."""

    def __init__(self, memory: FleetMemory, surroundings: Surroundings) -> None:
        self.memory = memory
        self.metering = Metering(
            memory,
            surroundings.load,
            surroundings.zone,
            surroundings.first_number,
            surroundings.export_when_disconnected,
        )
        self.supply = Supply(self.metering, surroundings.clock_reserve_ms)
        self.meters = tuple(Meter(self.supply, index) for index in range(memory.count))

    @classmethod
    def create(
        cls, directory: Path, made: Manufacture, surroundings: Surroundings, entropy: Entropy, now_ms: int
    ) -> Fleet:
        """New meters, switched on at `now_ms`."""
        first_state = _first_state(made, surroundings.zone, entropy, now_ms)
        return cls(FleetMemory.create(directory, first_state), surroundings)

    @classmethod
    def open(cls, directory: Path, surroundings: Surroundings, now_ms: int) -> Fleet:
        """The meters of `directory` as they were, after an outage that ends at `now_ms` and that they log."""
        memory = FleetMemory(directory)
        try:
            fleet = cls(memory, surroundings)
            fleet.supply.restart(now_ms)
        except BaseException:
            memory.close()
            raise
        return fleet

    @staticmethod
    def last_alive_ms(directory: Path) -> int | None:
        """When the fleet of `directory` was last known to run; None when there is none."""
        path = directory / DIRECTORY / "supply.nvm"
        return int(MappedFile(path, SUPPLY, 1).rows["alive_ms"][0, 0]) if path.exists() else None

    def advance(self, now_ms: int) -> None:
        """Move every meter that has power on to `now_ms`."""
        self.memory.mark_alive(now_ms)
        self.metering.advance(self.memory.everyone(), now_ms)

    def capture_due(self, now_ms: int) -> int:
        """Move on those meters that have something to capture or to do before `now_ms`. True time of the next that any has."""
        self.memory.mark_alive(now_ms)
        everyone = self.memory.everyone()
        due = everyone[self.metering.next_due_ms(everyone) <= now_ms]
        if due.size:
            self.metering.advance(due, now_ms)
        return self.next_due_ms()

    def next_due_ms(self) -> int:
        """True time at which the first meter has something to capture or to do."""
        return int(self.metering.next_due_ms(self.memory.everyone()).min())

    def close(self) -> None:
        self.memory.close()


def _first_state(made: Manufacture, zone: Zone, entropy: Entropy, now_ms: int) -> Rows:
    rows = np.zeros(made.count, STATE)

    def drawn(limit: int) -> list[int]:
        return [int((2 * entropy.uniform() - 1) * limit) for _ in range(made.count)]

    if not 0 <= made.drift_ppm_max < PPM:
        raise ValueError(f"drift of {made.drift_ppm_max} ppm")
    rows["time_ms"] = rows["clock_reference_ms"] = now_ms
    rows["drift_ppm"] = drawn(made.drift_ppm_max)
    rows["clock_offset_ms"] = drawn(made.clock_error_ms_max)
    rows["energy_mwh"][:, 0] = np.abs(drawn(made.index_wh_max)) * 1_000
    rows["rates_wh"][:, 0] = rows["energy_mwh"][:, :2] // MWH_PER_WH
    rows["counting"] = RATE_1
    rows["next_action_s"] = rows["collect_s"] = NEVER_S
    rows["powered"] = 1
    rows["output_state"] = 1
    rows["control_state"] = ControlState.CONNECTED
    rows["control_mode"] = made.control_mode
    clock_s = clock_time_ms(rows, now_ms) // MS_PER_S
    rows["next_load_s"] = first_capture_s(clock_s)
    rows["next_daily_s"] = zone.next_midnight_s(clock_s)
    return rows
