"""What the stores know is what the head-end knows after a start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.headend import CollectionPlan, Limits
from ferraris.runtime import load_config, recover, save_plan
from ferraris.store import (
    AlarmSeverity,
    CommandState,
    MeterStateRow,
    Readings,
    Stores,
    open_stores,
)
from tests.runtime.test_key_ring import ROW

BEGIN_S = 1_772_409_600
NOW_MS = (BEGIN_S + 6 * 3_600) * 1_000
SLOT = BEGIN_S // 900
ONE, TWO = (
    replace(
        ROW, id=n, serial=f"S{n}", system_title=bytes(7) + bytes([n]), host=f"127.20.0.{n}", created_ms=BEGIN_S * 1_000
    )
    for n in (1, 2)
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with open_stores(tmp_path, threads=1) as opened:
        load_config(opened.records, Limits())
        opened.records.add_meters([ONE, TWO])
        yield opened


def fill(stores: Stores, meter: int, slots: range | list[int]) -> None:
    rows = [(meter, channel, (SLOT + slot) * 900, 1, 0) for slot in slots for channel in (1, 2)]
    stores.intervals.append(Readings.from_rows(rows), NOW_MS)


def test_gaps_come_from_the_interval_store(stores: Stores) -> None:
    fill(stores, 1, [*range(1, 5), *range(9, 25)])
    restarted = recover(stores, load_config(stores.records, Limits()), NOW_MS)
    one, two = (known.coverage[0] for known in restarted.meters)
    assert one.missing == ((SLOT + 5, SLOT + 8),)
    assert (one.until_slot, one.newest_slot) == (SLOT + 24, SLOT + 24)
    assert two.missing == ((SLOT + 1, SLOT + 24),)
    assert two.newest_slot is None


def test_nothing_is_missing_from_before_a_meter_was_registered(stores: Stores) -> None:
    stores.records.update_meter(replace(TWO, created_ms=(BEGIN_S + 4 * 3_600 + 60) * 1_000))
    restarted = recover(stores, load_config(stores.records, Limits()), NOW_MS)
    assert restarted.meters[1].coverage[0].missing == ((SLOT + 17, SLOT + 24),)


def test_no_further_back_than_a_buffer_is_deep(stores: Stores) -> None:
    later_ms = NOW_MS + 100 * 86_400_000
    coverage = recover(stores, load_config(stores.records, Limits()), later_ms).meters[0].coverage[0]
    ((first, last),) = coverage.missing
    assert last - first + 1 == 961


def test_a_start_in_the_first_period_misses_nothing(stores: Stores) -> None:
    coverage = recover(stores, load_config(stores.records, Limits()), BEGIN_S * 1_000 + 5).meters[0].coverage[0]
    assert (coverage.missing, coverage.until_slot) == ((), SLOT)


def test_records_come_back(stores: Stores) -> None:
    records = stores.records
    records.save_states([MeterStateRow(meter=1, communication="wrong_key", failures=3, events_until_s=5)])
    records.open_alarm(1, "wrong_key", AlarmSeverity.CRITICAL, 5, "x")
    commands = [records.add_command(1, "disconnect", "", 5, "ann") for _ in range(4)]
    records.advance_command(commands[1].id, CommandState.SENT, 6)
    records.advance_command(commands[2].id, CommandState.SENT, 6)
    records.advance_command(commands[2].id, CommandState.CONFIRMED, 7)
    records.advance_command(commands[3].id, CommandState.FAILED, 7)
    restarted = recover(stores, load_config(records, Limits()), NOW_MS)
    known = restarted.meters[0]
    assert known.state is not None
    assert (known.state.communication, known.state.events_until_s) == ("wrong_key", 5)
    assert restarted.meters[1].state is None
    assert {row.id for row in restarted.commands} == {commands[0].id, commands[1].id}
    assert [alarm.kind for alarm in restarted.open_alarms] == ["wrong_key"]


def test_plans_are_kept_and_a_new_store_gets_one(stores: Stores) -> None:
    config = load_config(stores.records, Limits())
    assert [plan.group for plan in config.plans] == ["default"]
    save_plan(stores.records, CollectionPlan("north", period_s=900, spread_s=60, offset_s=5))
    plans = {plan.group: plan.period_s for plan in load_config(stores.records, Limits()).plans}
    assert plans == {"default": 3_600, "north": 900}
    assert config.alarm_rules
