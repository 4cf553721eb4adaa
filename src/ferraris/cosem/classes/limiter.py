"""Limiter, class 71: scripts executed when a value stays over or under a threshold, with another threshold in emergencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE
from ferraris.cosem.classes.register import REGISTER_VALUE
from ferraris.cosem.classes.single_action_schedule import ExecutedScript
from ferraris.cosem.date_time import CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import BOOLEAN, DATE_TIME_STRING, DOUBLE_LONG_UNSIGNED, LONG_UNSIGNED, Array, Structure
from ferraris.kernel.units import Unit


@dataclass(frozen=True, slots=True)
class EmergencyProfile:
    """An emergency, from its activation time on for a number of seconds."""

    emergency_profile_id: Annotated[int, LONG_UNSIGNED]
    emergency_activation_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    emergency_duration_s: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class LimiterActions:
    """The scripts executed when the value has been over, and when it has been under the threshold for long enough."""

    action_over_threshold: Annotated[ExecutedScript, Structure(ExecutedScript)]
    action_under_threshold: Annotated[ExecutedScript, Structure(ExecutedScript)]


class Limiter(CosemObject, class_id=71, version=0):
    """Watches an attribute of a register, most often demand, and disconnects or gives notice. Blue Book 4.5.9.

    `threshold_active` is the one of the other two that holds at the moment. An emergency profile holds only if its number
    is in `emergency_profile_group_id_list`.
    """

    monitored_value = Attribute(2, ATTRIBUTE_REFERENCE, STATIC)
    threshold_active = Attribute(3, REGISTER_VALUE, DYNAMIC)
    threshold_normal = Attribute(4, REGISTER_VALUE, STATIC)
    threshold_emergency = Attribute(5, REGISTER_VALUE, STATIC)
    min_over_threshold_duration = Attribute(6, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    min_under_threshold_duration = Attribute(7, DOUBLE_LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    emergency_profile = Attribute(8, Structure(EmergencyProfile), STATIC)
    emergency_profile_group_id_list = Attribute(9, Array(LONG_UNSIGNED), STATIC)
    emergency_profile_active = Attribute(10, BOOLEAN, DYNAMIC)
    actions = Attribute(11, Structure(LimiterActions), STATIC)
