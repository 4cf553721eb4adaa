"""Power goes and comes back: what is logged, what is flagged, what is not captured, when a clock stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import ConfigError
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, Maker

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MONDAY_S = MONDAY_MS // 1000


def logged(fleet: Fleet, meter: int = 0) -> list[tuple[int, int]]:
    """Seconds after Monday midnight, and code."""
    return [(event.time_s - MONDAY_S, event.code) for event in fleet.meters[meter].events()]


def captured(fleet: Fleet, meter: int = 0) -> list[tuple[int, int, int]]:
    """Minutes after Monday midnight, Wh, status."""
    entries = fleet.meters[meter].load_entries()
    return [((int(e["time_s"]) - MONDAY_S) // 60, int(e["energy_wh"][0]), int(e["status"])) for e in entries]


def test_an_outage_within_one_period(fleet: Fleet) -> None:
    meter = fleet.meters[0]
    meter.power_down(MONDAY_MS + 18 * MINUTE_MS)
    assert not meter.powered
    fleet.advance(MONDAY_MS + 21 * MINUTE_MS)
    meter.power_up(MONDAY_MS + 21 * MINUTE_MS)
    fleet.advance(MONDAY_MS + 45 * MINUTE_MS)
    assert captured(fleet) == [(15, 100, 0x00), (30, 180, 0x80), (45, 280, 0x00)]
    assert captured(fleet, 1) == [(15, 100, 0), (30, 200, 0), (45, 300, 0)]
    assert logged(fleet) == [(18 * 60, EventCode.POWER_DOWN), (21 * 60, EventCode.POWER_UP)]
    assert logged(fleet, 1) == []
    assert (meter.powered, meter.power_failures, fleet.meters[1].power_failures) == (True, 1, 0)
    assert meter.long_power_failures == 0  # three minutes are not yet long


def test_periods_of_an_outage_have_no_entries(fleet: Fleet) -> None:
    fleet.meters[0].power_down(MONDAY_MS + 20 * MINUTE_MS)
    fleet.advance(MONDAY_MS + 70 * MINUTE_MS)
    fleet.meters[0].power_up(MONDAY_MS + 75 * MINUTE_MS)
    fleet.advance(MONDAY_MS + 105 * MINUTE_MS)
    assert captured(fleet) == [(15, 100, 0x00), (90, 233, 0x80), (105, 333, 0x00)]
    assert (fleet.meters[0].power_failures, fleet.meters[0].long_power_failures) == (1, 1)


def test_an_outage_over_midnight_flags_the_next_daily_entry(fleet: Fleet) -> None:
    fleet.meters[0].power_down(MONDAY_MS + 22 * HOUR_MS)
    fleet.meters[0].power_up(MONDAY_MS + 24 * HOUR_MS)
    fleet.advance(MONDAY_MS + 3 * DAY_MS)
    entries = fleet.meters[0].daily_entries()
    assert ((entries["time_s"].astype(int) - MONDAY_S) // 3600).tolist() == [47, 71]
    assert entries["status"].tolist() == [0x80, 0]


def test_power_may_be_asked_for_twice(fleet: Fleet) -> None:
    meter = fleet.meters[0]
    meter.power_up(MONDAY_MS + 1)
    meter.power_down(MONDAY_MS + 2)
    meter.power_down(MONDAY_MS + 3)
    meter.power_up(MONDAY_MS + 4000)
    meter.power_up(MONDAY_MS + 5000)
    assert logged(fleet) == [(0, EventCode.POWER_DOWN), (4, EventCode.POWER_UP)]


@pytest.mark.parametrize(("away_ms", "stops"), [(DAY_MS, False), (DAY_MS + 1, True)])
def test_a_clock_stops_when_its_reserve_is_used_up(make_fleet: Maker, away_ms: int, stops: bool) -> None:
    fleet = make_fleet(PERFECT, replace(STEADY, clock_reserve_ms=DAY_MS))
    meter = fleet.meters[0]
    down, up = MONDAY_MS + HOUR_MS, MONDAY_MS + HOUR_MS + away_ms
    meter.power_down(down)
    meter.power_up(up)
    assert meter.clock_invalid is stops
    assert meter.clock_ms(up + 5) == (down + 5 if stops else up + 5)
    fleet.advance(up + 900_000)
    last = meter.load_entries()[-1]
    assert (last["status"], last["clock_status"]) == ((0x82, 0x01) if stops else (0x80, 0))
    codes = [event.code for event in meter.events()]
    assert codes == [EventCode.POWER_DOWN, EventCode.POWER_UP] + [EventCode.CLOCK_INVALID] * stops
    meter.set_clock(up + 900_000, up + 900_000)
    assert not meter.clock_invalid


def test_a_clock_without_end_of_reserve_runs_through(make_fleet: Maker) -> None:
    fleet = make_fleet(PERFECT, replace(STEADY, clock_reserve_ms=None))
    fleet.meters[0].power_down(MONDAY_MS)
    fleet.meters[0].power_up(MONDAY_MS + 400 * DAY_MS)
    assert fleet.meters[0].clock_ms(MONDAY_MS + 400 * DAY_MS) == MONDAY_MS + 400 * DAY_MS


def test_a_restart_is_an_outage_of_every_meter(tmp_path: Path, make_fleet: Maker) -> None:
    fleet = make_fleet()
    fleet.advance(MONDAY_MS + 15 * MINUTE_MS)
    fleet.memory.mark_alive(MONDAY_MS + 31 * MINUTE_MS)
    fleet.close()
    again = Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS + 50 * MINUTE_MS)
    again.advance(MONDAY_MS + 60 * MINUTE_MS)
    for meter in range(3):
        assert logged(again, meter) == [(31 * 60, EventCode.POWER_DOWN), (50 * 60, EventCode.POWER_UP)]
        # The entry of minute 30 was due while the process lived and is made up for.
        assert captured(again, meter) == [(15, 100, 0), (30, 200, 0), (60, 273, 0x80)]
    again.close()


def test_a_restart_in_the_middle_of_a_restart_logs_one_outage(tmp_path: Path, make_fleet: Maker) -> None:
    fleet = make_fleet()
    fleet.supply.power_down(np.array([1, 2]), MONDAY_MS)
    fleet.close()
    again = Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS + 5000)
    assert [logged(again, meter) for meter in range(3)] == [[(0, 1), (5, 2)]] * 3
    again.close()


@pytest.mark.parametrize(("back_ms", "refused"), [(60_000, False), (60_001, True)])
def test_time_does_not_go_back_over_a_restart(tmp_path: Path, make_fleet: Maker, back_ms: int, refused: bool) -> None:
    fleet = make_fleet()
    fleet.advance(MONDAY_MS + HOUR_MS)
    fleet.close()
    now_ms = MONDAY_MS + HOUR_MS - back_ms
    if refused:
        with pytest.raises(ConfigError, match="have lived on already"):
            Fleet.open(tmp_path / "fleet", STEADY, now_ms)
        now_ms = MONDAY_MS + HOUR_MS
    again = Fleet.open(tmp_path / "fleet", STEADY, now_ms)
    assert logged(again) == [(3600, EventCode.POWER_DOWN), (3600, EventCode.POWER_UP)]
    again.close()
