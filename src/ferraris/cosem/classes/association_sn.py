"""Association SN, class 12: what a client sees of a logical device by short names, and by what rights.

Methods 1, 2 and 7 are of version 0 only and reserved later; they keep their numbers here, since all other methods keep theirs.
From version 3 on the short names of methods 1 and 2 belong to attributes 5 and 6. Which version brought the users and which
the bits of the access modes is taken over from the versions of Association LN, which grew in the same editions; the selectors
of the lists are those of jDLMS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.cosem.classes.association_ln import USER, AttributeAccess, MethodAccess
from ferraris.cosem.classes.object_references import OBJECT_ID
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method, Selector
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    ANY,
    INTEGER,
    LOGICAL_NAME,
    LONG,
    LONG_UNSIGNED,
    OCTET_STRING,
    ROW,
    UNSIGNED,
    Array,
    Structure,
)

BASE_NAME: Final = 0xFA00
"""The short name of the current Association SN object's first attribute."""


@dataclass(frozen=True, slots=True)
class ObjectListElementSn:
    """An object that the association can see, and its base name, which is signed on the line."""

    base_name: Annotated[int, LONG]
    class_id: Annotated[int, LONG_UNSIGNED]
    version: Annotated[int, UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]

    @property
    def short_name(self) -> int:
        """The base name as APDUs carry it, 0 to 65535."""
        return self.base_name & 0xFFFF


@dataclass(frozen=True, slots=True)
class AccessRightsElementSn:
    """The rights to all attributes and methods of the object with a base name."""

    base_name: Annotated[int, LONG]
    attribute_access: Annotated[tuple[AttributeAccess, ...], Array(Structure(AttributeAccess))]
    method_access: Annotated[tuple[MethodAccess, ...], Array(Structure(MethodAccess))]


@dataclass(frozen=True, slots=True)
class AttributeOfObject:
    """What `read_by_logicalname` asks for; attribute 0 names all of the object."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    attribute_index: Annotated[int, INTEGER]


OBJECT_LIST_ELEMENT_SN: Final = Structure(ObjectListElementSn)
ACCESS_RIGHTS_ELEMENT_SN: Final = Structure(AccessRightsElementSn)
CLASS_LIST: Final = Selector(1, Array(LONG_UNSIGNED))
OBJECT: Final = Selector(2, OBJECT_ID)
BASE_NAME_LIST: Final = Selector(3, Array(LONG))


class AssociationSnV0(CosemObject, class_id=12, version=0):
    """An association by short names. Blue Book 4.4.3 (the clause of the latest version; earlier ones are in its annex)."""

    object_list = Attribute(2, Array(OBJECT_LIST_ELEMENT_SN), STATIC, selectors=(CLASS_LIST, OBJECT, BASE_NAME_LIST))

    getlist_by_classid = Method(1, Array(LONG_UNSIGNED), Array(OBJECT_LIST_ELEMENT_SN))
    getobj_by_logicalname = Method(2, OBJECT_ID, OBJECT_LIST_ELEMENT_SN)
    read_by_logicalname = Method(3, Array(Structure(AttributeOfObject)), ROW)
    get_attributes_and_methods = Method(4, Array(OBJECT_ID), ANY)
    change_secret = Method(5, OCTET_STRING)
    change_hls_secret = Method(6, OCTET_STRING)
    get_hls_challenge = Method(7, INTEGER, OCTET_STRING)
    reply_to_hls_authentication = Method(8, OCTET_STRING, OCTET_STRING)


class AssociationSnV1(AssociationSnV0, version=1):
    """Takes the challenge of HLS from AARQ and AARE instead of from a method."""


class AssociationSnV2(AssociationSnV1, version=2):
    """Adds the rights of the client, and where the keys are."""

    access_rights_list = Attribute(3, Array(ACCESS_RIGHTS_ELEMENT_SN), STATIC, selectors=(BASE_NAME_LIST,))
    security_setup_reference = Attribute(4, LOGICAL_NAME, STATIC)


class AssociationSnV3(AssociationSnV2, version=3):
    """Adds the users of the client."""

    user_list = Attribute(5, Array(USER), STATIC)
    current_user = Attribute(6, USER, DYNAMIC)

    add_user = Method(9, USER)
    remove_user = Method(10, USER)


class AssociationSn(AssociationSnV3, version=4):
    """Reads the access modes as bits, so that each attribute and method can ask for its own protection."""
