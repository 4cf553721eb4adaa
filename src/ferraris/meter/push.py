"""What a meter pushes when something has happened: one data-notification for each event, ciphered, in the log's order.

The push setup lists the attributes. Those that say what happened and when (the clock, the event code) are taken from the
entry of the log, so that a push and the log tell the same even when the push comes late; the others are read. How far the
log has been pushed lies in the meter's memory: a restart neither repeats nor forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from ferraris.codec import Tag, write_length
from ferraris.cosem import (
    CosemDateTime,
    ProfileObject,
    PushObject,
    PushSetup,
    obis,
)
from ferraris.cosem.classes.push_setup import ColumnsPushObject
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute
from ferraris.dlms import Security, encode_wpdu, protect_push, protect_push_in_layers
from ferraris.dlms.apdu import CONFIRMED, LONG_INVOKE_ID_MASK, DataNotification
from ferraris.kernel.errors import FerrarisError
from ferraris.meter.committed_rows import Indices
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode, MeterEvent, read_events
from ferraris.meter.live_values import Moment
from ferraris.meter.memory import FleetMemory
from ferraris.meter.push_selection import NOTHING, element, only_columns
from ferraris.meter.restriction import selection_of

PUSH_SETUP: Final = obis.PUSH_SETUP_ALARM
"""Tells of events; the others push when they are set off."""
OBJECT_LIST: Final = 2
Pushable = PushObject | RestrictedAttribute
PUSHED: Final = frozenset(EventCode) - {EventCode.DAYLIGHT_SAVING_CHANGED, EventCode.CLOCK_ADJUSTED_OLD_TIME}
EVENTS_PER_PUSH_MAX: Final = 16
"""Events told over one link; the rest follows over the next."""
SERVER_SAP: Final = 1
CLIENT_SAP: Final = 1


class PushedApdu(NamedTuple):
    """A push, ciphered, and the long-invoke-id that a confirmation would name."""

    long_invoke_id: int
    apdu: bytes

    @property
    def octets(self) -> bytes:
        """As it is sent in one piece."""
        return wrapped(self.apdu)


def wrapped(apdu: bytes) -> bytes:
    """The WPDU in which a push, or a block of one, is sent."""
    return encode_wpdu(SERVER_SAP, CLIENT_SAP, apdu)


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


def note_confirmation(device: LogicalDevice, setup: ProfileObject, now_ms: int) -> None:
    """A push of this setup was confirmed: the setup shows when."""
    shown = PushSetup.last_confirmation_date_time
    device.remember(setup, shown.number, shown.datatype.encode(device.moment(now_ms).time))


def push_of(
    device: LogicalDevice,
    security: Security,
    now_ms: int,
    event: MeterEvent | None = None,
    setup: ProfileObject | None = None,
    *,
    confirmed: bool = False,
) -> PushedApdu:
    """The push that tells an event, or (None) what the attributes that a push setup lists are now."""
    moment = device.moment(now_ms)
    setup = setup or device.model.find(PushSetup.class_id, PUSH_SETUP)
    listed: Sequence[Pushable] = () if setup is None else device.decoded(setup, OBJECT_LIST, now_ms)
    body = bytearray((Tag.STRUCTURE,))
    write_length(len(listed), body)
    for wanted in listed:
        body += told_octets(device, moment, wanted, event)
    invoke_id = (event.sequence if event is not None else now_ms) & LONG_INVOKE_ID_MASK | CONFIRMED * confirmed
    apdu = DataNotification(invoke_id, moment.time.to_octets(), bytes(body)).encode()
    return PushedApdu(invoke_id, _protected(device, security, setup, apdu, now_ms))


def _protected(
    device: LogicalDevice, security: Security, setup: ProfileObject | None, apdu: bytes, now_ms: int
) -> bytes:
    """As the setup's protection parameters say; without any, authenticated and encrypted under the global key."""
    number = PushSetup.push_protection_parameters.number
    parameters = device.decoded(setup, number, now_ms) if setup is not None and number in setup.attributes else ()
    if parameters:
        return protect_push_in_layers(apdu, parameters, security, device.entropy)
    return protect_push(apdu, security.system_title, security.keys, security.counters)


def told_octets(device: LogicalDevice, moment: Moment, wanted: Pushable, event: MeterEvent | None) -> bytes:
    """The value of an attribute as a push tells it: as the event has it where it says what happened and when."""
    entry = device.model.find(wanted.class_id, wanted.logical_name)
    if entry is None or wanted.attribute_index not in entry.attributes:
        return NOTHING
    if event is not None and entry.tag in ("CLOCK", "STANDARD_EVENT_CODE") and wanted.attribute_index == 2:
        return _told_by(event, entry, moment)
    try:
        selection = selection_of(wanted.restriction) if isinstance(wanted, RestrictedAttribute) else None
    except FerrarisError:  # a client wrote nonsense
        return NOTHING
    octets = device.read(entry, wanted.attribute_index, moment, selection)
    if not isinstance(octets, bytes):
        return NOTHING
    if isinstance(wanted, ColumnsPushObject):
        octets = only_columns(octets, entry.capture_objects, wanted.columns)
    return element(octets, wanted.data_index)


def _told_by(event: MeterEvent, entry: ProfileObject, moment: Moment) -> bytes:
    datatype = entry.attributes[2].datatype
    if entry.tag == "STANDARD_EVENT_CODE":
        return datatype.encode(event.code)
    return datatype.encode(time_of(event, moment))


def time_of(event: MeterEvent, moment: Moment) -> CosemDateTime:
    """When it happened, by the meter's clock and in its zone."""
    zone = moment.meter.zone
    status = 0x80 if zone.daylight_saving(event.time_s) else 0
    return CosemDateTime.from_epoch_ms(event.time_s * 1000, -int(zone.offset_min(event.time_s)), status)
