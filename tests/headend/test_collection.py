"""Every row that a meter holds comes into the store, once, whatever happened on the way."""

from __future__ import annotations

from ferraris.headend import (
    CollectionPlan,
    CollectionRequested,
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


def test_meters_of_a_group_are_not_read_at_one_moment() -> None:
    world = World(HeadEndConfig((CollectionPlan(period_s=3600, offset_s=60, spread_s=1800),)))
    for number in range(1, 51):
        world.add_meter(number)
    world.run_until(START_S + 3 * HOUR_S)
    second_hour = [now_ms for now_ms, _ in world.associations if now_ms >= (START_S + HOUR_S) * 1000]
    moments = {(now_ms // 1000 - START_S) % HOUR_S for now_ms in second_hour}
    assert len(moments) > 40
    assert all(60 <= moment <= 60 + 1800 for moment in moments)


def test_the_spread_is_the_same_at_every_start_and_another_with_another_seed() -> None:
    plan, other = CollectionPlan(seed=1), CollectionPlan(seed=2)
    phases = [plan.phase_ms(f"FER{number:010}") for number in range(100)]
    assert phases == [CollectionPlan(seed=1).phase_ms(f"FER{number:010}") for number in range(100)]
    assert phases != [other.phase_ms(f"FER{number:010}") for number in range(100)]


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


def test_associations_are_bounded_per_group_and_in_all() -> None:
    plans = (
        CollectionPlan("a", concurrency_max=3, priority=1),
        CollectionPlan("b", concurrency_max=10, priority=2),
    )
    world = World(HeadEndConfig(plans, Limits(concurrency_max=8, start_spread_ms=0)))
    for number in range(1, 41):
        world.add_meter(number, group="a" if number <= 20 else "b")
    for _ in range(200):
        by_group = {"a": 0, "b": 0}
        for effect in world.running.values():
            by_group[world.meters[effect.meter].row.group] += 1
        assert by_group["a"] <= 3
        assert by_group["a"] + by_group["b"] <= 8
        assert world.head_end.state.running_count == len(world.running)
        assert {group: n for group, n in world.head_end.state.running.items() if n} == {
            group: n for group, n in by_group.items() if n
        }
        if world.running:
            world.finish(min(world.running))
            world.store_all()
        else:
            world.advance_to(world.head_end.wake_at() or world.now_ms)
    assert len({effect.meter for _, effect in world.associations}) == 40


def test_the_group_with_priority_goes_first() -> None:
    plans = (CollectionPlan("later", priority=9), CollectionPlan("first", priority=1))
    world = World(HeadEndConfig(plans, Limits(concurrency_max=1, start_spread_ms=0)))
    world.add_meter(1, group="later")
    for number in range(2, 6):
        world.add_meter(number, group="later" if number < 4 else "first")
    order = []
    while world.running:
        order.append(next(iter(world.running.values())).meter)
        world.finish(min(world.running), after=0)
        world.store_all()
    assert order == [1, 4, 5, 2, 3]


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


def test_collecting_now_does_not_wait_for_the_plan() -> None:
    world = World()
    world.add_meter(1)
    world.add_meter(2, group="other")
    world.run_until(START_S + 2 * HOUR_S + 1)
    for meter in world.head_end.state.meters.values():
        assert meter.due_ms > world.now_ms
    world.step(CollectionRequested(group="other"))
    assert [effect.meter for effect in world.running.values()] == [2]
    world.step(CollectionRequested(meters=(1, 99)))
    assert sorted(effect.meter for effect in world.running.values()) == [1, 2]
