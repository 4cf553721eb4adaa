"""Friendly hours: times in which nobody is cut off for want of credit.

They are an activity calendar (class 20) of their own, over the meter's special days: script 1 of its table begins a friendly
period, any other ends it, and the last of them holds. Whoever runs out of credit in such a period is supplied until it ends,
and owes what flows; whoever was cut off before stays so until there is credit.

That the periods lie in a calendar of this name is our choice: the books name friendly credit periods, and leave it to companion
specifications where they are kept. The script table that the calendar names does nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from ferraris.cosem import ProfileObject, obis
from ferraris.cosem.classes.activity_calendar import ActivityCalendar
from ferraris.cosem.classes.special_days_table import SpecialDaysTable
from ferraris.meter.agenda import lines_of
from ferraris.meter.clock import Zone
from ferraris.meter.memory import NEVER_S
from ferraris.meter.model import MeterModel
from ferraris.meter.timetable import Timetable

BEGINS: Final = 1
"""The script that begins a friendly period."""
PERIOD_IDS: Final = frozenset((ActivityCalendar.class_id, SpecialDaysTable.class_id))
"""Classes whose attributes say when friendly hours are."""


class Owner(Protocol):
    """The logical device that has the calendar."""

    @property
    def model(self) -> MeterModel: ...
    def setting(self, entry: ProfileObject, number: int) -> bytes:
        """An attribute's octets as they were set, or as the meter left the works."""
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """Whether hours are friendly from one time of the meter's clock to before another."""

    from_s: int
    until_s: int
    friendly: bool

    def holds(self, clock_s: int) -> bool:
        return self.from_s <= clock_s < self.until_s


@dataclass(frozen=True, slots=True)
class FriendlyHours:
    """The friendly hours of a meter."""

    timetable: Timetable

    @classmethod
    def of(cls, owner: Owner, zone: Zone) -> FriendlyHours:
        """As the calendar is set; a meter without one has none."""
        calendar = owner.model.find(ActivityCalendar.class_id, obis.FRIENDLY_CALENDAR)
        if calendar is None:
            return cls(Timetable((), zone))
        tables = owner.model.of_classes(frozenset((SpecialDaysTable.class_id,)))
        special_days = owner.setting(tables[0], SpecialDaysTable.entries.number) if tables else None
        attributes = tuple(owner.setting(calendar, number) for number in calendar.attributes if number > 1)
        lines = lines_of(calendar.class_id, bytes(calendar.logical_name), attributes, special_days, zone)
        return cls(Timetable(tuple(line for line in lines if line.holds_state), zone))

    def at(self, clock_s: int) -> Period:
        """The period around that time, as far as it need be known."""
        last = self.timetable.due(clock_s, clock_s, disturbed=True)
        until_s = self.timetable.next_s(clock_s)
        friendly = bool(last) and last[-1].parameter.value == BEGINS
        return Period(clock_s, NEVER_S if until_s is None else until_s, friendly)
