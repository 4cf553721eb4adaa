"""A fleet: made from a seed, opened again, counted on to be quick."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError
from ferraris.meter.clock import Zone
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.load import StochasticLoad
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, Maker

VARIED = Manufacture(count=200)


def test_new_meters_differ_as_the_seed_says(make_fleet: Maker) -> None:
    first, second = make_fleet(VARIED, name="a"), make_fleet(VARIED, name="b")
    for column in ("drift_ppm", "clock_offset_ms", "energy_mwh", "next_load_s"):
        assert first.memory.state.column(column).tobytes() == second.memory.state.column(column).tobytes()
    drift = first.memory.state.column("drift_ppm")
    assert (drift.min(), drift.max()) == pytest.approx((-20, 20), abs=1)
    errors = first.memory.state.column("clock_offset_ms")
    assert -1500 <= errors.min() < -1300 < 1300 < errors.max() <= 1500
    index_wh = first.memory.state.column("energy_mwh")[:, 0] // 1000
    assert 0 <= index_wh.min() < 1_000_000 < 29_000_000 < index_wh.max() <= 30_000_000


def test_another_seed_makes_other_meters(tmp_path: Path) -> None:
    drifts = []
    for seed in (1, 2):
        fleet = Fleet.create(tmp_path / str(seed), VARIED, STEADY, SeededEntropy(seed), MONDAY_MS)
        drifts.append(fleet.memory.state.column("drift_ppm").tolist())
        fleet.close()
    assert drifts[0] != drifts[1]


def test_an_impossible_drift_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="drift"):
        Fleet.create(tmp_path, replace(PERFECT, drift_ppm_max=10**6), STEADY, SeededEntropy(1), MONDAY_MS)


@pytest.mark.parametrize("count", [0, 50_001])
def test_the_number_of_meters_has_limits(tmp_path: Path, count: int) -> None:
    with pytest.raises(StoreError, match="number of meters"):
        Fleet.create(tmp_path, replace(PERFECT, count=count), STEADY, SeededEntropy(1), MONDAY_MS)


def test_a_fleet_opened_again_shows_what_it_showed(tmp_path: Path, make_fleet: Maker) -> None:
    street = Surroundings(StochasticLoad(1), Zone.load("central_european"))
    fleet = make_fleet(VARIED, street)
    now = MONDAY_MS + 5 * 3_600_000
    fleet.advance(now)
    before = [(m.load_entries().tobytes(), m.registers_wh(now).tolist()) for m in fleet.meters]
    fleet.close()
    again = Fleet.open(tmp_path / "fleet", street, now)
    assert [(m.load_entries().tobytes(), m.registers_wh(now).tolist()) for m in again.meters] == before
    again.close()


def test_a_fleet_that_cannot_be_opened_gives_up_its_lock(tmp_path: Path, make_fleet: Maker) -> None:
    make_fleet().close()
    for _ in range(2):
        with pytest.raises(Exception, match="lived on"):
            Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS - 10**9)


def test_closing_twice_is_once(fleet: Fleet) -> None:
    fleet.close()
    fleet.close()


def test_a_day_of_a_thousand_meters_takes_a_moment(make_fleet: Maker) -> None:
    """Processor time, with a wide margin for a busy machine: 96 captures of 1,000 meters took 0.05 s."""
    street = Surroundings(StochasticLoad(1), Zone.load("central_european"))
    fleet = make_fleet(replace(VARIED, count=1_000), street)
    started = time.process_time()
    fleet.advance(MONDAY_MS + 86_400_000)
    assert time.process_time() - started < 1.5
    assert {len(meter.load_entries()) for meter in fleet.meters} <= {95, 96, 97}
