"""A model of meter: what all meters with one companion profile have in common, worked out once.

Objects by class and logical name, who may see them, the object list as octets, and the buffers of the profiles that the
meter's memory keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from ferraris.cosem import (
    AssociationLn,
    CompanionProfile,
    Obis,
    ObjectListElement,
    ProfileObject,
    Referencing,
    load_profile,
)
from ferraris.meter.object_list import as_told
from ferraris.meter.profile_buffer import ProfileBuffer
from ferraris.meter.short_name_view import ShortNameView

RINGS: Final = {"LOAD_PROFILE": "load", "DAILY_PROFILE": "daily", "STANDARD_EVENT_LOG": "event"}
"""Profiles whose entries the memory keeps, by tag, and the name of their ring there. All others are empty."""


@dataclass(frozen=True)
class KeptProfile:
    """A profile generic object whose entries lie in a ring; at most `entries_max` of them are shown."""

    ring: str
    buffer: ProfileBuffer
    entries_max: int


class MeterModel:
    """Serves one companion profile."""

    def __init__(self, profile: CompanionProfile) -> None:
        """TableError when the profile wants what a virtual meter cannot do."""
        profile.check_servable()
        self.profile = profile
        self.reports_events = any(association.reports for association in profile.associations.values())
        self._names = {entry.logical_name for entry in profile.objects}
        self._of_classes: dict[frozenset[int], tuple[ProfileObject, ...]] = {}
        self._visible = {
            name: {(element.class_id, element.logical_name) for element in profile.object_list(name)}
            for name in profile.associations
        }
        self._elements = {name: as_told(profile.object_list(name)) for name in profile.associations}
        self._object_lists = {
            name: AssociationLn.object_list.datatype.encode(elements) for name, elements in self._elements.items()
        }
        self._short_names = {
            name: ShortNameView(profile, name)
            for name, association in profile.associations.items()
            if association.referencing is Referencing.SHORT_NAME
        }
        self._kept = {
            entry.logical_name: KeptProfile(RINGS[entry.tag], ProfileBuffer(profile, entry), entry.profile_entries)
            for entry in profile.objects
            if entry.tag in RINGS
        }

    def find(self, class_id: int, logical_name: Obis) -> ProfileObject | None:
        return self.profile.find(class_id, logical_name)

    def of_classes(self, class_ids: frozenset[int]) -> tuple[ProfileObject, ...]:
        """The objects of these classes, in the profile's order."""
        found = self._of_classes.get(class_ids)
        if found is None:
            found = tuple(entry for entry in self.profile.objects if entry.class_id in class_ids)
            self._of_classes[class_ids] = found
        return found

    def has_name(self, logical_name: Obis) -> bool:
        """Whether there is an object of that name, of whatever class."""
        return logical_name in self._names

    def sees(self, association: str, class_id: int, logical_name: Obis) -> bool:
        return (class_id, logical_name) in self._visible[association]

    def elements(self, association: str) -> tuple[ObjectListElement, ...]:
        """The association's object_list, rights as its version tells them."""
        return self._elements[association]

    def object_list(self, association: str) -> bytes:
        """The encoded value of the association's object_list."""
        return self._object_lists[association]

    def short_names(self, association: str) -> ShortNameView:
        """What an association by short names sees. Raises KeyError for one by logical names."""
        return self._short_names[association]

    def kept_profile(self, logical_name: Obis) -> KeptProfile | None:
        """The ring behind a profile; None for one of which the meter captures nothing."""
        return self._kept.get(logical_name)


@cache
def meter_model(profile_name: str) -> MeterModel:
    """The model with the companion profile of that name. TableError when there is none."""
    return MeterModel(load_profile(profile_name))
