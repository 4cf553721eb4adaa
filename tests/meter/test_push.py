"""What a meter pushes: the event as the log has it, ciphered, in order, once."""

from __future__ import annotations

import numpy as np

from ferraris.cosem import CosemDateTime, PushObject, PushSetupV0, obis
from ferraris.dlms import PushReceiver, PushSecurity, WrapperReceiver
from ferraris.meter.associations import OfferedAssociations
from ferraris.meter.device import LogicalDevice
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode, MeterEvent
from ferraris.meter.fleet import Fleet
from ferraris.meter.push import (
    EVENTS_PER_PUSH_MAX,
    mark_pushed,
    meters_with_news,
    push_of,
    unpushed_events,
)
from tests.meter.clients import NoGuard
from tests.meter.steady import MONDAY_MS, device_of

NOW_MS = MONDAY_MS + 500_000


def received(device: LogicalDevice, event: MeterEvent | None = None) -> tuple[CosemDateTime, list[object]]:
    """The time in the notification, and the values of its body."""
    security = OfferedAssociations(device).security
    wrapper = WrapperReceiver()
    wrapper.receive(push_of(device, security, NOW_MS, event).octets)
    (wpdu,) = wrapper.events()
    assert (wpdu.source, wpdu.destination) == (1, 1)
    push = PushReceiver(lambda title: PushSecurity(security.keys, NoGuard())).receive(wpdu.apdu)
    assert push.system_title == device.identity.system_title
    return CosemDateTime.from_octets(push.notification.date_time), list(push.notification.values)


def test_a_push_tells_the_event_as_the_log_has_it(fleet: Fleet) -> None:
    device = device_of(fleet)
    sent, values = received(device, MeterEvent(7, MONDAY_MS // 1000 + 60, EventCode.REMOTE_DISCONNECTION))
    assert sent.to_epoch_ms() == NOW_MS
    time, serial, code, alarms = values
    assert isinstance(time, bytes)
    assert CosemDateTime.from_octets(time).to_epoch_ms() == MONDAY_MS + 60_000
    assert (serial, code, alarms) == (b"FER0000000001", 62, 0)


def test_without_an_event_the_attributes_are_as_they_are(fleet: Fleet) -> None:
    time, _, code, _ = received(device_of(fleet))[1]
    assert isinstance(time, bytes)
    assert CosemDateTime.from_octets(time).to_epoch_ms() == NOW_MS
    assert code == 0


def test_a_client_chooses_what_is_pushed(fleet: Fleet) -> None:
    device = device_of(fleet)
    setup = device.model.find(40, obis.PUSH_SETUP_ALARM)
    assert setup is not None
    wanted = (
        PushObject(3, obis.ACTIVE_ENERGY_IMPORT, 2),
        PushObject(3, obis.LIMITER, 2),
        PushObject(3, obis.ACTIVE_ENERGY_IMPORT, 9),
        PushObject(3, obis.ACTIVE_ENERGY_IMPORT, 2, 1),
    )
    octets = PushSetupV0.push_object_list.datatype.encode(wanted)
    device.write(setup, 2, octets, device.moment(NOW_MS))
    assert received(device)[1] == [55]  # the others are null-data


def test_every_push_has_a_counter_of_its_own(fleet: Fleet) -> None:
    device = device_of(fleet)
    received(device)
    received(device)
    assert device.sending_counter.last_taken == 2


def test_news_are_pushed_once_in_order_through_restarts(fleet: Fleet) -> None:
    memory = fleet.memory
    assert meters_with_news(memory).tolist() == []
    for _ in range(EVENTS_PER_PUSH_MAX + 2):
        fleet.meters[1].command(Command.REMOTE_DISCONNECT, MONDAY_MS)
        fleet.meters[1].command(Command.REMOTE_RECONNECT, MONDAY_MS)
    assert meters_with_news(memory).tolist() == [1]
    seen: list[int] = []
    while meters_with_news(memory).size:
        events = unpushed_events(memory, 1)
        assert len(events) <= EVENTS_PER_PUSH_MAX
        seen += [event.sequence for event in events]
        mark_pushed(memory, 1, events)
    assert seen == list(range(2 * EVENTS_PER_PUSH_MAX + 4))
    assert unpushed_events(memory, 1) == []


def test_events_that_the_log_has_lost_are_not_waited_for(fleet: Fleet) -> None:
    for _ in range(300):
        fleet.meters[0].log_event(EventCode.AUTHENTICATION_FAILED, MONDAY_MS)
    assert unpushed_events(fleet.memory, 0)[0].sequence == 300 - fleet.memory.event_log.entries_max
    fleet.meters[0].clear_event_log(MONDAY_MS)
    assert [event.code for event in unpushed_events(fleet.memory, 0)] == [EventCode.EVENT_LOG_CLEARED]
    mark_pushed(fleet.memory, 0, [])
    assert meters_with_news(fleet.memory).tolist() == []


def test_a_meter_without_power_has_no_news(fleet: Fleet) -> None:
    fleet.supply.power_down(np.array([2]), MONDAY_MS)
    assert meters_with_news(fleet.memory).tolist() == []
    fleet.supply.power_up(np.array([2]), MONDAY_MS)
    assert meters_with_news(fleet.memory).tolist() == [2]


def test_attributes_of_the_push_setup(fleet: Fleet) -> None:
    device = device_of(fleet, push="10.0.0.1:4060")
    setup = device.model.find(40, obis.PUSH_SETUP_ALARM)
    assert setup is not None
    assert device.decoded(setup, PushSetupV0.number_of_retries.number, NOW_MS) == 3
    sending = device.decoded(setup, PushSetupV0.send_destination_and_method.number, NOW_MS)
    assert sending.destination == b"10.0.0.1:4060"
