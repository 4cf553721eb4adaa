"""Clock, class 8."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.codec import Tag
from ferraris.cosem.date_time import ClockStatus, CosemDateTime
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BOOLEAN, DATE_TIME_STRING, INTEGER, LONG, Enumerated, Flags, Structure
from ferraris.kernel.units import Unit


class ClockBase(IntEnum):
    """What drives the clock."""

    NOT_DEFINED = 0
    INTERNAL_CRYSTAL = 1
    MAINS_50_HZ = 2
    MAINS_60_HZ = 3
    GPS = 4
    RADIO_CONTROLLED = 5


@dataclass(frozen=True, slots=True)
class PresetTime:
    """A time to be set later, and the interval within which the order to set it is valid."""

    preset_time: Annotated[CosemDateTime, DATE_TIME_STRING]
    validity_interval_start: Annotated[CosemDateTime, DATE_TIME_STRING]
    validity_interval_end: Annotated[CosemDateTime, DATE_TIME_STRING]


class Clock(CosemObject, class_id=8, version=0):
    """Local time, its distance from UTC and its daylight saving. Blue Book 4.5.1.

    `time_zone` is in minutes from local normal time to UTC, so Central Europe has -60.
    """

    time = Attribute(2, DATE_TIME_STRING, DYNAMIC)
    time_zone = Attribute(3, LONG, STATIC, unit=Unit.MINUTE)
    status = Attribute(4, Flags(ClockStatus, Tag.UNSIGNED), DYNAMIC)
    daylight_savings_begin = Attribute(5, DATE_TIME_STRING, STATIC)
    daylight_savings_end = Attribute(6, DATE_TIME_STRING, STATIC)
    daylight_savings_deviation = Attribute(7, INTEGER, STATIC, unit=Unit.MINUTE)
    daylight_savings_enabled = Attribute(8, BOOLEAN, STATIC)
    clock_base = Attribute(9, Enumerated(ClockBase), STATIC)

    adjust_to_quarter = Method(1, INTEGER)
    adjust_to_measuring_period = Method(2, INTEGER)
    adjust_to_minute = Method(3, INTEGER)
    adjust_to_preset_time = Method(4, INTEGER)
    preset_adjusting_time = Method(5, Structure(PresetTime))
    shift_time = Method(6, LONG)
