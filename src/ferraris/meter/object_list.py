"""Parts of an association's object_list, by the selectors of class 15: no rights, some classes, some objects, one object.

The lists of selectors 1 and 2 come without access rights. Uncertain, as the public sources do not show it: here these are two
empty arrays, so that an element keeps its type; and selector 4 answers a list of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ferraris.cosem import AccessRight, AssociationLn, ObjectListElement, in_numbers, rights_are_bits
from ferraris.dlms.apdu import DataAccessResult, SelectiveAccess
from ferraris.kernel.errors import DecodeError

WITHOUT_RIGHTS: Final = 1
BY_CLASS: Final = 2
BY_OBJECTS: Final = 3
ONE_OBJECT: Final = 4
_DATATYPES: Final = {selector.number: selector.datatype for selector in AssociationLn.object_list.selectors}
_NO_RIGHTS: Final = AccessRight((), ())


def as_told(elements: tuple[ObjectListElement, ...]) -> tuple[ObjectListElement, ...]:
    """The list with its rights in bits or by numbers, as the version of the association in it wants it."""
    if rights_are_bits(elements):
        return elements
    return tuple(replace(element, access_rights=in_numbers(element.access_rights)) for element in elements)


def selected(elements: Sequence[ObjectListElement], selection: SelectiveAccess) -> bytes | DataAccessResult:
    """The encoded part of `elements` that is asked for, or why it cannot be had."""
    try:
        wanted = _DATATYPES[selection.selector].decode(selection.parameters)
    except DecodeError:
        return DataAccessResult.TYPE_UNMATCHED
    part = _part(elements, selection.selector, wanted)
    if selection.selector == ONE_OBJECT and not part:
        return DataAccessResult.OBJECT_UNDEFINED
    return AssociationLn.object_list.datatype.encode(tuple(part))


def _part(elements: Sequence[ObjectListElement], selector: int, wanted: Any) -> list[ObjectListElement]:
    if selector == WITHOUT_RIGHTS:
        return [replace(element, access_rights=_NO_RIGHTS) for element in elements]
    if selector == BY_CLASS:
        return [replace(element, access_rights=_NO_RIGHTS) for element in elements if element.class_id in wanted]
    objects = wanted if selector == BY_OBJECTS else (wanted,)
    names = {(one.class_id, one.logical_name) for one in objects}
    return [element for element in elements if (element.class_id, element.logical_name) in names]
