"""Association LN, class 15: what a client sees of a logical device, and by what rights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated, Final

from ferraris.codec import BitString, Tag
from ferraris.cosem.classes.object_references import OBJECT_ID
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method, Selector
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import (
    BOOLEAN,
    INTEGER,
    LOGICAL_NAME,
    LONG_UNSIGNED,
    NULL_DATA,
    OCTET_STRING,
    UNSIGNED,
    VISIBLE_STRING,
    Array,
    Bits,
    Choice,
    Enumerated,
    Flags,
    Nullable,
    Structure,
)


class AccessMode(IntFlag):
    """What an association may do with an attribute or method, and how request and response must be protected.

    The bits of version 3; up to version 2 the same octet is a number (see `access_modes`). For a method, READ is the right to
    execute it.
    """

    NONE = 0
    READ = 0x01
    WRITE = 0x02
    READ_WRITE = 0x03
    EXECUTE = 0x01
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    DIGITALLY_SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    DIGITALLY_SIGNED_RESPONSE = 0x80


class AssociationStatus(IntEnum):
    """Where the association stands."""

    NON_ASSOCIATED = 0
    ASSOCIATION_PENDING = 1
    ASSOCIATED = 2


@dataclass(frozen=True, slots=True)
class AttributeAccess:
    """The right to one attribute, and which of its selectors may be used."""

    attribute_id: Annotated[int, INTEGER]
    access_mode: Annotated[AccessMode, Flags(AccessMode)]
    access_selectors: Annotated[tuple[int, ...] | None, Nullable(Array(INTEGER))] = None


class MethodMode(Flags[AccessMode]):
    """The mode of a method. Version 0 has a boolean in its place, which is read, too; public sources write none."""

    def read(self, octets: bytes, offset: int) -> tuple[AccessMode, int]:
        if octets[offset : offset + 1] == bytes((Tag.BOOLEAN,)):
            allowed, end = BOOLEAN.read(octets, offset)
            return AccessMode.EXECUTE if allowed else AccessMode.NONE, end
        return super().read(octets, offset)


@dataclass(frozen=True, slots=True)
class MethodAccess:
    """The right to one method."""

    method_id: Annotated[int, INTEGER]
    access_mode: Annotated[AccessMode, MethodMode(AccessMode)]


@dataclass(frozen=True, slots=True)
class AccessRight:
    """The rights to all attributes and methods of an object."""

    attribute_access: Annotated[tuple[AttributeAccess, ...], Array(Structure(AttributeAccess))]
    method_access: Annotated[tuple[MethodAccess, ...], Array(Structure(MethodAccess))]


@dataclass(frozen=True, slots=True)
class ObjectListElement:
    """An object that the association can see."""

    class_id: Annotated[int, LONG_UNSIGNED]
    version: Annotated[int, UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    access_rights: Annotated[AccessRight, Structure(AccessRight)]


@dataclass(frozen=True, slots=True)
class AssociatedPartners:
    """Who is associated: the client's and the server's service access points."""

    client_sap: Annotated[int, INTEGER]
    server_sap: Annotated[int, LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class XdlmsContextInfo:
    """What was negotiated: services, sizes of APDUs in octets, protocol version."""

    conformance: Annotated[BitString, Bits(24)]
    max_receive_pdu_size: Annotated[int, LONG_UNSIGNED]
    max_send_pdu_size: Annotated[int, LONG_UNSIGNED]
    dlms_version_number: Annotated[int, UNSIGNED]
    quality_of_service: Annotated[int, INTEGER]
    cyphering_info: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class User:
    """A user of the client, for accounting."""

    user_id: Annotated[int, UNSIGNED]
    user_name: Annotated[str, VISIBLE_STRING]


OBJECT_LIST_ELEMENT: Final = Structure(ObjectListElement)
USER: Final = Structure(User)
CONTEXT_NAME: Final = Choice(Tag.OCTET_STRING, Tag.STRUCTURE)
"""An object identifier: its BER octets, or a structure of its seven numbers."""

OBJECT_LIST_SELECTORS: Final = (
    Selector(1, NULL_DATA),
    Selector(2, Array(LONG_UNSIGNED)),
    Selector(3, Array(OBJECT_ID)),
    Selector(4, OBJECT_ID),
)
"""The whole list without access rights; by classes; by objects; the full element of one object."""


class AssociationLnV0(CosemObject, class_id=15, version=0):
    """An association by logical names. Blue Book 4.4.4 (the clause of version 3; earlier ones are in its annex)."""

    object_list = Attribute(2, Array(OBJECT_LIST_ELEMENT), STATIC, selectors=OBJECT_LIST_SELECTORS)
    associated_partners_id = Attribute(3, Structure(AssociatedPartners), DYNAMIC)
    application_context_name = Attribute(4, CONTEXT_NAME, DYNAMIC)
    xdlms_context_info = Attribute(5, Structure(XdlmsContextInfo), DYNAMIC)
    authentication_mechanism_name = Attribute(6, CONTEXT_NAME, DYNAMIC)
    secret = Attribute(7, OCTET_STRING, DYNAMIC)
    association_status = Attribute(8, Enumerated(AssociationStatus), DYNAMIC)

    reply_to_hls_authentication = Method(1, OCTET_STRING, OCTET_STRING)
    change_hls_secret = Method(2, OCTET_STRING)
    add_object = Method(3, OBJECT_LIST_ELEMENT)
    remove_object = Method(4, OBJECT_LIST_ELEMENT)


class AssociationLnV1(AssociationLnV0, version=1):
    """Refers to the security setup that holds its policy and keys."""

    security_setup_reference = Attribute(9, LOGICAL_NAME, STATIC)


class AssociationLnV2(AssociationLnV1, version=2):
    """Adds the users of the client."""

    user_list = Attribute(10, Array(USER), STATIC)
    current_user = Attribute(11, USER, STATIC)

    add_user = Method(5, USER)
    remove_user = Method(6, USER)


class AssociationLn(AssociationLnV2, version=3):
    """Reads the access modes as bits, so that each attribute and method can ask for its own protection."""
