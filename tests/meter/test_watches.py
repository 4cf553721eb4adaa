"""Limiters and register monitors, set by a client, act by themselves: on the disconnector, once, over restarts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    ControlMode,
    ControlState,
    CosemDateTime,
    DisconnectControl,
    ExecutedScript,
    Obis,
    Register,
    obis,
)
from ferraris.cosem.classes.limiter import EmergencyProfile, Limiter, LimiterActions
from ferraris.cosem.classes.object_references import AttributeReference
from ferraris.cosem.classes.register_activation import RegisterActivation
from ferraris.cosem.classes.register_monitor import RegisterMonitor, ThresholdActions
from ferraris.dlms.apdu import DataAccessResult
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.load import Integers
from ferraris.meter.watches import DISCONNECTING, Watches
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, Maker, device_of
from tests.meter.test_timed import read, write

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
POWER = AttributeReference(Register.class_id, obis.ACTIVE_POWER_IMPORT, 2)
NOTHING = ExecutedScript(Obis(bytes(6)), 0)
DISCONNECT = ExecutedScript(obis.DISCONNECT_SCRIPTS, 1)


@dataclass(frozen=True)
class Steps:
    """A load of so many W in each quarter of an hour after Monday's beginning, the last one for ever."""

    powers_w: tuple[int, ...]
    period_ms: int = QUARTER_MS

    def energies(self, meters: Integers, periods: Integers) -> Integers:
        place = np.clip(periods - MONDAY_MS // QUARTER_MS, 0, len(self.powers_w) - 1)
        mwh = np.array(self.powers_w)[place] * 250
        return np.stack([mwh, mwh * 0, mwh * 0, mwh * 0], axis=-1)

    def voltages(self, meters: Integers, periods: Integers) -> Integers:
        return np.full((*periods.shape, 3), 2300, np.int64)


def device_under(make_fleet: Maker, *powers_w: int) -> LogicalDevice:
    fleet = make_fleet(replace(PERFECT, control_mode=ControlMode.MODE_6), replace(STEADY, load=Steps(powers_w)))
    return device_of(fleet)


def limit(device: LogicalDevice, **values: Any) -> None:
    """Set a limiter of 500 W for ten minutes, but for the `values`, on what the meter takes in."""
    settings: dict[str, Any] = {
        "threshold_normal": 500,
        "min_over_threshold_duration": 600,
        "min_under_threshold_duration": 300,
        "monitored_value": POWER,
        **values,
    }
    for name, value in settings.items():
        attribute = next(a for a in Limiter.attributes() if a.name == name)
        assert write(device, attribute, obis.LIMITER, value, MONDAY_MS) is DataAccessResult.SUCCESS


def logged(device: LogicalDevice) -> list[tuple[int, int]]:
    """Minutes since Monday, and codes."""
    return [((event.time_s * 1000 - MONDAY_MS) // MINUTE_MS, event.code) for event in device.meter.events()]


def test_over_the_threshold_for_long_enough_disconnects_locally(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 400, 900)
    limit(device, actions=LimiterActions(DISCONNECT, NOTHING))
    device.meter.move_on(MONDAY_MS + 60 * MINUTE_MS)
    assert logged(device) == [(25, EventCode.LOCAL_DISCONNECTION)]
    now_ms = MONDAY_MS + 60 * MINUTE_MS
    assert read(device, DisconnectControl.output_state, obis.DISCONNECT_CONTROL, now_ms) is False
    state = read(device, DisconnectControl.control_state, obis.DISCONNECT_CONTROL, now_ms)
    assert state is ControlState.READY_FOR_RECONNECTION
    assert device.meter.commands_executed == 0


def test_a_peak_that_is_too_short_does_nothing(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 400, 900, 400, 900, 400)
    limit(device, min_over_threshold_duration=901)
    device.meter.move_on(MONDAY_MS + 120 * MINUTE_MS)
    assert logged(device) == []


def test_under_it_again_reconnects_where_the_mode_allows_it(make_fleet: Maker) -> None:
    """The open disconnector brings the power to nothing: five minutes later it closes, until it is too much again."""
    device = device_under(make_fleet, 900)
    limit(device)
    device.meter.move_on(MONDAY_MS + 40 * MINUTE_MS)
    off, on = EventCode.LOCAL_DISCONNECTION, EventCode.LOCAL_RECONNECTION
    assert logged(device) == [(11, off), (17, on), (28, off), (34, on)]


def test_a_value_that_was_never_over_reconnects_nobody(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 400)
    limit(device)
    device.meter.move_on(MONDAY_MS + 60 * MINUTE_MS)
    assert logged(device) == []


@pytest.mark.parametrize("group", [7, 8])
def test_an_emergency_lowers_the_threshold_for_its_group_and_its_time(make_fleet: Maker, group: int) -> None:
    device = device_under(make_fleet, 400)
    start = CosemDateTime(2026, 3, 2, None, 1, 30, 0, 0)
    limit(
        device,
        threshold_emergency=300,
        min_over_threshold_duration=0,
        emergency_profile=EmergencyProfile(7, start, 1800),
        emergency_profile_group_id_list=(group,),
        actions=LimiterActions(DISCONNECT, NOTHING),
    )
    mine = group == 7
    for minutes, active in ((29, False), (30, mine), (59, mine), (60, False)):
        now_ms = MONDAY_MS + minutes * MINUTE_MS
        assert read(device, Limiter.emergency_profile_active, obis.LIMITER, now_ms) is active
        assert read(device, Limiter.threshold_active, obis.LIMITER, now_ms) == (300 if active else 500)
    assert logged(device) == ([(30, EventCode.LOCAL_DISCONNECTION)] if mine else [])


def test_after_a_restart_the_limiter_still_closes_what_it_opened(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 900)
    limit(device)
    fleet_memory = device.meter.memory
    device.meter.move_on(MONDAY_MS + 12 * MINUTE_MS)
    fleet_memory.mark_alive(MONDAY_MS + 12 * MINUTE_MS)
    fleet_memory.close()
    again = MONDAY_MS + 20 * MINUTE_MS
    fleet = Fleet.open(fleet_memory.directory.parent, replace(STEADY, load=Steps((900,))), again)
    try:
        device = device_of(fleet)
        device.meter.move_on(again + 10 * MINUTE_MS)
        assert (25, EventCode.LOCAL_RECONNECTION) in logged(device)
    finally:
        fleet.close()


def test_a_monitor_acts_on_crossings_up_and_down(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 400, 900, 1500, 900, 400)
    rate_1, rate_2 = (ExecutedScript(obis.TARIFF_SCRIPTS, rate) for rate in (1, 2))
    actions = (ThresholdActions(NOTHING, rate_1), ThresholdActions(rate_2, NOTHING))
    for attribute, value in (
        (RegisterMonitor.thresholds, (Data(Tag.LONG_UNSIGNED, 500), Data(Tag.LONG_UNSIGNED, 1000))),
        (RegisterMonitor.actions, actions),
        (RegisterMonitor.monitored_value, POWER),
    ):
        assert write(device, attribute, obis.REGISTER_MONITOR, value, MONDAY_MS) is DataAccessResult.SUCCESS
    for minutes, mask in ((29, 1), (30, 2), (59, 2), (60, 1), (75, 1)):
        now_ms = MONDAY_MS + minutes * MINUTE_MS
        assert read(device, RegisterActivation.active_mask, obis.REGISTER_ACTIVATION, now_ms) == bytes((mask,))


def test_a_meter_that_watches_nothing_is_not_asked(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 400)
    limit(device)
    assert device.meter.plan[0] == MONDAY_MS // 1000 + 60
    limit(device, monitored_value=AttributeReference(0, Obis(bytes(6)), 0))
    assert device.meter.plan[0] == 4_102_444_800


UNWATCHABLE = {
    "no such attribute": AttributeReference(Register.class_id, obis.ACTIVE_POWER_IMPORT, 9),
    "no such object": AttributeReference(Register.class_id, Obis(b"\x01\x00\xfe\xfe\xfe\xff"), 2),
    "not of that class": AttributeReference(DisconnectControl.class_id, obis.ACTIVE_POWER_IMPORT, 2),
    "an octet string": AttributeReference(Register.class_id, obis.ACTIVE_POWER_IMPORT, 1),
    "a structure": AttributeReference(Register.class_id, obis.ACTIVE_POWER_IMPORT, 3),
}


@pytest.mark.parametrize("reference", UNWATCHABLE.values(), ids=UNWATCHABLE)
def test_what_is_no_number_is_watched_in_vain(make_fleet: Maker, reference: AttributeReference) -> None:
    device = device_under(make_fleet, 900)
    limit(device, monitored_value=reference, threshold_normal=0, min_over_threshold_duration=0)
    device.meter.move_on(MONDAY_MS + 30 * MINUTE_MS)
    assert logged(device) == []


def masks(device: LogicalDevice, *minutes: int) -> list[int]:
    """The rate in use at these minutes of Monday."""
    moments = [MONDAY_MS + minute * MINUTE_MS for minute in minutes]
    read_at = [read(device, RegisterActivation.active_mask, obis.REGISTER_ACTIVATION, moment) for moment in moments]
    return [mask[0] for mask in read_at]


RATES = [ExecutedScript(obis.TARIFF_SCRIPTS, rate) for rate in (1, 2)]
UP_TO_2 = ThresholdActions(RATES[1], RATES[0])


@pytest.mark.parametrize(
    ("thresholds",                                              "actions",  "rates"),
    [
        ((Data(Tag.LONG_UNSIGNED, 500),),                       [UP_TO_2],  [1, 2, 1]),
        ((Data(Tag.LONG_UNSIGNED, 950),),                       [UP_TO_2],  [1, 1, 1]),  # never crossed
        ((Data(Tag.LONG_UNSIGNED, 500),),                       [],         [1, 1, 1]),  # no action for it
        ((Data(Tag.OCTET_STRING, b"500"),),                     [UP_TO_2],  [1, 1, 1]),  # no number
        ((Data(Tag.LONG_UNSIGNED, 500), Data(Tag.NULL_DATA, None)), [UP_TO_2], [1, 1, 1]),
        ((Data(Tag.LONG_UNSIGNED, 950), Data(Tag.LONG, 500)),   [UP_TO_2],  [1, 1, 1]),  # crosses the other
    ],
)  # fmt: skip
def test_a_monitor_does_what_its_table_says(
    make_fleet: Maker, thresholds: tuple[Data, ...], actions: list[ThresholdActions], rates: list[int]
) -> None:
    device = device_under(make_fleet, 400, 900, 400)
    for attribute, value in (
        (RegisterMonitor.thresholds, thresholds),
        (RegisterMonitor.actions, tuple(actions)),
        (RegisterMonitor.monitored_value, POWER),
    ):
        assert write(device, attribute, obis.REGISTER_MONITOR, value, MONDAY_MS) is DataAccessResult.SUCCESS
    assert masks(device, 10, 20, 40) == rates


def test_watches_that_begin_anew_do_not_act_twice(make_fleet: Maker) -> None:
    """What the limiter did last is remembered over an outage; how long the value has been over is not."""
    device = device_under(make_fleet, 900)
    limit(device, actions=LimiterActions(RATES[1], RATES[0]))
    device.meter.move_on(MONDAY_MS + 30 * MINUTE_MS)
    entry = device.model.find(Limiter.class_id, obis.LIMITER)
    assert entry is not None
    assert device.remembered(entry, DISCONNECTING) == b"\x01"
    again = Watches(device)
    moments = [MONDAY_MS + minute * MINUTE_MS for minute in range(30, 60)]
    assert [again.look(now_ms // 1000, now_ms) for now_ms in moments] == [[]] * 30
    device.remember(entry, DISCONNECTING, b"\x00")
    anew = Watches(device)
    acted = [minute for minute, now_ms in enumerate(moments) if anew.look(now_ms // 1000, now_ms)]
    assert acted == [10]


def test_a_limiter_without_patience_follows_every_crossing(make_fleet: Maker) -> None:
    device = device_under(make_fleet, 900, 400, 900, 400)
    actions = LimiterActions(RATES[1], RATES[0])
    limit(device, actions=actions, min_over_threshold_duration=0, min_under_threshold_duration=0)
    assert masks(device, 14, 20, 29, 35, 44, 50, 80) == [2, 1, 1, 2, 2, 1, 1]
    assert logged(device) == []


def test_a_relapse_that_is_too_short_leaves_the_way_back_open(make_fleet: Maker) -> None:
    """Over it again for less than it takes, then under it for good: the action under the threshold still comes."""
    device = device_under(make_fleet, 900, 900, 400, 900, 400)
    actions = LimiterActions(RATES[1], RATES[0])
    limit(device, actions=actions, min_over_threshold_duration=1_200, min_under_threshold_duration=1_200)
    assert masks(device, 15, 30, 59, 75, 85) == [1, 2, 2, 2, 1]
