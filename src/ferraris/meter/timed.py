"""What the meter does of itself at set times: the driver of its timetable.

The meter's memory holds when there is something to do next, and up to when all has been done. Both move on before anything
is done, so that whoever dies in between leaves it undone rather than done twice; only what holds a state, the tariff, is put
right again whenever power comes back. Metering stands still at the moment of an action: everything is done as of then.
"""

from __future__ import annotations

from typing import Final, Protocol

from ferraris.cosem import ProfileObject, ScriptAction
from ferraris.cosem.classes.special_days_table import SpecialDaysTable
from ferraris.kernel.clock import MS_PER_S
from ferraris.meter.agenda import TIMED_CLASSES, lines_of
from ferraris.meter.memory import NEVER_S
from ferraris.meter.meter import Meter
from ferraris.meter.timetable import PUNCTUAL_S, Line, Timetable
from ferraris.meter.watches import STEP_S, WATCHING_IDS, Watched, Watches

TABLED_IDS: Final = frozenset(declared.class_id for declared in TIMED_CLASSES)
"""Classes whose attributes make the timetable, together with the special days."""
TIMED_IDS: Final = TABLED_IDS | WATCHING_IDS | {SpecialDaysTable.class_id}
"""Classes whose attributes say what is to be done when."""


class Owner(Watched, Protocol):
    """The logical device whose objects these are."""

    @property
    def meter(self) -> Meter: ...
    def setting(self, entry: ProfileObject, number: int) -> bytes:
        """An attribute's octets as they were set, or as the meter left the works."""
        ...

    def perform_alone(self, action: ScriptAction, now_ms: int, *, local: bool = False) -> None:
        """The meter itself does something; whether it may and can is its own matter. `local`: of its own accord."""
        ...


class TimedObjects:
    """The timed objects of one meter."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._watches = Watches(owner)
        self._look_s = 0
        """When the timetable is to be looked at again: until then there is only something to watch."""
        self._acting = self._altered = False
        if owner.model.of_classes(TIMED_IDS):
            owner.meter.act_through(self.act)

    def changed(self, now_ms: int) -> None:
        """A timed object is not what it was: the timetable is another one from now on."""
        self._altered = True
        if not self._acting:
            self._owner.meter.move_on(now_ms)
            self._do_all(now_ms, disturbed=True)

    def act(self, now_ms: int) -> None:
        """Do what is due. The meter stands at `now_ms`."""
        meter = self._owner.meter
        planned_s, _ = meter.plan
        clock_s = meter.clock_ms(now_ms) // MS_PER_S
        disturbed = clock_s - planned_s > PUNCTUAL_S
        if disturbed or clock_s >= self._look_s:
            self._do_all(now_ms, disturbed=disturbed)
        else:
            meter.set_plan(min(self._look_s, _next_step_s(clock_s)), clock_s)
        if self._watches.wanted:
            for action in self._watches.look(clock_s, now_ms):
                self._owner.perform_alone(action, now_ms, local=True)

    def _do_all(self, now_ms: int, *, disturbed: bool) -> None:
        """What is due, and what follows from it when that alters the timetable: once, so that it comes to an end."""
        self._altered = False
        self._do_due(now_ms, disturbed=disturbed)
        if self._altered:
            self._do_due(now_ms, disturbed=True)

    def _do_due(self, now_ms: int, *, disturbed: bool) -> None:
        meter = self._owner.meter
        clock_s = meter.clock_ms(now_ms) // MS_PER_S
        planned_s, acted_s = meter.plan
        timetable = self._timetable()
        # A meter that had nothing to do until now has missed nothing.
        done_s = acted_s if planned_s < NEVER_S else clock_s
        due = timetable.due(done_s, clock_s, disturbed)
        self._plan(timetable, max(acted_s, clock_s))
        self._acting = True
        try:
            for action in due:
                self._owner.perform_alone(action, now_ms)
        finally:
            self._acting = False
        if due:
            self._plan(self._timetable(), max(acted_s, clock_s))

    def _plan(self, timetable: Timetable, acted_s: int) -> None:
        self._look_s = timetable.next_s(acted_s) or NEVER_S
        next_s = _next_step_s(acted_s) if self._watches.wanted else NEVER_S
        self._owner.meter.set_plan(min(self._look_s, next_s), acted_s)

    def _timetable(self) -> Timetable:
        owner, zone = self._owner, self._owner.meter.zone
        tables = owner.model.of_classes(frozenset((SpecialDaysTable.class_id,)))
        special_days = owner.setting(tables[0], SpecialDaysTable.entries.number) if tables else None
        lines: list[Line] = []
        for entry in owner.model.of_classes(TABLED_IDS):
            attributes = tuple(owner.setting(entry, number) for number in entry.attributes if number > 1)
            lines += lines_of(entry.class_id, bytes(entry.logical_name), attributes, special_days, zone)
        return Timetable(tuple(lines), zone)


def _next_step_s(clock_s: int) -> int:
    """The next full minute."""
    return (clock_s // STEP_S + 1) * STEP_S
