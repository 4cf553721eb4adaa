"""Failures: bounded attempts, growing rests, the right diagnosis, and forgiveness after one good association."""

from __future__ import annotations

import pytest

from ferraris.headend import (
    Client,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    MeterRegistered,
    ReadInvocationCounter,
)
from ferraris.store import AlarmSeverity
from tests.headend.world import START_S, World

HOUR_S = 3_600
TIMEOUT = Failure(FailureKind.TIMEOUT, "nothing within 10 s")
BUSY = Failure(FailureKind.BUSY, "the meter serves another client")
BAD_TAG = Failure(FailureKind.AUTHENTICATION, "the authentication tag does not verify")
COUNTER = Failure(FailureKind.COUNTER, "invocation-counter-error")
GARBAGE = Failure(FailureKind.PROTOCOL, "unknown APDU tag")
REFUSED = Failure(FailureKind.REFUSED, "application context not supported")
NO_KEYS = Failure(FailureKind.LOCAL, "the keys cannot be unwrapped")


def world_of_one() -> World:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    return world


def times_s(world: World) -> list[int]:
    return [now_ms // 1000 - START_S for now_ms, _ in world.associations]


def communication(world: World) -> str:
    return world.head_end.state.meters[1].communication.value


def test_rests_grow_then_the_circuit_opens_and_probes_slowly() -> None:
    world = world_of_one()
    world.run_until(START_S + 5 * HOUR_S, m1=TIMEOUT)
    rests = [later - earlier for earlier, later in zip(times_s(world), times_s(world)[1:], strict=False)]
    for rest, base in zip(rests[:3], (60, 120, 240), strict=True):
        assert base * 0.5 <= rest <= base * 1.5 + 1
    assert all(15 * 60 <= rest <= 45 * 60 for rest in rests[3:])
    assert communication(world) == "unreachable"
    assert len(world.alarm_changes) == 1


def test_meters_that_failed_together_come_back_apart() -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    for number in range(1, 31):
        world.add_meter(number)
    for association in list(world.running):
        world.finish(association, after=0, failure=TIMEOUT)
    due = {meter.due_ms for meter in world.head_end.state.meters.values()}
    assert len(due) == 30


@pytest.mark.parametrize(
    ("failure", "state", "alarm", "attempts_a_day_max"),
    [
        (TIMEOUT, "unreachable", "meter_unreachable", 110),
        (BUSY, "late", "meter_busy", 110),
        (BAD_TAG, "wrong_key", "wrong_key", 20),
        (COUNTER, "quarantined", "invocation_counter_implausible", 20),
        (GARBAGE, "quarantined", "meter_quarantined", 15),
        (REFUSED, "quarantined", "meter_quarantined", 15),
        (NO_KEYS, "new", "keys_unusable", 110),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Failure) else None,
)
def test_every_failure_ends_in_few_attempts_and_one_alarm_and_is_forgiven(
    failure: Failure, state: str, alarm: str, attempts_a_day_max: int
) -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1, depth_rows=300)
    world.run_until(START_S + 24 * HOUR_S, m1=failure)
    assert communication(world) == state
    assert [effect.kind for effect in world.alarms.values()] == [alarm]
    assert len(world.alarm_changes) == 1
    assert len(world.associations) <= attempts_a_day_max
    assert failure.detail in world.head_end.state.meters[1].detail
    world.run_until(START_S + 36 * HOUR_S)
    assert world.alarms == {}
    assert communication(world) == "ok"
    assert world.missing_in_store(1, START_S + 34 * HOUR_S) == set()


def test_the_tally_of_states_is_the_count_of_meters() -> None:
    world = World()
    for number in range(1, 7):
        world.add_meter(number)
    world.run_until(START_S + 3 * HOUR_S, m1=TIMEOUT, m2=BAD_TAG, m3=GARBAGE)
    by_hand = dict.fromkeys(world.head_end.state.by_communication, 0)
    for meter in world.head_end.state.meters.values():
        by_hand[meter.communication] += 1
    assert world.head_end.state.by_communication == by_hand
    assert by_hand["ok"] == 3


def test_a_counter_that_fell_behind_is_raised_to_the_meters() -> None:
    """The head-end was restored from an old copy: the meter has seen higher counters than it remembers."""
    world = world_of_one()
    world.meters[1].counter = 5_000
    world.counters[1] = 1_024
    world.finish(next(iter(world.running)), after=0, failure=COUNTER)
    (effect,) = world.running.values()
    assert effect.client is Client.PUBLIC
    assert effect.work == (ReadInvocationCounter(),)
    world.finish(effect.association)
    assert world.counters[1] == 5_000
    (effect,) = world.running.values()
    assert effect.client is Client.REGISTERED
    world.finish(effect.association)
    assert communication(world) == "ok"
    assert world.alarms == {}


@pytest.mark.parametrize("failure", [COUNTER, BAD_TAG], ids=["counter", "authentication"])
def test_an_absurd_counter_is_not_followed(failure: Failure) -> None:
    world = world_of_one()
    world.meters[1].counter = 0xFFFF_FFF0
    world.finish(next(iter(world.running)), after=0, failure=failure)
    world.finish(next(iter(world.running)))
    assert world.counters == {}
    assert communication(world) == "quarantined"
    assert (1, "invocation_counter_implausible") in world.alarms
    assert not world.running


def test_a_liar_about_the_counter_wastes_a_bounded_part_of_it() -> None:
    world = world_of_one()
    end_s = START_S
    for _ in range(40):
        world.meters[1].counter = world.counters.get(1, 0) + (1 << 20)
        end_s += 12 * HOUR_S
        for _ in range(6):
            if not world.running:
                world.advance_to(max(world.now_ms, world.head_end.wake_at() or 0))
            (effect,) = world.running.values()
            public = effect.client is Client.PUBLIC
            world.finish(effect.association, after=None if public else 0, failure=None if public else COUNTER)
    assert world.counters[1] <= 8 * (1 << 20)
    assert communication(world) == "quarantined"


def test_a_wrong_key_is_diagnosed_by_a_counter_that_is_not_behind() -> None:
    world = world_of_one()
    world.meters[1].counter, world.counters[1] = 10, 1_024
    world.finish(next(iter(world.running)), after=0, failure=BAD_TAG)
    world.finish(next(iter(world.running)))
    assert communication(world) == "wrong_key"
    assert world.counters[1] == 1_024
    assert world.alarms[1, "wrong_key"].severity is AlarmSeverity.CRITICAL


def test_spoilt_answers_of_a_meter_that_takes_our_messages_are_no_wrong_key() -> None:
    """The meter has accepted our last counter: it knows our key. One changed octet must not bar it for hours."""
    world = world_of_one()
    for attempt in range(1, world.head_end.config.limits.attempts_max + 1):
        assert communication(world) == ("new" if attempt == 1 else "late")
        world.meters[1].counter = world.counters[1] = 1_024 * attempt
        if attempt > 1:
            world.advance_to(world.head_end.state.meters[1].due_ms)
        world.finish(next(iter(world.running)), after=0, failure=BAD_TAG)
        world.finish(next(iter(world.running)))
    assert communication(world) == "quarantined"
    assert [kind for _, kind in world.alarms] == ["meter_quarantined"]


def test_a_meter_that_hides_its_counter_is_judged_without_it() -> None:
    world = world_of_one()
    world.meters[1].refuses = {ReadInvocationCounter}
    world.finish(next(iter(world.running)), after=0, failure=BAD_TAG)
    world.finish(next(iter(world.running)))
    assert communication(world) == "wrong_key"


def test_a_link_lost_while_the_counter_is_read_delays_the_diagnosis() -> None:
    world = world_of_one()
    world.meters[1].counter = 70
    world.finish(next(iter(world.running)), after=0, failure=BAD_TAG)
    world.finish(next(iter(world.running)), after=0, failure=TIMEOUT)
    assert not world.alarms
    world.advance_to(world.head_end.wake_at() or 0)
    (effect,) = world.running.values()
    assert effect.client is Client.PUBLIC
    world.finish(effect.association)
    assert world.counters[1] == 70


def test_progress_before_a_lost_link_is_kept_and_not_held_against_the_meter() -> None:
    """A link that breaks at every attempt, but only after some rows: slow, not unreachable."""
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0, rows_per_association_max=4)))
    world.add_meter(1)
    world.run_until(START_S + 12 * HOUR_S, m1=TIMEOUT)
    assert communication(world) == "unreachable"
    for attempt in range(1, 11):
        world.advance_to(world.head_end.wake_at() or 0)
        (effect,) = world.running.values()
        world.finish(effect.association, after=len(effect.work) - 1, failure=TIMEOUT)
        world.store_all()
        assert len(world.stored) == 4 * attempt
        assert communication(world) == "late"
        assert world.alarms == {}
    assert world.stored_twice == 0


def test_a_changed_registration_is_tried_at_once() -> None:
    from dataclasses import replace

    world = world_of_one()
    world.run_until(START_S + HOUR_S, m1=BAD_TAG)
    assert communication(world) == "wrong_key"
    world.meters[1].row = replace(world.meters[1].row, group="moved")
    world.step(MeterRegistered(world.meters[1].row, world.profiles))
    assert len(world.running) == 1
    world.finish(next(iter(world.running)))
    world.store_all()
    assert communication(world) in {"ok", "late"}
    assert world.alarms == {}


def test_states_survive_a_restart() -> None:
    world = world_of_one()
    world.run_until(START_S + HOUR_S, m1=BAD_TAG)
    world.restart()
    assert communication(world) == "wrong_key"
    assert len(world.alarm_changes) == 1
    world.run_until(START_S + 12 * HOUR_S)
    assert communication(world) == "ok"
    assert world.alarms == {}


# The clock


@pytest.mark.parametrize(
    ("offset_ms", "sets", "alarm"),
    [
        (0, 0, False),
        (4_000, 0, False),
        (-20_000, 1, False),
        (299_000, 1, False),
        (400_000, 0, True),
        (-86_400_000, 0, True),
    ],
)
def test_a_clock_is_set_between_tolerance_and_guard(offset_ms: int, sets: int, alarm: bool) -> None:
    world = world_of_one()
    world.meters[1].clock_offset_ms = offset_ms
    world.run_until(START_S + 3 * HOUR_S)
    assert world.meters[1].clocks_set == sets
    assert ((1, "clock_offset") in world.alarms) == alarm
    world.meters[1].clock_offset_ms = 0
    world.run_until(START_S + 6 * HOUR_S)
    assert world.alarms == {}


def test_setting_a_clock_waits_until_both_times_lie_in_one_period() -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.run_until(START_S + 850)
    world.add_meter(1)
    world.meters[1].clock_offset_ms = 100_000  # the meter is in the next period already
    world.finish(next(iter(world.running)))
    assert world.meters[1].clocks_set == 0
    wake_ms = world.head_end.wake_at()
    assert wake_ms is not None
    assert (START_S + 900) * 1000 < wake_ms < (START_S + 1200) * 1000
    world.advance_to(wake_ms)
    world.finish(next(iter(world.running)))
    assert world.meters[1].clocks_set == 1
