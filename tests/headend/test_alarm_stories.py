"""What meters report becomes alarms, as tables: events in their order, and which alarms stand afterwards."""

from __future__ import annotations

import pytest

from ferraris.cosem.events import by_tag
from ferraris.headend import (
    AlarmAcknowledged,
    EventsStored,
    HeadEndConfig,
    Limits,
    OpenAlarm,
    PushFault,
    PushReceived,
    PushRejected,
    RecordsNotStored,
    RecordsStored,
    standard_alarm_rules,
)
from tests.headend.test_decisions import rows
from tests.headend.world import START_S, World

HOUR_S = 3_600


def world_of(count: int = 1) -> World:
    world = World(HeadEndConfig(limits=Limits(start_spread_ms=0), alarm_rules=standard_alarm_rules()))
    for number in range(1, count + 1):
        world.add_meter(number)
    world.run_until(START_S + 2 * HOUR_S)
    return world


def push(world: World, meter: int, *tags: str) -> None:
    now_s = world.now_ms // 1_000
    world.step(PushReceived(meter, tuple((now_s + at, by_tag(tag).code) for at, tag in enumerate(tags))))


# Events in the order in which the meter logged them. `+` stands between pushes, all other events come in one.
STORIES = """
events                                                          alarms that stand
POWER_DOWN                                                      power_down
POWER_DOWN POWER_UP                                             none
POWER_UP                                                        none
POWER_UP POWER_DOWN                                             power_down
POWER_DOWN + POWER_UP                                           none
LAST_GASP + POWER_UP                                            none
POWER_DOWN LAST_GASP POWER_UP                                   none
POWER_DOWN POWER_DOWN + POWER_UP                                none
TERMINAL_COVER_REMOVED                                          terminal_cover_removed
TERMINAL_COVER_REMOVED + TERMINAL_COVER_CLOSED                  none
METER_COVER_REMOVED TERMINAL_COVER_CLOSED                       meter_cover_removed
METER_COVER_REMOVED METER_COVER_CLOSED                          none
STRONG_FIELD_DETECTED + POWER_DOWN POWER_UP                     strong_field_detected
STRONG_FIELD_DETECTED STRONG_FIELD_GONE                         none
UNDER_VOLTAGE_L1 UNDER_VOLTAGE_L2 VOLTAGE_NORMAL_L1             under_voltage_l2
OVER_VOLTAGE_L3 VOLTAGE_NORMAL_L3                               none
PHASE_OUTAGE_L2 + PHASE_RETURNED_L1                             phase_outage_l2
PHASE_OUTAGE_L2 PHASE_RETURNED_L2                               none
CLOCK_INVALID + CLOCK_ADJUSTED_NEW_TIME                         none
LOCAL_DISCONNECTION + REMOTE_CONNECTION                         none
TARIFF_ACTIVATED                                                none
"""


@pytest.mark.parametrize("row", rows(STORIES), ids=lambda row: row[0])
def test_which_alarms_stand_after_a_story(row: list[str]) -> None:
    story, expected = row
    world = world_of()
    for part in story.split("+"):
        push(world, 1, *part.split())
        world.now_ms += 600_000
    severe = {kind for meter, kind in world.alarms if meter == 1}
    assert severe == (set() if expected == "none" else set(expected.split()))


def test_a_street_without_supply_is_an_alarm_a_meter_and_each_ends_with_its_own_meter() -> None:
    world = world_of(5)
    for number in range(1, 6):
        push(world, number, "POWER_DOWN")
    assert set(world.alarms) == {(number, "power_down") for number in range(1, 6)}
    push(world, 3, "POWER_UP")
    assert set(world.alarms) == {(number, "power_down") for number in (1, 2, 4, 5)}


def test_the_log_says_again_what_was_pushed_and_nothing_opens_twice() -> None:
    """Pushed, then read from the log at once, then acknowledged by an operator: later readings leave it closed."""
    world = world_of()
    now_s = world.now_ms // 1_000
    world.meters[1].events = [(now_s, by_tag("METER_COVER_REMOVED").code)]
    push(world, 1, "METER_COVER_REMOVED")
    assert (1, "meter_cover_removed") in world.alarms
    world.run_until(now_s + HOUR_S + 1_200)
    assert [type(change) for change in world.alarm_changes] == [OpenAlarm]
    world.step(AlarmAcknowledged(1, "meter_cover_removed"))
    world.run_until(now_s + 5 * HOUR_S)
    assert world.alarms == {}, "the log is read on from where it is known"


def test_an_event_older_than_what_is_known_says_nothing_new() -> None:
    world = world_of()
    world.step(EventsStored(1, world.now_ms // 1_000 + 100))
    push(world, 1, "POWER_DOWN")
    assert world.alarms == {}
    world.now_ms += 200_000
    push(world, 1, "POWER_DOWN")
    assert set(world.alarms) == {(1, "power_down")}


def test_what_is_known_of_the_log_never_falls_back() -> None:
    world = world_of()
    for until_s in (500, 900, 700, 0):
        world.step(EventsStored(1, until_s))
    assert world.head_end.state.meters[1].events_until_s == 900
    world.step(EventsStored(77, 5))  # a meter that nobody knows


@pytest.mark.parametrize("meter", [None, 1])
@pytest.mark.parametrize("fault", list(PushFault))
def test_a_bad_push_opens_one_alarm_and_a_good_one_of_that_meter_closes_it(fault: PushFault, meter: int | None) -> None:
    world = world_of(2)
    for _ in range(100):
        world.step(PushRejected(meter, fault, "from 10.9.9.9"))
    assert set(world.alarms) == {(meter, fault.value)}
    assert len(world.alarm_changes) == 1
    push(world, 2)
    assert set(world.alarms) == {(meter, fault.value)}, "another meter's good push says nothing about it"
    push(world, 1)
    if meter is None:
        world.step(AlarmAcknowledged(None, fault.value))
    assert world.alarms == {}
    assert world.head_end.state.counts.pushes_rejected == 100


@pytest.mark.parametrize("times", [1, 50])
def test_a_record_store_that_fails_is_one_alarm_until_it_keeps_things_again(times: int) -> None:
    world = world_of()
    for _ in range(times):
        world.step(RecordsNotStored("database is locked"))
    assert set(world.alarms) == {(None, "record_store_failing")}
    world.step(RecordsStored(), RecordsStored())
    assert world.alarms == {}


@pytest.mark.parametrize(
    ("meter", "kind"), [(1, "no_such_alarm"), (99, "power_down"), (None, "power_down"), (2, "power_down")]
)
def test_acknowledging_what_is_not_open_changes_nothing(meter: int | None, kind: str) -> None:
    world = world_of(2)
    push(world, 1, "POWER_DOWN")
    changes = len(world.alarm_changes)
    world.step(AlarmAcknowledged(meter, kind))
    assert len(world.alarm_changes) == changes
    assert set(world.alarms) == {(1, "power_down")}


def test_alarms_come_back_after_a_restart_and_close_then() -> None:
    world = world_of(2)
    push(world, 1, "METER_COVER_REMOVED", "POWER_DOWN")
    world.step(PushRejected(None, PushFault.MALFORMED, "from 10.9.9.9"))
    before = set(world.alarms)
    world.restart()
    assert {(alarm.meter, alarm.kind) for alarm in world.head_end.state.alarms.values()} == before
    world.now_ms += 60_000
    push(world, 1, "POWER_DOWN", "POWER_UP")
    assert set(world.alarms) == before - {(1, "power_down")}
    world.step(AlarmAcknowledged(None, "push_malformed"))
    assert set(world.alarms) == {(1, "meter_cover_removed")}
