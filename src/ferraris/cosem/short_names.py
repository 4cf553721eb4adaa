"""Short names: the 16-bit numbers by which attributes and methods are named in short-name referencing.

Each object has a base name. Its attributes follow from there in steps of 8; where its methods begin is a matter of the interface
class (`tables/short_name_methods.csv`). Four base names are reserved, all others a meter gives out as it likes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from ferraris.cosem.classes.association_sn import BASE_NAME, ObjectListElementSn
from ferraris.cosem.declaration import CosemObject
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.registry import interface_class
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import load_csv

STEP: Final = 8
FIRST_BASE_NAME: Final = 0x0100
"""Where a meter's own base names begin."""
RESERVED: Final[dict[Obis, int]] = {
    Obis.parse("0.0.40.0.0.255"): BASE_NAME,
    Obis.parse("0.0.10.0.125.255"): 0xFB00,
    Obis.parse("0.0.41.0.0.255"): 0xFC00,
    Obis.parse("0.0.42.0.0.255"): 0xFD00,
}
"""Current association, broadcast scripts, SAP assignment, logical device name."""


class Referencing(Enum):
    """How an association names attributes and methods."""

    __hash__ = object.__hash__  # looked up for every association; an enumeration's own hash is a Python function

    LOGICAL_NAME = "logical name"
    SHORT_NAME = "short name"


@dataclass(frozen=True, slots=True)
class MethodOffset:
    """A row of the table."""

    class_id: int
    version: int | None
    offset: int


@cache
def _offsets() -> dict[tuple[int, int | None], int]:
    rows = load_csv("ferraris.cosem", "tables/short_name_methods.csv", MethodOffset)
    return {(row.class_id, row.version): row.offset for row in rows}


def method_offset(class_id: int, version: int, number: int) -> int | None:
    """How far above the base name a method's short name is; None when no public source tells."""
    offsets = _offsets()
    first = offsets.get((class_id, version), offsets.get((class_id, None)))
    return None if first is None else first + STEP * (number - 1)


def attribute_offset(number: int) -> int:
    """How far above the base name an attribute's short name is."""
    return STEP * (number - 1)


class NamedVariable(NamedTuple):
    """What a short name stands for."""

    element: ObjectListElementSn
    number: int
    is_method: bool


class ShortNames:
    """The short names of a logical device, both ways."""

    def __init__(self, elements: Iterable[ObjectListElementSn]) -> None:
        """`elements` is the object list of Association SN."""
        self._elements = sorted(elements, key=lambda element: element.short_name)
        self._base_names = [element.short_name for element in self._elements]
        self._by_name = {(element.class_id, element.logical_name): element for element in self._elements}

    @property
    def elements(self) -> Sequence[ObjectListElementSn]:
        """All objects, by base name."""
        return self._elements

    def find(self, class_id: int, logical_name: Obis) -> ObjectListElementSn | None:
        """The object of that class and logical name; None when there is none."""
        return self._by_name.get((class_id, logical_name))

    def of_attribute(self, class_id: int, logical_name: Obis, number: int) -> int | None:
        """The short name of an attribute; None when there is no such object."""
        element = self.find(class_id, logical_name)
        return None if element is None or number < 1 else _within(element.short_name + attribute_offset(number))

    def of_method(self, class_id: int, logical_name: Obis, number: int) -> int | None:
        """The short name of a method; None when there is no such object, or the class's short names are not known."""
        element = self.find(class_id, logical_name)
        offset = None if element is None else method_offset(class_id, element.version, number)
        return None if element is None or offset is None or number < 1 else _within(element.short_name + offset)

    def resolve(self, short_name: int) -> NamedVariable | None:
        """What a short name stands for; None when it stands for nothing. Only classes declared here can be told apart."""
        place = bisect_right(self._base_names, short_name) - 1
        if place < 0:
            return None
        element = self._elements[place]
        interface = interface_class(element.class_id, element.version)
        offset = short_name - element.short_name
        if interface is None or offset % STEP:
            return None
        attribute = interface.attribute(offset // STEP + 1)
        if attribute is not None:
            return NamedVariable(element, attribute.number, is_method=False)
        for method in interface.methods():
            if method_offset(element.class_id, element.version, method.number) == offset:
                return NamedVariable(element, method.number, is_method=True)
        return None


def span(interface: type[CosemObject]) -> int:
    """How many short names an object of the class takes, from its base name on."""
    ends = [attribute_offset(attribute.number) for attribute in interface.attributes()]
    for method in interface.methods():
        offset = method_offset(interface.class_id, interface.version, method.number)
        if offset is not None:
            ends.append(offset)
    return max(ends) + STEP


def assign_base_names(
    objects: Iterable[tuple[type[CosemObject], Obis, int | None]],
) -> tuple[ObjectListElementSn, ...]:
    """The object list of Association SN: stated base names, reserved ones, and for all others the lowest that are free.

    Raises TableError when stated names overlap, or when there are more objects than names.
    """
    wanted = list(objects)
    taken: list[tuple[int, int, Obis]] = []
    for interface, logical_name, stated in wanted:
        base_name = RESERVED.get(logical_name) if stated is None else stated
        if base_name is not None:
            taken.append((base_name, base_name + span(interface), logical_name))
    taken.sort()
    for lower, upper in pairwise(taken):
        if lower[1] > upper[0]:
            raise TableError(f"short names of {lower[2]} and {upper[2]}", expected="apart", got=f"{upper[0]:#06x}")
    names = {logical_name: start for start, _, logical_name in taken}
    free = FIRST_BASE_NAME
    elements = []
    for interface, logical_name, _ in wanted:
        if logical_name not in names:
            names[logical_name] = free = _lowest_free(free, span(interface), taken)
            free += span(interface)
        base_name = names[logical_name]
        signed = base_name - 0x1_0000 if base_name & 0x8000 else base_name
        elements.append(ObjectListElementSn(signed, interface.class_id, interface.version, logical_name))
    return tuple(elements)


def _lowest_free(start: int, size: int, taken: list[tuple[int, int, Obis]]) -> int:
    for lower, upper, _ in taken:
        if start < upper and lower < start + size:
            start = upper
    if start + size > 0x1_0000:
        raise TableError("too many objects for short names", expected="16 bits", got=start + size)
    return start


def _within(short_name: int) -> int | None:
    return short_name if short_name <= 0xFFFF else None
