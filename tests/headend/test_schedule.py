"""Who is read when: spread, bounds, priorities, and what a step costs."""

from __future__ import annotations

import pytest

from ferraris.headend import (
    CollectionPlan,
    CollectionRequested,
    CommandKind,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
)
from tests.headend.world import START_S, World

HOUR_S = 3_600


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


def test_meters_of_a_group_are_not_read_at_one_moment() -> None:
    world = World(HeadEndConfig((CollectionPlan(period_s=3600, offset_s=60, spread_s=1800),)))
    for number in range(1, 51):
        world.add_meter(number)
    world.run_until(START_S + 3 * HOUR_S)
    second_hour = [now_ms for now_ms, _ in world.associations if now_ms >= (START_S + HOUR_S) * 1000]
    moments = {(now_ms // 1000 - START_S) % HOUR_S for now_ms in second_hour}
    assert len(moments) > 40
    assert all(60 <= moment <= 60 + 1800 for moment in moments)


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


@pytest.mark.parametrize("failure", [None, Failure(FailureKind.TIMEOUT, "lost")], ids=["well", "lost"])
def test_collecting_now_counts_for_a_meter_whose_rows_are_on_their_way_into_the_store(failure: Failure | None) -> None:
    """Its association ended before the request: it is read once more as soon as the store has answered."""
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.run_until(START_S)
    world.add_meter(1)
    world.run_until(START_S + 2 * HOUR_S)
    world.advance_to(world.head_end.wake_at() or 0)
    (effect,) = world.running.values()
    world.finish(effect.association, after=len(effect.work) - 1, failure=failure)
    assert world.head_end.state.meters[1].activity == "storing"
    world.step(CollectionRequested())
    assert not world.running
    world.store_all()
    assert [other.meter for other in world.running.values()] == [1]
    world.finish(next(iter(world.running)))
    world.store_all()
    assert not world.running


def test_an_operator_does_not_wait_behind_the_scheduled_meters() -> None:
    world = World(HeadEndConfig(limits=Limits(concurrency_max=2, urgent_reserve=1, start_spread_ms=0)))
    for number in range(1, 11):
        world.add_meter(number)
    assert len(world.running) == 2
    waiting = 9
    assert world.head_end.state.meters[waiting].activity == "ready"
    world.post(1, waiting, CommandKind.READ_NOW)
    assert waiting in {effect.meter for effect in world.running.values()}
    assert len(world.running) == 3


def test_a_step_costs_the_same_however_many_meters_rest() -> None:
    """Counted in touched meters, not in seconds: a step of ten thousand meters looks only at those that are due."""
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=3_600_000)))
    state = world.head_end.state
    for number in range(1, 10_001):
        world.add_meter(number)
    touched: list[int] = []

    class Watched(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: int) -> object:
            touched.append(key)
            return super().__getitem__(key)

        def values(self) -> object:  # type: ignore[override]
            raise AssertionError("a step looked at every meter")

    state.meters = Watched(state.meters)
    for _ in range(50):
        wake_ms = world.head_end.wake_at()
        assert wake_ms is not None
        world.advance_to(wake_ms)
        for association in list(world.running):
            world.finish(association)
        world.store_all()
    assert len(touched) < 50 * 20


def test_leftovers_of_earlier_plans_are_swept_out() -> None:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0)))
    world.add_meter(1)
    world.run_until(START_S + 2 * HOUR_S)
    for _ in range(1_000):
        world.head_end.state.meters[1].due_ms += HOUR_S * 1_000
        world.step(CollectionRequested(meters=(1,)))
        world.run_until(world.now_ms // 1_000 + 60)
    assert len(world.head_end.state.due) <= 70


def test_nothing_is_due_without_meters() -> None:
    world = World()
    assert world.head_end.wake_at() is None
    assert world.step() == []
