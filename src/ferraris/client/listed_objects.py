"""What an association lists: its objects and rights, from Association LN, or put together from the two lists of Association SN.

Under short names the rights stand in a list of their own, which old versions do not have: there everything that a class declares
is taken for readable, and a refusal says where that is wrong. Rights that an old association tells by numbers come out in bits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ferraris.client.association import ClientAssociation, descriptor_of
from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AssociationLn,
    AssociationSn,
    AttributeAccess,
    MethodAccess,
    Obis,
    ObjectListElement,
    ObjectListElementSn,
    in_bits,
    interface_class,
    rights_are_bits,
)
from ferraris.dlms.apdu import DataAccessResult
from ferraris.kernel.errors import RefusedError

CURRENT_ASSOCIATION: Final = Obis.of(0, 0, 40, 0, 0)


async def listed_objects(association: ClientAssociation) -> tuple[ObjectListElement, ...]:
    """The object list. Raises RefusedError when the server shows none."""
    try:
        octets = await association.get_octets(descriptor_of(AssociationLn.object_list, CURRENT_ASSOCIATION))
    except RefusedError as refused:
        if refused.code != DataAccessResult.OBJECT_UNDEFINED:
            raise _hidden(refused) from None
        elements = await _by_short_names(association)
    else:
        elements = AssociationLn.object_list.datatype.decode(octets)
    if rights_are_bits(elements):
        return elements
    return tuple(replace(element, access_rights=in_bits(element.access_rights)) for element in elements)


def _hidden(refused: RefusedError) -> RefusedError:
    return RefusedError("the meter shows this client no object list", result=refused.result, code=refused.code)


async def _by_short_names(association: ClientAssociation) -> tuple[ObjectListElement, ...]:
    try:
        listed = await association.get(AssociationSn.object_list, CURRENT_ASSOCIATION)
    except RefusedError as refused:
        raise _hidden(refused) from None
    try:
        rights = await association.get(AssociationSn.access_rights_list, CURRENT_ASSOCIATION)
    except RefusedError:
        rights = ()
    by_base_name = {right.base_name: AccessRight(right.attribute_access, right.method_access) for right in rights}
    return tuple(_element(listing, by_base_name.get(listing.base_name)) for listing in listed)


def _element(listing: ObjectListElementSn, right: AccessRight | None) -> ObjectListElement:
    if right is None:
        right = _all_that_is_declared(listing)
    return ObjectListElement(listing.class_id, listing.version, listing.logical_name, right)


def _all_that_is_declared(listing: ObjectListElementSn) -> AccessRight:
    interface = interface_class(listing.class_id, listing.version)
    if interface is None:
        return AccessRight((AttributeAccess(1, AccessMode.READ, None),), ())
    attributes = tuple(AttributeAccess(each.number, AccessMode.READ, None) for each in interface.attributes())
    return AccessRight(attributes, tuple(MethodAccess(each.number, AccessMode.NONE) for each in interface.methods()))
