"""What the console is told: counts that add up, lists that search and sort, rates over the real interval store."""

from __future__ import annotations

from contextlib import closing

import pytest

from ferraris.headend import (
    AlarmAcknowledged,
    CollectionPlan,
    CommandKind,
    Communication,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    MeterOrder,
    collectable,
    collection_rate,
    list_meters,
    meter_view,
    open_alarms,
    overview,
)
from ferraris.store import Readings, open_duckdb
from tests.headend.world import START_S, World

HOUR_S = 3_600
TIMEOUT = Failure(FailureKind.TIMEOUT, "nothing within 10 s")
BAD_TAG = Failure(FailureKind.AUTHENTICATION, "tag")


@pytest.fixture
def world() -> World:
    """Four meters after five hours; number 2 silent, number 3 with a wrong key."""
    plans = (CollectionPlan("north"), CollectionPlan("south"))
    world = World(HeadEndConfig(plans, Limits(start_spread_ms=0)))
    for number in range(1, 5):
        world.add_meter(number, group="north" if number < 3 else "south")
    world.run_until(START_S + 5 * HOUR_S, m2=TIMEOUT, m3=BAD_TAG)
    return world


def test_the_overview_adds_up(world: World) -> None:
    seen = overview(world.head_end.state)
    assert seen.meters == sum(seen.by_communication.values()) == 4
    assert {name: n for name, n in seen.by_communication.items() if n} == {"ok": 2, "unreachable": 1, "wrong_key": 1}
    assert (seen.running, seen.waiting, seen.storing) == (0, 0, 0)
    assert seen.open_alarms == sum(seen.alarms_by_severity.values()) == 2
    assert seen.alarms_by_severity == {"information": 0, "warning": 1, "critical": 1}
    world.post(1, 4, CommandKind.READ_NOW)
    assert overview(world.head_end.state).open_commands == 1
    assert overview(world.head_end.state).running == 1


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"search": "0000003"}, [3]),
        ({"search": "NORTH"}, [1, 2]),
        ({"search": "unreach"}, [2]),
        ({"search": "127.20.0.2"}, [1]),
        ({"search": "no such"}, []),
        ({"communication": Communication.OK}, [1, 4]),
        ({"group": "south"}, [3, 4]),
        ({"descending": True}, [4, 3, 2, 1]),
        ({"order": MeterOrder.COMMUNICATION}, [1, 4, 2, 3]),
        ({"order": MeterOrder.MISSING, "descending": True, "limit": 1}, [2]),
        ({"order": MeterOrder.LAST_SEEN, "limit": 2}, [2, 3]),
        ({"order": MeterOrder.GROUP, "offset": 2}, [3, 4]),
        ({"offset": 9}, []),
        ({"limit": -1}, []),
    ],
    ids=str,
)
def test_lists_search_sort_and_page(world: World, what: dict[str, object], found: list[int]) -> None:
    page = list_meters(world.head_end.state, **what)  # type: ignore[arg-type]
    assert [line.id for line in page.lines] == found
    assert page.total >= len(found)


def test_a_meters_view(world: World) -> None:
    view = meter_view(world.head_end.state, 2)
    assert view is not None
    assert view.line.communication == "unreachable"
    assert view.line.missing == view.profiles[0].missing > 10
    assert view.profiles[0].missing_ranges_s[0][0] == START_S + 900
    assert [alarm.kind for alarm in view.open_alarms] == ["meter_unreachable"]
    assert view.next_attempt_ms is not None
    assert view.next_attempt_ms > world.now_ms
    assert "wrapped" not in repr(view)
    assert meter_view(world.head_end.state, 99) is None


def test_alarms_newest_first_until_acknowledged(world: World) -> None:
    kinds = [alarm.kind for alarm in open_alarms(world.head_end.state)]
    assert kinds == ["meter_unreachable", "wrong_key"]
    world.step(AlarmAcknowledged(3, "wrong_key"))
    world.step(AlarmAcknowledged(3, "wrong_key"))
    assert [alarm.kind for alarm in open_alarms(world.head_end.state)] == ["meter_unreachable"]


def test_rates_count_what_was_to_be_expected(world: World) -> None:
    state = world.head_end.state
    with closing(open_duckdb(None)) as store:
        rows = [(meter, 1, time_s, value, 0) for (meter, time_s), value in world.stored.items()]
        store.append(Readings.from_rows(rows), world.now_ms)
        rate = collection_rate(state, store, START_S, START_S + 4 * HOUR_S)
        assert (rate.expected, rate.stored, rate.rate) == (64, 32, 0.5)
        nothing_yet = collection_rate(state, store, START_S - HOUR_S, START_S)
        assert (nothing_yet.expected, nothing_yet.rate) == (0, 1.0)
        assert collection_rate(state, store, START_S, START_S + HOUR_S, "DAILY_PROFILE").expected == 0


def test_what_can_still_be_collected(world: World) -> None:
    state = world.head_end.state
    until_s = START_S + 4 * HOUR_S
    assert collectable(state, until_s) == 16
    assert collectable(state, until_s, hopeless=True) == 32
    world.run_until(START_S + 7 * HOUR_S, m3=BAD_TAG)
    assert collectable(state, until_s) == 0
