"""What a meter pushes when something has happened: one data-notification for each event, ciphered, in the log's order.

The push setup lists the attributes. Those that say what happened and when (the clock, the event code) are taken from the
entry of the log, so that a push and the log tell the same even when the push comes late; the others are read. How far the
log has been pushed lies in the meter's memory: a restart neither repeats nor forgets.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ferraris.codec import Tag, write_length
from ferraris.cosem import CosemDateTime, ProfileObject, PushObject, PushSetupV0, obis
from ferraris.dlms import Security, encode_wpdu, protect_push
from ferraris.dlms.apdu import DataNotification
from ferraris.meter.committed_rows import Indices
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode, MeterEvent, read_events
from ferraris.meter.live_values import Moment
from ferraris.meter.memory import FleetMemory

PUSH_SETUP: Final = obis.PUSH_SETUP_ALARM
PUSHED: Final = frozenset(EventCode) - {EventCode.DAYLIGHT_SAVING_CHANGED, EventCode.CLOCK_ADJUSTED_OLD_TIME}
EVENTS_PER_PUSH_MAX: Final = 16
"""Events told over one link; the rest follows over the next."""
SERVER_SAP: Final = 1
CLIENT_SAP: Final = 1
LONG_INVOKE_ID_MASK: Final = 0xFF_FFFF


def meters_with_news(memory: FleetMemory) -> Indices:
    """Meters that have power and events in their logs that are not pushed yet."""
    news = memory.state.column("event_head") > memory.counters["pushed"].astype(np.int64)
    return np.flatnonzero(news & (memory.state.column("powered") != 0))


def unpushed_events(memory: FleetMemory, meter: int) -> list[MeterEvent]:
    """The oldest events of the meter that are not pushed yet."""
    pushed = int(memory.counters["pushed"][meter])
    return [event for event in read_events(memory, meter) if event.sequence >= pushed][:EVENTS_PER_PUSH_MAX]


def mark_pushed(memory: FleetMemory, meter: int, events: list[MeterEvent]) -> None:
    """These events need not be pushed again."""
    memory.counters["pushed"][meter] = events[-1].sequence + 1 if events else memory.state.field("event_head", meter)


def push_setup_value(device: LogicalDevice, attribute: Any, now_ms: int) -> Any:
    """An attribute of the meter's push setup; None when its companion profile has none."""
    setup = device.model.find(PushSetupV0.class_id, PUSH_SETUP)
    if setup is None:
        return None
    octets = device.read(setup, attribute.number, device.moment(now_ms))
    return attribute.datatype.decode(octets)


def push_wpdu(device: LogicalDevice, security: Security, now_ms: int, event: MeterEvent | None = None) -> bytes:
    """The WPDU that tells an event, or (None) what the push setup's attributes are now."""
    moment = device.moment(now_ms)
    listed: tuple[PushObject, ...] = push_setup_value(device, PushSetupV0.push_object_list, now_ms) or ()
    body = bytearray((Tag.STRUCTURE,))
    write_length(len(listed), body)
    for wanted in listed:
        body += _pushed_octets(device, moment, wanted, event)
    invoke_id = (event.sequence if event is not None else now_ms) & LONG_INVOKE_ID_MASK
    apdu = DataNotification(invoke_id, moment.time.to_octets(), bytes(body)).encode()
    ciphered = protect_push(apdu, security.system_title, security.keys, security.counters)
    return encode_wpdu(SERVER_SAP, CLIENT_SAP, ciphered)


def _pushed_octets(device: LogicalDevice, moment: Moment, wanted: PushObject, event: MeterEvent | None) -> bytes:
    entry = device.model.find(wanted.class_id, wanted.logical_name)
    if entry is None or wanted.attribute_index not in entry.attributes or wanted.data_index:
        return bytes((Tag.NULL_DATA,))
    if event is not None and entry.tag in ("CLOCK", "STANDARD_EVENT_CODE") and wanted.attribute_index == 2:
        return _told_by(event, entry, moment)
    octets = device.read(entry, wanted.attribute_index, moment)
    return octets if isinstance(octets, bytes) else bytes((Tag.NULL_DATA,))


def _told_by(event: MeterEvent, entry: ProfileObject, moment: Moment) -> bytes:
    datatype = entry.attributes[2].datatype
    if entry.tag == "STANDARD_EVENT_CODE":
        return datatype.encode(event.code)
    zone = moment.meter.zone
    status = 0x80 if zone.daylight_saving(event.time_s) else 0
    return datatype.encode(
        CosemDateTime.from_epoch_ms(event.time_s * 1000, -int(zone.offset_min(event.time_s)), status)
    )
