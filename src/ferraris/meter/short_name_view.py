"""What one association by short names sees: the object list and the rights as Association SN tells them, worked out once.

Parts of the lists are told by the selectors of class 12: some classes, one object, some base names. No public source shows an
answer to them. That for one object is its element and no list of one: jDLMS, which finds its objects so, takes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ferraris.cosem import (
    AccessRightsElementSn,
    AssociationSnV0,
    AssociationSnV2,
    CompanionProfile,
    ObjectListElementSn,
    ShortNames,
    assign_base_names,
)
from ferraris.cosem.classes.association_sn import BASE_NAME_LIST, CLASS_LIST, OBJECT
from ferraris.cosem.types import Structure
from ferraris.dlms.apdu import DataAccessResult, SelectiveAccess
from ferraris.kernel.errors import DecodeError
from ferraris.meter.object_list import as_told

OBJECT_LIST: Final = AssociationSnV0.object_list
RIGHTS_LIST: Final = AssociationSnV2.access_rights_list
OBJECT_LIST_ELEMENT: Final = Structure(ObjectListElementSn)
LISTS: Final = frozenset((OBJECT_LIST.number, RIGHTS_LIST.number))
_SELECTORS: Final = {selector.number: selector for selector in (CLASS_LIST, OBJECT, BASE_NAME_LIST)}


class ShortNameView:
    """The short names of a companion profile's objects, as far as an association sees them."""

    def __init__(self, profile: CompanionProfile, association: str) -> None:
        """TableError when stated base names overlap."""
        seen = {
            (element.class_id, element.logical_name): element for element in as_told(profile.object_list(association))
        }
        # Names are given out to all objects, so that an object has the same ones in every association.
        every = assign_base_names([(entry.interface, entry.logical_name, entry.base_name) for entry in profile.objects])
        elements = tuple(element for element in every if (element.class_id, element.logical_name) in seen)
        rights = []
        for element in elements:
            access = seen[element.class_id, element.logical_name].access_rights
            rights.append(AccessRightsElementSn(element.base_name, access.attribute_access, access.method_access))
        self._rights = tuple(rights)
        self._elements = elements
        self.names = ShortNames(elements)
        self.object_list = OBJECT_LIST.datatype.encode(elements)
        """Encoded."""
        self.access_rights_list = RIGHTS_LIST.datatype.encode(self._rights)
        """Encoded."""

    def listed(self, number: int, selection: SelectiveAccess | None) -> bytes | DataAccessResult:
        """One of the LISTS, or the part of it that is asked for, encoded; or why it cannot be had."""
        of_objects = number == OBJECT_LIST.number
        if selection is None:
            return self.object_list if of_objects else self.access_rights_list
        permitted = OBJECT_LIST.selectors if of_objects else RIGHTS_LIST.selectors
        if all(selector.number != selection.selector for selector in permitted):
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        try:
            wanted = _SELECTORS[selection.selector].datatype.decode(selection.parameters)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        part = tuple(self._part(selection.selector, wanted))
        if of_objects and selection.selector == OBJECT.number:
            return OBJECT_LIST_ELEMENT.encode(part[0]) if part else DataAccessResult.OBJECT_UNDEFINED
        if of_objects:
            return OBJECT_LIST.datatype.encode(part)
        names = {element.base_name for element in part}
        return RIGHTS_LIST.datatype.encode(tuple(right for right in self._rights if right.base_name in names))

    def _part(self, selector: int, wanted: Any) -> Iterable[ObjectListElementSn]:
        if selector == CLASS_LIST.number:
            return (element for element in self._elements if element.class_id in wanted)
        if selector == BASE_NAME_LIST.number:
            return (element for element in self._elements if element.base_name in wanted)
        named = wanted.class_id, wanted.logical_name
        return (element for element in self._elements if (element.class_id, element.logical_name) == named)
