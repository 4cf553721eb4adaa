"""Everything that one association may see of a meter: its object list, and the value of every attribute it may read.

What the meter refuses, or sends in another type than the class declares, is noted beside the attribute; nothing of that ends the
exploration. Attributes are asked for in bundles where the meter takes bundles, and the round trips are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ferraris.client.association import ClientAssociation
from ferraris.client.listed_objects import listed_objects
from ferraris.codec import Data, decode_whole
from ferraris.cosem import (
    AccessMode,
    AssociationLn,
    AssociationSn,
    Attribute,
    CosemObject,
    ObjectListElement,
    ProfileGeneric,
    Register,
    ScalerUnit,
    interface_class,
)
from ferraris.dlms.apdu import AttributeDescriptor, DataAccessResult
from ferraris.kernel.errors import DecodeError, RefusedError
from ferraris.kernel.limits import EXPLORED_TOGETHER_MAX
from ferraris.kernel.spelling import member_spelled

LOGICAL_NAME: Final = 1
OBJECT_LISTS: Final = (
    (AssociationLn.class_id, AssociationLn.object_list.number),
    (AssociationSn.class_id, AssociationSn.object_list.number),
)
BUFFER: Final = (ProfileGeneric.class_id, ProfileGeneric.buffer.number)

Progress = Callable[[int, int], None]
"""Told the attributes read so far, and all there are to read."""


@dataclass(slots=True)
class ExploredAttribute:
    """An attribute as the meter showed it: octets or a refusal; neither when it was not asked for."""

    number: int
    access: AccessMode
    declaration: Attribute[Any] | None
    octets: bytes | None = None
    refusal: str | None = None
    value: Any = None
    """Decoded as declared, or as the tree it is where the declaration does not fit."""
    deviation: str | None = None
    """Why the declaration does not fit."""

    @property
    def name(self) -> str:
        """As declared; its number for an attribute that nobody declared."""
        return f"attribute_{self.number}" if self.declaration is None else self.declaration.name


@dataclass(slots=True)
class ExploredObject:
    """An object of the list with its attributes."""

    element: ObjectListElement
    interface: type[CosemObject] | None
    attributes: tuple[ExploredAttribute, ...]

    def attribute(self, number: int) -> ExploredAttribute | None:
        """The attribute of that number, if the list names it."""
        return next((attribute for attribute in self.attributes if attribute.number == number), None)

    @property
    def scaler_unit(self) -> ScalerUnit | None:
        """What the object's numbers count, where it says so."""
        values = (attribute.value for attribute in self.attributes if attribute.name == "scaler_unit")
        return next((value for value in values if isinstance(value, ScalerUnit)), None)

    def scaled(self, attribute: ExploredAttribute) -> tuple[Decimal, str] | None:
        """The number and the unit that an attribute's raw number means, by the object's scaler_unit."""
        scale, value = self.scaler_unit, attribute.value
        declared = attribute.declaration
        if scale is None or declared is None or declared.datatype is not Register.value.datatype:
            return None
        if not isinstance(value, Data) or not isinstance(value.value, int) or isinstance(value.value, bool):
            return None
        return Decimal(value.value).scaleb(scale.scaler), scale.unit.symbol


@dataclass(slots=True)
class Exploration:
    """What one association saw, and in how many round trips."""

    objects: tuple[ExploredObject, ...] = ()
    round_trips: int = 0

    @property
    def object_list(self) -> tuple[ObjectListElement, ...]:
        """As the meter sent it, rights in bits."""
        return tuple(explored.element for explored in self.objects)


async def explore(
    association: ClientAssociation,
    progress: Progress = lambda done, total: None,
    *,
    buffers: bool = False,
) -> Exploration:
    """Read the object list, then every readable attribute; the buffers of profiles only on demand.

    Raises RefusedError when the object list itself cannot be had, and whatever ends the association.
    """
    round_trips_before = association.round_trips
    objects = tuple(_listed(element) for element in await listed_objects(association))
    wanted = [
        (explored, attribute)
        for explored in objects
        for attribute in explored.attributes
        if attribute.access & AccessMode.READ and _asked_for(explored, attribute, buffers)
    ]
    progress(0, len(wanted))
    for start in range(0, len(wanted), EXPLORED_TOGETHER_MAX):
        part = wanted[start : start + EXPLORED_TOGETHER_MAX]
        descriptors = [_descriptor(explored, attribute) for explored, attribute in part]
        for (_, attribute), result in zip(part, await _read(association, descriptors), strict=True):
            _take(attribute, result)
        progress(start + len(part), len(wanted))
    return Exploration(objects, association.round_trips - round_trips_before)


async def _read(association: ClientAssociation, descriptors: Sequence[AttributeDescriptor]) -> list[bytes | str]:
    """The octets of each, or the name of the refusal. A meter that does not answer a bundle is asked for each by itself."""
    try:
        results = await association.read_many(descriptors)
    except RefusedError:
        return [await _read_one(association, descriptor) for descriptor in descriptors]
    return [member_spelled(item) if isinstance(item, DataAccessResult) else item for item in results]


async def _read_one(association: ClientAssociation, descriptor: AttributeDescriptor) -> bytes | str:
    try:
        return await association.get_octets(descriptor)
    except RefusedError as refused:
        return refused.result


def _listed(element: ObjectListElement) -> ExploredObject:
    interface = interface_class(element.class_id, element.version)
    return ExploredObject(element, interface, tuple(_attributes(element, interface)))


def _attributes(element: ObjectListElement, interface: type[CosemObject] | None) -> Iterator[ExploredAttribute]:
    for access in element.access_rights.attribute_access:
        declaration = None if interface is None else interface.attribute(access.attribute_id)
        yield ExploredAttribute(access.attribute_id, access.access_mode, declaration)


def _asked_for(explored: ExploredObject, attribute: ExploredAttribute, buffers: bool) -> bool:
    """Not the name, which the list has said, nor the list itself, nor what may hold a year of rows."""
    place = explored.element.class_id, attribute.number
    return attribute.number != LOGICAL_NAME and place not in OBJECT_LISTS and (buffers or place != BUFFER)


def _descriptor(explored: ExploredObject, attribute: ExploredAttribute) -> AttributeDescriptor:
    return AttributeDescriptor(explored.element.class_id, explored.element.logical_name, attribute.number)


def _take(attribute: ExploredAttribute, result: bytes | str) -> None:
    if isinstance(result, str):
        attribute.refusal = result
        return
    attribute.octets = result
    try:
        if attribute.declaration is not None:
            attribute.value = attribute.declaration.datatype.decode(result)
            return
        attribute.deviation = "no declaration"
    except DecodeError as error:
        attribute.deviation = str(error)
    try:
        attribute.value = decode_whole(result)
    except DecodeError as error:
        attribute.deviation = str(error)
