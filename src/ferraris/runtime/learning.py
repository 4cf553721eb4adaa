"""Asking a meter what it captures, where no companion profile says it: columns, period, depth, and the units of its registers.

What a meter has said holds until the head-end ends or its row changes; after a start it is asked again, which costs one round trip
or two and needs no table of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ferraris.client import ClientAssociation, descriptor_of
from ferraris.cosem import (
    Attribute,
    CaptureObject,
    DemandRegister,
    ExtendedRegister,
    Obis,
    ProfileGeneric,
    Register,
    ScalerUnit,
)
from ferraris.headend import CollectedProfile, KnownCoverage, ProfilesLearnt
from ferraris.kernel.errors import FerrarisError, LinkError, RefusedError, SecurityError
from ferraris.runtime.kinds import ProfileShape, made_shape, shape_of, stored_column

SCALER_UNITS: dict[int, Attribute[ScalerUnit]] = {
    Register.class_id: Register.scaler_unit,
    ExtendedRegister.class_id: ExtendedRegister.scaler_unit,
    DemandRegister.class_id: DemandRegister.scaler_unit,
}
"""By class of a captured register."""
ASKED = (ProfileGeneric.capture_objects, ProfileGeneric.capture_period, ProfileGeneric.profile_entries)
Stored = Callable[[tuple[CollectedProfile, ...]], tuple[KnownCoverage, ...]]
"""What the interval store holds of a meter's profiles."""


class Shapes:
    """The profiles of one meter: what its companion profile says, and what it has said itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._learnt: dict[str, ProfileShape] = {}

    def of(self, tag: str) -> ProfileShape | None:
        """None for a profile that nobody knows of."""
        return self._learnt.get(tag) or shape_of(self._name, tag)

    async def learn(self, association: ClientAssociation, tags: Sequence[str], stored: Stored) -> ProfilesLearnt:
        """Ask the meter about these profiles. What it refuses to tell of one is its fault, and the others go on."""
        found: list[CollectedProfile] = []
        faults: list[str] = []
        notes: list[str] = []
        for tag in tags:
            silent = shape_of(self._name, tag)
            if silent is None:
                continue
            try:
                shape = await learnt_shape(association, tag, silent.logical_name)
            except (LinkError, SecurityError):
                raise
            except FerrarisError as error:
                faults.append(f"{tag}: {error}")
                continue
            if shape.fault:
                faults.append(shape.fault)
                continue
            self._learnt[tag] = shape
            found.append(shape.collected)
            notes += [shape.note] if shape.note else []
        return ProfilesLearnt(tuple(found), stored(tuple(found)), "; ".join(faults), "; ".join(notes))


async def learnt_shape(association: ClientAssociation, tag: str, logical_name: Obis) -> ProfileShape:
    """What the meter says of one of its profiles. Raises what a GET raises."""
    columns, period_s, entries = await association.get_many([(attribute, logical_name) for attribute in ASKED])
    channels = [column for column in columns if stored_column(column, tag, lambda _: None) is not None]
    asked = [column for column in channels if column.class_id in SCALER_UNITS]
    descriptors = [descriptor_of(SCALER_UNITS[column.class_id], Obis(column.logical_name)) for column in asked]
    units: dict[CaptureObject, ScalerUnit] = {}
    for column, result in zip(asked, await association.read_many(descriptors), strict=True):
        if not isinstance(result, bytes):
            summary = f"the meter does not tell the unit of {Obis(column.logical_name)}"
            raise RefusedError(summary, result=result.name.lower(), code=int(result))
        units[column] = SCALER_UNITS[column.class_id].datatype.decode(result)
    return made_shape(tag, logical_name, tuple(columns), period_s, entries, units.get)
