"""What a meter tells an associated client of each event, unasked: event-notifications, an information report under short names.

The companion profile lists the objects for each association. Unlike a push, a report is for whoever is there: nothing of it is
remembered over the end of the association, nor repeated. Whether the client understands it was negotiated.
"""

from __future__ import annotations

from typing import Final

from ferraris.cosem import PushObject, Referencing
from ferraris.dlms.apdu import (
    AttributeDescriptor,
    Conformance,
    EventNotification,
    InformationReportRequest,
    VariableName,
)
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import MeterEvent, read_events
from ferraris.meter.live_values import Partner
from ferraris.meter.push import PUSHED, time_of, told_octets

Report = EventNotification | InformationReportRequest
VALUE: Final = 2
"""The attribute that is told, of whatever class."""


class EventReports:
    """What one association has been told."""

    def __init__(self, device: LogicalDevice, partner: Partner) -> None:
        profile = device.model.profile
        self._device, self._partner = device, partner
        association = profile.associations[partner.name]
        self._by_short_names = association.referencing is Referencing.SHORT_NAME
        service = Conformance.INFORMATION_REPORT if self._by_short_names else Conformance.EVENT_NOTIFICATION
        understood = bool(partner.associated.conformance & service)
        self._objects = tuple(profile.object(tag) for tag in association.reports) if understood else ()
        self._told_up_to = self._logged

    def due(self, now_ms: int) -> list[Report]:
        """What has happened since the last call, or since the association stood."""
        if not self._objects or self._told_up_to == self._logged:
            return []
        meter = self._device.meter
        events = [event for event in read_events(meter.memory, meter.index) if event.sequence >= self._told_up_to]
        self._told_up_to = self._logged
        return [told for event in events if event.code in PUSHED for told in self._reports(event, now_ms)]

    @property
    def _logged(self) -> int:
        meter = self._device.meter
        return int(meter.memory.state.field("event_head", meter.index))

    def _reports(self, event: MeterEvent, now_ms: int) -> list[Report]:
        moment = self._device.moment(now_ms, self._partner)
        wanted = [PushObject(entry.class_id, entry.logical_name, VALUE, 0) for entry in self._objects]
        values = [told_octets(self._device, moment, one, event) for one in wanted]
        if self._by_short_names:
            names = self._device.model.short_names(self._partner.name).names
            found = [names.of_attribute(one.class_id, one.logical_name, VALUE) for one in wanted]
            named = [(VariableName(name), value) for name, value in zip(found, values, strict=True) if name is not None]
            return [InformationReportRequest(None, *map(tuple, zip(*named, strict=True)))] if named else []
        time = time_of(event, moment).to_octets()
        return [
            EventNotification(time, AttributeDescriptor(one.class_id, one.logical_name, VALUE), value)
            for one, value in zip(wanted, values, strict=True)
        ]
