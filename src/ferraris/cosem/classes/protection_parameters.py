"""Protection parameters: the layers of protection around pushed or protected data, and the key of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.types import OCTET_STRING, Array, Choice, Enumerated, Structure


class ProtectionType(IntEnum):
    """What a layer of protection does."""

    AUTHENTICATION = 0
    ENCRYPTION = 1
    AUTHENTICATION_AND_ENCRYPTION = 2
    DIGITAL_SIGNATURE = 3


class KeyInfoType(IntEnum):
    """How the key is told: by its name, wrapped, or by agreement."""

    IDENTIFIED = 0
    WRAPPED = 1
    AGREED = 2


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """The key of a protection. The options are a structure whose members depend on the type.

    Identified: the key's number. Wrapped: the number of the key that wraps it, and the wrapped key. Agreed: the parameters
    of the agreement, and its data.
    """

    key_info_type: Annotated[KeyInfoType, Enumerated(KeyInfoType)]
    key_info_options: Annotated[Data, Choice(Tag.STRUCTURE)]


@dataclass(frozen=True, slots=True)
class ProtectionOptions:
    """Who protects for whom, and with what key."""

    transaction_id: Annotated[bytes, OCTET_STRING]
    originator_system_title: Annotated[bytes, OCTET_STRING]
    recipient_system_title: Annotated[bytes, OCTET_STRING]
    other_information: Annotated[bytes, OCTET_STRING]
    key_info: Annotated[KeyInfo, Structure(KeyInfo)]


@dataclass(frozen=True, slots=True)
class ProtectionParameters:
    """One layer of protection."""

    protection_type: Annotated[ProtectionType, Enumerated(ProtectionType)]
    protection_options: Annotated[ProtectionOptions, Structure(ProtectionOptions)]


PROTECTION: Final = Array(Structure(ProtectionParameters))
