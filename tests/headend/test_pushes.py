"""What meters say unasked: alarms, kept events, and a nudge; floods cost a count and one alarm."""

from __future__ import annotations

from ferraris.headend import (
    AlarmRule,
    Failure,
    FailureKind,
    HeadEndConfig,
    PushFault,
    PushReceived,
    PushRejected,
    RunAssociation,
)
from ferraris.store import AlarmSeverity
from tests.headend.world import START_S, World

HOUR_S = 3_600
TIMEOUT = Failure(FailureKind.TIMEOUT, "nothing within 10 s")


def push_world() -> World:
    rules = {
        1: (AlarmRule("power_down", AlarmSeverity.WARNING),),
        2: (AlarmRule("power_down", AlarmSeverity.WARNING, opens=False),),
    }
    world = World(HeadEndConfig(alarm_rules=rules))
    world.add_meter(1)
    return world


def test_events_open_and_close_alarms_and_are_kept() -> None:
    world = push_world()
    world.step(PushReceived(1, ((START_S + 5, 1), (START_S + 5, 44))))
    assert (1, "power_down") in world.alarms
    assert {(row.time_s, row.code) for row in world.meter_events} == {(START_S + 5, 1), (START_S + 5, 44)}
    world.step(PushReceived(1, ((START_S + 9, 2),)))
    assert world.alarms == {}


def test_the_same_event_from_the_log_is_not_kept_twice() -> None:
    world = push_world()
    world.meters[1].events = [(START_S + 5, 1), (START_S + 9, 2), (START_S + 9, 2)]
    world.step(PushReceived(1, ((START_S + 5, 1),)))
    world.run_until(START_S + 2 * HOUR_S)
    assert sorted((row.time_s, row.code, row.sequence) for row in world.meter_events) == [
        (START_S + 5, 1, 0),
        (START_S + 9, 2, 0),
        (START_S + 9, 2, 1),
    ]
    assert world.alarms == {}
    changes = len(world.alarm_changes)
    world.run_until(START_S + 6 * HOUR_S)
    assert len(world.alarm_changes) == changes


def test_entries_before_a_pushed_one_are_read_even_after_a_restart() -> None:
    """A push tells of the newest event; the ones before it are in the meter's log only."""
    world = push_world()
    world.run_until(START_S + HOUR_S)
    world.meters[1].events = [(START_S + 2 * HOUR_S, 1), (START_S + 3 * HOUR_S, 2), (START_S + 5 * HOUR_S, 44)]
    world.run_until(START_S + 5 * HOUR_S, m1=TIMEOUT)
    world.step(PushReceived(1, ((START_S + 5 * HOUR_S, 44),)))
    world.restart()
    world.run_until(START_S + 8 * HOUR_S)
    assert {(row.time_s, row.code) for row in world.meter_events} == set(world.meters[1].events)


def test_a_word_from_an_unreachable_meter_brings_the_next_attempt_forward() -> None:
    world = push_world()
    world.run_until(START_S + 2 * HOUR_S, m1=TIMEOUT)
    assert world.head_end.state.meters[1].communication.value == "unreachable"
    world.run_until(START_S + 2 * HOUR_S)
    world.step(PushReceived(1))
    assert world.head_end.state.meters[1].communication.value == "unreachable"
    wake_ms = world.head_end.wake_at()
    assert wake_ms is not None
    assert wake_ms - world.now_ms <= 45_000


def test_a_flood_of_rejected_pushes_is_one_alarm_and_a_count() -> None:
    world = push_world()
    for number in range(1000):
        world.step(PushRejected(None, PushFault.UNKNOWN_METER, f"from stranger {number}"))
        world.step(PushRejected(1, PushFault.BAD_PROTECTION, "tag"))
    assert len(world.alarm_changes) == 2
    assert world.head_end.state.counts.pushes_rejected == 2000
    world.step(PushReceived(1))
    assert set(world.alarms) == {(None, "push_from_unknown_meter")}


def test_a_flood_of_pushes_does_not_grow_the_heap() -> None:
    world = push_world()
    world.run_until(START_S + HOUR_S, m1=TIMEOUT)
    for _ in range(5000):
        world.step(PushReceived(1))
        world.now_ms += 1
    assert len(world.head_end.state.due) <= 80


def test_a_push_for_a_meter_nobody_knows_is_ignored() -> None:
    world = push_world()
    assert [effect for effect in world.step(PushReceived(77)) if not isinstance(effect, RunAssociation)] == []
