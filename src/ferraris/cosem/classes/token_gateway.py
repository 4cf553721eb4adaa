"""Token gateway, class 115: where payment tokens enter a meter, and what became of the last one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.codec import BitString
from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import BIT_STRING, DATE_TIME_STRING, OCTET_STRING, Array, Enumerated, Structure


class TokenDeliveryMethod(IntEnum):
    """How a token came in."""

    REMOTE = 0
    LOCAL = 1
    MANUAL = 2


class TokenStatusCode(IntEnum):
    """How far a token got."""

    FORMAT_OK = 0
    AUTHENTICATION_OK = 1
    VALIDATION_OK = 2
    TOKEN_EXECUTION_OK = 3
    FORMAT_FAILURE = 4
    AUTHENTICATION_FAILURE = 5
    VALIDATION_FAILURE = 6
    TOKEN_EXECUTION_FAILURE = 7
    TOKEN_RECEIVED = 8


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """How far a token got, with what its own specification has to say."""

    status_code: Annotated[TokenStatusCode, Enumerated(TokenStatusCode)]
    data_value: Annotated[BitString, BIT_STRING]


class TokenGateway(CosemObject, class_id=115, version=0):
    """Takes tokens for an account. Blue Book 4.6.5.

    What `enter` answers is in the attributes; that it answers with data as well is said in no public source.
    """

    token = Attribute(2, OCTET_STRING, DYNAMIC)
    token_time = Attribute(3, DATE_TIME_STRING, DYNAMIC)
    token_description = Attribute(4, Array(OCTET_STRING), DYNAMIC)
    token_delivery_method = Attribute(5, Enumerated(TokenDeliveryMethod), DYNAMIC)
    token_status = Attribute(6, Structure(TokenStatus), DYNAMIC)

    enter = Method(1, OCTET_STRING)
