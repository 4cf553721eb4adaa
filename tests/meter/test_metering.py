"""Metering: registers and profiles are what the load says, whatever the steps in which time passes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.clock import Zone
from ferraris.meter.csv_replay import CsvReplay
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from ferraris.meter.load import StochasticLoad
from ferraris.meter.metering import METERS_PER_ROUND, registers_wh
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, Maker, SteadyLoad

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
STREET = Surroundings(StochasticLoad(11), Zone.load("central_european"))
DRIFTING = Manufacture(count=6, drift_ppm_max=300, clock_error_ms_max=5_000)


def everything(fleet: Fleet) -> list[object]:
    """All that the meters show."""
    return [
        (m.load_entries().tobytes(), m.daily_entries().tobytes(), m.event_entries().tobytes(), m._field("time_ms"))
        for m in fleet.meters
    ]


def test_an_hour_of_steady_load(fleet: Fleet) -> None:
    fleet.advance(MONDAY_MS + HOUR_MS)
    meter = fleet.meters[0]
    entries = meter.load_entries()
    assert entries["time_s"].tolist() == [MONDAY_MS // 1000 + 900 * n for n in (1, 2, 3, 4)]
    assert entries["energy_wh"].tolist() == [[100 * n, 10 * n, 50 * n, 0] for n in (1, 2, 3, 4)]
    assert entries["voltage_dv"].tolist() == [[2301, 2302, 2303]] * 4
    assert set(entries["status"].tolist()) == {0}
    assert meter.registers_wh(MONDAY_MS + HOUR_MS).tolist() == [400, 40, 200, 0]


def test_registers_move_between_captures_and_keep_the_remainder(fleet: Fleet) -> None:
    meter = fleet.meters[1]
    # 400 W take 9 s for 1 Wh.
    assert [int(meter.registers_wh(MONDAY_MS + s * 1000)[0]) for s in (0, 8, 9, 17, 18, 900)] == [0, 0, 1, 1, 2, 100]
    for second in range(1, 91):
        fleet.advance(MONDAY_MS + second * 1000)
    assert meter.registers_wh(MONDAY_MS + 90_000).tolist() == [10, 1, 5, 0]


def test_a_capture_happens_at_its_moment_and_not_before(fleet: Fleet) -> None:
    fleet.advance(MONDAY_MS + 899_999)
    assert len(fleet.meters[0].load_entries()) == 0
    assert fleet.next_due_ms() == MONDAY_MS + 900_000
    fleet.advance(MONDAY_MS + 900_000)
    assert len(fleet.meters[0].load_entries()) == 1
    assert fleet.next_due_ms() == MONDAY_MS + 1_800_000


def test_captures_follow_the_meters_own_clock(make_fleet: Maker) -> None:
    fleet = make_fleet()
    rows = fleet.memory.state.read(np.array([0, 1]))
    rows["clock_offset_ms"] = [90_000, -90_000]
    fleet.memory.state.commit(np.array([0, 1]), rows)
    fleet.advance(MONDAY_MS + 900_000)
    early, late, exact = (meter.load_entries() for meter in fleet.meters)
    assert early["energy_wh"][:, 0].tolist() == [90]
    assert late["energy_wh"][:, 0].tolist() == []
    assert exact["energy_wh"][:, 0].tolist() == [100]
    fleet.advance(MONDAY_MS + 990_000)
    assert fleet.meters[1].load_entries()["energy_wh"][:, 0].tolist() == [110]
    assert fleet.meters[1].load_entries()["time_s"].tolist() == exact["time_s"].tolist()


def test_daily_entries_at_local_midnight_through_the_short_and_the_long_day(make_fleet: Maker) -> None:
    fleet = make_fleet()
    fleet.advance(MONDAY_MS + 29 * DAY_MS)
    entries = fleet.meters[0].daily_entries()
    midnights = (entries["time_s"].astype(int) - MONDAY_MS // 1000) / 3600
    assert midnights[:3].tolist() == [23, 47, 71]
    assert midnights[-3:].tolist() == [23 + 24 * 26, 23 + 24 * 26 + 23, 23 + 24 * 26 + 23 + 24]
    assert np.diff(entries["energy_wh"][:, 0]).tolist() == [9600] * 26 + [9200, 9600]
    assert entries["deviation_min"].tolist() == [-60] * 27 + [-120] * 2
    assert entries["status"].tolist() == [0] * 27 + [8] * 2


def test_the_change_of_daylight_saving_is_logged(fleet: Fleet) -> None:
    fleet.advance(MONDAY_MS + 29 * DAY_MS)
    change_s = MONDAY_MS // 1000 + 27 * 86_400 + 3_600
    assert [(e.time_s, e.code) for e in fleet.meters[2].events()] == [(change_s, EventCode.DAYLIGHT_SAVING_CHANGED)]
    entries = fleet.meters[2].load_entries()
    assert np.diff(entries["time_s"].astype(int)).tolist() == [900] * (len(entries) - 1)
    assert entries["deviation_min"][entries["time_s"] >= change_s].tolist()[0] == -120


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 5 * HOUR_MS), max_size=40), chosen=st.integers(0, 5))
def test_the_steps_in_which_time_passes_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], chosen: int
) -> None:
    once, often = (
        Fleet.create(tmp_path_factory.mktemp("f"), DRIFTING, STREET, SeededEntropy(2), MONDAY_MS + 26 * DAY_MS)
        for _ in range(2)
    )
    now = MONDAY_MS + 26 * DAY_MS
    for number, step in enumerate(steps):
        now += step
        if number % 3:
            often.advance(now)
        else:
            often.metering.advance(np.array([chosen]), now)
    once.advance(now)
    often.advance(now)
    assert everything(once) == everything(often)
    assert [m.registers_wh(now).tolist() for m in once.meters] == [m.registers_wh(now).tolist() for m in often.meters]
    once.close()
    often.close()


def test_registers_are_the_sum_of_the_loads_periods(make_fleet: Maker) -> None:
    """The truth as an auditor computes it: whole periods only, so no share of a period is involved."""
    fleet = make_fleet(replace(PERFECT, count=50), STREET)
    fleet.advance(MONDAY_MS + 3 * DAY_MS)
    periods = np.broadcast_to(MONDAY_MS // 900_000 + np.arange(3 * 96), (50, 3 * 96))
    truth = STREET.load.energies(np.arange(1, 51), periods).cumsum(axis=1) // 1000
    for index, meter in enumerate(fleet.meters):
        assert meter.load_entries()["energy_wh"].tolist() == truth[index].tolist()


def test_the_first_number_decides_whose_load_it_is(make_fleet: Maker) -> None:
    low = make_fleet(replace(PERFECT, count=3), STREET, "low")
    high = make_fleet(PERFECT, replace(STREET, first_number=2), "high")
    low.advance(MONDAY_MS + HOUR_MS)
    high.advance(MONDAY_MS + HOUR_MS)
    assert low.meters[1].load_entries().tobytes() == high.meters[0].load_entries().tobytes()
    assert (low.meters[1].number, high.meters[0].number) == (2, 2)


def test_a_register_rolls_over(make_fleet: Maker) -> None:
    fleet = make_fleet()
    rows = fleet.memory.state.read(np.array([0]))
    rows["energy_mwh"][0, 0] = (2**32 - 50) * 1000
    fleet.memory.state.commit(np.array([0]), rows)
    fleet.advance(MONDAY_MS + 1_800_000)
    assert fleet.meters[0].load_entries()["energy_wh"][:, 0].tolist() == [50, 150]
    assert registers_wh(np.array([2**32 * 1000 + 999, 2**32 * 1000 - 1])).tolist() == [0, 2**32 - 1]


@pytest.mark.parametrize(("past", "flowed"), [(False, [0, 0, 0, 0]), (True, [0, 40, 0, 0])])
def test_an_open_disconnector_stops_the_flow(make_fleet: Maker, past: bool, flowed: list[int]) -> None:
    fleet = make_fleet(PERFECT, replace(STEADY, export_when_disconnected=past))
    meter = fleet.meters[0]
    meter.command(Command.REMOTE_DISCONNECT, MONDAY_MS + 450_000)
    fleet.advance(MONDAY_MS + 450_000 + HOUR_MS)
    gained = meter.registers_wh(MONDAY_MS + 450_000 + HOUR_MS) - [50, 5, 25, 0]
    assert gained.tolist() == flowed
    meter.command(Command.REMOTE_RECONNECT, MONDAY_MS + 450_000 + HOUR_MS)
    assert (meter.registers_wh(MONDAY_MS + 450_000 + 2 * HOUR_MS) - [50, 5, 25, 0] - flowed).tolist() == [
        400,
        40,
        200,
        0,
    ]


def test_time_that_stands_still_or_goes_back_changes_nothing(fleet: Fleet) -> None:
    fleet.advance(MONDAY_MS + HOUR_MS)
    before = everything(fleet)
    fleet.advance(MONDAY_MS + HOUR_MS)
    fleet.advance(MONDAY_MS)
    assert everything(fleet) == before


def test_a_long_absence_fills_the_ring_with_the_newest(fleet: Fleet) -> None:
    fleet.advance(MONDAY_MS + 50 * DAY_MS)
    entries = fleet.meters[0].load_entries()
    assert len(entries) == 40 * 96 == fleet.memory.load_profile.entries_max
    assert entries["time_s"][-1] == (MONDAY_MS + 50 * DAY_MS) // 1000
    assert np.unique(np.diff(entries["time_s"].astype(int))).tolist() == [900]
    assert len(fleet.meters[0].daily_entries()) == 50
    assert fleet.memory.daily_profile.entries_max >= 100
    assert fleet.memory.event_log.entries_max >= 200


@pytest.mark.parametrize("period_ms", [60_000, 3_600_000])
def test_the_loads_period_need_not_be_the_capture_period(make_fleet: Maker, period_ms: int) -> None:
    fleet = make_fleet(PERFECT, replace(STEADY, load=SteadyLoad(360, period_ms)))
    fleet.advance(MONDAY_MS + 2 * HOUR_MS)
    assert fleet.meters[0].load_entries()["energy_wh"][:, 0].tolist() == [90 * n for n in range(1, 9)]


def test_more_meters_than_one_round_takes(make_fleet: Maker) -> None:
    fleet = make_fleet(replace(PERFECT, count=METERS_PER_ROUND + 3))
    fleet.advance(MONDAY_MS + HOUR_MS)
    assert {len(meter.load_entries()) for meter in fleet.meters} == {4}
    assert fleet.metering.next_due_ms(fleet.memory.everyone()).tolist() == [MONDAY_MS + 4_500_000] * 1003


def scalar_truth(number: int, from_ms: int, to_ms: int) -> list[int]:
    """1/1000 Wh by quantity, one load period after the other, in Python's own integers."""
    total = [0, 0, 0, 0]
    for period in range(from_ms // 900_000, to_ms // 900_000 + 1):
        flow = STREET.load.energies(np.array([number]), np.array([[period]]))[0, 0].tolist()
        begin, end = max(from_ms, period * 900_000), min(to_ms, (period + 1) * 900_000)
        offsets = begin - period * 900_000, end - period * 900_000
        for place, energy in enumerate(flow):
            total[place] += energy * offsets[1] // 900_000 - energy * offsets[0] // 900_000
    return total


def test_drifting_meters_capture_what_had_flowed_when_their_clocks_said_so(make_fleet: Maker) -> None:
    """Beside a truth computed meter by meter, capture by capture, from the three numbers of each clock."""
    fleet = make_fleet(replace(DRIFTING, index_wh_max=0), STREET)
    fleet.advance(MONDAY_MS + 30 * HOUR_MS)
    rows = fleet.memory.state.read(fleet.memory.everyone())
    for index, meter in enumerate(fleet.meters):
        drift, offset = int(rows["drift_ppm"][index]), int(rows["clock_offset_ms"][index])
        entries = meter.load_entries()
        assert 119 <= len(entries) <= 121
        for entry in entries[50::60]:

            def shown_ms(true_ms: int, drift: int = drift, offset: int = offset) -> int:
                return true_ms + offset + (true_ms - MONDAY_MS) * drift // 10**6

            moments = range(MONDAY_MS, MONDAY_MS + 31 * HOUR_MS)
            true_ms = moments[bisect_left(moments, int(entry["time_s"]) * 1000, key=shown_ms)]
            truth = scalar_truth(index + 1, MONDAY_MS, true_ms)
            assert entry["energy_wh"].tolist() == [energy // 1000 for energy in truth]


def test_measured_values_are_replayed_to_the_watt_hour(make_fleet: Maker, tmp_path: Path) -> None:
    lines = [f"{MONDAY_MS // 1000 + 3600 * hour},{hour / 10}" for hour in range(24)]
    path = tmp_path / "house.csv"
    path.write_text("\n".join(["when,kwh", *lines]))
    fleet = make_fleet(PERFECT, replace(STEADY, load=CsvReplay.read(path)))
    fleet.advance(MONDAY_MS + 2 * DAY_MS)
    entries = fleet.meters[2].load_entries()["energy_wh"][:, 0].astype(int)
    hourly = np.diff(entries[3::4], prepend=0)
    assert hourly.tolist() == [100 * hour for hour in range(24)] * 2
    quarters = np.diff(entries, prepend=0)
    assert quarters[-4:].tolist() == [575] * 4


def test_power_is_what_flows_now(fleet: Fleet) -> None:
    assert fleet.metering.power(0, MONDAY_MS + 5).tolist() == [400, 40, 200, 0]
    fleet.meters[0].command(Command.REMOTE_DISCONNECT, MONDAY_MS + 5)
    assert fleet.metering.power(0, MONDAY_MS + 6).tolist() == [0, 0, 0, 0]
    fleet.meters[1].power_down(MONDAY_MS + 5)
    assert fleet.metering.power(1, MONDAY_MS + 6).tolist() == [0, 0, 0, 0]


def test_a_meter_without_power_is_not_due(fleet: Fleet) -> None:
    fleet.meters[1].power_down(MONDAY_MS + 5)
    due = fleet.metering.next_due_ms(fleet.memory.everyone())
    assert (due == MONDAY_MS + 900_000).tolist() == [True, False, True]
    assert fleet.capture_due(MONDAY_MS + 900_000) == MONDAY_MS + 1_800_000
    assert [len(meter.load_entries()) for meter in fleet.meters] == [1, 0, 1]


def test_only_meters_that_are_due_are_moved_on(make_fleet: Maker) -> None:
    fleet = make_fleet()
    rows = fleet.memory.state.read(np.array([0]))
    rows["clock_offset_ms"] = 3_000
    fleet.memory.state.commit(np.array([0]), rows)
    assert fleet.capture_due(MONDAY_MS + 898_000) == MONDAY_MS + 900_000
    assert fleet.memory.state.column("time_ms").tolist() == [MONDAY_MS + 898_000, MONDAY_MS, MONDAY_MS]


def test_energies_ahead_of_the_meters_time_change_nothing(fleet: Fleet) -> None:
    before = everything(fleet)
    assert fleet.metering.energy_mwh(0, MONDAY_MS + DAY_MS).tolist() == [9_600_000, 960_000, 4_800_000, 0]
    assert fleet.metering.energy_mwh(0, MONDAY_MS - 5).tolist() == [0, 0, 0, 0]
    assert everything(fleet) == before
