"""Single action schedule, class 22."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.date_time import CosemDate, CosemTime
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import DATE_STRING, LOGICAL_NAME, LONG_UNSIGNED, TIME_STRING, Array, Enumerated, Structure


class ScheduleType(IntEnum):
    """How many execution times there are, whether their dates may be open, and whether they share one time of day."""

    ONE_TIME_OPEN_DATE = 1
    MANY_SAME_TIME_FIXED_DATES = 2
    MANY_SAME_TIME_OPEN_DATES = 3
    MANY_FIXED_DATES = 4
    MANY_OPEN_DATES = 5


@dataclass(frozen=True, slots=True)
class ExecutedScript:
    """A script of a script table."""

    script_logical_name: Annotated[Obis, LOGICAL_NAME]
    script_selector: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class ExecutionTime:
    """When the script is executed. Open fields match every date or hour."""

    time: Annotated[CosemTime, TIME_STRING]
    date: Annotated[CosemDate, DATE_STRING]


class SingleActionSchedule(CosemObject, class_id=22, version=0):
    """Executes one script at set times. Blue Book 4.5.7."""

    executed_script = Attribute(2, Structure(ExecutedScript), STATIC)
    type = Attribute(3, Enumerated(ScheduleType), STATIC)
    execution_time = Attribute(4, Array(Structure(ExecutionTime)), STATIC)
