"""What the methods of calendars, schedules, special days and register activation do, each a pure function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ferraris.cosem import Attribute, obis
from ferraris.cosem.classes.activity_calendar import ActivityCalendar
from ferraris.cosem.classes.object_references import ObjectId
from ferraris.cosem.classes.register_activation import RegisterActivation, RegisterMask
from ferraris.cosem.classes.schedule import EntriesToDelete, EntriesToSwitch, Schedule, ScheduleEntry
from ferraris.cosem.classes.special_days_table import SpecialDay, SpecialDaysTable
from ferraris.dlms.apdu import ActionResult, DataAccessResult
from ferraris.meter.behaviours import CosemObjectView, Outcome, behaviour
from ferraris.meter.changes import Change, Count, Keep, KeepTogether

RATE_REGISTERS: Final = {
    "ACTIVE_ENERGY_IMPORT_RATE_1": obis.ACTIVE_ENERGY_IMPORT_RATE_1,
    "ACTIVE_ENERGY_EXPORT_RATE_1": obis.ACTIVE_ENERGY_EXPORT_RATE_1,
    "ACTIVE_ENERGY_IMPORT_RATE_2": obis.ACTIVE_ENERGY_IMPORT_RATE_2,
    "ACTIVE_ENERGY_EXPORT_RATE_2": obis.ACTIVE_ENERGY_EXPORT_RATE_2,
}
"""The registers that a mask lets count or stand still, in the order of the bits in the meter's memory."""
_REFUSED: Final = Outcome(result=ActionResult.OTHER_REASON)
_COPIED: Final[tuple[tuple[Attribute[Any], Attribute[Any]], ...]] = (
    (ActivityCalendar.calendar_name_passive, ActivityCalendar.calendar_name_active),
    (ActivityCalendar.season_profile_passive, ActivityCalendar.season_profile_active),
    (ActivityCalendar.week_profile_table_passive, ActivityCalendar.week_profile_table_active),
    (ActivityCalendar.day_profile_table_passive, ActivityCalendar.day_profile_table_active),
)


def _keep(attribute: Attribute[Any], value: Any) -> Keep:
    return Keep(attribute, attribute.datatype.encode(value))


# Activity calendar


@behaviour(ActivityCalendar.activate_passive_calendar)
def activate_passive_calendar(calendar: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """The passive calendar is copied, whole or not at all."""
    return Outcome((KeepTogether(tuple(_keep(active, calendar.read(passive)) for passive, active in _COPIED)),))


# Special days: an entry takes the place of the one with its index


@behaviour(SpecialDaysTable.insert)
def insert_special_day(table: CosemObjectView, day: SpecialDay, now_ms: int) -> Outcome:
    others = (entry for entry in table.read(SpecialDaysTable.entries) if entry.index != day.index)
    return _keep_entries(SpecialDaysTable.entries, (*others, day))


@behaviour(SpecialDaysTable.delete)
def delete_special_day(table: CosemObjectView, index: int, now_ms: int) -> Outcome:
    entries = table.read(SpecialDaysTable.entries)
    left = tuple(entry for entry in entries if entry.index != index)
    return _REFUSED if left == entries else _keep_entries(SpecialDaysTable.entries, left)


def _keep_entries(attribute: Attribute[Any], entries: tuple[Any, ...]) -> Outcome:
    """In the order of their indices."""
    return Outcome((_keep(attribute, tuple(sorted(entries, key=lambda entry: int(entry.index)))),))


# Schedule


@behaviour(Schedule.insert)
def insert_entry(schedule: CosemObjectView, new: ScheduleEntry, now_ms: int) -> Outcome:
    others = (entry for entry in schedule.read(Schedule.entries) if entry.index != new.index)
    return _keep_entries(Schedule.entries, (*others, new))


@behaviour(Schedule.delete)
def delete_entries(schedule: CosemObjectView, wanted: EntriesToDelete, now_ms: int) -> Outcome:
    gone = range(wanted.first_index, wanted.last_index + 1)
    left = (entry for entry in schedule.read(Schedule.entries) if entry.index not in gone)
    return _keep_entries(Schedule.entries, tuple(left))


@behaviour(Schedule.enable_disable)
def enable_or_disable(schedule: CosemObjectView, wanted: EntriesToSwitch, now_ms: int) -> Outcome:
    """First the one, then the other. Index 0 is no entry's: a range from 0 to 0 switches nothing."""
    disabled = range(wanted.first_index_disabled, wanted.last_index_disabled + 1)
    enabled = range(wanted.first_index_enabled, wanted.last_index_enabled + 1)
    entries = tuple(
        replace(entry, enable=(entry.enable and entry.index not in disabled) or entry.index in enabled)
        for entry in schedule.read(Schedule.entries)
    )
    return _keep_entries(Schedule.entries, entries)


# Register activation


@behaviour(RegisterActivation.active_mask)
def write_active_mask(activation: CosemObjectView, name: bytes, now_ms: int) -> Outcome:
    """From now on the registers of that mask count, and no others. A mask that there is not changes nothing."""
    masks = activation.read(RegisterActivation.mask_list)
    mask = next((mask for mask in masks if mask.mask_name == name), None)
    if mask is None:
        return Outcome(result=DataAccessResult.OTHER_REASON)
    return Outcome(_count_in(activation, mask), DataAccessResult.SUCCESS)


@behaviour(RegisterActivation.add_register)
def add_register(activation: CosemObjectView, register: ObjectId, now_ms: int) -> Outcome:
    assigned = (*activation.read(RegisterActivation.register_assignment), register)
    return Outcome((_keep(RegisterActivation.register_assignment, assigned),))


@behaviour(RegisterActivation.add_mask)
def add_mask(activation: CosemObjectView, mask: RegisterMask, now_ms: int) -> Outcome:
    """A mask of the same name is replaced, and if it is the active one its registers change at once."""
    others = (other for other in activation.read(RegisterActivation.mask_list) if other.mask_name != mask.mask_name)
    changes: tuple[Change, ...] = (_keep(RegisterActivation.mask_list, (*others, mask)),)
    if activation.read(RegisterActivation.active_mask) == mask.mask_name:
        changes += _count_in(activation, mask)
    return Outcome(changes)


@behaviour(RegisterActivation.delete_mask)
def delete_mask(activation: CosemObjectView, name: bytes, now_ms: int) -> Outcome:
    """The active one stays: something must say what counts."""
    masks = activation.read(RegisterActivation.mask_list)
    left = tuple(mask for mask in masks if mask.mask_name != name)
    if left == masks or activation.read(RegisterActivation.active_mask) == name:
        return _REFUSED
    return Outcome((_keep(RegisterActivation.mask_list, left),))


def _count_in(activation: CosemObjectView, mask: RegisterMask) -> tuple[Change, ...]:
    assigned = activation.read(RegisterActivation.register_assignment)
    places = (index for index in mask.index_list if 0 < index <= len(assigned))
    names = {bytes(assigned[index - 1].logical_name) for index in places}
    counting = sum(1 << bit for bit, name in enumerate(RATE_REGISTERS.values()) if bytes(name) in names)
    return Count(counting), _keep(RegisterActivation.active_mask, mask.mask_name)
