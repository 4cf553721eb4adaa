"""Data protection, class 30: attributes and methods of other objects, reached under a protection of their own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Annotated, Final

from ferraris.cosem.classes.protection_parameters import PROTECTION, ProtectionParameters
from ferraris.cosem.classes.restricted_attribute import RESTRICTED_ATTRIBUTE, RestrictedAttribute
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.obis_code import Obis
from ferraris.cosem.types import INTEGER, LOGICAL_NAME, LONG_UNSIGNED, OCTET_STRING, Array, Flags, Structure

PROTECTED_OBJECTS: Final = Array(RESTRICTED_ATTRIBUTE)


class RequiredProtection(IntFlag):
    """What requests and responses must be protected with, one bit each."""

    NOTHING = 0
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    DIGITALLY_SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    DIGITALLY_SIGNED_RESPONSE = 0x80


@dataclass(frozen=True, slots=True)
class ObjectMethod:
    """A method of an object."""

    class_id: Annotated[int, LONG_UNSIGNED]
    logical_name: Annotated[Obis, LOGICAL_NAME]
    method_index: Annotated[int, INTEGER]


@dataclass(frozen=True, slots=True)
class GetProtectedRequest:
    """Which attributes are wanted, and how the answer is to be protected."""

    object_list: Annotated[tuple[RestrictedAttribute, ...], PROTECTED_OBJECTS]
    protection_parameters: Annotated[tuple[ProtectionParameters, ...], PROTECTION]


@dataclass(frozen=True, slots=True)
class ProtectedData:
    """Protected octets and how they are protected."""

    protection_parameters: Annotated[tuple[ProtectionParameters, ...], PROTECTION]
    protected_data: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class SetProtectedRequest:
    """Which attributes are to be written, how what follows is protected, and their values under this protection."""

    object_list: Annotated[tuple[RestrictedAttribute, ...], PROTECTED_OBJECTS]
    protection_parameters: Annotated[tuple[ProtectionParameters, ...], PROTECTION]
    protected_attributes: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class InvokeProtectedRequest:
    """Which method is to be invoked, how what follows is protected, and its parameters under this protection."""

    object_method: Annotated[ObjectMethod, Structure(ObjectMethod)]
    protection_parameters: Annotated[tuple[ProtectionParameters, ...], PROTECTION]
    protected_method_invocation_parameters: Annotated[bytes, OCTET_STRING]


class DataProtection(CosemObject, class_id=30, version=0):
    """Reads, writes and invokes what `protection_object_list` names, protected from end to end. Blue Book 4.4.9.

    The attributes are those of public implementations. That `required_protection` is an enum of bits, and the members of
    the methods' structures, are uncertain in public sources.
    """

    protection_buffer = Attribute(2, OCTET_STRING, DYNAMIC)
    protection_object_list = Attribute(3, PROTECTED_OBJECTS, STATIC)
    protection_parameters_get = Attribute(4, PROTECTION, STATIC)
    protection_parameters_set = Attribute(5, PROTECTION, STATIC)
    required_protection = Attribute(6, Flags(RequiredProtection), STATIC)

    get_protected_attributes = Method(1, Structure(GetProtectedRequest), Structure(ProtectedData))
    set_protected_attributes = Method(2, Structure(SetProtectedRequest))
    invoke_protected_method = Method(3, Structure(InvokeProtectedRequest), Structure(ProtectedData))
