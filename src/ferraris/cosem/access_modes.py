"""Access rights as old associations tell them, by numbers, and as new ones do, by bits: the same rights either way.

Up to version 2 of Association LN (3 of Association SN) the mode of an attribute is 0 none, 1 read, 2 write, 3 both, 4 to 6 the same
in authenticated messages; that of a method 0 none, 1 executable, 2 executable in authenticated messages. From then on it is a
set of bits that ask for protection of requests and responses apart. In bits, an authenticated number asks for it of both; in
numbers, any protection is told as authenticated, since they have no more to say. A number in bits is none of the numbers, so that
what is in bits already stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ferraris.cosem.classes.association_ln import (
    AccessMode,
    AccessRight,
    AssociationLn,
    AttributeAccess,
    MethodAccess,
    ObjectListElement,
)
from ferraris.cosem.classes.association_sn import AssociationSn
from ferraris.cosem.obis_code import Obis

CURRENT_ASSOCIATION: Final = Obis.of(0, 0, 40, 0, 0)
BITS_FROM_VERSION: Final = {
    AssociationLn.class_id: AssociationLn.version,
    AssociationSn.class_id: AssociationSn.version,
}
_AUTHENTICATED: Final = AccessMode.AUTHENTICATED_REQUEST | AccessMode.AUTHENTICATED_RESPONSE
_PLAIN: Final = AccessMode.READ_WRITE
_PROTECTED_NUMBERS: Final = {1: 4, 2: 5, 3: 6}
_ATTRIBUTE_BITS: Final = {number: AccessMode(plain) | _AUTHENTICATED for plain, number in _PROTECTED_NUMBERS.items()}
_AUTHENTICATED_METHOD: Final = 2


def rights_are_bits(object_list: Sequence[ObjectListElement]) -> bool:
    """By the version of the association that gave the list; it stands in it. Without one they are."""
    own = [element for element in object_list if element.class_id in BITS_FROM_VERSION]
    current = [element for element in own if element.logical_name == CURRENT_ASSOCIATION]
    return all(element.version >= BITS_FROM_VERSION[element.class_id] for element in current or own)


def in_bits(right: AccessRight) -> AccessRight:
    """Rights told by numbers, in bits."""
    return AccessRight(
        tuple(
            replace(one, access_mode=_ATTRIBUTE_BITS.get(one.access_mode, one.access_mode))
            for one in right.attribute_access
        ),
        tuple(replace(one, access_mode=_method_bits(one)) for one in right.method_access),
    )


def in_numbers(right: AccessRight) -> AccessRight:
    """Rights in bits, as numbers tell them."""
    return AccessRight(
        tuple(replace(one, access_mode=_attribute_number(one)) for one in right.attribute_access),
        tuple(replace(one, access_mode=_method_number(one)) for one in right.method_access),
    )


def _method_bits(one: MethodAccess) -> AccessMode:
    return AccessMode.EXECUTE | _AUTHENTICATED if one.access_mode == _AUTHENTICATED_METHOD else one.access_mode


def _attribute_number(one: AttributeAccess) -> AccessMode:
    plain = one.access_mode & _PLAIN
    return AccessMode(_PROTECTED_NUMBERS[plain]) if plain and one.access_mode & ~_PLAIN else plain


def _method_number(one: MethodAccess) -> AccessMode:
    plain = one.access_mode & AccessMode.EXECUTE
    return AccessMode(_AUTHENTICATED_METHOD) if plain and one.access_mode & ~_PLAIN else plain
