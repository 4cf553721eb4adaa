"""Kinds of meters as the head-end collects them: what a companion profile says about profiles, channels and pushes."""

from __future__ import annotations

from functools import cache

import numpy as np

from ferraris.client import ProfileColumns
from ferraris.cosem import (
    CLOCK_TIME,
    NOT_A_TIME,
    CaptureObject,
    CompanionProfile,
    Data,
    Obis,
    ProfileObject,
    PushSetup,
    channels,
    load_profile,
    obis,
)
from ferraris.headend import CollectedProfile
from ferraris.kernel.errors import TableError
from ferraris.store import Readings

STANDARD_EVENT_LOG = "STANDARD_EVENT_LOG"
DISCONNECT_CONTROL = "DISCONNECT_CONTROL"
CLOCK = "CLOCK"
INVOCATION_COUNTER = "INVOCATION_COUNTER"
PUSH_SETUP = "PUSH_SETUP_ALARM"
CLOCK_COLUMN = CLOCK_TIME


def collected_profiles(name: str, tags: tuple[str, ...]) -> tuple[CollectedProfile, ...]:
    """Of the profiles `tags`, those that a companion profile has and that hold a channel."""
    profile = load_profile(name)
    found = (collected_profile(profile, tag) for tag in tags if any(entry.tag == tag for entry in profile.objects))
    return tuple(collected for collected in found if collected is not None)


def collected_profile(profile: CompanionProfile, tag: str) -> CollectedProfile | None:
    """The profile generic `tag` as the head-end collects it; None when it is not captured by period into a channel."""
    entry = profile.object(tag)
    stored = [channel for column in entry.capture_objects if (channel := channel_number(column, tag)) is not None]
    if not stored or entry.capture_period_s <= 0:
        return None
    return CollectedProfile(tag, stored[0], entry.capture_period_s, entry.profile_entries)


def channel_number(column: CaptureObject, profile: str) -> int | None:
    """The channel that a column of the profile of that tag is stored under; None for one that is not stored."""
    channel = channels.by_logical_name(Obis(column.logical_name), column.attribute_index, profile)
    return None if channel is None else channel.number


def readings_of(meter: int, entry: ProfileObject, columns: ProfileColumns) -> Readings:
    """All channels of the rows, as readings. Rows without an instant of time are left out."""
    if not len(columns):
        return Readings.from_rows(())
    time_s = columns.time_s()
    timed = time_s != NOT_A_TIME
    status = _status(entry, columns)[timed]
    parts = [
        Readings.of(meter, number, time_s[timed], columns.numbers(column)[timed], status)
        for column in columns.capture_objects
        if (number := channel_number(column, entry.tag)) is not None
    ]
    return Readings.concatenate(parts) if timed.any() else Readings.from_rows(())


def _status(entry: ProfileObject, columns: ProfileColumns) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    for column in columns.capture_objects:
        if column.class_id == Data.class_id and column.logical_name == obis.PROFILE_STATUS:
            return columns.numbers(column)
    return np.zeros(len(columns), np.int64)


@cache
def push_positions(name: str) -> tuple[int, int] | None:
    """Where in a push of this kind of meter its time and its event code stand; None when it pushes none."""
    try:
        rule = load_profile(name).object(PUSH_SETUP).attributes[PushSetup.push_object_list.number]
    except TableError:
        return None
    pushed = [(item.class_id, item.logical_name) for item in rule.datatype.decode(rule.initial)]
    time, code = (8, obis.CLOCK), (1, obis.STANDARD_EVENT_CODE)
    if time not in pushed or code not in pushed:
        return None
    return pushed.index(time), pushed.index(code)
