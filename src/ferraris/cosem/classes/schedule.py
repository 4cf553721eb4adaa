"""Schedule, class 10: scripts executed at times of day, on days of the week and on special days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import BitString
from ferraris.cosem.date_time import CosemDate, CosemTime
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    BIT_STRING,
    BOOLEAN,
    DATE_STRING,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    TIME_STRING,
    Array,
    Structure,
)


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A script and when it is executed.

    `validity_window` is in minutes: for so long it is executed late, after an outage; 0xFFFF is for any time.
    `exec_weekdays` has a bit for each day from Monday on, `exec_specdays` one for each day_id of the special days table.
    """

    index: Annotated[int, LONG_UNSIGNED]
    enable: Annotated[bool, BOOLEAN]
    script_logical_name: Annotated[Obis, LOGICAL_NAME]
    script_selector: Annotated[int, LONG_UNSIGNED]
    switch_time: Annotated[CosemTime, TIME_STRING]
    validity_window: Annotated[int, LONG_UNSIGNED]
    exec_weekdays: Annotated[BitString, BIT_STRING]
    exec_specdays: Annotated[BitString, BIT_STRING]
    begin_date: Annotated[CosemDate, DATE_STRING]
    end_date: Annotated[CosemDate, DATE_STRING]


@dataclass(frozen=True, slots=True)
class EntriesToSwitch:
    """Ranges of entries by index, both ends included: those to disable, then those to enable."""

    first_index_disabled: Annotated[int, LONG_UNSIGNED]
    last_index_disabled: Annotated[int, LONG_UNSIGNED]
    first_index_enabled: Annotated[int, LONG_UNSIGNED]
    last_index_enabled: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class EntriesToDelete:
    """A range of entries by index, both ends included."""

    first_index: Annotated[int, LONG_UNSIGNED]
    last_index: Annotated[int, LONG_UNSIGNED]


SCHEDULE_ENTRY: Final = Structure(ScheduleEntry)


class Schedule(CosemObject, class_id=10, version=0):
    """Executes scripts by the clock, together with a special days table. Blue Book 4.5.3."""

    entries = Attribute(2, Array(SCHEDULE_ENTRY), STATIC)

    enable_disable = Method(1, Structure(EntriesToSwitch))
    insert = Method(2, SCHEDULE_ENTRY)
    delete = Method(3, Structure(EntriesToDelete))
