"""Which conformance a request needs: every request that a server may receive is in the table."""

from __future__ import annotations

import pytest

from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, Request
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    Block,
    Conformance,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
)
from ferraris.dlms.services import SERVICES, conformance_needed
from tests.dlms.bottle import DISCONNECT, VALUE

SELECTION = SelectiveAccess(1, b"\x00")
BLOCK = Block(False, 1, b"\x11")
PLAIN, SELECTED = ((VALUE, None),), ((VALUE, None), (VALUE, SELECTION))

TABLE: list[tuple[Request, str]] = [
    (GetRequestNormal(1, VALUE), "GET"),
    (GetRequestNormal(1, VALUE, SELECTION), "GET SELECTIVE_ACCESS"),
    (GetRequestNext(1, 1), "GET"),
    (GetRequestWithList(1, PLAIN), "GET MULTIPLE_REFERENCES"),
    (GetRequestWithList(1, SELECTED), "GET MULTIPLE_REFERENCES SELECTIVE_ACCESS"),
    (SetRequestNormal(1, VALUE, None, b"\x11\x05"), "SET"),
    (SetRequestNormal(1, VALUE, SELECTION, b"\x11\x05"), "SET SELECTIVE_ACCESS"),
    (SetRequestWithList(1, PLAIN, (b"\x11\x05",)), "SET MULTIPLE_REFERENCES"),
    (SetRequestWithList(1, SELECTED, (b"\x00", b"\x00")), "SET MULTIPLE_REFERENCES SELECTIVE_ACCESS"),
    (SetRequestWithFirstBlock(1, VALUE, None, BLOCK), "SET BLOCK_TRANSFER_WITH_SET_OR_WRITE"),
    (SetRequestWithFirstBlock(1, VALUE, SELECTION, BLOCK), "SET BLOCK_TRANSFER_WITH_SET_OR_WRITE SELECTIVE_ACCESS"),
    (SetRequestWithBlock(1, BLOCK), "SET BLOCK_TRANSFER_WITH_SET_OR_WRITE"),
    (
        SetRequestWithListAndFirstBlock(1, PLAIN, BLOCK),
        "SET BLOCK_TRANSFER_WITH_SET_OR_WRITE MULTIPLE_REFERENCES",
    ),
    (ActionRequestNormal(1, DISCONNECT, None), "ACTION"),
    (ActionRequestWithList(1, (DISCONNECT,), (b"\x00",)), "ACTION MULTIPLE_REFERENCES"),
    (ActionRequestNextBlock(1, 1), "ACTION BLOCK_TRANSFER_WITH_ACTION"),
    (ActionRequestWithFirstBlock(1, DISCONNECT, BLOCK), "ACTION BLOCK_TRANSFER_WITH_ACTION"),
    (ActionRequestWithBlock(1, BLOCK), "ACTION BLOCK_TRANSFER_WITH_ACTION"),
    (
        ActionRequestWithListAndFirstBlock(1, (DISCONNECT,), BLOCK),
        "ACTION BLOCK_TRANSFER_WITH_ACTION MULTIPLE_REFERENCES",
    ),
    (AccessRequest(1, b"", (AccessItem(AccessKind.GET, VALUE),), (b"\x00",)), "ACCESS"),
    (
        AccessRequest(1, b"", (AccessItem(AccessKind.GET_WITH_SELECTION, VALUE, SELECTION),), (b"\x00",)),
        "ACCESS SELECTIVE_ACCESS",
    ),
]


@pytest.mark.parametrize(("request_", "names"), TABLE)
def test_a_request_needs_its_service_and_its_form(request_: Request, names: str) -> None:
    expected = Conformance(0)
    for name in names.split():
        expected |= Conformance[name]
    assert conformance_needed(request_) == int(expected)


def test_every_form_of_request_is_in_the_table() -> None:
    members = {member for union in Request.__args__ for member in getattr(union, "__args__", (union,))}
    assert {type(request) for request, _ in TABLE} == members


def test_every_request_needs_one_service() -> None:
    for request, _ in TABLE:
        assert (conformance_needed(request) & int(SERVICES)).bit_count() == 1


def test_the_engine_offers_every_request_that_it_takes() -> None:
    for request, _ in TABLE:
        assert not conformance_needed(request) & ~int(CONFORMANCE_OF_THIS_ENGINE)
