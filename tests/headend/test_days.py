"""Days in the life of a head-end, told hour by hour: outages, moves, replacements, restarts and backfill.

Hours are counted from midnight of the first day; a run `hour 26` is two in the morning of the second.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.headend import (
    CollectionPlan,
    CommandKind,
    Communication,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    MeterRegistered,
    PushReceived,
    ReadEventLog,
    ReadingsStored,
    ReadProfile,
    standard_alarm_rules,
)
from ferraris.store import CommandState
from tests.headend.world import DAILY, LOAD, START_S, World

HOUR_S = 3_600
DAY_H = 24
NO_ROUTE = Failure(FailureKind.UNREACHABLE, "no route to host")
BUSY = Failure(FailureKind.BUSY, "the meter serves another client")


def street(count: int, *, limits: Limits | None = None, depth_rows: int = 960, group: str = "default") -> World:
    world = World(HeadEndConfig((CollectionPlan(group),), limits or Limits()))
    for number in range(1, count + 1):
        world.add_meter(number, depth_rows=depth_rows, group=group)
    return world


def hour(world: World, number: float, **failures: Failure) -> None:
    world.run_until(START_S + int(number * HOUR_S), **failures)


def off(numbers: range, failure: Failure = NO_ROUTE) -> dict[str, Failure]:
    return {f"m{number}": failure for number in numbers}


def complete(world: World, numbers: range, until_h: float) -> bool:
    until_s = START_S + int(until_h * HOUR_S)
    return all(not world.missing_in_store(number, until_s) for number in numbers)


def requests(world: World, since: int = 0) -> list[tuple[int, int]]:
    """The spans of slots that were asked for, from the `since`-th association on."""
    items = [work for _, effect in world.associations[since:] for work in effect.work]
    return [(work.first_slot, work.last_slot) for work in items if isinstance(work, ReadProfile)]


def test_a_district_loses_its_feeder_and_comes_back() -> None:
    """40 of 60 meters go dark at once for five hours, and return at once."""
    world, district, others = street(60), range(1, 41), range(41, 61)
    hour(world, 6)
    hour(world, 7.5, **off(district))
    tally = world.head_end.state.by_communication
    assert tally[Communication.OK] == 20, "the others are read on"
    hour(world, 11, **off(district))
    assert (tally[Communication.UNREACHABLE], tally[Communication.OK]) == (40, 20)
    assert {kind for _, kind in world.alarms} == {"meter_unreachable"}
    assert len(world.alarms) == 40, "one alarm a meter, however often it was tried"
    attempts = [effect.meter for now_ms, effect in world.associations if now_ms > (START_S + 8 * HOUR_S) * 1_000]
    assert all(attempts.count(number) <= 3 * 4 + 1 for number in district), "about one attempt in a probe period"
    assert complete(world, others, 10)
    hour(world, 14)
    assert tally[Communication.OK] == 60
    assert world.alarms == {}
    assert complete(world, range(1, 61), 12.5)
    assert world.stored_twice == 0
    assert world.head_end.state.counts.backfilled >= 40 * 4 * 3


def test_the_collector_stands_still_for_two_days_and_fetches_everything_in_bounded_pieces() -> None:
    """Nobody read for 48 hours: 192 rows a meter wait in the buffers, and are asked for 40 at a time."""
    limits = Limits(rows_per_association_max=40, concurrency_max=8)
    world = street(30, limits=limits)
    hour(world, 5)
    world.now_ms += 48 * HOUR_S * 1_000  # the process is down
    world.restart()
    before = len(world.associations)
    hour(world, 56)
    assert complete(world, range(1, 31), 54)
    assert world.stored_twice == 0
    asked = requests(world, before)
    assert max(last - first + 1 for first, last in asked) == 40
    assert sum(last - first + 1 for first, last in asked) <= 30 * (51 * 4 + 4 * 8), "hardly anything is asked for twice"
    assert world.head_end.state.counts.backfilled >= 30 * 44 * 4


@pytest.mark.parametrize(("days", "depth_rows"), [(1, 96), (2, 96), (2, 960), (11, 960), (13, 960)])
def test_every_slot_is_stored_absent_or_unrecoverable_and_says_so(days: int, depth_rows: int) -> None:
    """Collector down for so many days, over a buffer so deep: the sum is always the whole."""
    world = street(2, depth_rows=depth_rows)
    hour(world, 5)
    world.now_ms += days * 86_400_000
    lost = max(0, (days * DAY_H + 5) * 4 - depth_rows - 5 * 4)
    hour(world, days * DAY_H + 5)
    hour(world, days * DAY_H + 12)
    for number in (1, 2):
        coverage = world.head_end.state.meters[number].coverage[0]
        stored = len([key for key in world.stored if key[0] == number])
        whole = coverage.until_slot - LOAD.slot_at(START_S)
        assert stored + coverage.unrecoverable + coverage.absent + len(coverage.missing) == whole
        assert lost <= coverage.unrecoverable + coverage.absent <= lost + 8
        assert ((number, "data_unrecoverable") in world.alarms) == (coverage.unrecoverable > 0)
    if lost:
        text = world.alarms[1, "data_unrecoverable"].text
        assert "rows of LOAD_PROFILE are no longer in the meter" in text
        assert int(text.split()[0]) >= lost - 8


def test_a_loss_that_was_seen_is_not_raised_again() -> None:
    world = street(1, depth_rows=16)
    hour(world, 2)
    hour(world, 12, m1=NO_ROUTE)
    hour(world, 13)
    assert (1, "data_unrecoverable") in world.alarms
    opened = len(world.alarm_changes)
    hour(world, 40)
    assert len(world.alarm_changes) == opened
    assert world.head_end.state.meters[1].communication == "ok", "what is lost does not make it late for ever"


def test_a_meter_is_replaced_under_the_same_serial() -> None:
    """The fitter brings a new meter: new address and system title, an empty buffer, a register that begins at zero."""
    world = street(2)
    hour(world, 8)
    hour(world, 9.5, m1=NO_ROUTE)
    old = world.meters[1]
    old.rows.clear()
    old.row = replace(old.row, host="127.20.9.9", system_title=b"FER\x00\x00\x00\x99\x99")
    old.without_supply = set(range(LOAD.slot_at(START_S), LOAD.slot_at(START_S + int(9.5 * HOUR_S))))
    world.step(MeterRegistered(old.row, world.profiles))
    hour(world, 16)
    meter = world.head_end.state.meters[1]
    assert meter.row.host == "127.20.9.9"
    assert meter.communication == "ok"
    assert meter.coverage[0].absent >= 3, "what the old one did not give before it went is settled"
    assert complete(world, range(1, 3), 14.5)
    assert world.stored_twice == 0
    assert len(world.head_end.state.meters) == 2


def test_a_meter_registered_twice_is_one_meter() -> None:
    world = street(1)
    for _ in range(3):
        world.step(MeterRegistered(world.meters[1].row, world.profiles))
    hour(world, 6)
    assert len(world.head_end.state.meters) == 1
    assert sum(world.head_end.state.by_communication.values()) == 1
    assert world.stored_twice == 0
    assert complete(world, range(1, 2), 5)


def test_a_meter_moves_to_a_group_that_is_read_seldom() -> None:
    hourly, daily = CollectionPlan("hourly"), CollectionPlan("daily", period_s=86_400)
    world = World(HeadEndConfig((hourly, daily)))
    world.add_meter(1, group="hourly", depth_rows=960)
    hour(world, 12)
    in_a_morning = len(world.associations)
    assert in_a_morning >= 11
    world.meters[1].row = replace(world.meters[1].row, group="daily")
    world.step(MeterRegistered(world.meters[1].row, world.profiles))
    hour(world, 60)
    assert len(world.associations) - in_a_morning <= 5
    assert complete(world, range(1, 2), 47)


def test_a_group_without_places_keeps_its_bound_when_meters_move_into_it() -> None:
    """Ten meters wait for their turn; an operator moves them to a group that carries one association at a time."""
    plans = (CollectionPlan("wide", concurrency_max=2, priority=1), CollectionPlan("narrow", concurrency_max=1))
    world = World(HeadEndConfig(plans, Limits(start_spread_ms=0)))
    for number in range(1, 13):
        world.add_meter(number, group="wide")
    assert [world.meters[effect.meter].row.group for effect in world.running.values()] == ["wide", "wide"]
    for number in range(3, 13):
        row = replace(world.meters[number].row, group="narrow")
        world.meters[number].row = row
        world.step(MeterRegistered(row, world.profiles))
    read = set()
    while world.running:
        groups = [world.meters[effect.meter].row.group for effect in world.running.values()]
        assert groups.count("narrow") <= 1
        read |= {effect.meter for effect in world.running.values()}
        world.finish(min(world.running))
        world.store_all()
    assert read == set(range(1, 13))


def test_a_meter_that_moves_up_is_found_although_nothing_else_happens() -> None:
    """The queue of its new group was served before the old one's: it must not wait for an event that never comes."""
    plans = (CollectionPlan("first", priority=1), CollectionPlan("later", priority=9))
    world = World(HeadEndConfig(plans, Limits(start_spread_ms=0, concurrency_max=1)))
    world.add_meter(1, group="later")
    world.add_meter(2, group="later")
    world.meters[2].row = replace(world.meters[2].row, group="first")
    world.step(MeterRegistered(world.meters[2].row, world.profiles))
    world.finish(min(world.running))
    world.store_all()
    assert [effect.meter for effect in world.running.values()] == [2]


def test_two_head_ends_on_one_meter_take_turns() -> None:
    """Another collector holds the meter for a quarter of an hour in every hour: ours is told busy, and gets its rows."""
    world = street(1)
    for number in range(1, 25):
        hour(world, number - 0.25)
        hour(world, number, m1=BUSY)
    hour(world, 26)
    assert complete(world, range(1, 2), 24)
    assert world.alarms == {}


def test_a_meter_that_always_serves_another_client_is_an_alarm_of_its_own_and_not_out_of_reach() -> None:
    world = street(1)
    hour(world, 9, m1=BUSY)
    assert set(world.alarms) == {(1, "meter_busy")}
    assert world.head_end.state.meters[1].communication == "late"
    hour(world, 11)
    assert world.alarms == {}
    assert complete(world, range(1, 2), 9)


def test_the_store_is_full_from_noon_to_six() -> None:
    """20 meters, one store: nothing is given up, the meters keep it, and the store is not hammered meanwhile."""
    world = street(20)
    hour(world, 12)
    stored = len(world.stored)
    world.store_fails = True
    before = len(world.associations)
    hour(world, 18)
    assert len(world.stored) == stored
    assert set(world.alarms) == {(None, "store_failing")}
    assert len(world.associations) - before <= 20 * 6 * 3
    assert all(meter.communication in {"ok", "late"} for meter in world.head_end.state.meters.values()), (
        "not their fault"
    )
    world.store_fails = False
    hour(world, 22)
    assert world.alarms == {}
    assert complete(world, range(1, 21), 20)


def test_a_head_end_that_dies_every_three_hours_for_two_days() -> None:
    world = street(5)
    for number in range(3, 49, 3):
        hour(world, number)
        if number % 2:
            for association in list(world.running):
                world.finish(association)  # read, and lost before it was stored
        world.restart()
    hour(world, 51)
    assert complete(world, range(1, 6), 49)
    assert world.stored_twice == 0
    assert world.alarms == {}


def test_profiles_of_two_periods_are_told_apart_over_three_days() -> None:
    world = World(profiles=(LOAD, DAILY))
    world.add_meter(1, depth_rows=960)
    hour(world, 20)
    hour(world, 44, m1=NO_ROUTE)
    hour(world, 74)
    load, daily = world.head_end.state.meters[1].coverage
    assert daily.until_slot == DAILY.slot_at(START_S + 74 * HOUR_S)
    assert 0 <= LOAD.slot_at(START_S + 74 * HOUR_S) - load.until_slot <= 5
    asked = [
        work
        for _, effect in world.associations
        for work in effect.work
        if isinstance(work, ReadProfile) and work.profile.tag == "DAILY_PROFILE"
    ]
    assert {(work.last_slot * 86_400 - START_S) // 86_400 for work in asked} == {1, 2, 3}


def test_events_are_asked_for_from_where_the_log_is_known() -> None:
    world = World(HeadEndConfig(alarm_rules=standard_alarm_rules()))
    meter = world.add_meter(1)
    hour(world, 3)
    meter.events = [(START_S + 3 * HOUR_S + 60, 1), (START_S + 3 * HOUR_S + 90, 2)]
    hour(world, 5)
    assert {(row.time_s - START_S, row.code) for row in world.meter_events} == {(10_860, 1), (10_890, 2)}
    asked = [work.from_s for _, effect in world.associations for work in effect.work if isinstance(work, ReadEventLog)]
    assert asked[0] == START_S - 300
    assert asked[-1] == START_S + 10_890 - 300, "a guard of five minutes before the newest known"
    assert (1, "power_down") not in world.alarms, "opened and closed by what the log says"


def test_a_push_from_a_silent_meter_ends_its_long_rest() -> None:
    """It was given up as out of reach at four; at half past it says that it is back."""
    world = street(1)
    hour(world, 1)
    hour(world, 6, m1=NO_ROUTE)
    meter = world.head_end.state.meters[1]
    assert meter.communication == "unreachable"
    before_ms = meter.due_ms
    world.step(PushReceived(1, ()))
    assert meter.due_ms - world.now_ms <= 60_000 <= before_ms - world.now_ms + 3_600_000
    assert meter.communication == "unreachable", "a push alone proves no way back"
    hour(world, 6.1)
    assert meter.communication == "ok"


def test_commands_of_a_day_each_have_their_fate() -> None:
    """Morning: done. Noon: out of reach, in time again. Afternoon: out of reach until it expires. Night: restart."""
    world = street(1)
    hour(world, 8)
    world.post(1, 1, CommandKind.DISCONNECT)
    hour(world, 8.1)
    hour(world, 12)
    world.post(2, 1, CommandKind.RECONNECT)
    hour(world, 14, m1=NO_ROUTE)
    assert world.command_rows[2].state is CommandState.PENDING
    hour(world, 15)
    world.post(3, 1, CommandKind.DISCONNECT)
    hour(world, 21.6, m1=NO_ROUTE)
    hour(world, 23)
    world.post(4, 1, CommandKind.READ_NOW)
    world.restart()
    hour(world, 25)
    states = [world.command_rows[number].state.value for number in (1, 2, 3, 4)]
    assert states == ["confirmed", "confirmed", "failed", "confirmed"]
    assert world.meters[1].switched == ["disconnect", "reconnect"]
    assert world.meters[1].output_state
    assert world.states[1].commanded_control_state == world.states[1].confirmed_control_state == 1


def test_a_batch_that_the_store_confirms_after_a_restart_changes_nothing() -> None:
    """The writer's answer belongs to a head-end that is gone: the new one asks the meter again, the store knows."""
    world = street(1)
    world.advance_to((START_S + 2 * HOUR_S) * 1_000)
    world.finish(next(iter(world.running)))
    (batch,) = world.unstored
    world.restart()
    world.step(ReadingsStored(batch))
    assert world.head_end.state.storing_count == 0
    hour(world, 4)
    assert complete(world, range(1, 2), 3)
