"""Array manager, class 123: reads and changes single entries of array attributes of other objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.classes.object_references import ATTRIBUTE_REFERENCE, AttributeReference
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ANY, LONG_UNSIGNED, UNSIGNED, Array, Choice, Structure

NUMBER_OF_ENTRIES: Final = Choice(Tag.UNSIGNED, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED)
"""A count, in the smallest type that holds it."""


@dataclass(frozen=True, slots=True)
class ArrayObject:
    """An array that is managed, and the number it is known by here."""

    array_object_id: Annotated[int, UNSIGNED]
    array_object: Annotated[AttributeReference, ATTRIBUTE_REFERENCE]


@dataclass(frozen=True, slots=True)
class EntryRange:
    """Entries by number, both ends included; the first is 1."""

    from_index: Annotated[int, LONG_UNSIGNED]
    to_index: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class RangeOfArray:
    """Entries of one of the arrays."""

    array_object_id: Annotated[int, UNSIGNED]
    entries: Annotated[EntryRange, Structure(EntryRange)]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry and its place: 0 stands before the first when it is inserted."""

    index: Annotated[int, LONG_UNSIGNED]
    entry: Annotated[Data, ANY]


@dataclass(frozen=True, slots=True)
class EntryOfArray:
    """An entry of one of the arrays."""

    array_object_id: Annotated[int, UNSIGNED]
    entry: Annotated[Entry, Structure(Entry)]


class ArrayManager(CosemObject, class_id=123, version=0):
    """Manages arrays; whoever uses it has no more access to an array than the array itself grants. Blue Book 4.4.11."""

    array_object_list = Attribute(2, Array(Structure(ArrayObject)), STATIC)

    retrieve_number_of_entries = Method(1, UNSIGNED, NUMBER_OF_ENTRIES)
    retrieve_entries = Method(2, Structure(RangeOfArray), Array(ANY))
    insert_entry = Method(3, Structure(EntryOfArray))
    update_entry = Method(4, Structure(EntryOfArray))
    remove_entries = Method(5, Structure(RangeOfArray))
