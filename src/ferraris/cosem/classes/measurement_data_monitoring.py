"""Measurement data monitoring, class 66: the waveform of a voltage or current around an event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.classes.register import SCALER_UNIT
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    ANY,
    DOUBLE_LONG_UNSIGNED,
    ENUM,
    INTEGER,
    LONG64_UNSIGNED,
    LONG_UNSIGNED,
    Enumerated,
    Structure,
)


class TriggerOrigin(IntEnum):
    """Who set off the capture."""

    REMOTE = 0
    LOCAL_SCRIPT = 1


@dataclass(frozen=True, slots=True)
class TriggerSource:
    """Who set off the capture, and why."""

    trigger_origin: Annotated[TriggerOrigin, Enumerated(TriggerOrigin)]
    trigger_cause: Annotated[int, LONG_UNSIGNED]


class MeasurementDataMonitoring(CosemObject, class_id=66, version=0):
    """Samples before and after a trigger, as a compact array. Blue Book 4.3.11.

    `trigger_time` counts microseconds, `sampling_rate` samples in a second. Known from one public reading of edition 16;
    the numbers of `status` are not known.
    """

    waveform_data = Attribute(2, ANY, DYNAMIC)
    trigger_time = Attribute(3, LONG64_UNSIGNED, DYNAMIC)
    trigger_source = Attribute(4, Structure(TriggerSource), DYNAMIC)
    status = Attribute(5, ENUM, DYNAMIC)
    sampling_rate = Attribute(6, DOUBLE_LONG_UNSIGNED, STATIC)
    number_of_samples_before_trigger = Attribute(7, DOUBLE_LONG_UNSIGNED, STATIC)
    number_of_samples_after_trigger = Attribute(8, DOUBLE_LONG_UNSIGNED, STATIC)
    scaler_unit = Attribute(9, SCALER_UNIT, STATIC)

    reset = Method(1, INTEGER)
    trigger = Method(2, INTEGER)
