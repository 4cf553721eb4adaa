"""The requests that checks are made of, as octets: correct ones, and ones about what is not there."""

from __future__ import annotations

from typing import Final

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    AttributeDescriptor,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    MethodDescriptor,
    SelectiveAccess,
    SetRequestNormal,
)

INVOKE_ID_AND_PRIORITY: Final = 0xC5
LOGICAL_DEVICE_NAME: Final = AttributeDescriptor(1, Obis.of(0, 0, 42, 0, 0), 2)
CURRENT_ASSOCIATION: Final = Obis.of(0, 0, 40, 0, 0)
OBJECT_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)
NO_SUCH_OBJECT: Final = Obis.of(0, 0, 199, 199, 199)
NO_SUCH_ATTRIBUTE: Final = 99


def get_request(
    descriptor: AttributeDescriptor, selection: SelectiveAccess | None = None, invoke: int = INVOKE_ID_AND_PRIORITY
) -> bytes:
    """A GET of one attribute."""
    return GetRequestNormal(invoke, descriptor, selection).encode()


def get_next(block_number: int) -> bytes:
    """A GET of the block after `block_number`."""
    return GetRequestNext(INVOKE_ID_AND_PRIORITY, block_number).encode()


def get_list(*descriptors: AttributeDescriptor) -> bytes:
    """A GET of several attributes."""
    return GetRequestWithList(INVOKE_ID_AND_PRIORITY, tuple((item, None) for item in descriptors)).encode()


def set_request(descriptor: AttributeDescriptor, value: bytes) -> bytes:
    """A SET of one attribute."""
    return SetRequestNormal(INVOKE_ID_AND_PRIORITY, descriptor, None, value).encode()


def action_request(descriptor: MethodDescriptor, parameters: bytes | None = b"\x0f\x00") -> bytes:
    """An invocation of a method."""
    return ActionRequestNormal(INVOKE_ID_AND_PRIORITY, descriptor, parameters).encode()
