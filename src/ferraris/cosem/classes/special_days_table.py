"""Special days table, class 11: holidays and other dates that do not follow the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.date_time import CosemDate
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DATE_STRING, LONG_UNSIGNED, UNSIGNED, Array, Structure


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date, every year where the year is open, and the day_id of an activity calendar or schedule that holds on it."""

    index: Annotated[int, LONG_UNSIGNED]
    specialday_date: Annotated[CosemDate, DATE_STRING]
    day_id: Annotated[int, UNSIGNED]


SPECIAL_DAY: Final = Structure(SpecialDay)


class SpecialDaysTable(CosemObject, class_id=11, version=0):
    """Overrides what schedule and activity calendar say of a date. Blue Book 4.5.4. An entry is deleted by its index."""

    entries = Attribute(2, Array(SPECIAL_DAY), STATIC)

    insert = Method(1, SPECIAL_DAY)
    delete = Method(2, LONG_UNSIGNED)
