"""The moment at which an import reaches its mark: beside a search millisecond by millisecond, and in a fleet that lives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.clock import Zone
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.import_mark import FAR_MS, Reached, mark_reached, reached_ms
from ferraris.meter.load import StochasticLoad
from ferraris.meter.memory import STATE
from tests.meter.steady import MONDAY_MS, Maker

PERIOD_MS = 50


def row(start_ms: int, energy_mwh: int, mark_mwh: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    rows = np.zeros(1, STATE)
    rows["time_ms"], rows["import_mark_mwh"], rows["energy_mwh"][:, 0] = start_ms, mark_mwh, energy_mwh
    return rows


@given(
    start_ms=st.integers(0, 120),
    flows=st.lists(st.integers(0, 300), min_size=1, max_size=5),
    ahead_mwh=st.integers(-5, 700),
    until_ms=st.integers(0, 400),
)
def test_the_moment_is_the_first_at_which_the_register_shows_the_mark(
    start_ms: int, flows: list[int], ahead_mwh: int, until_ms: int
) -> None:
    first = start_ms // PERIOD_MS

    def flowed(moment_ms: int) -> int:
        place = moment_ms // PERIOD_MS - first
        return sum(flows[:place]) + (flows[place] * (moment_ms % PERIOD_MS) // PERIOD_MS if place < len(flows) else 0)

    end_ms = (first + len(flows)) * PERIOD_MS
    last_ms = min(until_ms, end_ms)
    found = [t for t in range(start_ms, last_ms + 1) if flowed(t) - flowed(start_ms) >= ahead_mwh]
    rows = row(start_ms, 1_000, 1_000 + ahead_mwh)
    moment = reached_ms(rows, np.array([flows]), PERIOD_MS, np.array([until_ms]))
    assert moment.tolist() == [found[0] if found else FAR_MS]


def test_a_meter_without_a_mark_never_stands_at_it() -> None:
    assert mark_reached(row(0, 5, 0)).tolist() == [False]
    assert mark_reached(row(0, 5, 6)).tolist() == [False]
    assert mark_reached(row(0, 5, 5)).tolist() == [True]


def test_moments_are_worked_out_once_for_each_row() -> None:
    asked: list[list[int]] = []

    def work_out(stale: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        asked.append(stale.tolist())
        return stale * 10

    reached, rows = Reached(), np.zeros(3, STATE)
    rows["sequence"] = [1, 1, 1]
    assert reached.of(np.array([4, 5, 9]), rows, work_out).tolist() == [0, 10, 20]
    assert reached.of(np.array([4, 5, 9]), rows, work_out).tolist() == [0, 10, 20]
    rows["sequence"] = [1, 2, 1]
    assert reached.of(np.array([4, 5, 9]), rows, work_out).tolist() == [0, 10, 20]
    assert asked == [[0, 1, 2], [1]]


def set_mark(fleet: Fleet, index: int, mark_mwh: int) -> None:
    rows = fleet.memory.state.read(np.array([index]))
    rows["import_mark_mwh"] = mark_mwh
    fleet.memory.state.commit(np.array([index]), rows)


def test_a_meter_stops_at_its_mark_until_somebody_sets_another(make_fleet: Maker) -> None:
    """400 W are 1/1000 Wh in 9 ms."""
    fleet = make_fleet()
    called: list[int] = []
    set_mark(fleet, 0, 70_000)
    set_mark(fleet, 1, 70_000)
    fleet.metering.collectors[0] = lambda now_ms: (called.append(now_ms), set_mark(fleet, 0, 0))[0]  # type: ignore[func-returns-value]
    assert fleet.next_due_ms() == MONDAY_MS + 630_000
    fleet.advance(MONDAY_MS + 3_600_000)
    assert called == [MONDAY_MS + 630_000]
    assert [meter._field("time_ms") - MONDAY_MS for meter in fleet.meters] == [3_600_000, 630_000, 3_600_000]


def test_charges_by_time_are_asked_for_at_their_moment_of_the_meters_clock(make_fleet: Maker) -> None:
    fleet = make_fleet()
    called: list[int] = []
    rows = fleet.memory.state.read(np.array([2]))
    rows["clock_offset_ms"] = 2_000
    rows["collect_s"] = MONDAY_MS // 1000 + 600
    fleet.memory.state.commit(np.array([2]), rows)

    def collect(now_ms: int) -> None:
        called.append(now_ms)
        later = fleet.memory.state.read(np.array([2]))
        later["collect_s"] += 600
        fleet.memory.state.commit(np.array([2]), later)

    fleet.metering.collectors[2] = collect
    fleet.advance(MONDAY_MS + 1_500_000)
    assert called == [MONDAY_MS + 598_000, MONDAY_MS + 1_198_000]


@pytest.mark.parametrize("step_ms", [86_400_000, 777_777])
def test_what_flows_beyond_a_mark_is_less_than_a_millisecond_brings(
    tmp_path_factory: pytest.TempPathFactory, step_ms: int
) -> None:
    street = Surroundings(StochasticLoad(11, plants_permille=0), Zone.load("central_european"))
    made = Manufacture(count=30, drift_ppm_max=300, index_wh_max=0)
    fleet = Fleet.create(tmp_path_factory.mktemp("f"), made, street, SeededEntropy(2), MONDAY_MS)
    beyond: dict[int, int] = {}
    for index in range(30):
        set_mark(fleet, index, 3_000_000)

        def collect(now_ms: int, index: int = index) -> None:
            beyond[index] = int(fleet.memory.state.read(np.array([index]))["energy_mwh"][0, 0]) - 3_000_000
            set_mark(fleet, index, 0)

        fleet.metering.collectors[index] = collect
    for now_ms in range(MONDAY_MS + step_ms, MONDAY_MS + 4 * 86_400_000, step_ms):
        fleet.advance(now_ms)
    assert len(beyond) == 30
    assert min(beyond.values()) >= 0
    assert max(beyond.values()) <= 6  # 20 kW: 5.6/1000 Wh in a millisecond
    fleet.close()
