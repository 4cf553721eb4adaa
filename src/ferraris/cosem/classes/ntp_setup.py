"""NTP setup, class 100: the time server that a meter follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    LONG_UNSIGNED,
    OCTET_STRING,
    Array,
    Enumerated,
    Structure,
)


class NtpAuthentication(IntEnum):
    """How the server proves that it is the one meant."""

    NO_SECURITY = 0
    SHARED_SECRETS = 1
    AUTOKEY_IFF = 2


@dataclass(frozen=True, slots=True)
class AuthenticationKey:
    """A key shared with the server, by its number."""

    key_id: Annotated[int, DOUBLE_LONG_UNSIGNED]
    key: Annotated[bytes, OCTET_STRING] = field(repr=False)


AUTHENTICATION_KEY: Final = Structure(AuthenticationKey)


class NtpSetup(CosemObject, class_id=100, version=0):
    """Server, keys, and an order to synchronise at once. Blue Book 4.9.7."""

    activated = Attribute(2, BOOLEAN, STATIC)
    server_address = Attribute(3, OCTET_STRING, STATIC)
    server_port = Attribute(4, LONG_UNSIGNED, STATIC)
    authentication_method = Attribute(5, Enumerated(NtpAuthentication), STATIC)
    authentication_keys = Attribute(6, Array(AUTHENTICATION_KEY), STATIC)
    client_key = Attribute(7, OCTET_STRING, STATIC)

    synchronize = Method(1, INTEGER)
    add_authentication_key = Method(2, AUTHENTICATION_KEY)
    delete_authentication_key = Method(3, DOUBLE_LONG_UNSIGNED)
