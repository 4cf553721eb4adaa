"""What limiters and register monitors watch, looked at by the minute; a meter without any is never asked.

Their scripts are the meter's own doing: an order to disconnect in them is a local disconnection. What the phases differ by
beyond its limit is logged, whatever the script; one with the selector 0 leaves it at that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from ferraris.codec import decode_data
from ferraris.cosem import Attribute, ExecutedScript, Obis, ProfileObject, ScriptAction, obis
from ferraris.cosem.classes.limiter import Limiter
from ferraris.cosem.classes.object_references import AttributeReference
from ferraris.cosem.classes.register_monitor import RegisterMonitor
from ferraris.meter.clock import Zone
from ferraris.meter.events import EventCode
from ferraris.meter.limiter import Limit, Side, emergency_holds
from ferraris.meter.meter import Meter
from ferraris.meter.model import MeterModel
from ferraris.meter.monitor import crossings
from ferraris.meter.work import script

STEP_S: Final = 60
WATCHING_IDS: Final = frozenset((Limiter.class_id, RegisterMonitor.class_id))
DISCONNECTING: Final = 0
"""Not an attribute: where a limiter keeps that its action over the threshold is done."""


class Watched(Protocol):
    """The logical device of the limiters and monitors."""

    @property
    def model(self) -> MeterModel: ...
    @property
    def meter(self) -> Meter: ...
    def value(self, attribute: Attribute[Any], name: Obis) -> Any:
        """An attribute as it is set."""
        ...

    def shown(self, entry: ProfileObject, number: int, now_ms: int) -> bytes | None:
        """An attribute's octets as a client would read them; None when it cannot be had."""
        ...

    def remember(self, entry: ProfileObject, number: int, octets: bytes) -> None:
        """Keep something of an object that is no attribute."""
        ...

    def remembered(self, entry: ProfileObject, number: int) -> bytes | None: ...


class Watches:
    """The limiters and register monitors of one meter."""

    def __init__(self, device: Watched) -> None:
        self._device = device
        self._sides: dict[Obis, Side] = {}
        self._values: dict[Obis, int] = {}

    @property
    def wanted(self) -> bool:
        """Whether anything is to be watched."""
        return any(self._reference(entry).class_id for entry in self._entries())

    def look(self, clock_s: int, now_ms: int) -> list[ScriptAction]:
        """What follows from the values of this moment."""
        found: list[ScriptAction] = []
        for entry in self._entries():
            value = self._number(self._reference(entry), now_ms)
            if value is not None:
                limiting = entry.class_id == Limiter.class_id
                found += self._limit(entry, value, clock_s, now_ms) if limiting else self._monitor(entry, value)
        return found

    def _entries(self) -> tuple[ProfileObject, ...]:
        return self._device.model.of_classes(WATCHING_IDS)

    def _reference(self, entry: ProfileObject) -> AttributeReference:
        limiter = entry.class_id == Limiter.class_id
        attribute = Limiter.monitored_value if limiter else RegisterMonitor.monitored_value
        reference: AttributeReference = self._device.value(attribute, entry.logical_name)
        return reference

    def _number(self, reference: AttributeReference, now_ms: int) -> int | None:
        """The value watched; None for what is no number or cannot be had."""
        watched = self._device.model.find(reference.class_id, reference.logical_name)
        if watched is None or reference.attribute_index not in watched.attributes:
            return None
        octets = self._device.shown(watched, reference.attribute_index, now_ms)
        value = None if octets is None else decode_data(octets)[0].value
        return value if isinstance(value, int) else None

    def _limit(self, entry: ProfileObject, value: int, clock_s: int, now_ms: int) -> list[ScriptAction]:
        name = entry.logical_name
        limit = limit_at(self._device.value, name, clock_s, self._device.meter.zone)
        before = self._sides.get(name)
        if before is None and self._device.remembered(entry, DISCONNECTING) == b"\x01":
            before = Side(True, clock_s, acted=True, owes_under=True)
        self._sides[name], acts = limit.step(before, value, clock_s)
        if acts is None:
            return []
        self._device.remember(entry, DISCONNECTING, bytes((acts,)))
        if acts and name == obis.PHASE_LIMITER:
            self._device.meter.log_event(EventCode.PHASE_UNBALANCE, now_ms)
        actions = self._device.value(Limiter.actions, name)
        return _scripts([actions.action_over_threshold if acts else actions.action_under_threshold])

    def _monitor(self, entry: ProfileObject, value: int) -> list[ScriptAction]:
        name = entry.logical_name
        thresholds = [data.value for data in self._device.value(RegisterMonitor.thresholds, name)]
        numbers = [threshold for threshold in thresholds if isinstance(threshold, int)]
        if len(numbers) < len(thresholds):
            return []  # what is no number is never crossed
        crossed = crossings(numbers, self._values.get(name), value)
        self._values[name] = value
        actions = self._device.value(RegisterMonitor.actions, name)
        known = [(actions[crossing.place], crossing.up) for crossing in crossed if crossing.place < len(actions)]
        return _scripts([action.action_up if up else action.action_down for action, up in known])


def limit_at(value: Callable[[Attribute[Any], Obis], Any], name: Obis, clock_s: int, zone: Zone) -> Limit:
    """What a limiter holds against its value at a moment."""
    emergency = in_emergency(value, name, clock_s, zone)
    threshold = value(Limiter.threshold_emergency if emergency else Limiter.threshold_normal, name)
    durations = Limiter.min_over_threshold_duration, Limiter.min_under_threshold_duration
    return Limit(threshold, *(value(attribute, name) for attribute in durations))


def in_emergency(value: Callable[[Attribute[Any], Obis], Any], name: Obis, clock_s: int, zone: Zone) -> bool:
    """Whether a limiter's emergency profile is active."""
    groups = value(Limiter.emergency_profile_group_id_list, name)
    return emergency_holds(value(Limiter.emergency_profile, name), groups, clock_s, zone)


def _scripts(executed: list[ExecutedScript]) -> list[ScriptAction]:
    return [script(one.script_logical_name, one.script_selector) for one in executed if one.script_selector]
