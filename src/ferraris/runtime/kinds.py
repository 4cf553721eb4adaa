"""Kinds of meters as the head-end collects them: what a companion profile says about profiles, channels and pushes.

A profile of a meter is found by its tag or, where the companion profile calls it something else, by its logical name. Its columns
go to the channels that their logical names stand for; a meter that counts in another power of ten is converted, one that counts in
another unit is not stored. What no companion profile says (columns, period) the meter is asked for: see `learning`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ferraris.client import ProfileColumns
from ferraris.cosem import (
    CLOCK_TIME,
    NOT_A_TIME,
    CaptureObject,
    CompanionProfile,
    Data,
    ListedObject,
    Obis,
    ProfileGeneric,
    PushSetup,
    ScalerUnit,
    channels,
    entries_by_tag,
    obis,
    obis_entry,
)
from ferraris.headend import CollectedProfile
from ferraris.kernel.errors import ConfigError, DecodeError, FerrarisError, LocalProtocolError, TableError
from ferraris.kernel.limits import COLLECTED_PERIOD_S_MIN, COLLECTED_ROWS_MAX
from ferraris.runtime.companion import companion_profile, edition_of
from ferraris.store import Readings

STANDARD_EVENT_LOG = "STANDARD_EVENT_LOG"
DISCONNECT_CONTROL = "DISCONNECT_CONTROL"
CLOCK = "CLOCK"
INVOCATION_COUNTER = "INVOCATION_COUNTER"
PUSH_SETUP = "PUSH_SETUP_ALARM"
KINDS_REMEMBERED = 4_096
EXPONENT_MAX = 9
"""A register that counts in more than so many powers of ten more or less than its channel does not mean it."""
NUMBER_MAX = (1 << 63) - 1
Numbers = npt.NDArray[np.int64]
UnitOf = Callable[[CaptureObject], ScalerUnit | None]


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column that goes to a channel, times `10 ** exponent`."""

    column: CaptureObject
    channel: int
    exponent: int = 0


@dataclass(frozen=True, slots=True)
class ProfileShape:
    """What one profile of a kind of meter, or of one meter, looks like."""

    tag: str
    logical_name: Obis
    capture_objects: tuple[CaptureObject, ...]
    capture_period_s: int
    profile_entries: int
    stored: tuple[StoredColumn, ...]

    @property
    def known(self) -> bool:
        """Whether the companion profile says enough; else the meter is to be asked."""
        return bool(self.capture_objects) and self.capture_period_s > 0

    @property
    def fault(self) -> str:
        """Why it cannot be collected; empty when it can."""
        if self.capture_period_s <= 0:
            return f"{self.tag} is not captured by period"
        if self.capture_period_s < COLLECTED_PERIOD_S_MIN:
            return f"{self.tag} is captured every {self.capture_period_s} s, too often to be collected"
        if CLOCK_TIME not in self.capture_objects:
            return f"the rows of {self.tag} do not tell their time"
        if not self.stored:
            names = ", ".join(str(Obis(column.logical_name)) for column in self.capture_objects)
            return f"no column of {self.tag} is a channel: {names}"
        return ""

    @property
    def note(self) -> str:
        """Which columns are left out, beside time and status; empty where none is."""
        stored = {kept.column for kept in self.stored}
        left = [column for column in self.capture_objects if column not in stored and not _tells_of_row(column)]
        names = ", ".join(f"{Obis(column.logical_name)} attribute {column.attribute_index}" for column in left)
        return f"columns of {self.tag} that are no channel are not stored: {names}" if left and stored else ""

    @property
    def collected(self) -> CollectedProfile:
        """As the head-end collects it; only where there is no fault."""
        rows = min(self.profile_entries, COLLECTED_ROWS_MAX)
        return CollectedProfile(self.tag, self.stored[0].channel, self.capture_period_s, rows)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a kind of meter offers of the profiles of a plan."""

    profiles: tuple[CollectedProfile, ...] = ()
    unknown: tuple[str, ...] = ()
    """Tags of those that the meter must be asked about."""
    fault: str = ""
    """Why something is not collected."""
    note: str = ""
    """What of it is left out."""


def offer_of(name: str, tags: Sequence[str]) -> Offer:
    """Of the profiles `tags`, what a kind of meter has. Raises TableError, ConfigError for an unusable companion profile."""
    shapes = [shape for tag in tags if (shape := shape_of(name, tag)) is not None]
    known = [shape for shape in shapes if shape.known]
    return Offer(
        tuple(shape.collected for shape in known if not shape.fault),
        tuple(shape.tag for shape in shapes if not shape.known),
        "; ".join(shape.fault for shape in known if shape.fault),
        "; ".join(shape.note for shape in known if shape.note and not shape.fault),
    )


def offer_or_fault(name: str, tags: Sequence[str]) -> Offer:
    """The same of a meter that is on record: its companion profile's file may be gone since."""
    try:
        return offer_of(name, tags)
    except FerrarisError as error:
        return Offer(fault=str(error))


def shape_of(name: str, wanted: str) -> ProfileShape | None:
    """The profile generic of that tag or logical name, as the companion profile says; None when it has none."""
    return _shape_of(name, edition_of(name), wanted)


@lru_cache(KINDS_REMEMBERED)
def _shape_of(name: str, edition: int, wanted: str) -> ProfileShape | None:
    profile = companion_profile(name)
    listed = listed_profile(profile, wanted)
    if listed is None:
        return None
    entry = profile.find(listed.class_id, listed.logical_name)
    tag = _tag_of(listed)
    if entry is None:
        return ProfileShape(tag, listed.logical_name, (), 0, 0, ())

    def unit_of(column: CaptureObject) -> ScalerUnit | None:
        captured = profile.find(column.class_id, Obis(column.logical_name))
        return None if captured is None else captured.scaler_unit

    return made_shape(
        tag, entry.logical_name, entry.capture_objects, entry.capture_period_s, entry.profile_entries, unit_of
    )


def made_shape(
    tag: str,
    logical_name: Obis,
    capture_objects: tuple[CaptureObject, ...],
    capture_period_s: int,
    profile_entries: int,
    unit_of: UnitOf,
) -> ProfileShape:
    """A shape, with the columns that are stored."""
    stored = tuple(made for column in capture_objects if (made := stored_column(column, tag, unit_of)) is not None)
    return ProfileShape(tag, logical_name, capture_objects, capture_period_s, profile_entries, stored)


def listed_profile(profile: CompanionProfile, wanted: str) -> ListedObject | None:
    """The profile generic that goes by that tag or logical name."""
    named = {entry.tag: entry for entry in profile.listed if entry.class_id == ProfileGeneric.class_id}
    if wanted in named:
        return named[wanted]
    known = entries_by_tag().get(wanted)
    try:
        name = Obis.parse(wanted) if known is None else known.logical_name
    except LocalProtocolError:
        return None
    return next((entry for entry in named.values() if entry.logical_name == name), None)


def _tag_of(listed: ListedObject) -> str:
    """What everybody calls it; what the companion profile does where it has no common name."""
    known = obis_entry(listed.logical_name)
    return listed.tag if known is None else known.tag


def _tells_of_row(column: CaptureObject) -> bool:
    """Whether it tells when and how a row was captured: it goes with every reading, not to a channel."""
    return column == CLOCK_TIME or (column.class_id == Data.class_id and column.logical_name == obis.PROFILE_STATUS)


def channel_number(column: CaptureObject, profile: str) -> int | None:
    """The channel that a column of the profile of that tag is stored under; None for one that is not stored."""
    channel = channels.by_logical_name(Obis(column.logical_name), column.attribute_index, profile)
    return None if channel is None else channel.number


def stored_column(column: CaptureObject, profile: str, unit_of: UnitOf) -> StoredColumn | None:
    """How a column is stored; None for one that is no channel, or counts in a unit that is not the channel's."""
    channel = channels.by_logical_name(Obis(column.logical_name), column.attribute_index, profile)
    if channel is None:
        return None
    scaler_unit = unit_of(column)
    if scaler_unit is None:
        return StoredColumn(column, channel.number)
    exponent = scaler_unit.scaler - channel.scaler
    if scaler_unit.unit != channel.unit or abs(exponent) > EXPONENT_MAX:
        return None
    return StoredColumn(column, channel.number, exponent)


def readings_of(meter: int, shape: ProfileShape, columns: ProfileColumns) -> Readings:
    """All channels of the rows, as readings. Rows without an instant of time are left out."""
    if not len(columns):
        return Readings.from_rows(())
    time_s = columns.time_s()
    timed = time_s != NOT_A_TIME
    status = _status(columns)[timed]
    parts = [
        Readings.of(
            meter, kept.channel, time_s[timed], _scaled(columns.numbers(kept.column)[timed], kept.exponent), status
        )
        for kept in shape.stored
    ]
    return Readings.concatenate(parts) if timed.any() else Readings.from_rows(())


def _scaled(values: Numbers, exponent: int) -> Numbers:
    """In the channel's power of ten; what a meter counts finer than that is cut off, as a display does."""
    if not exponent or not len(values):
        return values
    factor = 10 ** abs(exponent)
    if exponent < 0:
        coarse: Numbers = values // factor
        return coarse
    if int(np.abs(values).max()) > NUMBER_MAX // factor:
        raise DecodeError("a register counts further than can be stored", expected=NUMBER_MAX // factor)
    fine: Numbers = values * factor
    return fine


def _status(columns: ProfileColumns) -> Numbers:
    for column in columns.capture_objects:
        if column.class_id == Data.class_id and column.logical_name == obis.PROFILE_STATUS:
            return columns.numbers(column)
    return np.zeros(len(columns), np.int64)


def push_positions(name: str) -> tuple[int, int] | None:
    """Where in a push of this kind of meter its time and its event code stand; None when it pushes none."""
    try:
        return _push_positions(name, edition_of(name))
    except (TableError, ConfigError):
        return None


@lru_cache(KINDS_REMEMBERED)
def _push_positions(name: str, edition: int) -> tuple[int, int] | None:
    try:
        rule = companion_profile(name).object(PUSH_SETUP).attributes[PushSetup.push_object_list.number]
    except (TableError, KeyError):
        return None
    pushed = [(item.class_id, item.logical_name) for item in rule.datatype.decode(rule.initial)]
    time, code = (8, obis.CLOCK), (1, obis.STANDARD_EVENT_CODE)
    if time not in pushed or code not in pushed:
        return None
    return pushed.index(time), pushed.index(code)
