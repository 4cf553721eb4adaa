"""Every row that a meter holds comes into the store, once, whatever happened on the way."""

from __future__ import annotations

from ferraris.headend import (
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    ReadingsStored,
    ReadProfile,
)
from tests.headend.world import DAILY, LOAD, START_S, World

HOUR_S = 3_600
DAY_S = 86_400
LINK_LOST = Failure(FailureKind.TIMEOUT, "nothing within 10 s")


def test_a_day_is_collected_whole_and_once() -> None:
    world = World()
    for number in range(1, 6):
        world.add_meter(number)
    world.run_until(START_S + DAY_S + 2 * HOUR_S)
    for number in range(1, 6):
        assert world.missing_in_store(number, START_S + DAY_S) == set()
        assert len([key for key in world.stored if key[0] == number and key[1] <= START_S + DAY_S]) == 96
    assert world.stored_twice == 0
    assert world.alarms == {}
    assert {meter.communication for meter in world.head_end.state.meters.values()} == {"ok"}
    assert world.head_end.state.counts.backfilled == 0


def test_an_outage_is_backfilled_from_the_meters_buffer() -> None:
    world = World()
    world.add_meter(1)
    world.add_meter(2)
    world.run_until(START_S + 6 * HOUR_S)
    world.run_until(START_S + 12 * HOUR_S, m1=LINK_LOST)
    assert world.head_end.state.meters[1].communication == "unreachable"
    assert (1, "meter_unreachable") in world.alarms
    world.run_until(START_S + 18 * HOUR_S)
    assert world.missing_in_store(1, START_S + 16 * HOUR_S) == set()
    assert world.stored_twice == 0
    assert world.alarms == {}
    assert world.head_end.state.counts.backfilled >= 16
    assert world.head_end.state.meters[1].communication == "ok"


def test_backfill_is_bounded_per_association_and_oldest_first() -> None:
    limits = Limits(rows_per_association_max=10)
    world = World(HeadEndConfig(limits=limits))
    world.add_meter(1)
    world.run_until(START_S + 20 * HOUR_S, m1=LINK_LOST)
    before = len(world.associations)
    world.run_until(START_S + 22 * HOUR_S)
    asked = [
        (work.first_slot, work.last_slot)
        for _, effect in world.associations[before:]
        for work in effect.work
        if isinstance(work, ReadProfile)
    ]
    assert all(last - first + 1 <= 10 for first, last in asked)
    assert asked == sorted(asked)
    assert world.missing_in_store(1, START_S + 20 * HOUR_S) == set()


def test_rows_that_the_meter_has_overwritten_are_unrecoverable_and_raise_an_alarm() -> None:
    world = World()
    world.add_meter(1, depth_rows=16)
    world.run_until(START_S + 12 * HOUR_S, m1=LINK_LOST)
    world.run_until(START_S + 14 * HOUR_S)
    coverage = world.head_end.state.meters[1].coverage[0]
    assert coverage.unrecoverable > 25
    assert len([key for key in world.stored if key[0] == 1]) + coverage.unrecoverable + coverage.absent + len(
        coverage.missing
    ) == coverage.until_slot - LOAD.slot_at(START_S)
    assert (1, "data_unrecoverable") in world.alarms
    assert coverage.missing.newest is None or coverage.missing.newest >= LOAD.slot_at(START_S + 13 * HOUR_S)


def test_rows_that_were_never_captured_are_asked_for_once() -> None:
    world = World()
    meter = world.add_meter(1)
    dark = {LOAD.slot_at(START_S) + 5, LOAD.slot_at(START_S) + 6}
    meter.without_supply = dark
    world.run_until(START_S + 6 * HOUR_S)
    assert world.head_end.state.meters[1].coverage[0].absent == 2
    before = len(world.associations)
    world.run_until(START_S + 12 * HOUR_S)
    asked_again = [
        work
        for _, effect in world.associations[before:]
        for work in effect.work
        if isinstance(work, ReadProfile) and work.first_slot <= max(dark)
    ]
    assert asked_again == []
    assert (1, "data_unrecoverable") not in world.alarms


def test_the_newest_row_is_waited_for_not_given_up() -> None:
    """A meter whose clock is late has not captured yet; no later row exists, so nothing is settled."""
    world = World()
    meter = world.add_meter(1)
    meter.clock_offset_ms = -200_000
    meter.refuses = {ReadProfile}
    world.run_until(START_S + 2 * HOUR_S)
    assert len(world.head_end.state.meters[1].coverage[0].missing) >= 4
    meter.refuses = set()
    world.run_until(START_S + 5 * HOUR_S)
    assert world.missing_in_store(1, START_S + 4 * HOUR_S) == set()
    assert world.head_end.state.meters[1].coverage[0].absent == 0


def test_rows_nobody_asked_for_are_not_kept() -> None:
    world = World()
    meter = world.add_meter(1)
    far_future_s = START_S + 400 * DAY_S
    meter.extra_rows = {far_future_s: 1}
    world.run_until(START_S + 3 * HOUR_S)
    assert (1, far_future_s) not in world.stored
    assert world.head_end.state.counts.rows_outside > 0
    assert world.missing_in_store(1, START_S + HOUR_S) == set()


def test_a_row_off_the_grid_is_kept_but_fills_no_slot() -> None:
    world = World()
    meter = world.add_meter(1)
    slot = LOAD.slot_at(START_S) + 2
    meter.without_supply = {slot}
    meter.extra_rows = {slot * 900 - 37: 5}
    world.run_until(START_S + 3 * HOUR_S)
    assert world.stored[1, slot * 900 - 37] == 5
    assert world.head_end.state.meters[1].coverage[0].absent == 1


def test_a_full_disk_loses_nothing_and_is_tried_gently() -> None:
    world = World()
    for number in range(1, 21):
        world.add_meter(number)
    world.store_fails = True
    world.run_until(START_S + 4 * HOUR_S)
    assert world.stored == {}
    assert (None, "store_failing") in world.alarms
    assert world.head_end.state.storing_count == 0
    world.store_fails = False
    world.run_until(START_S + 8 * HOUR_S)
    assert (None, "store_failing") not in world.alarms
    for number in range(1, 21):
        assert world.missing_in_store(number, START_S + 6 * HOUR_S) == set()


def test_two_profiles_are_collected_beside_each_other() -> None:
    world = World(profiles=(LOAD, DAILY))
    world.add_meter(1)
    world.run_until(START_S + 2 * HOUR_S)
    asked = [work for _, effect in world.associations for work in effect.work if isinstance(work, ReadProfile)]
    assert {work.profile.tag for work in asked} == {"LOAD_PROFILE"}
    world.run_until(START_S + DAY_S + 2 * HOUR_S)
    asked = [work for _, effect in world.associations for work in effect.work if isinstance(work, ReadProfile)]
    assert {work.profile.tag for work in asked} == {"LOAD_PROFILE", "DAILY_PROFILE"}


def test_a_restart_asks_only_for_what_the_store_lacks() -> None:
    world = World()
    world.add_meter(1)
    world.run_until(START_S + 6 * HOUR_S)
    world.restart()
    world.run_until(START_S + 12 * HOUR_S)
    assert world.stored_twice == 0
    assert world.missing_in_store(1, START_S + 11 * HOUR_S) == set()


def test_a_restart_between_reading_and_storing_reads_again() -> None:
    world = World()
    world.add_meter(1)
    world.advance_to(START_S * 1000 + 3 * HOUR_S * 1000)
    world.finish(next(iter(world.running)))
    assert world.unstored
    world.restart()
    world.run_until(START_S + 6 * HOUR_S)
    assert world.missing_in_store(1, START_S + 5 * HOUR_S) == set()


def test_an_end_that_is_told_twice_counts_once() -> None:
    world = World()
    world.add_meter(1)
    world.advance_to(START_S * 1000 + 2 * HOUR_S * 1000)
    event = world.finish(next(iter(world.running)))
    world.step(event)
    assert len(world.unstored) == 1
    assert world.head_end.state.running_count == 0
    batch = world.unstored[0]
    world.store_all()
    world.step(ReadingsStored(batch))
    assert world.head_end.state.storing_count == 0
    assert world.head_end.state.meters[1].storing == 0


def test_a_refused_profile_leaves_the_rows_missing_and_the_meter_late() -> None:
    world = World()
    meter = world.add_meter(1)
    meter.refuses = {ReadProfile}
    world.run_until(START_S + 5 * HOUR_S)
    state = world.head_end.state.meters[1]
    assert state.communication == "late"
    assert len(state.coverage[0].missing) >= 16
    assert len(world.associations) <= 7
